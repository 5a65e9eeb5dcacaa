//! One thread that keeps the time for all commands: deadlines, graces, and shells that have ended
//! while somebody else holds their output.
//!
//! A command that ends in less than a tick never meets it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::guardian::Guardian;
use super::job::Job;
use super::sync::lock;

/// How often it looks while there are commands.
const TICK: Duration = Duration::from_millis(100);
/// How many ticks without a command it waits before it sleeps: waking it costs a command more than
/// these ticks cost.
const IDLE_TICKS: u32 = 10;
/// A stack for looking things up, and for a panic's backtrace.
const STACK: usize = 128 * 1024;

/// The thread, and the commands it watches.
#[derive(Debug)]
pub(super) struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    watched: Mutex<Watched>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Watched {
    jobs: Vec<Arc<Job>>,
    asleep: bool,
    closed: bool,
}

impl Watch {
    pub(super) fn start(guardian: Arc<Guardian>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(String::from("exec-watch"))
            .stack_size(STACK)
            .spawn(move || theirs.run(&guardian))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn add(&self, job: Arc<Job>) {
        let mut watched = lock(&self.shared.watched);
        watched.jobs.push(job);
        if watched.asleep {
            self.shared.changed.notify_one();
        }
    }

    pub(super) fn remove(&self, job: &Arc<Job>) {
        lock(&self.shared.watched)
            .jobs
            .retain(|other| !Arc::ptr_eq(other, job));
    }
}

#[cfg(test)]
impl Watch {
    pub(super) fn watches_nothing(&self) -> bool {
        lock(&self.shared.watched).jobs.is_empty()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.shared.watched).closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It ends without a result; had it panicked, this is not the place to say so.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, guardian: &Guardian) {
        let mut jobs = Vec::new();
        let mut idle = 0;
        let mut wait = Some(TICK);
        while self.next_jobs(&mut jobs, wait) {
            idle = if jobs.is_empty() { idle + 1 } else { 0 };
            if idle > IDLE_TICKS {
                wait = None;
                continue;
            }
            let now = Instant::now();
            let next = jobs.iter().filter_map(|job| job.tick(now)).min();
            wait = Some(next.map_or(TICK, |at| at.saturating_duration_since(now).min(TICK)));
            if !jobs.is_empty() {
                // Where no new guardian starts, the next command is refused and says why.
                let _ = guardian.look_after();
            }
        }
    }

    /// Waits, for ever with `None`, then copies the list of jobs, so that no job is looked at under
    /// the list's lock. `false` when the watch is over.
    fn next_jobs(&self, jobs: &mut Vec<Arc<Job>>, wait: Option<Duration>) -> bool {
        jobs.clear();
        let mut watched = lock(&self.watched);
        if watched.closed {
            return false;
        }
        watched = match wait {
            Some(time) => {
                self.changed
                    .wait_timeout(watched, time)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => {
                watched.asleep = true;
                let mut woken = self
                    .changed
                    .wait_while(watched, |watched| {
                        watched.jobs.is_empty() && !watched.closed
                    })
                    .unwrap_or_else(PoisonError::into_inner);
                woken.asleep = false;
                woken
            }
        };
        jobs.extend(watched.jobs.iter().cloned());
        !watched.closed
    }
}
