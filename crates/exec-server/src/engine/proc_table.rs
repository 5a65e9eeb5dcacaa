//! Whether a child has ended, without reaping it: `waitid` with `WNOWAIT`, which std does not
//! offer, read from Linux's `/proc` instead.

use std::fs::File;
use std::io::{self, Read};

/// Tells whether the child `pid` has ended and waits to be reaped.
///
/// A process whose first thread has ended while others run is shown as a zombie too; it counts as
/// running until its last thread is gone. A `pid` that `/proc` does not know has ended. Where it
/// cannot be asked, as when a crowd of connections has taken the last descriptor, nothing is known,
/// and then a command must not be taken for one that is over.
pub(super) fn has_ended(pid: u32) -> bool {
    let mut stat = [0; 512];
    match read_stat(pid, &mut stat) {
        Ok(length) => is_zombie(&stat[..length]),
        Err(error) => is_unknown(&error),
    }
}

/// Gone before the file was opened, or between that and reading it.
fn is_unknown(error: &io::Error) -> bool {
    /// `ESRCH`, for which std has no kind.
    const NO_SUCH_PROCESS: i32 = 3;
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(NO_SUCH_PROCESS)
}

/// Fails where `/proc` is not there to be asked.
pub(super) fn check() -> io::Result<()> {
    File::open("/proc/self/stat").map(drop)
}

fn read_stat(pid: u32, stat: &mut [u8]) -> io::Result<usize> {
    File::open(format!("/proc/{pid}/stat"))?.read(stat)
}

/// `PID (NAME) STATE PPID ... THREADS ...`: the name may hold anything, `)` included.
fn is_zombie(stat: &[u8]) -> bool {
    const STATE: usize = 0;
    const THREADS: usize = 17;
    let Some(name_end) = stat.iter().rposition(|&byte| byte == b')') else {
        return false;
    };
    let mut fields = stat[name_end + 1..]
        .split(|&byte| byte == b' ')
        .filter(|field| !field.is_empty());
    let dead = matches!(fields.nth(STATE), Some(b"Z" | b"X"));
    dead && matches!(fields.nth(THREADS - STATE - 1), Some(b"0" | b"1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_read_behind_any_name() {
        let stat = |state: &str, threads: &str| {
            format!(
                "7 (a) Z (\n) b) {state} 1 7 7 0 -1 4 5 6 7 8 9 10 11 12 20 0 {threads} 0 77 0\n"
            )
        };
        assert!(is_zombie(stat("Z", "1").as_bytes()));
        assert!(!is_zombie(stat("S", "1").as_bytes()));
        assert!(!is_zombie(stat("R", "1").as_bytes()));
        // The first thread has ended, another one runs.
        assert!(!is_zombie(stat("Z", "2").as_bytes()));
        assert!(!is_zombie(b"7 (cut"));
    }

    #[test]
    fn we_run_and_nobody_does_not() {
        assert!(!has_ended(std::process::id()));
        assert!(has_ended(u32::MAX));
    }
}
