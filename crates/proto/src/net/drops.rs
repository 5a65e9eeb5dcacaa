//! How many datagrams the system has dropped because their program did not take them fast enough.

use std::fs;
use std::net::UdpSocket;

use crate::sys::socket_inode;

/// How many datagrams came for this socket when its queue was full, and are lost. Linux counts them
/// from the socket's making on; where that cannot be read, nothing is known.
///
/// It reads a table of all UDP sockets, so it is for a report now and then.
///
/// Python has no counterpart; `ss -lunm` shows the number behind its `d`.
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

/// The last field of the line that has the inode as its tenth; see proc(5).
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
    fn what_was_sent_and_cannot_be_received_was_dropped() {
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
