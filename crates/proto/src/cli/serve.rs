//! What every server of connections says: at its start, while it serves, and at its end.

use std::process::ExitCode;
use std::time::Duration;

use super::exit::Failure;
use super::input::stop_when_stdin_ends;
use super::log::{Log, RateLimit, and_others};
use super::output::Output;
use super::values::show_duration;
use crate::net::{Endpoint, Listener};
use crate::socketserver::{Connection, Connections, Event, RequestHandler, ThreadingServer};
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
fn log_events(log: Log) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
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
