//! Runs a server tool: it listens, prints its endpoints, logs refusals, and stops when stdin ends.
//! This module joins [`socketserver`](crate::socketserver) and [`cli`].

use std::process::ExitCode;
use std::time::Duration;

use crate::cli::{self, Failure, Log, Output, RateLimit, show_duration};
use crate::escape::many;
use crate::net::{Endpoint, Listener};
use crate::socketserver::{
    Connection, Connections, Event, RequestHandler, Stopper, ThreadingServer, descriptor_limit,
};
use crate::{reason, start_reason};

/// When and how a server stops: a part of a tool's options. [`STOPPING`] has the flags.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stop {
    /// Whether the end of stdin stops it.
    pub on_eof: bool,
    /// How long connections may take to finish then.
    pub grace: Duration,
}

/// The flags of [`Stop`].
pub const STOPPING: &str = "
Stopping:
  --stop-on-eof             when stdin ends: accept no more, let connections
                            finish, exit 0
  --grace TIME              how long connections may take to finish then [2s]
";

/// Listens at every address of `endpoint`. [`serve`] prints the addresses.
///
/// # Errors
///
/// If it cannot listen there, or cannot start a thread.
pub fn listen(endpoint: &Endpoint, log: Log) -> Result<Connections, Failure> {
    let listeners = Listener::bind_all(endpoint)?;
    if listeners.iter().any(Listener::removed_stale_socket) {
        log.info(format_args!("removed a stale socket at {endpoint}"));
    }
    Connections::all(listeners).map_err(|error| Failure::start("cannot start the server", &error))
}

/// Prints a line for each address that the server listens at, and serves until it is stopped. Each
/// connection uses `descriptors` file descriptors, at least one.
///
/// # Errors
///
/// If stdout cannot be written to, a thread cannot be started, or the limit on open files allows no
/// connection.
pub fn serve<F, H>(
    mut server: ThreadingServer<Connections, F>,
    descriptors: usize,
    stop: Stop,
    log: Log,
) -> Result<ExitCode, Failure>
where
    F: Fn(Connection) -> H + Send + Sync + 'static,
    H: RequestHandler,
{
    cli::log_in_background()?;
    fit_descriptors(&mut server, descriptors, log)?;
    let server = server.on_event(log_events(log));
    if stop.on_eof {
        stop_when_stdin_ends(server.stopper(), stop.grace, log)?;
    }
    print_endpoints(server.source().endpoints())?;
    let left = server.serve_forever();
    if left > 0 {
        let grace = show_duration(stop.grace);
        log.info(format_args!("connections still open after {grace}: {left}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lowers the limit on connections to what the limit on open files allows if each connection uses
/// `descriptors` of them, and logs that.
///
/// # Errors
///
/// If it allows no connection.
pub fn fit_descriptors<F>(
    server: &mut ThreadingServer<Connections, F>,
    descriptors: usize,
    log: Log,
) -> Result<(), Failure> {
    let Some(max) = server.fit_descriptors(descriptors) else {
        return Ok(());
    };
    let limit = descriptor_limit().unwrap_or_default();
    if max == 0 {
        return Err(Failure::new(format_args!(
            "the limit on open files is {limit}, too low for a connection; raise it with: ulimit -n"
        )));
    }
    log.info(format_args!(
        "note: serving at most {} at once, because the limit on open files is {limit}; raise it \
         with: ulimit -n",
        many(max, "connection", "connections")
    ));
    Ok(())
}

/// Prints `listening on ENDPOINT` for each endpoint: the first output of a server.
///
/// # Errors
///
/// If stdout cannot be written to.
pub fn print_endpoints<'a>(
    endpoints: impl IntoIterator<Item = &'a Endpoint>,
) -> Result<(), Failure> {
    let lines = endpoints.into_iter().map(|e| format!("listening on {e}\n"));
    Output::stdout().write(lines.collect::<String>().as_bytes())
}

/// Logs refusals and failed system calls, each kind at most once a minute.
pub fn log_events(log: Log) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let limit = RateLimit::new(Duration::from_secs(60));
    move |event| match event {
        Event::Refused { peer, why } => {
            if let Some(others) = limit.allow("refused", None) {
                log.info(format_args!("{peer} refused: {why}{others}"));
            }
        }
        Event::AcceptFailed { error } => {
            if let Some(others) = limit.allow("accept", None) {
                log.error(format_args!(
                    "cannot accept a connection ({}); if that lasts, raise the limit with: \
                     ulimit -n{others}",
                    reason(error)
                ));
            }
        }
        Event::SpawnFailed { error } => {
            if let Some(others) = limit.allow("thread", None) {
                log.error(format_args!(
                    "cannot start a thread ({}); the limits are: ulimit -u, ulimit -v{others}",
                    start_reason(error)
                ));
            }
        }
    }
}

/// Stops a server when stdin ends, so that the process that started it can ask it to stop. The
/// connections have `grace` to finish.
///
/// # Errors
///
/// If the thread cannot be started.
pub fn stop_when_stdin_ends(stopper: Stopper, grace: Duration, log: Log) -> Result<(), Failure> {
    cli::start_thread("stdin", move || {
        cli::wait_for_end_of_stdin();
        log.info(format_args!("standard input ended, stopping"));
        stopper.shutdown(grace);
    })
    .map(drop)
}
