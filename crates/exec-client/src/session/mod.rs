//! The client of the session protocol.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake and its errors |
//! | `connection` | the state that the threads share, and sending |
//! | `receiver` | the thread that reads frames: output, status, answers to pings |
//! | `input` | the thread that forwards standard input |

mod connection;
mod handshake;
mod input;
mod receiver;

use std::sync::{Arc, mpsc};

use proto::cli::Failure;
use proto::net::connect;
use proto::token::{Token, default_path};
use proto::wire::session::BODY_LIMIT;

use crate::options::Options;
use connection::Connection;

/// How a command ended: the first thread that knows sends it.
type Outcome = Result<u8, Failure>;

/// An authenticated connection.
pub struct Session {
    options: &'static Options,
    connection: Arc<Connection>,
    outcomes: mpsc::Receiver<Outcome>,
    report: mpsc::Sender<Outcome>,
}

impl Session {
    /// Connects and authenticates the server, before any command is sent.
    pub fn open(options: &'static Options) -> Result<Self, Failure> {
        let path = match &options.token_file {
            Some(path) => path.clone(),
            None => default_path()?,
        };
        let token = Token::read(&path)?;
        let stream = connect(&options.endpoint, options.connect_timeout)?;
        stream.set_nodelay()?;
        let (sealer, opener) = handshake::exchange(options, &stream, &token, &path)?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        let connection = Arc::new(Connection::new(options, stream, sealer));
        let (report, outcomes) = mpsc::channel();
        receiver::start(options, &connection, opener, report.clone())?;
        Ok(Self {
            options,
            connection,
            outcomes,
            report,
        })
    }

    /// Runs one command, with its output to our stdout and stderr. Connects again if the server has
    /// closed the connection while no command ran: the commands of a connection share nothing.
    pub fn run(&mut self, command: &[u8], with_input: bool) -> Outcome {
        if command.len() > BODY_LIMIT {
            return Err(Failure::new(format!(
                "command is {} bytes; a session carries at most {BODY_LIMIT}; send a script to sh, \
                 as in exec-client ENDPOINT sh < script",
                command.len()
            )));
        }
        if !self.connection.start_command(command, with_input) {
            *self = Self::open(self.options)?;
            if !self.connection.start_command(command, with_input) {
                return Err(incomplete("connection closed before the command was sent"));
            }
        }
        if with_input {
            input::forward(Arc::clone(&self.connection), self.report.clone())?;
        }
        // It cannot fail, because the session itself holds a sender.
        self.outcomes.recv()?
    }
}

fn incomplete(why: &str) -> Failure {
    Failure::new(format!("{why}; output may be incomplete"))
}
