//! Finding a peer that has vanished, by `ping` and `pong`.

use super::FrameType;
use super::state::Unexpected;

/// After how many silent intervals a peer counts as gone.
pub const INTERVALS: u32 = 3;

/// What to do after an interval in which nothing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Send a `ping`.
    Ping,
    /// Wait: the last `ping` is not answered yet.
    Wait,
    /// Nothing has come for [`INTERVALS`] intervals, and no answer either.
    Gone,
}

/// One side's pings: as OpenSSH's `ServerAliveInterval`, but with at most one unanswered, so that
/// they never fill a buffer while the peer does not read.
///
/// It keeps no time. The caller says when an interval has passed in silence.
///
/// ```
/// use proto::wire::session::{KeepAlive, Silence};
///
/// let mut alive = KeepAlive::default();
/// assert_eq!(alive.silent_interval(), Silence::Ping);
/// assert_eq!(alive.silent_interval(), Silence::Wait);
/// assert_eq!(alive.silent_interval(), Silence::Gone);
///
/// alive.heard();
/// alive.pong()?;
/// assert_eq!(alive.silent_interval(), Silence::Ping);
/// # Ok::<(), proto::wire::session::Unexpected>(())
/// ```
#[derive(Debug, Default)]
pub struct KeepAlive {
    unanswered: bool,
    silent: u32,
}

impl KeepAlive {
    /// An interval has passed in which nothing came from the peer. After [`Silence::Ping`] the
    /// caller sends one.
    pub const fn silent_interval(&mut self) -> Silence {
        self.silent += 1;
        if !self.unanswered {
            self.unanswered = true;
            return Silence::Ping;
        }
        match self.silent {
            INTERVALS.. => Silence::Gone,
            _ => Silence::Wait,
        }
    }

    /// Bytes came from the peer, whatever they are.
    pub const fn heard(&mut self) {
        self.silent = 0;
    }

    /// A `pong` came.
    ///
    /// # Errors
    ///
    /// [`Unexpected`], where no `ping` is unanswered.
    pub const fn pong(&mut self) -> Result<(), Unexpected> {
        if !self.unanswered {
            return Err(Unexpected {
                kind: FrameType::Pong,
                when: "without a ping",
            });
        }
        self.unanswered = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ping_is_unanswered_at_most_and_three_silent_intervals_are_the_end() {
        let mut alive = KeepAlive::default();
        let silent = [alive.silent_interval(), alive.silent_interval()];
        assert_eq!(silent, [Silence::Ping, Silence::Wait]);
        // A peer that speaks is there, though it has not answered yet.
        alive.heard();
        let silent = [alive.silent_interval(), alive.silent_interval()];
        assert_eq!(silent, [Silence::Wait, Silence::Wait]);
        assert_eq!(alive.silent_interval(), Silence::Gone);
    }

    #[test]
    fn an_answer_to_nothing_is_refused() {
        let mut alive = KeepAlive::default();
        let error = alive.pong().unwrap_err().to_string();
        assert_eq!(error, "unexpected pong frame without a ping");
        alive.silent_interval();
        assert_eq!(alive.pong(), Ok(()));
        assert!(alive.pong().is_err());
    }
}
