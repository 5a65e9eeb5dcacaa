//! What both directions of a conversation over a connection share.

use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proto::net::Stream;
use proto::{is_timeout, reason};

use crate::event::{Kind, Side};
use crate::talk::Talk;

/// How soon a thread that waits notices the end of the conversation.
pub const LOOK: Duration = Duration::from_millis(20);

/// Both directions of a conversation. Arrays are indexed by the side that sends.
pub struct Wire<'a> {
    pub talk: &'a Talk,
    pub streams: [&'a Stream; 2],
    /// Which sides will send no more.
    pub has_ended: [AtomicBool; 2],
    pub is_aborted: AtomicBool,
}

impl Wire<'_> {
    /// Sends bytes of `from` to the other side; whether that worked.
    pub fn hand_on(&self, from: Side, data: &[u8]) -> bool {
        let mut sink = self.streams[from.other() as usize];
        let crossing = self.talk.announce(from, data);
        let mut rest = data;
        while !rest.is_empty() {
            match sink.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if is_temporary(&error) && !self.is_aborted() => {}
                Err(error) => {
                    self.note_reset(from.other(), &error);
                    return false;
                }
            }
        }
        self.talk.count(from, data);
        self.talk.crossed(crossing);
        true
    }

    /// Ends the conversation because a side has reset its connection, and says so once.
    pub fn note_reset(&self, side: Side, error: &io::Error) {
        if !self.abort(Shutdown::Both) {
            self.talk.note(Kind::Reset, side, reason(error));
        }
    }

    /// Tells the other side that `from` sends no more.
    pub fn close(&self, from: Side) {
        let _ = self.streams[from.other() as usize].shutdown(Shutdown::Write);
    }

    /// Whether a side will send no more.
    pub fn has_ended(&self, side: Side) -> bool {
        self.has_ended[side as usize].load(Ordering::Relaxed)
    }

    /// Ends both directions at once. `Shutdown::Read` sends nothing: the connections then end when
    /// they are closed, with a reset where bytes are unread. Gives whether they had ended so before.
    pub fn abort(&self, how: Shutdown) -> bool {
        let was_aborted = self.is_aborted.swap(true, Ordering::Relaxed);
        for stream in self.streams {
            let _ = stream.shutdown(how);
        }
        was_aborted
    }

    /// Whether both directions were ended at once.
    pub fn is_aborted(&self) -> bool {
        self.is_aborted.load(Ordering::Relaxed)
    }

    /// Sleeps until `when`, or until the conversation is aborted: whether it is.
    pub fn sleep_until(&self, when: Instant) -> bool {
        while !self.is_aborted() {
            let left = when.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::sleep(left.min(LOOK));
        }
        true
    }
}

/// Whether a write may be tried again.
fn is_temporary(error: &io::Error) -> bool {
    is_timeout(error) || error.kind() == ErrorKind::Interrupted
}
