//! An output of known length, passed on as it comes and never held.

use std::io::{self, ErrorKind, Read};

use proto::cli::{Failure, Output, Progress, show_duration};
use proto::reason;
use proto::wire::sha256::Sha256;

use crate::options::Options;

/// Passes `total` bytes from `stream` on to stdout; adds them to the hash, where there is one.
pub fn pass_on(
    stream: &mut impl Read,
    total: u64,
    options: &Options,
    mut hash: Option<&mut Sha256>,
) -> Result<(), Failure> {
    let mut output = Output::stdout();
    let mut progress = Progress::new(total, options.log.quiet);
    let mut buffer = vec![0; 64 * 1024];
    let mut done = 0;
    while done < total {
        let room = usize::try_from(total - done).unwrap_or(usize::MAX);
        let room = room.min(buffer.len());
        let count = match stream.read(&mut buffer[..room]) {
            Ok(0) => return Err(Failure::new(format!("got {done} of {total} bytes"))),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(&error, done, total, options)),
        };
        done += count as u64;
        if let Some(hash) = &mut hash {
            hash.update(&buffer[..count]);
        }
        output.write(&buffer[..count])?;
        progress.advance(count);
    }
    Ok(())
}

fn broken(error: &io::Error, done: u64, total: u64, options: &Options) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            silent(options, &format!("{done} of {total} bytes"))
        }
        ErrorKind::ConnectionReset => {
            Failure::new(format!("connection reset after {done} of {total} bytes"))
        }
        _ => Failure::new(format!("{} after {done} of {total} bytes", reason(error))),
    }
}

/// The server says nothing.
pub fn silent(options: &Options, got: &str) -> Failure {
    let limit = options.silence().unwrap_or_default();
    Failure::new(format!(
        "nothing came from {} for {} (got {got}); wait longer with --timeout",
        options.endpoint,
        show_duration(limit)
    ))
}
