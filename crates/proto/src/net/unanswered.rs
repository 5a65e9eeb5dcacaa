//! What the kernel knows about a TCP stream: whether the peer's kernel still acknowledges, and has taken
//! all bytes, even if its program is paused.

use std::fs;

use super::stream::{Socket, Stream};
use crate::sys::socket_inode;

/// How many retransmissions and probes in a row the peer's kernel has not answered.
///
/// If the peer's program is paused (Ctrl-Z, a pager), its kernel goes on to acknowledge, and the
/// number stays 0. If the network is cut or the machine is gone, the number grows once there is
/// something to send: after about 200 ms, then each time after twice as long. Our kernel gives up
/// after about 15 minutes (`net.ipv4.tcp_retries2`).
///
/// `None` for a Unix-domain stream, whose peer cannot vanish, and without `/proc`.
///
/// It reads a table of all TCP sockets: call it rarely. Python has no counterpart; `ss -ti` shows
/// the number after `backoff:`.
fn unanswered_tries(stream: &Stream) -> Option<u32> {
    counters(stream).map(|it| it.tries)
}

/// Whether written bytes still wait for the peer's kernel to accept them, because its program does
/// not read.
///
/// Closing the stream then loses them after some minutes, because the kernel gives up a closed
/// connection whose peer accepts nothing. False for a Unix-domain stream, which loses nothing, and
/// without `/proc`.
///
/// ```
/// use proto::net::{Stream, has_unsent};
///
/// let (ours, _theirs) = std::os::unix::net::UnixStream::pair()?;
/// assert!(!has_unsent(&Stream::from(ours)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn has_unsent(stream: &Stream) -> bool {
    counters(stream).is_some_and(|it| it.unsent)
}

/// Whether the peer's kernel has left three or more tries unanswered. One or two prove nothing: a
/// healthy kernel answers window probes at most twice a second (`net.ipv4.tcp_invalid_ratelimit`).
///
/// ```
/// use proto::net::{Stream, has_vanished};
///
/// let (ours, _theirs) = std::os::unix::net::UnixStream::pair()?;
/// assert!(!has_vanished(&Stream::from(ours)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn has_vanished(stream: &Stream) -> bool {
    unanswered_tries(stream).is_some_and(|tries| tries >= 3)
}

#[derive(Debug, PartialEq, Eq)]
struct Counters {
    unsent: bool,
    tries: u32,
}

fn counters(stream: &Stream) -> Option<Counters> {
    let Socket::Tcp(tcp) = stream.socket() else {
        return None;
    };
    let inode = socket_inode(tcp)?;
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| counters_of(&inode, &table))
}

/// Fields 4 (bytes to send and to read), 6 (retransmissions) and 8 (window probes) of the line
/// that has the inode as its field 9, counted from 0; see proc(5).
fn counters_of(inode: &str, table: &str) -> Option<Counters> {
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(9) != Some(&inode) {
            return None;
        }
        let repeated = u32::from_str_radix(fields[6], 16).ok()?;
        let probes: u32 = fields[8].parse().ok()?;
        Some(Counters {
            unsent: !fields[4].starts_with("00000000:"),
            tries: repeated + probes,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::stream::tests::pair;
    use super::*;

    #[test]
    fn a_peer_that_acknowledges_or_is_on_this_machine_has_not_vanished() {
        let (ours, _theirs) = pair();
        assert!(!has_vanished(&ours));
        #[cfg(unix)]
        {
            let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            let ours = Stream::from(ours);
            assert!(!has_vanished(&ours) && !has_unsent(&ours));
        }
    }

    #[test]
    fn retransmissions_and_probes_are_added() {
        let counters = |unsent, tries| Some(Counters { unsent, tries });
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F40 0100007F:8A2C 01 00000005:00000000 01:00000040 00000010  1000        0 4242 2 0 20 4 30 10 -1\n\
            1: 0100007F:1F40 0100007F:8A2D 01 00000000:00000007 04:00000040 00000000  1000        3 4343 2 0 20 4 30 10 -1\n";
        assert_eq!(counters_of("4242", table), counters(true, 16));
        assert_eq!(counters_of("4343", table), counters(false, 3));
        assert_eq!(counters_of("1", table), None);
    }
}
