//! The state that all connections share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use proto::cli::{Failure, RateLimit};
use proto::pool::{Pool, Task};
use proto::random::Random;
use proto::token::{Token, default_path};
use proto::wire::Protocol;

use crate::STACK;
use crate::engine::{Engine, Settings};
use crate::options::Options;

/// Created once at the start.
pub struct Context {
    pub options: &'static Options,
    pub engine: Arc<Engine>,
    /// The secrets, which only the session protocol needs.
    pub secrets: Option<Secrets>,
    /// Each connection that is not authenticated yet holds a clone.
    pub unauthenticated: Arc<()>,
    /// The threads that forward the output of a session's commands.
    pub pool: Pool<Task>,
    /// Limits the log lines of unauthenticated connections.
    pub strangers: RateLimit,
    /// The number of commands that have ended.
    pub commands: AtomicU64,
}

/// The token, and the source of nonces.
pub struct Secrets {
    pub token: Token,
    pub random: Random,
}

impl Context {
    /// Reads the token, and starts the engine.
    pub fn new(options: &'static Options) -> Result<Self, Failure> {
        let secrets = match options.protocol {
            Protocol::Session => Some(secrets(options)?),
            _ => None,
        };
        let engine = Engine::start(Settings {
            dir: options.dir.clone(),
            kill_after: options.kill_after,
            drain: options.drain,
        })
        .map_err(Failure::new)?;
        Ok(Self {
            options,
            engine,
            secrets,
            unauthenticated: Arc::default(),
            pool: Pool::tasks("command", STACK),
            strangers: RateLimit::new(Duration::from_secs(60)),
            commands: AtomicU64::new(0),
        })
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
