//! The client of the session protocol.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake and its errors |
//! | `connection` | the state that the threads share, and sending |
//! | `receiver` | the thread that reads frames: output, status, answers to pings |

mod connection;
mod handshake;
mod receiver;

use std::fmt;
use std::sync::{Arc, mpsc};

use proto::cli::{Failure, forward_stdin, start_thread};
use proto::net::connect;
use proto::token::{Token, default_path};
use proto::wire::session::BODY_LIMIT;

use crate::options::Options;
use connection::Connection;

/// How a command ended: the first thread that knows sends it.
type Outcome = Result<u8, Failure>;

/// An authenticated connection.
pub struct Session {
    connection: Arc<Connection>,
    outcomes: mpsc::Receiver<Outcome>,
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
        let (sender, outcomes) = mpsc::channel();
        let connection = Arc::new(Connection::new(options, stream, sealer, sender));
        receiver::start(&connection, opener)?;
        Ok(Self {
            connection,
            outcomes,
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
            *self = Self::open(self.connection.options)?;
            if !self.connection.start_command(command, with_input) {
                return Err(incomplete("connection closed before the command was sent"));
            }
        }
        if with_input {
            self.forward_input()?;
        }
        // It cannot fail, because the connection holds a sender.
        self.outcomes.recv()?
    }

    /// Sends our standard input to the command, in a thread of its own, until it ends. The thread
    /// may still wait for input when the command has ended; it ends with the process.
    fn forward_input(&self) -> Result<(), Failure> {
        let connection = Arc::clone(&self.connection);
        let forward = move || {
            let forwarded = forward_stdin(BODY_LIMIT, |piece| connection.send_input(piece));
            if let Err(failure) = forwarded {
                // The command must not take the part that it has received for the whole.
                connection.report(Err(failure));
            }
        };
        start_thread("stdin", forward).map(drop)
    }
}

fn incomplete(why: impl fmt::Display) -> Failure {
    Failure::new(format!("{why}; output may be incomplete"))
}
