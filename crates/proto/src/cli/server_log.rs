//! What a server itself does, as log lines: the same for every server.

use std::time::Duration;

use super::log::{Log, RateLimit, and_others};
use crate::socketserver::Event;
use crate::{reason, start_reason};

/// What repeats for every caller while something lasts is logged this often.
const ONCE_A_MINUTE: Duration = Duration::from_secs(60);

/// For [`ThreadingServer::on_event`](crate::socketserver::ThreadingServer::on_event): logs
/// refusals at most once a second, and failures of the system at most once a minute.
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
