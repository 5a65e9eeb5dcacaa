//! Runs each job in a thread of its own, and reuses finished threads.
//!
//! Starting a thread costs more than all the rest of a short connection or command, mostly because
//! std maps a signal stack for it. So a thread whose job is over waits for the next job for a
//! moment before it ends. A job never waits for a thread: if no thread is idle, a new one starts.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::limits::check_memory;
use crate::sync::{lock, wait_timeout_while};

/// How long a thread without a job waits for one.
const IDLE: Duration = Duration::from_millis(250);
/// The maximum number of threads that wait for a job.
const MAX_IDLE: usize = 64;

/// A job that is a closure, for [`Pool::tasks`].
pub type Task = Box<dyn FnOnce() + Send>;

/// Threads that run jobs of one type. Python: `ThreadPoolExecutor`, but no job waits for a thread.
///
/// ```
/// use std::sync::mpsc;
/// use proto::pool::Pool;
///
/// let (done, results) = mpsc::channel();
/// let pool = Pool::new("doubler", 64 * 1024, move |number: u32| {
///     let _ = done.send(2 * number);
/// });
/// assert!(pool.run(21).is_ok());
/// assert_eq!(results.recv(), Ok(42));
/// ```
pub struct Pool<J>(Arc<Shared<J>>);

struct Shared<J> {
    name: &'static str,
    stack_size: usize,
    work: Box<dyn Fn(J) + Send + Sync>,
    queue: Mutex<Queue<J>>,
    arrived: Condvar,
}

/// There are never more queued jobs than idle threads.
struct Queue<J> {
    jobs: VecDeque<J>,
    idle: usize,
}

impl<J: Send + 'static> Pool<J> {
    /// A pool whose threads are called `name`, have a stack of `stack_size` bytes, and call `work`
    /// with each job. A panic in `work` ends only its job.
    pub fn new(
        name: &'static str,
        stack_size: usize,
        work: impl Fn(J) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            name,
            stack_size,
            work: Box::new(work),
            queue: Mutex::new(Queue {
                jobs: VecDeque::new(),
                idle: 0,
            }),
            arrived: Condvar::new(),
        }))
    }

    /// Runs `job` at once, on an idle thread or on a new one.
    ///
    /// # Errors
    ///
    /// Returns the job if no thread can be started.
    pub fn run(&self, job: J) -> Result<(), (J, io::Error)> {
        let mut queue = lock(&self.0.queue);
        if queue.idle > queue.jobs.len() {
            queue.jobs.push_back(job);
            drop(queue);
            self.0.arrived.notify_one();
            return Ok(());
        }
        drop(queue);
        if let Err(error) = check_memory() {
            return Err((job, error));
        }
        // A closure that cannot be started is dropped, so it must not own the job.
        let first = Arc::new(Mutex::new(Some(job)));
        let taken = Arc::clone(&first);
        let shared = Arc::clone(&self.0);
        // `thread::spawn` would panic if no thread can be started.
        let started = thread::Builder::new()
            .name(self.0.name.into())
            .stack_size(self.0.stack_size)
            .spawn(move || {
                let mut next = lock(&taken).take();
                drop(taken);
                while let Some(job) = next {
                    // The panic hook has reported it.
                    let _ = catch_unwind(AssertUnwindSafe(|| (shared.work)(job)));
                    next = shared.next();
                }
            });
        if let Err(error) = started
            && let Some(job) = lock(&first).take()
        {
            return Err((job, error));
        }
        Ok(())
    }
}

impl<J> Shared<J> {
    fn next(&self) -> Option<J> {
        let mut queue = lock(&self.queue);
        if queue.idle >= MAX_IDLE {
            return None;
        }
        queue.idle += 1;
        queue = wait_timeout_while(&self.arrived, queue, IDLE, |queue| queue.jobs.is_empty());
        queue.idle -= 1;
        queue.jobs.pop_front()
    }
}

impl Pool<Task> {
    /// A pool that runs closures.
    ///
    /// ```
    /// use proto::pool::Pool;
    ///
    /// let pool = Pool::tasks("adder", 64 * 1024);
    /// let sum = pool.start(|| 2 + 2)?;
    /// assert_eq!(sum.join().ok(), Some(4));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn tasks(name: &'static str, stack_size: usize) -> Self {
        Self::new(name, stack_size, |task: Task| task())
    }

    /// Runs `task` at once. The caller need not wait for its result.
    ///
    /// # Errors
    ///
    /// If no thread can be started; `task` is then dropped.
    pub fn start<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<TaskHandle<T>> {
        let (sender, result) = mpsc::sync_channel(1);
        let task: Task = Box::new(move || {
            let _ = sender.send(catch_unwind(AssertUnwindSafe(task)));
        });
        self.run(task).map_err(|(_, error)| error)?;
        Ok(TaskHandle(result))
    }
}

/// A running task. Like std's `JoinHandle`, but the thread goes on after the task.
#[derive(Debug)]
pub struct TaskHandle<T>(Receiver<thread::Result<T>>);

impl<T> TaskHandle<T> {
    /// Waits for the result of the task.
    ///
    /// # Errors
    ///
    /// What the task panicked with.
    pub fn join(self) -> thread::Result<T> {
        self.0
            .recv()
            .unwrap_or_else(|gone| Err(Box::new(gone) as Box<dyn Any + Send>))
    }
}

impl<J> fmt::Debug for Pool<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::ThreadId;

    const STACK: usize = 64 * 1024;

    #[test]
    fn an_idle_thread_runs_the_next_job() {
        let pool = Pool::tasks("again", STACK);
        let id = || thread::current().id();
        let first: ThreadId = pool.start(id).unwrap().join().unwrap();
        // The thread becomes idle shortly after it has sent the result.
        let same = (0..1000).any(|_| pool.start(id).unwrap().join().unwrap() == first);
        assert!(same);
    }

    #[test]
    fn jobs_run_concurrently_and_a_panic_ends_only_one() {
        let pool = Pool::tasks("beside", STACK);
        let (go, wait) = mpsc::channel::<()>();
        let waiting = pool.start(move || wait.recv().is_ok()).unwrap();
        let doomed = pool.start(|| assert_eq!(1, 2, "told to panic")).unwrap();
        assert!(doomed.join().is_err());
        go.send(()).unwrap();
        assert!(waiting.join().unwrap());
    }
}
