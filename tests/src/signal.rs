//! `SIGSTOP`, `SIGTERM` and the like, to a process or its group.
//!
//! std can send only `SIGKILL`, so the shell's own `kill` does it.

use std::process::{Command, Stdio};

/// The signals that tests send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `SIGSTOP`: halt, whatever it is doing.
    Stop,
    /// `SIGCONT`: go on.
    Continue,
    /// `SIGTERM`: asked to end.
    Terminate,
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGKILL`: cannot be caught.
    Kill,
}

impl Signal {
    /// Sends the signal to one process; `false` where there is none.
    pub fn to_process(self, pid: u32) -> bool {
        self.send(&pid.to_string())
    }

    /// Sends the signal to every process of a group; `false` where there is none.
    pub fn to_group(self, group: u32) -> bool {
        self.send(&format!("-{group}"))
    }

    fn send(self, target: &str) -> bool {
        let name = match self {
            Self::Stop => "STOP",
            Self::Continue => "CONT",
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
        };
        Command::new("/bin/sh")
            .args(["-c", "kill -s \"$0\" -- \"$1\"", name, target])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}
