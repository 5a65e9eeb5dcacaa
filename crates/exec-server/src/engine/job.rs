//! The life of one command, from its start to the moment its process is reaped.
//!
//! ```text
//! Running ----- the shell has ended, its output has not -----> Draining
//!    |                                                            |
//!    +-- timed out, cancelled, sink failed --+-- drain time over -+--> Abandoned
//!                                            v                         (keep_background)
//!                                         Ending    TERM sent             ^
//!                                            | grace over                 |
//!                                            v                            |
//!                                         Killed    KILL sent -- drain time over
//!
//! Over: from any of them, once both outputs have ended and the shell too
//! ```
//!
//! **A signal can never hit a stranger.** The kernel does not give a number to a new process or
//! group while a process with that number, a zombie included, or a group with it is there. The
//! shell leads its group and is our child: until we reap it, group number and process number are
//! ours. It is reaped in one place, as the last thing that happens to the group, and under the
//! lock under which every signal is sent; the guardian, which sends them, answers each, so that
//! none is under way when the lock is let go. To learn that the shell has ended while signals may
//! still be needed, `/proc` is read: std's `try_wait` would reap it. The guardian strikes the group
//! off right behind the reaping. Should the server be killed between the two, a microsecond, the
//! guardian would signal a group of that number, if the system in the meantime had gone round all
//! its process numbers and made one.
//!
//! **What is ended.** TERM, then KILL after the grace, reach the whole group. The grace is for the
//! command: once the shell has ended and nobody holds the output any more, what is left of the
//! group is killed at once. A process that has left the group (`setsid`) is not pursued, but it
//! cannot keep anybody waiting: its output is abandoned. A command that ended by itself may leave
//! processes that hold none of its pipes (`nohup daemon >log 2>&1 &`), as with ssh.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::guardian::{Guardian, Signal};
use super::input::Inlet;
use super::outcome::Stopped;
use super::outlet::Outlet;
use super::proc_table;
use super::sync::lock;

/// A shell that has closed its outputs usually is on its way out: for so long, look all the time.
const SPIN: Duration = Duration::from_micros(200);
/// The first and the longest pause between looks after that.
const PAUSES: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(10));

/// The most by which the drain clock moves between two looks, which are a tenth of a second apart. If
/// it was longer, everybody was held up, the reader of the output too: by a busy machine, or by
/// whoever has halted the server.
const MOST_AT_ONCE: Duration = Duration::from_millis(200);

/// The engine's times for the end of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) deadline: Option<Instant>,
    pub(super) grace: Duration,
    pub(super) drain: Duration,
    pub(super) keep_background: bool,
}

/// A command that was started.
#[derive(Debug)]
pub(super) struct Job {
    group: u32,
    times: Times,
    guardian: Arc<Guardian>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    child: Child,
    phase: Phase,
    stopped: Option<Stopped>,
    background: bool,
    outlets: Option<[Arc<Outlet>; 2]>,
    inlet: Option<Arc<Inlet>>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Running,
    Draining(Drain),
    Ending { kill_at: Option<Instant> },
    Killed(Drain),
    Abandoned,
    Over,
}

/// How a job ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: io::Result<ExitStatus>,
    pub(super) stopped: Option<Stopped>,
    pub(super) background: bool,
}

impl Job {
    /// Takes over `child`, the leader of its group, which the guardian knows.
    pub(super) fn new(
        child: Child,
        outlets: [Arc<Outlet>; 2],
        inlet: Option<Arc<Inlet>>,
        guardian: Arc<Guardian>,
        times: Times,
    ) -> Self {
        Self {
            group: child.id(),
            times,
            guardian,
            state: Mutex::new(State {
                child,
                phase: Phase::Running,
                stopped: None,
                background: false,
                outlets: Some(outlets),
                inlet,
            }),
            changed: Condvar::new(),
        }
    }

    #[cfg(test)]
    /// The process group, which is the shell's process number too.
    pub(super) const fn group(&self) -> u32 {
        self.group
    }

    /// Ends the command, unless it is ending already.
    pub(super) fn stop(&self, why: Stopped) {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Running | Phase::Draining(_)) {
            state.stopped = Some(why);
            self.terminate(&mut state, Instant::now());
        }
    }

    /// Does what is due by `now`, and says when to come again at the latest.
    pub(super) fn tick(&self, now: Instant) -> Option<Instant> {
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Running => {
                if proc_table::has_ended(self.group) {
                    state.phase = Phase::Draining(self.drain(&state, now));
                } else if self.times.deadline.is_some_and(|deadline| deadline <= now) {
                    state.stopped = Some(Stopped::TimedOut);
                    self.terminate(&mut state, now);
                }
            }
            Phase::Draining(drain) => match drain.spend(now, state.outlets.as_ref()) {
                Some(left) => state.phase = Phase::Draining(left),
                None => {
                    state.background = true;
                    if self.times.keep_background {
                        abandon(&mut state);
                    } else {
                        self.terminate(&mut state, now);
                    }
                }
            },
            Phase::Ending { kill_at } => {
                if kill_at.is_some_and(|at| at <= now) {
                    self.kill(&mut state);
                    state.phase = Phase::Killed(self.drain(&state, now));
                }
            }
            Phase::Killed(drain) => match drain.spend(now, state.outlets.as_ref()) {
                Some(left) => state.phase = Phase::Killed(left),
                None => abandon(&mut state),
            },
            Phase::Abandoned | Phase::Over => {}
        }
        match state.phase {
            Phase::Running => self.times.deadline,
            Phase::Ending { kill_at } => kill_at,
            _ => None,
        }
    }

    /// Waits for the shell's end, and reaps it. Both outputs have ended, or nobody reads them.
    pub(super) fn finish(&self) -> Ended {
        let spin_end = Instant::now() + SPIN;
        let (mut pause, longest) = PAUSES;
        loop {
            let mut state = lock(&self.state);
            if let Some(status) = self.try_reap(&mut state) {
                return self.conclude(state, status);
            }
            if Instant::now() < spin_end {
                drop(state);
                thread::yield_now();
            } else {
                drop(self.changed.wait_timeout(state, pause));
                pause = (pause * 2).min(longest);
            }
        }
    }

    /// Reaps the shell if it has ended.
    fn try_reap(&self, state: &mut State) -> Option<io::Result<ExitStatus>> {
        if matches!(state.phase, Phase::Ending { .. }) {
            // What is left of the group must be killed first, and only after the shell's end.
            if !proc_table::has_ended(self.group) {
                return None;
            }
            self.kill(state);
        }
        state.child.try_wait().transpose()
    }

    fn conclude(&self, mut state: MutexGuard<'_, State>, status: io::Result<ExitStatus>) -> Ended {
        self.guardian.dismiss(self.group);
        abandon(&mut state);
        state.phase = Phase::Over;
        let inlet = state.inlet.take();
        let ended = Ended {
            status,
            stopped: state.stopped.take(),
            background: state.background,
        };
        // Shutting the input may have to wait for a write that is under way.
        drop(state);
        if let Some(inlet) = inlet {
            inlet.shut();
        }
        ended
    }

    fn terminate(&self, state: &mut State, now: Instant) {
        // Without a guardian there is no TERM; KILL will still reach the shell.
        let _ = self.guardian.signal(self.group, Signal::Term);
        state.phase = Phase::Ending {
            kill_at: now.checked_add(self.times.grace),
        };
        self.changed.notify_all();
    }

    fn kill(&self, state: &mut State) {
        if self.guardian.signal(self.group, Signal::Kill).is_err() {
            // The shell alone is better than nothing, and it is all that std can reach.
            let _ = state.child.kill();
        }
        self.changed.notify_all();
    }

    fn drain(&self, state: &State, now: Instant) -> Drain {
        Drain {
            left: self.times.drain,
            seen: now,
            marks: match &state.outlets {
                Some(outlets) => outlets.each_ref().map(|outlet| outlet.bytes_read()),
                None => [0; 2],
            },
        }
    }
}

fn abandon(state: &mut State) {
    state.phase = Phase::Abandoned;
    for outlet in state.outlets.take().into_iter().flatten() {
        // Where it fails, the reader waits for the pipe's next byte or its end.
        let _ = outlet.abandon();
    }
}

/// Time that is left for output to end by itself.
#[derive(Clone, Copy, Debug)]
struct Drain {
    left: Duration,
    seen: Instant,
    /// How many bytes had been read of each output when the clock was set.
    marks: [u64; 2],
}

impl Drain {
    /// What is left at `now`. The clock stands still while a client that does not read is what
    /// holds things up.
    fn spend(self, now: Instant, outlets: Option<&[Arc<Outlet>; 2]>) -> Option<Self> {
        let held_up = outlets.is_some_and(|outlets| {
            outlets
                .iter()
                .zip(self.marks)
                .any(|(outlet, mark)| outlet.waits_for_client(mark))
        });
        let passed = now.saturating_duration_since(self.seen).min(MOST_AT_ONCE);
        let left = if held_up {
            self.left
        } else {
            self.left.saturating_sub(passed)
        };
        (!left.is_zero()).then_some(Self {
            left,
            seen: now,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_everybody_up_is_not_held_against_the_output() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let drain = Drain {
            left: second,
            seen: start,
            marks: [0; 2],
        };
        let after_a_halt = drain.spend(start + 60 * second, None).unwrap();
        assert_eq!(after_a_halt.left, second - MOST_AT_ONCE);
        let next = after_a_halt.spend(start + 60 * second + MOST_AT_ONCE / 2, None);
        assert_eq!(next.unwrap().left, second - MOST_AT_ONCE * 3 / 2);
    }
}
