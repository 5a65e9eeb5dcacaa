//! Threads that run one piece of work and then wait a little for the next.
//!
//! A thread for the second pipe of every command would cost a short command a tenth of its time,
//! most of it for setting the thread up and taking it down again.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::sync::lock;

/// How long a thread without work waits for some before it ends.
const IDLE: Duration = Duration::from_millis(250);

type Work = Box<dyn FnOnce() + Send>;

/// As many threads as there is work, and for a moment those that have just done theirs.
#[derive(Debug)]
pub(super) struct Helpers {
    stack: usize,
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

/// There never is more work than there are threads waiting for it: work does not wait.
#[derive(Default)]
struct Waiting {
    threads: usize,
    work: VecDeque<Work>,
}

impl Helpers {
    /// Threads get a stack of `stack` bytes.
    pub(super) fn new(stack: usize) -> Self {
        Self {
            stack,
            queue: Arc::default(),
        }
    }

    /// Runs `work` at once, on a thread that waits or on a new one.
    ///
    /// # Errors
    ///
    /// Fails where no new thread starts; `work` is then dropped.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Helper<T>> {
        let (sender, result) = mpsc::sync_channel(1);
        let work: Work = Box::new(move || {
            let outcome = panic::catch_unwind(AssertUnwindSafe(work));
            // Nobody need wait for it.
            let _ = sender.send(outcome);
        });
        let mut waiting = lock(&self.queue.waiting);
        if waiting.threads > waiting.work.len() {
            waiting.work.push_back(work);
            self.queue.more.notify_one();
        } else {
            drop(waiting);
            let queue = Arc::clone(&self.queue);
            thread::Builder::new()
                .name(String::from("exec-stderr"))
                .stack_size(self.stack)
                .spawn(move || queue.serve(work))?;
        }
        Ok(Helper(result))
    }
}

impl Queue {
    fn serve(&self, first: Work) {
        let mut next = Some(first);
        while let Some(work) = next {
            work();
            next = self.next();
        }
    }

    fn next(&self) -> Option<Work> {
        let mut waiting = lock(&self.waiting);
        waiting.threads += 1;
        waiting = self
            .more
            .wait_timeout_while(waiting, IDLE, |waiting| waiting.work.is_empty())
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        waiting.threads -= 1;
        waiting.work.pop_front()
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("threads", &self.threads)
            .field("work", &self.work.len())
            .finish()
    }
}

/// Work under way: like a `JoinHandle`.
#[derive(Debug)]
pub(super) struct Helper<T>(Receiver<thread::Result<T>>);

impl<T> Helper<T> {
    /// Waits for the result, or for the panic that came instead.
    pub(super) fn join(self) -> thread::Result<T> {
        self.0
            .recv()
            .unwrap_or_else(|gone| Err(Box::new(gone) as Box<dyn Any + Send>))
    }
}
