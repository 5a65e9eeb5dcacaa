//! A thread for each request, and finished threads used again.
//!
//! Starting a thread costs more than all the rest of a short connection. So a thread whose request
//! is over waits a moment for the next one before it ends. There is still one thread for each
//! request being served, and soon none for those that are over.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread without a request waits for one.
const LINGER: Duration = Duration::from_millis(100);
/// How many threads wait at most.
const MOST_WAITING: usize = 64;

/// The threads that serve requests of one server.
pub(super) struct Workers<R> {
    queue: Mutex<Queue<R>>,
    arrived: Condvar,
    stack_size: usize,
    serve: Box<dyn Fn(R) + Send + Sync>,
}

struct Queue<R> {
    /// Handed over, and not yet taken by the thread that it is for.
    requests: VecDeque<R>,
    waiting: usize,
}

impl<R: Send + 'static> Workers<R> {
    pub(super) fn new(stack_size: usize, serve: impl Fn(R) + Send + Sync + 'static) -> Self {
        let requests = VecDeque::new();
        Self {
            queue: Mutex::new(Queue {
                requests,
                waiting: 0,
            }),
            arrived: Condvar::new(),
            stack_size,
            serve: Box::new(serve),
        }
    }

    /// Gives the request to a waiting thread, or to a new one. Only one thread may call this.
    ///
    /// # Errors
    ///
    /// Gives the request back where the system has no thread left.
    pub(super) fn hand_over(self: &Arc<Self>, request: R) -> Result<(), (R, io::Error)> {
        let mut queue = self.queue();
        queue.requests.push_back(request);
        let enough = queue.requests.len() <= queue.waiting;
        drop(queue);
        if enough {
            self.arrived.notify_one();
            return Ok(());
        }
        let workers = Arc::clone(self);
        // `thread::spawn` would panic where the system has no thread left.
        let started = thread::Builder::new()
            .stack_size(self.stack_size)
            .spawn(move || workers.work());
        match started {
            Ok(_) => Ok(()),
            // Where it is gone from the queue, a thread that just finished has taken it.
            Err(error) => match self.queue().requests.pop_back() {
                Some(request) => Err((request, error)),
                None => Ok(()),
            },
        }
    }

    fn work(&self) {
        while let Some(request) = self.next() {
            (self.serve)(request);
        }
    }

    fn next(&self) -> Option<R> {
        let mut queue = self.queue();
        if let Some(request) = queue.requests.pop_front() {
            return Some(request);
        }
        if queue.waiting >= MOST_WAITING {
            return None;
        }
        queue.waiting += 1;
        let waited = self
            .arrived
            .wait_timeout_while(queue, LINGER, |queue| queue.requests.is_empty());
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        queue.waiting -= 1;
        queue.requests.pop_front()
    }

    fn queue(&self) -> MutexGuard<'_, Queue<R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
