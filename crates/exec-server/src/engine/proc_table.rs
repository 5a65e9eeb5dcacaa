//! Checks whether a child has ended, without reaping it. std has no `waitid` with `WNOWAIT`, so
//! this reads `/proc`.

use std::fs::File;
use std::io::{self, Read};

/// Whether the child `pid`, which we have not reaped, has ended.
///
/// Only a zombie has ended. If its file in `/proc` cannot be read, the child is assumed to run:
/// `/proc` hides the processes of other users if it is mounted with `hidepid=2`, and without a free
/// descriptor no file can be opened. A process whose first thread has ended also looks like a
/// zombie, but counts as running until its last thread has ended.
pub(super) fn has_ended(pid: u32) -> bool {
    let mut stat = [0; 512];
    read_stat(pid, &mut stat).is_ok_and(|length| is_zombie(&stat[..length]))
}

/// Whether this process has a controlling terminal. Fails if `/proc` cannot be read.
pub(super) fn has_terminal() -> io::Result<bool> {
    const TERMINAL: usize = 4;
    let mut stat = [0; 512];
    let length = read_stat(std::process::id(), &mut stat)?;
    let terminal = fields(&stat[..length]).nth(TERMINAL);
    Ok(terminal.is_some_and(|number| number != b"0"))
}

fn read_stat(pid: u32, stat: &mut [u8]) -> io::Result<usize> {
    File::open(format!("/proc/{pid}/stat"))?.read(stat)
}

/// The fields after `PID (NAME)`, from the state on. The name may contain any character, including
/// `)`.
fn fields(stat: &[u8]) -> impl Iterator<Item = &[u8]> {
    let name_end = stat.iter().rposition(|&byte| byte == b')');
    let rest = name_end.map_or(&[][..], |end| &stat[end + 1..]);
    rest.split(|&byte| byte == b' ')
        .filter(|field| !field.is_empty())
}

fn is_zombie(stat: &[u8]) -> bool {
    const THREADS: usize = 17;
    let mut fields = fields(stat);
    let dead = matches!(fields.next(), Some(b"Z" | b"X"));
    dead && matches!(fields.nth(THREADS - 1), Some(b"0" | b"1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_read_after_any_name() {
        let stat = |state: &str, threads: &str| {
            format!(
                "7 (a) Z (\n) b) {state} 1 7 7 0 -1 4 5 6 7 8 9 10 11 12 20 0 {threads} 0 77 0\n"
            )
        };
        assert!(is_zombie(stat("Z", "1").as_bytes()));
        assert!(!is_zombie(stat("S", "1").as_bytes()));
        assert!(!is_zombie(stat("R", "1").as_bytes()));
        // The first thread has ended, and another one runs.
        assert!(!is_zombie(stat("Z", "2").as_bytes()));
        assert!(!is_zombie(b"7 (cut"));
    }

    #[test]
    fn a_process_that_proc_does_not_show_has_not_ended() {
        assert!(!has_ended(std::process::id()));
        assert!(!has_ended(u32::MAX));
    }
}
