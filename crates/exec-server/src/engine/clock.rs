//! One thread that watches the time limits of all commands: their deadlines, the time from TERM to
//! KILL, and background processes that hold the output after the shell has ended.
//!
//! A command that ends within a tick is never checked.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use proto::sync::{lock, wait_timeout_while, wait_while};

use super::guardian::Guardian;
use super::job::Job;

/// How often the clock checks while there are commands.
const TICK: Duration = Duration::from_millis(100);
/// After this many ticks without a command the clock sleeps: waking it costs a command more than
/// these ticks.
const IDLE_TICKS: u32 = 10;
/// The stack of the clock's thread in bytes: enough for its checks and for a panic's backtrace.
const STACK: usize = 128 * 1024;

/// The thread and its commands.
#[derive(Debug)]
pub(super) struct Clock {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    list: Vec<Arc<Job>>,
    asleep: bool,
    closed: bool,
}

impl Clock {
    pub(super) fn start(guardian: Arc<Guardian>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("exec-clock".into())
            .stack_size(STACK)
            .spawn(move || theirs.run(&guardian))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn add(&self, job: Arc<Job>) {
        let mut jobs = lock(&self.shared.jobs);
        jobs.list.push(job);
        if jobs.asleep {
            self.shared.changed.notify_one();
        }
    }

    pub(super) fn remove(&self, job: &Arc<Job>) {
        let mut jobs = lock(&self.shared.jobs);
        jobs.list.retain(|other| !Arc::ptr_eq(other, job));
    }
}

#[cfg(test)]
impl Clock {
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.shared.jobs).list.is_empty()
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        lock(&self.shared.jobs).closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // The panic hook has reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, guardian: &Guardian) {
        let mut idle = 0;
        loop {
            let mut jobs = lock(&self.jobs);
            if idle < IDLE_TICKS {
                jobs = wait_timeout_while(&self.changed, jobs, TICK, |jobs| !jobs.closed);
            } else {
                jobs.asleep = true;
                let wait = |jobs: &mut Jobs| jobs.list.is_empty() && !jobs.closed;
                jobs = wait_while(&self.changed, jobs, wait);
                jobs.asleep = false;
            }
            if jobs.closed {
                return;
            }
            // A copy, so that jobs are not checked under the list's lock.
            let list = jobs.list.clone();
            drop(jobs);
            idle = if list.is_empty() { idle + 1 } else { 0 };
            let now = Instant::now();
            for job in &list {
                if !job.tick(now) {
                    lock(&self.jobs)
                        .list
                        .retain(|other| !Arc::ptr_eq(other, job));
                }
            }
            if !list.is_empty() {
                // If no new guardian starts, the next command is refused with the reason.
                let _ = guardian.look_after();
            }
        }
    }
}
