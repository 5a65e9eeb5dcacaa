//! The states of one command, from its start until its process is reaped.
//!
//! ```text
//! Running --- timed out, cancelled, sink failed --> Ending (TERM sent)
//!                                                      | kill-after is over
//!                                                      v
//!                                                   Killed (KILL sent)
//!                                                      | it cannot be signalled
//!                                                      v
//!                                                   GivenUp
//!
//! Over: from any of them, once both outputs have ended and the shell was reaped
//! ```
//!
//! **As with ssh**, a command is over when both its outputs and its shell have ended. So a
//! background process that holds an output keeps the command running. `--drain` limits that: then
//! the rest of the pipe is forwarded, the pipe is closed, and the process is left alone.
//!
//! **A signal never reaches another program.** The shell leads its group and is our child, so the
//! kernel does not reuse its number before we reap it. We reap the shell under the lock that is
//! also held to send a signal; the guardian sends the signals and confirms each. The KILL for the
//! rest of a stopped command's group is sent right after the reaping. The number could belong to
//! another program only if the kernel had used all process numbers in between.
//!
//! **A command that cannot be signalled**, because it has become another user, is given up shortly
//! after its KILL: its outputs are closed, and the clock reaps it when it ends.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use proto::sync::lock;

use super::Engine;
use super::guardian::Signal;
use super::os::has_ended;
use super::outcome::Stopped;
use super::outlet::Outlet;
use super::pauses::pause;
use super::request::{Request, Unwanted};

/// A shell that has closed its outputs usually ends at once, so this polls without a pause for this
/// time.
const SPIN: Duration = Duration::from_micros(200);
/// How long a group may take to die after KILL on a busy machine.
const DYING: Duration = Duration::from_millis(500);

/// A started command.
pub struct Job {
    /// The process group, which is also the shell's process ID.
    pub group: u32,
    deadline: Option<Instant>,
    unwanted: Option<Unwanted>,
    pub(super) engine: Arc<Engine>,
    /// Their readers own them, so that the pipes are closed with the last read.
    outlets: [Weak<Outlet>; 2],
    state: Mutex<State>,
}

struct State {
    child: Child,
    phase: Phase,
    /// When the clock first saw that the shell had ended, while its outputs had not.
    shell_ended: Option<Instant>,
    stopped: Option<Stopped>,
    status: Option<io::Result<ExitStatus>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Ending { since: Instant },
    Killed { since: Instant },
    GivenUp,
    Over,
}

impl Job {
    /// Takes over `child`, the leader of its group, which is registered with the guardian.
    pub(super) fn new(
        child: Child,
        outlets: [Weak<Outlet>; 2],
        engine: Arc<Engine>,
        request: Request<'_>,
    ) -> Self {
        Self {
            group: child.id(),
            deadline: request
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            unwanted: request.unwanted,
            engine,
            outlets,
            state: Mutex::new(State {
                child,
                phase: Phase::Running,
                shell_ended: None,
                stopped: None,
                status: None,
            }),
        }
    }

    /// Sends TERM to the command's whole group at once, and KILL to its rest after the kill-after
    /// time. Does nothing if the command is ending or over.
    ///
    /// If the command's threads are blocked in the sink, the caller must unblock it, for example by
    /// shutting down its socket.
    pub fn cancel(&self) {
        self.stop(Stopped::Cancelled);
    }

    /// Ends the command, unless it is ending already.
    pub(super) fn stop(&self, why: Stopped) {
        let mut state = lock(&self.state);
        if state.phase == Phase::Running {
            self.send_term(&mut state, why);
        }
    }

    fn send_term(&self, state: &mut State, why: Stopped) {
        state.stopped = Some(why);
        // Without a guardian there is no TERM; KILL will still reach the shell.
        let _ = self.signal(Signal::Term);
        let since = Instant::now();
        state.phase = Phase::Ending { since };
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        self.engine.guardian.signal(self.group, signal)
    }

    /// How long a background process has held an output after the shell's end, as measured by the
    /// clock. It does not count the time in which a slow client is the cause.
    pub fn held_open(&self) -> Option<Duration> {
        let since = lock(&self.state).shell_ended?;
        let mut open = self.outlets.iter().filter_map(Weak::upgrade);
        let is_held = open.all(|outlet| outlet.waits_for_command());
        is_held.then(|| since.elapsed())
    }

    /// Does what is due at `now`. The clock calls it ten times a second, until it returns false.
    pub(super) fn tick(&self, now: Instant) -> bool {
        let settings = &self.engine.settings;
        let mut state = lock(&self.state);
        let passed = |since| now.saturating_duration_since(since);
        match state.phase {
            // Only a running command may ask: the answer may take an error from the connection that
            // the next command has to see.
            Phase::Running if self.unwanted.as_ref().is_some_and(|it| it()) => {
                self.send_term(&mut state, Stopped::Cancelled);
            }
            Phase::Running if self.deadline.is_some_and(|it| it <= now) => {
                self.send_term(&mut state, Stopped::TimedOut);
            }
            Phase::Running => {
                if state.shell_ended.is_none() && has_ended(&mut state.child) {
                    state.shell_ended = Some(now);
                }
                if let (Some(ended), Some(drain)) = (state.shell_ended, settings.drain)
                    && passed(ended) >= drain
                {
                    self.close_outlets();
                }
            }
            Phase::Ending { since } if passed(since) >= settings.kill_after => {
                if self.signal(Signal::Kill).is_err() {
                    // Without the guardian, std can kill only the shell.
                    let _ = state.child.kill();
                }
                state.phase = Phase::Killed { since: now };
            }
            Phase::Killed { since } => {
                let over = passed(since) >= DYING;
                if over || has_ended(&mut state.child) {
                    self.close_outlets();
                }
                if over {
                    state.phase = Phase::GivenUp;
                }
            }
            Phase::GivenUp => {
                self.close_outlets();
                self.reap(&mut state);
            }
            Phase::Ending { .. } | Phase::Over => {}
        }
        state.phase != Phase::Over
    }

    fn close_outlets(&self) {
        for outlet in self.outlets.iter().filter_map(Weak::upgrade) {
            outlet.close();
        }
    }

    /// Whether the shell has been reaped or given up.
    pub(super) fn is_over(&self) -> bool {
        matches!(lock(&self.state).phase, Phase::Over | Phase::GivenUp)
    }

    /// Waits for the shell's end, and reaps it, after both outputs have ended. Returns its status,
    /// or `None` if it could not be ended and is still running, and why the engine ended it.
    pub(super) fn finish(&self) -> (Option<io::Result<ExitStatus>>, Option<Stopped>) {
        let since = Instant::now();
        loop {
            let mut state = lock(&self.state);
            self.reap(&mut state);
            if matches!(state.phase, Phase::Over | Phase::GivenUp) {
                return (state.status.take(), state.stopped.take());
            }
            drop(state);
            if since.elapsed() < SPIN {
                thread::yield_now();
            } else {
                thread::sleep(pause(since));
            }
        }
    }

    /// Reaps the shell if it has ended.
    fn reap(&self, state: &mut State) {
        if state.phase == Phase::Over {
            return;
        }
        if let Some(status) = state.child.try_wait().transpose() {
            if state.phase != Phase::Running {
                // The rest of a stopped command's group is killed with its shell.
                let _ = self.signal(Signal::Kill);
            }
            self.engine.guardian.dismiss(self.group);
            state.status = Some(status);
            state.phase = Phase::Over;
        }
    }
}
