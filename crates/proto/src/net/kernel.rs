//! What the kernel knows about a socket, from its tables in `/proc`: dropped datagrams, and whether
//! the peer's kernel still acknowledges and has taken all bytes, even if its program is paused.

use std::fs;
use std::net::UdpSocket;

use super::stream::{Socket, Stream};
use crate::sys::socket_inode;

/// How many datagrams the kernel has dropped since the socket was created, because its receive
/// queue was full. `None` without Linux's `/proc`.
///
/// It reads a table of all UDP sockets: call it for a report, not for each datagram.
///
/// Python has no counterpart; `ss -lunm` shows the number after `d`.
///
/// ```
/// let (socket, _) = proto::net::bind_udp(&"127.0.0.1:0".parse()?)?;
/// assert!(matches!(proto::net::dropped_datagrams(&socket), Some(0) | None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dropped_datagrams(socket: &UdpSocket) -> Option<u64> {
    let fields = fields(&socket_inode(socket)?, "udp")?;
    fields.last()?.parse().ok()
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
    tcp_fields(stream).is_some_and(|fields| !fields[4].starts_with("00000000:"))
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
    let tries = tcp_fields(stream).and_then(|fields| unanswered(&fields));
    tries.is_some_and(|tries| tries >= 3)
}

/// How many retransmissions and probes in a row the peer's kernel has not answered.
///
/// If the peer's program is paused (Ctrl-Z, a pager), its kernel goes on to acknowledge, and the
/// number stays 0. If the network is cut or the machine is gone, the number grows once there is
/// something to send: after about 200 ms, then each time after twice as long. Our kernel gives up
/// after about 15 minutes (`net.ipv4.tcp_retries2`).
///
/// Python has no counterpart; `ss -ti` shows the number after `backoff:`.
fn unanswered(fields: &[String]) -> Option<u32> {
    let repeated = u32::from_str_radix(&fields[6], 16).ok()?;
    let probes: u32 = fields[8].parse().ok()?;
    Some(repeated + probes)
}

/// `None` for a Unix-domain stream, whose peer cannot vanish, and without `/proc`.
fn tcp_fields(stream: &Stream) -> Option<Vec<String>> {
    match stream.socket() {
        Socket::Tcp(tcp) => fields(&socket_inode(tcp)?, "tcp"),
        Socket::Unix(_) => None,
    }
}

/// The fields of a socket's line. It reads a table of all sockets: call it rarely.
fn fields(inode: &str, protocol: &str) -> Option<Vec<String>> {
    ["", "6"]
        .into_iter()
        .filter_map(|version| {
            fs::read_to_string(format!("/proc/self/net/{protocol}{version}")).ok()
        })
        .find_map(|table| line(inode, &table))
}

/// Counted from 0, field 4 has the bytes to send and to read, 6 the retransmissions, 8 the window
/// probes, 9 the inode; see proc(5).
fn line(inode: &str, table: &str) -> Option<Vec<String>> {
    let mut lines = table.lines();
    let line = lines.find(|line| line.split_whitespace().nth(9) == Some(inode))?;
    Some(line.split_whitespace().map(str::to_owned).collect())
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
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F40 0100007F:8A2C 01 00000005:00000000 01:00000040 00000010  1000        0 4242 2 0 20 4 30 10 -1\n\
            1: 0100007F:1F40 0100007F:8A2D 01 00000000:00000007 04:00000040 00000000  1000        3 4343 2 0 20 4 30 10 -1\n";
        let tries = |inode| line(inode, table).and_then(|fields| unanswered(&fields));
        assert_eq!(tries("4242"), Some(16));
        assert_eq!(tries("4343"), Some(3));
        assert_eq!(tries("1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn datagrams_sent_and_not_received_were_dropped() {
        use std::net::Ipv6Addr;

        for here in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(here) else {
                assert!(UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err());
                continue;
            };
            let sender = UdpSocket::bind(here).unwrap();
            let sent = 2000;
            for _ in 0..sent {
                sender.send_to(b"x", socket.local_addr().unwrap()).unwrap();
            }
            socket.set_nonblocking(true).unwrap();
            let received = (0..).take_while(|_| socket.recv(&mut [0]).is_ok()).count() as u64;
            assert!(received < sent, "its queue holds them all");
            assert_eq!(dropped_datagrams(&socket), Some(sent - received));
            assert_eq!(dropped_datagrams(&sender), Some(0));
        }
    }
}
