//! What the engine needs of Linux. `portable.rs` has the same names for other systems.
//!
//! std can neither poll a pipe nor close it while it is read, but Linux lets a process open its own
//! pipe again. And std has no `waitid` with `WNOWAIT`, so this reads `/proc`.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read, Write, pipe};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Child;

/// Our end of an output.
pub type OutputPipe = PipeReader;
/// Our end of the input.
pub type InputPipe = File;

/// The value on Linux for x86, Arm, RISC-V and s390.
const O_NONBLOCK: i32 = 0o4000;

/// Fails if `/proc` cannot be read.
pub fn check() -> io::Result<()> {
    File::open("/proc/self/stat").map(drop)
}

/// Makes a pipe for an output. The second end is the command's.
pub fn output() -> io::Result<(OutputPipe, OwnedFd)> {
    pipe().map(|(ours, theirs)| (ours, theirs.into()))
}

/// Makes a pipe for the input. Writes to our end do not block; the second end is the command's.
pub fn input() -> io::Result<(InputPipe, OwnedFd)> {
    let (theirs, ours) = pipe()?;
    let ours = open_end(&ours, OpenOptions::new().write(true))?;
    Ok((ours, theirs.into()))
}

/// Whether [`wake`] writes a byte of 0.
pub const WAKES_BY_A_BYTE: bool = true;

/// Writes a byte of 0 into an empty output, to end a read that waits there. If that fails, the read
/// waits for the next byte of the command.
pub fn wake(output: &OutputPipe) {
    let _ =
        open_end(output, OpenOptions::new().write(true)).and_then(|mut writer| writer.write(&[0]));
}

/// Reads what is in the output and does not wait for more.
pub fn without_waiting(output: &OutputPipe) -> io::Result<impl Read> {
    open_end(output, OpenOptions::new().read(true))
}

/// A non-blocking descriptor for one end of a pipe.
fn open_end(pipe: &impl AsRawFd, options: &mut OpenOptions) -> io::Result<File> {
    options
        .custom_flags(O_NONBLOCK)
        .open(format!("/proc/self/fd/{}", pipe.as_raw_fd()))
}

/// Whether the child, which we have not reaped, has ended.
///
/// Only a zombie has ended. If its file in `/proc` cannot be read, the child is assumed to run:
/// `/proc` hides the processes of other users if it is mounted with `hidepid=2`, and without a free
/// descriptor no file can be opened. A process whose first thread has ended also looks like a
/// zombie, but counts as running until its last thread has ended.
pub fn has_ended(child: &mut Child) -> bool {
    is_ended(child.id())
}

fn is_ended(pid: u32) -> bool {
    let mut stat = [0; 512];
    let length = File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read(&mut stat));
    length.is_ok_and(|length| is_zombie(&stat[..length]))
}

/// Reads the state and the number of threads after `PID (NAME)`. The name may contain any
/// character, including `)`.
fn is_zombie(stat: &[u8]) -> bool {
    const THREADS: usize = 17;
    let name_end = stat.iter().rposition(|&byte| byte == b')');
    let rest = name_end.map_or(&[][..], |end| &stat[end + 1..]);
    let mut fields = rest.split(|&byte| byte == b' ').filter(|it| !it.is_empty());
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
        assert!(!is_ended(std::process::id()));
        assert!(!is_ended(u32::MAX));
    }
}
