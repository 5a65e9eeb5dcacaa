//! Whether the peer's system still answers, whatever its program does.

use std::fs;

use super::stream::{Socket, Stream};
use crate::sys::socket_inode;

/// How many times in a row the kernel has sent something to the peer's system, again or as a probe,
/// without any answer.
///
/// A program that is paused (Ctrl-Z, a reader that waits) reads nothing, but its kernel goes on to
/// acknowledge: 0. Where the network is cut or the machine is gone, the number grows as soon as
/// there is something to send, after a fifth of a second, then after twice the time each. The
/// kernel itself gives up after about a quarter of an hour (`net.ipv4.tcp_retries2`).
///
/// `None`: a Unix-domain stream, whose peer cannot vanish, or nothing is known (no `/proc`).
///
/// It reads a table of all TCP sockets, so it is for a look now and then. Python has no counterpart;
/// `ss -ti` shows the number behind `backoff:`.
///
/// ```
/// use proto::net::{Stream, unanswered_tries};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let stream = Stream::from(std::net::TcpStream::connect(listener.local_addr()?)?);
/// assert!(matches!(unanswered_tries(&stream), Some(0) | None));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn unanswered_tries(stream: &Stream) -> Option<u32> {
    let Socket::Tcp(tcp) = stream.socket() else {
        return None;
    };
    let inode = socket_inode(tcp)?;
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| tries_of(&inode, &table))
}

/// Whether the peer's system has left three tries or more unanswered. One or two say nothing: a
/// healthy kernel answers the probes of a closed window at most twice a second
/// (`net.ipv4.tcp_invalid_ratelimit`).
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

/// Fields 6 (repetitions) and 8 (probes of a closed window) of the line that has the inode as its
/// field 9, counted from 0; see proc(5).
fn tries_of(inode: &str, table: &str) -> Option<u32> {
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(9) != Some(&inode) {
            return None;
        }
        let repeated = u32::from_str_radix(fields[6], 16).ok()?;
        let probes: u32 = fields[8].parse().ok()?;
        Some(repeated + probes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_and_probes_are_counted_together() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F40 0100007F:8A2C 01 00000005:00000000 01:00000040 0000000a  1000        0 4242 2 0 20 4 30 10 -1\n\
            1: 0100007F:1F40 0100007F:8A2D 01 00000005:00000000 04:00000040 00000000  1000        3 4343 2 0 20 4 30 10 -1\n";
        assert_eq!(tries_of("4242", table), Some(10));
        assert_eq!(tries_of("4343", table), Some(3));
        assert_eq!(tries_of("1", table), None);
    }
}
