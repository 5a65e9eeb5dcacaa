//! `SIGSTOP`, `SIGTERM` and the like, to a process or its group.

use crate::keeper;

/// The signals that tests send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `SIGSTOP`: stops a process; cannot be caught.
    Stop,
    /// `SIGCONT`: continues it.
    Continue,
    /// `SIGTERM`: asks it to end.
    Terminate,
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGKILL`: ends it; cannot be caught.
    Kill,
}

impl Signal {
    /// Sends the signal to one process; `false` if there is none.
    pub fn to_process(self, pid: u32) -> bool {
        keeper::signal(self.name(), pid.into())
    }

    /// Sends the signal to every process of a group; `false` if there is none.
    pub fn to_group(self, group: u32) -> bool {
        keeper::signal(self.name(), -i64::from(group))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Continue => "CONT",
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
        }
    }
}
