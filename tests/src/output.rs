//! Collects what a process writes.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;

/// One output stream of a process. A thread reads it, so that a full pipe never blocks the process.
/// All of it is kept in memory: a test of very long output should send it to a file.
#[derive(Debug)]
pub struct Output {
    stream: Arc<Stream>,
    /// How many bytes [`Output::next_line`] has returned.
    taken: usize,
}

#[derive(Debug, Default)]
struct Stream {
    so_far: Mutex<SoFar>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct SoFar {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Collects `source` until it ends. Without a source the output is empty and has ended.
    pub fn collect(source: Option<impl Read + Send + 'static>) -> Self {
        let stream = Arc::new(Stream::default());
        match source {
            None => stream.lock().ended = true,
            Some(source) => {
                let stream = Arc::clone(&stream);
                // The thread is not joined: a child of the process may hold the pipe open.
                thread::spawn(move || stream.fill(source));
            }
        }
        Self { stream, taken: 0 }
    }

    /// All bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.stream.lock().bytes.clone()
    }

    /// All bytes so far, as text for a failure message.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stream.lock().bytes).into_owned()
    }

    /// The next line that was not returned yet, without its end; `None` if none is complete
    /// `within` that time. The text between the last line end and the end of the stream is a line,
    /// too.
    pub fn next_line(&mut self, within: Duration) -> Option<String> {
        let taken = self.taken;
        let line = self.wait(within, |bytes, ended| {
            let rest = &bytes[taken..];
            match rest.iter().position(|&byte| byte == b'\n') {
                Some(end) => Some(Some(rest[..=end].to_vec())),
                None if ended => Some((!rest.is_empty()).then(|| rest.to_vec())),
                None => None,
            }
        })??;
        self.taken += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Some(String::from_utf8_lossy(line).into_owned())
    }

    /// Waits until `look` finds something in the bytes so far (its second argument tells whether
    /// the stream has ended). `None` if it finds nothing `within` that time or before the stream
    /// ends.
    pub fn wait<T>(
        &self,
        within: Duration,
        mut look: impl FnMut(&[u8], bool) -> Option<T>,
    ) -> Option<T> {
        let deadline = Deadline::after(within);
        let mut so_far = self.stream.lock();
        loop {
            if let Some(seen) = look(&so_far.bytes, so_far.ended) {
                return Some(seen);
            }
            if so_far.ended {
                return None;
            }
            so_far = self
                .stream
                .grown
                .wait_timeout(so_far, deadline.remaining()?)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Stream {
    fn lock(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, mut source: impl Read) {
        let mut piece = [0; 16 * 1024];
        loop {
            let got = source.read(&mut piece).unwrap_or(0);
            let mut so_far = self.lock();
            so_far.bytes.extend_from_slice(&piece[..got]);
            so_far.ended = got == 0;
            self.grown.notify_all();
            if so_far.ended {
                return;
            }
        }
    }
}
