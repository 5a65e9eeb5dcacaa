//! One thread that watches the time limits of all commands: their deadlines, the time from TERM to
//! KILL, and background processes that hold the output after the shell has ended.
//!
//! It drops a command at the first tick after the command's end.

use std::io;
use std::mem;
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use proto::sync::lock;

use super::STACK;
use super::job::Job;

/// How often the clock checks while there are commands.
const TICK: Duration = Duration::from_millis(100);
/// After this many ticks without a command the clock sleeps: waking it costs a command more than
/// these ticks.
const IDLE_TICKS: u32 = 10;

/// The thread and its commands.
pub(super) struct Clock {
    jobs: Arc<Mutex<Jobs>>,
    thread: Thread,
}

#[derive(Default)]
struct Jobs {
    list: Vec<Arc<Job>>,
    asleep: bool,
    closed: bool,
}

impl Clock {
    pub(super) fn start() -> io::Result<Self> {
        let jobs = Arc::<Mutex<Jobs>>::default();
        let theirs = Arc::clone(&jobs);
        let handle = thread::Builder::new()
            .name("exec-clock".into())
            .stack_size(STACK)
            .spawn(move || run(&theirs))?;
        let thread = handle.thread().clone();
        Ok(Self { jobs, thread })
    }

    /// Checks `job` until it is over.
    pub(super) fn add(&self, job: Arc<Job>) {
        let mut jobs = lock(&self.jobs);
        jobs.list.push(job);
        if jobs.asleep {
            self.thread.unpark();
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        lock(&self.jobs).closed = true;
        self.thread.unpark();
    }
}

fn run(jobs: &Mutex<Jobs>) {
    let mut idle = 0;
    loop {
        thread::park_timeout(TICK);
        let mut now = lock(jobs);
        if now.closed {
            return;
        }
        idle = if now.list.is_empty() { idle + 1 } else { 0 };
        now.asleep = idle > IDLE_TICKS;
        if now.asleep {
            drop(now);
            thread::park();
            continue;
        }
        // The list is not locked meanwhile, because a check may wait for the guardian.
        let mut list = mem::take(&mut now.list);
        drop(now);
        if let Some(job) = list.first() {
            job.core.guardian.look_after();
        }
        let time = Instant::now();
        list.retain(|job| job.tick(time));
        lock(jobs).list.append(&mut list);
    }
}
