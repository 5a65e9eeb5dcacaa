//! One thread that watches the time limits of all commands: their deadlines, the time from TERM to
//! KILL, and background processes that hold the output after the shell has ended.
//!
//! It drops a command at the first tick after the command's end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::STACK;
use super::job::Job;

/// How often the clock checks while there are commands.
const TICK: Duration = Duration::from_millis(100);
/// After this many ticks without a command the clock sleeps: waking it costs a command more than
/// these ticks.
const IDLE_TICKS: u32 = 10;

/// Hands commands to the thread. Without it and without commands the thread ends after some ticks.
pub(super) struct Clock(Sender<Arc<Job>>);

impl Clock {
    pub(super) fn start() -> io::Result<Self> {
        let (sender, started) = mpsc::channel();
        thread::Builder::new()
            .name("exec-clock".into())
            .stack_size(STACK)
            .spawn(move || run(&started))?;
        Ok(Self(sender))
    }

    /// Checks `job` until it is over.
    pub(super) fn add(&self, job: Arc<Job>) {
        // It cannot fail while there is a sender, unless the thread has panicked.
        let _ = self.0.send(job);
    }
}

fn run(started: &Receiver<Arc<Job>>) {
    let mut jobs = Vec::new();
    let mut idle = 0;
    loop {
        if idle > IDLE_TICKS {
            match started.recv() {
                Ok(job) => jobs.push(job),
                Err(_) => return,
            }
        }
        // Unlike a wait at the channel, this is not ended by a command that starts.
        thread::sleep(TICK);
        jobs.extend(started.try_iter());
        idle = if jobs.is_empty() { idle + 1 } else { 0 };
        if let Some(job) = jobs.first() {
            job.engine.guardian.look_after();
        }
        let now = Instant::now();
        jobs.retain(|job| job.tick(now));
    }
}
