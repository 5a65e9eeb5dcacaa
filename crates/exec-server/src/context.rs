//! What all connections share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proto::cli::{Failure, PeerLimit, and_others, show_duration};
use proto::escape::quoted;
use proto::net::{Peer, Stream};
use proto::pool::{Pool, Task};
use proto::random::Random;
use proto::token::{Token, default_path};
use proto::wire::Protocol;

use crate::STACK;
use crate::engine::{CommandError, Engine, Outcome, Settings, Status};
use crate::options::Options;
use crate::unauthenticated::Unauthenticated;

/// How much of a command a log line shows.
const SHOWN: usize = 100;

/// Made once at the start.
pub struct Context {
    pub options: Options,
    pub engine: Engine,
    /// What a session needs, and no other protocol.
    pub secrets: Option<Secrets>,
    /// Connections that are not authenticated yet.
    pub unauthenticated: Unauthenticated,
    /// The threads that hand on the output of a session's commands.
    pub pool: Pool<Task>,
    strangers: PeerLimit,
    commands: AtomicU64,
}

/// The token, and the source of nonces.
pub struct Secrets {
    pub token: Token,
    pub random: Random,
}

impl Context {
    /// Reads the token, starts the engine.
    pub fn new(options: Options) -> Result<Self, Failure> {
        let secrets = match options.protocol {
            Protocol::Session => Some(secrets(&options)?),
            _ => None,
        };
        let engine = Engine::start(Settings {
            dir: options.dir.clone(),
            kill_after: options.kill_after,
            drain: options.drain,
            ..Settings::default()
        })
        .map_err(Failure::new)?;
        let unauthenticated = Unauthenticated::new(options.max_unauthenticated);
        Ok(Self {
            options,
            engine,
            secrets,
            unauthenticated,
            pool: Pool::tasks("command", STACK),
            strangers: PeerLimit::new(Duration::from_secs(60)),
            commands: AtomicU64::new(0),
        })
    }

    /// Sets the timeouts that hold between commands.
    pub fn set_timeouts(&self, stream: &Stream) -> std::io::Result<()> {
        stream.set_read_timeout(self.options.idle_timeout)?;
        stream.set_write_timeout(self.options.write_timeout())
    }

    /// One line for a command that is over.
    pub fn log_command(&self, peer: Peer, command: &[u8], outcome: &Outcome, time: Duration) {
        let number = self.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let status = match outcome.status {
            Some(Status::Code(code)) => format!("exit {code}"),
            Some(Status::Signal(signal)) => format!("signal {signal}"),
            None => format!(
                "process group {} cannot be ended and goes on",
                outcome.group
            ),
        };
        let why = match &outcome.stopped {
            Some(stopped) => format!(", {stopped}"),
            None if outcome.cut => ", a background process still held the output".to_owned(),
            None => String::new(),
        };
        self.options.log.info(format_args!(
            "{peer} command {number} {}: {status}{why}; {} bytes out, {} err, {}",
            quoted(command, SHOWN),
            outcome.stdout,
            outcome.stderr,
            show_duration(time),
        ));
    }

    /// One line for a command that was not run. What a client asks for in vain is no error of ours.
    pub fn log_not_run(&self, peer: Peer, why: &CommandError) {
        let log = self.options.log;
        let line = format_args!("{peer} command not run: {why}");
        match why {
            CommandError::Empty | CommandError::Nul | CommandError::TooLong { .. } => {
                log.info(line);
            }
            _ => log.error(line),
        }
    }

    /// One line for a connection that is over.
    pub fn log_closed(&self, peer: Peer, reason: &dyn fmt::Display, started: Instant) {
        let time = show_duration(started.elapsed());
        self.options
            .log
            .info(format_args!("{peer} {reason}; {time}"));
    }

    /// One line for a connection that ended before it was authenticated or asked for anything: at
    /// most one in a minute for each `kind` and each peer's address, whatever strangers do.
    pub fn log_stranger(&self, peer: Peer, kind: &'static str, reason: &dyn fmt::Display) {
        let Some(others) = self.strangers.allow(kind, peer) else {
            return;
        };
        let others = and_others(others);
        let log = self.options.log;
        match kind {
            "closed" => log.info(format_args!("{peer} {reason}{others}")),
            _ => log.error(format_args!("{peer} refused: {reason}{others}")),
        }
    }
}

fn secrets(options: &Options) -> Result<Secrets, Failure> {
    let token = match &options.token_file {
        Some(path) => Token::read_or_create(path),
        None => default_path().and_then(|path| Token::read_or_create(&path)),
    };
    Ok(Secrets {
        token: token.map_err(Failure::new)?,
        random: Random::open().map_err(Failure::new)?,
    })
}
