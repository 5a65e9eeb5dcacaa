//! Runs commands from standard input, one per line: typed at a prompt, or from a script.

use proto::cli::{Failure, Lines};
use proto::wire::Protocol;

use crate::Remote;
use crate::options::Options;

/// The hint before the first prompt.
const HINT: &str = "each line runs in a shell of its own; `exec-client ENDPOINT sh` keeps one. \
                    exit or Ctrl-D leaves";
/// The exit status for a failure of the client, as with ssh.
const OUR_FAILURE: u8 = 255;

/// Runs the commands, and returns the status of the last one. A script stops at the first line that
/// fails, unless `--keep-going` is given. A prompt shows the status and goes on.
pub fn run(remote: &mut Remote, options: &Options) -> Result<u8, Failure> {
    let mut lines = Lines::with_prompt(">>: ");
    let (mut line, mut number, mut status) = (Vec::new(), 0, 0);
    if lines.has_prompt() && options.protocol == Protocol::Session {
        options.log.note(format_args!("{HINT}"));
    }
    while lines.next(&mut line)? {
        number += 1;
        match line.trim_ascii() {
            // As in the lesson, empty lines are skipped.
            b"" => continue,
            b"exit" => break,
            _ => {}
        }
        match remote.run(&line, false) {
            Ok(ended) => status = ended,
            Err(failure) if failure.is_output_closed() => return Err(failure),
            Err(failure) if lines.has_prompt() || options.keep_going => {
                options.log.complain(&failure);
                status = OUR_FAILURE;
                continue;
            }
            Err(failure) => return Err(failure),
        }
        if status != 0 && lines.has_prompt() {
            options.log.note(format_args!("status {status}"));
        } else if status != 0 && !options.keep_going {
            options.log.note(format_args!(
                "stopped at line {number}, which ended with status {status}; --keep-going goes on"
            ));
            break;
        }
    }
    Ok(status)
}
