//! Detects a peer that has vanished, by `ping` and `pong`.

use super::FrameType;
use super::error::SessionError;

/// The number of silent intervals after which a peer counts as gone.
pub const INTERVALS: u32 = 3;

/// What to do after an interval without bytes from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Send a `ping`.
    Ping,
    /// Wait: the last `ping` is not answered yet.
    Wait,
    /// Give up: nothing has arrived for [`INTERVALS`] intervals, nor the answer to a `ping`.
    Gone,
}

/// The pings of one side. Like OpenSSH's `ServerAliveInterval`, but with at most one unanswered
/// `ping`, so that pings never fill a buffer while the peer does not read.
///
/// It has no clock: the caller reports each silent interval.
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
/// # Ok::<(), proto::wire::session::SessionError>(())
/// ```
#[derive(Debug, Default)]
pub struct KeepAlive {
    unanswered: bool,
    silent: u32,
}

impl KeepAlive {
    /// Reports an interval without bytes from the peer. After [`Silence::Ping`] the caller must
    /// send a `ping`.
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

    /// Reports bytes from the peer, of any kind.
    pub const fn heard(&mut self) {
        self.silent = 0;
    }

    /// Reports a `pong`.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unexpected`] if no `ping` is waiting for a `pong`.
    pub const fn pong(&mut self) -> Result<(), SessionError> {
        if !self.unanswered {
            return Err(SessionError::Unexpected {
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
    fn at_most_one_ping_is_unanswered_and_a_peer_is_gone_after_three_silent_intervals() {
        let mut alive = KeepAlive::default();
        let silent = [alive.silent_interval(), alive.silent_interval()];
        assert_eq!(silent, [Silence::Ping, Silence::Wait]);
        // A peer that sends bytes is there, although it has not answered yet.
        alive.heard();
        let silent = [alive.silent_interval(), alive.silent_interval()];
        assert_eq!(silent, [Silence::Wait, Silence::Wait]);
        assert_eq!(alive.silent_interval(), Silence::Gone);
    }

    #[test]
    fn a_pong_without_a_ping_is_refused() {
        let mut alive = KeepAlive::default();
        let error = alive.pong().unwrap_err().to_string();
        assert_eq!(error, "unexpected pong frame without a ping");
        alive.silent_interval();
        assert!(alive.pong().is_ok());
        assert!(alive.pong().is_err());
    }
}
