//! Collects the output, for protocols that send its length first.

use std::io::{self, ErrorKind};
use std::mem;
use std::sync::{Arc, Mutex};

use proto::sync::lock;

use super::error::EngineError;
use super::outcome::Outcome;
use super::running::Running;

/// The output that [`Running::collect`] has kept. If it exceeded the limit, which ends the command
/// with [`Stopped::Sink`](super::Stopped::Sink), this is only its beginning.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: Vec<u8>,
}

impl Running {
    /// Pumps the command and collects its output, up to `limit` bytes of both streams together:
    /// Python's `communicate()`, with a limit.
    ///
    /// # Errors
    ///
    /// As [`Running::pump`].
    pub fn collect(self, limit: usize) -> Result<(Outcome, Collected), EngineError> {
        let collected = Arc::<Mutex<Collected>>::default();
        let keep_in = |stream: fn(&mut Collected) -> &mut Vec<u8>| {
            let collected = Arc::clone(&collected);
            move |bytes: &[u8]| -> io::Result<()> {
                let mut collected = lock(&collected);
                let kept = collected.stdout.len() + collected.stderr.len();
                if kept.saturating_add(bytes.len()) > limit {
                    return Err(ErrorKind::FileTooLarge.into());
                }
                stream(&mut collected).extend_from_slice(bytes);
                Ok(())
            }
        };
        let outcome = self.pump(keep_in(|it| &mut it.stdout), keep_in(|it| &mut it.stderr))?;
        let collected = mem::take(&mut *lock(&collected));
        Ok((outcome, collected))
    }
}
