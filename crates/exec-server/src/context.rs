//! What all connections share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::cli::{Failure, RateLimit, and_others, show_duration};
use proto::escape::quoted;
use proto::net::{Peer, Stream};
use proto::random::Random;
use proto::token::{Token, default_path};
use proto::wire::Protocol;
use proto::wire::frame::Foreign;

use crate::departure::Departures;
use crate::engine::{CommandError, Engine, Outcome, Settings, Status};
use crate::options::Options;
use crate::session::Waiting;

/// How much of a command a log line shows.
const SHOWN: usize = 100;

/// Made once at the start.
pub struct Context {
    pub options: Options,
    pub engine: Engine,
    pub departures: Departures,
    /// What a session needs, and no other protocol.
    pub secrets: Option<Secrets>,
    /// Connections that are not authenticated yet.
    pub waiting: Waiting,
    foreign: RateLimit,
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
            grace: options.kill_after,
            drain: options.drain,
            keep_background: options.keep_background,
            ..Settings::default()
        })
        .map_err(Failure::new)?;
        let departures =
            Departures::start().map_err(|error| Failure::start("cannot start a thread", &error))?;
        let waiting = Waiting::new(options.max_unauthenticated);
        Ok(Self {
            options,
            engine,
            departures,
            secrets,
            waiting,
            foreign: RateLimit::new(Duration::from_secs(60)),
            commands: AtomicU64::new(0),
        })
    }

    /// Sets the timeouts that hold between commands.
    pub fn set_timeouts(&self, stream: &Stream) -> std::io::Result<()> {
        stream.set_read_timeout(self.options.idle_timeout)?;
        stream.set_write_timeout(Some(self.options.write_timeout))
    }

    /// One line for a command that is over.
    pub fn log_command(&self, peer: Peer, command: &[u8], outcome: &Outcome, time: Duration) {
        let number = self.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let status = match outcome.status {
            Status::Code(code) => format!("exit {code}"),
            Status::Signal(signal) => format!("signal {signal}"),
        };
        let why = match &outcome.stopped {
            Some(stopped) => format!(", {stopped}"),
            None if outcome.background => ", left a process in the background".to_owned(),
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

    /// One line, at most once a minute, for callers who came to the wrong port.
    pub fn log_foreign(&self, peer: Peer, what: Foreign) {
        if let Some(others) = self.foreign.allow() {
            self.options.log.error(format_args!(
                "{peer} refused: this looks like {what}{}",
                and_others(others)
            ));
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
