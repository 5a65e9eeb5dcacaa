//! `--stream`: copies bytes unchanged in both directions.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;

use proto::cli::{Failure, Output, forward_stdin, start_thread};
use proto::net::Stream;
use proto::sync::lock;
use proto::{reason, retry};

use crate::connection::{Connection, RECV_SIZE};
use crate::options::Options;

/// Copies until the server closes. At the end of stdin it half-closes the connection.
pub fn pipe(stream: Stream, options: &'static Options) -> Result<(), Failure> {
    let connection = Connection::leak(stream, options);
    start_thread("send", || send_all(connection))?;
    let mut source = connection.reader();
    let mut output = Output::stdout();
    let mut piece = vec![0; RECV_SIZE];
    loop {
        match retry(|| source.read(&mut piece)) {
            Ok(0) => break,
            Ok(count) => output.write(&piece[..count])?,
            // Bytes that the server no longer reads are not an error, if it has closed in order.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => {
                let (endpoint, why) = (&connection.options.endpoint, reason(&error));
                let words = format!("lost the connection to {endpoint} ({why})");
                return Err(Failure::new(words));
            }
        }
    }
    lock(&connection.state).input_end.take().unwrap_or(Ok(()))
}

fn send_all(connection: &Connection) {
    let ended = forward_stdin(RECV_SIZE, |piece| connection.send(piece));
    lock(&connection.state).input_end = Some(ended);
    let _ = connection.stream.shutdown(Shutdown::Write);
}
