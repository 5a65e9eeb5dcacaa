//! What the engine needs of the system, on any Unix: macOS and FreeBSD. `linux.rs` has the same
//! names.
//!
//! On Linux the feature `portable` selects this file, so that it can be tested there. Outputs and
//! input are socket pairs, as OpenSSH's are on some systems, because their reads can time out. A
//! command cannot open such an output again by a name (`>/dev/stderr`).

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::time::Duration;

/// Our end of an output.
pub type OutputPipe = UnixStream;
/// Our end of the input.
pub type InputPipe = UnixStream;

/// How often a read of an output times out, so that its reader can check whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// There is nothing to check before the start.
pub const fn check() -> io::Result<()> {
    Ok(())
}

/// Makes a socket pair for an output. The second end is the command's.
pub fn output() -> io::Result<(OutputPipe, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.shutdown(Shutdown::Write)?;
    ours.set_read_timeout(Some(LOOK))?;
    Ok((ours, theirs.into()))
}

/// Makes a socket pair for the input. Writes to our end do not block; the second end is the
/// command's.
pub fn input() -> io::Result<(InputPipe, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.shutdown(Shutdown::Read)?;
    ours.set_nonblocking(true)?;
    Ok((ours, theirs.into()))
}

/// Whether [`wake`] writes a byte of 0.
pub const WAKES_BY_A_BYTE: bool = false;

/// A read of an output needs no waking: it times out.
pub const fn wake(_output: &OutputPipe) {}

/// Reads what is in the output and does not wait for more.
pub fn without_waiting(output: &OutputPipe) -> io::Result<impl Read> {
    output.set_nonblocking(true)?;
    Ok(output)
}

/// Whether the child has ended. This reaps it, so that from then on its group keeps its number only
/// as long as it has other processes.
pub fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}
