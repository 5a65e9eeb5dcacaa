//! What a server tool does from its start to its end: it listens, says so on stdout, logs refusals,
//! and stops when its stdin ends. This joins [`socketserver`](crate::socketserver) and
//! [`cli`](crate::cli).

use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::cli::{Failure, Log, Output, RateLimit, and_others, show_duration, stdin};
use crate::net::{Endpoint, Listener};
use crate::socketserver::{
    Connection, Connections, Event, RequestHandler, RequestSource, Stopper, ThreadingServer,
};
use crate::{reason, start_reason};

/// What repeats for every caller while something lasts is logged this often.
const ONCE_A_MINUTE: Duration = Duration::from_secs(60);

/// Listens at `endpoint`; gives what comes there, and where it really is. Nobody is told yet: whoever
/// calls may have something to say before [`serve`] does.
///
/// # Errors
///
/// Where it cannot be listened at, or the system has nothing left to serve with.
pub fn listen(endpoint: &Endpoint, log: Log) -> Result<(Connections, Endpoint), Failure> {
    let listener = Listener::bind(endpoint)?;
    let endpoint = listener.endpoint().clone();
    if listener.removed_stale_socket() {
        log.info(format_args!("removed a stale socket at {endpoint}"));
    }
    let connections = Connections::new(listener)
        .map_err(|error| Failure::start("cannot start the server", &error))?;
    Ok((connections, endpoint))
}

/// Says where the server listens, on stdout, and serves until it is stopped: by the end of stdin if
/// there is a `grace` for its connections then, else by nothing.
///
/// # Errors
///
/// Where stdout cannot be written to, or the system has no thread left.
pub fn serve<F, H>(
    server: ThreadingServer<Connections, F>,
    endpoint: &Endpoint,
    grace: Option<Duration>,
    log: Log,
) -> Result<ExitCode, Failure>
where
    F: Fn(Connection) -> H + Send + Sync + 'static,
    H: RequestHandler,
{
    let server = server.on_event(log_events(log));
    if let Some(grace) = grace {
        stop_when_stdin_ends(server.stopper(), grace, log)?;
    }
    Output::stdout().write(format!("listening on {endpoint}\n").as_bytes())?;
    let left = server.serve_forever();
    if left > 0 {
        let grace = show_duration(grace.unwrap_or_default());
        log.info(format_args!("connections still open after {grace}: {left}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Logs refusals at most once a second, and failures of the system at most once a minute.
pub fn log_events(log: Log) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let accept = RateLimit::new(ONCE_A_MINUTE);
    let spawn = RateLimit::new(ONCE_A_MINUTE);
    let refused = RateLimit::new(Duration::from_secs(1));
    move |event| match event {
        Event::Refused { peer, why } => {
            if let Some(others) = refused.allow() {
                log.info(format_args!("{peer} refused: {why}{}", and_others(others)));
            }
        }
        Event::AcceptFailed { error } => {
            if let Some(others) = accept.allow() {
                log.error(format_args!(
                    "cannot accept a connection ({}); if that lasts, raise the limit with: \
                     ulimit -n{}",
                    reason(error),
                    and_others(others)
                ));
            }
        }
        Event::SpawnFailed { error } => {
            if let Some(others) = spawn.allow() {
                log.error(format_args!(
                    "cannot start a thread ({}); the limit on processes is: ulimit -u{}",
                    start_reason(error),
                    and_others(others)
                ));
            }
        }
    }
}

/// Stops a server when stdin ends, so that the process that holds its other end can ask it to finish;
/// its connections have `grace` for that.
///
/// # Errors
///
/// Where the system has no thread left.
pub fn stop_when_stdin_ends<S: RequestSource>(
    stopper: Stopper<S>,
    grace: Duration,
    log: Log,
) -> Result<(), Failure> {
    thread::Builder::new()
        .name("stdin".into())
        .spawn(move || {
            // An unreadable stdin has ended, too.
            let _ = io::copy(&mut stdin(), &mut io::sink());
            log.info(format_args!("standard input ended, stopping"));
            stopper.shutdown(grace);
            if stopper.is_accepting() {
                // Nothing can wake it: its socket file is gone, or there is no thread to call it with.
                std::process::exit(0);
            }
        })
        .map(drop)
        .map_err(|error| Failure::start("cannot start a thread", &error))
}
