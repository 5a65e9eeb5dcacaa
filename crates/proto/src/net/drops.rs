//! Counts the datagrams that the kernel dropped because a socket's queue was full.

use std::fs;
use std::net::UdpSocket;

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
    let inode = socket_inode(socket)?;
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| drops_of(&inode, &table))
}

/// The last field of the line whose tenth field is the inode; see proc(5).
fn drops_of(inode: &str, table: &str) -> Option<u64> {
    let mut lines = table.lines().map(str::split_whitespace);
    lines.find_map(|mut fields| {
        let found = fields.nth(9) == Some(inode);
        found.then(|| fields.last()?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn datagrams_sent_and_not_received_were_dropped() {
        use super::*;
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
