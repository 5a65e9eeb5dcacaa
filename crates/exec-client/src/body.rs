//! Passes on an output of known length without holding it in memory.

use std::io::Read;

use proto::cli::{Failure, Output, Progress, show_duration};
use proto::net::Refused;
use proto::wire::sha256::Sha256;
use proto::{is_timeout, reason, retry};

use crate::options::Options;

/// How many bytes of a reply are kept to check for a refusal.
const KEPT: usize = 512;

/// Copies `total` bytes from `stream` to stdout, and adds them to the hash if there is one.
pub fn pass_on(
    stream: &mut impl Read,
    total: u64,
    options: &Options,
    mut hash: Option<&mut Sha256>,
) -> Result<(), Failure> {
    let mut output = Output::stdout();
    let mut progress = Progress::new(total, options.log.quiet);
    let mut buffer = vec![0; 64 * 1024];
    let (mut done, mut first) = (0, Vec::new());
    while done < total {
        let room = usize::try_from(total - done).unwrap_or(usize::MAX);
        let room = room.min(buffer.len());
        let bytes = match retry(|| stream.read(&mut buffer[..room])) {
            Ok(0) => {
                return Err(match Refused::parse(&options.endpoint, &first) {
                    Some(refused) => refused.into(),
                    None => Failure::new(format!("got {done} of {total} bytes")),
                });
            }
            Ok(count) => &buffer[..count],
            Err(error) if is_timeout(&error) => {
                return Err(silent(options, &format!("{done} of {total} bytes")));
            }
            Err(error) => {
                let why = reason(&error);
                return Err(Failure::new(format!("{why} after {done} of {total} bytes")));
            }
        };
        first.extend_from_slice(&bytes[..bytes.len().min(KEPT - first.len())]);
        done += bytes.len() as u64;
        if let Some(hash) = &mut hash {
            hash.update(bytes);
        }
        output.write(bytes)?;
        progress.advance(bytes.len());
    }
    Ok(())
}

/// The error for a silent server.
pub fn silent(options: &Options, got: &str) -> Failure {
    let limit = options.silence().unwrap_or_default();
    Failure::new(format!(
        "nothing came from {} for {} (got {got}); wait longer with --timeout",
        options.endpoint,
        show_duration(limit)
    ))
}
