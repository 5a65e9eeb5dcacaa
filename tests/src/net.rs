//! Sockets with a deadline on every wait, and peers that misbehave.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use crate::deadline::{Deadline, SOON, poll};
use crate::say;

/// An address whose port the kernel chooses.
pub const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Connects. Reads and writes of the stream time out after [`SOON`].
#[track_caller]
pub fn connect(addr: SocketAddr) -> TcpStream {
    let connected = TcpStream::connect_timeout(&addr, SOON).and_then(bounded);
    connected.unwrap_or_else(|why| panic!("cannot connect to {addr}: {why}"))
}

/// Listens, for tests of clients. `local_addr` has the port.
#[track_caller]
pub fn listen() -> TcpListener {
    TcpListener::bind(ANY_PORT).unwrap_or_else(|why| panic!("cannot listen: {why}"))
}

/// A listener whose accept queue is full, and the connections that fill it: another client's
/// `connect` gets no answer.
#[track_caller]
pub fn listen_with_a_full_queue() -> (TcpListener, Vec<TcpStream>) {
    const AT_ONCE: Duration = Duration::from_millis(200);
    let listener = listen();
    let Ok(addr) = listener.local_addr() else {
        panic!("a listener without an address");
    };
    let queue = (0..10_000).map_while(|_| TcpStream::connect_timeout(&addr, AT_ONCE).ok());
    let queue: Vec<TcpStream> = queue.collect();
    assert!(queue.len() < 10_000, "the queue has no end");
    (listener, queue)
}

/// Accepts the next connection. Reads and writes of the stream time out after [`SOON`].
#[track_caller]
pub fn accept(listener: &TcpListener) -> TcpStream {
    // std has no timeout for `accept`, so this polls a non-blocking listener.
    let accepted = listener.set_nonblocking(true).and_then(|()| {
        let attempt = || match listener.accept() {
            Err(why) if why.kind() == ErrorKind::WouldBlock => None,
            accepted => Some(accepted),
        };
        let timed_out = || Err(io::Error::from(ErrorKind::TimedOut));
        let (stream, _) = poll(SOON, attempt).unwrap_or_else(timed_out)?;
        stream.set_nonblocking(false)?;
        bounded(stream)
    });
    accepted.unwrap_or_else(|why| {
        let words = say!(
            "no client has connected: {why}",
            "没有客户端连接上来：{why}"
        );
        panic!("{words}")
    })
}

/// A UDP socket that is connected to `addr`, so that it receives only from there. Receiving times
/// out after [`SOON`].
#[track_caller]
pub fn udp(addr: SocketAddr) -> UdpSocket {
    let connected = UdpSocket::bind(ANY_PORT).and_then(|socket| {
        socket.connect(addr)?;
        socket.set_read_timeout(Some(SOON))?;
        Ok(socket)
    });
    connected.unwrap_or_else(|why| panic!("no UDP socket for {addr}: {why}"))
}

/// Repeats an interrupted call: the kernel interrupts a wait with a timeout if the process is
/// stopped and continued.
pub fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Sends one datagram and waits for the answer.
#[track_caller]
pub fn ask_udp(socket: &UdpSocket, datagram: &[u8]) -> Vec<u8> {
    let mut answer = vec![0; 65_535];
    match socket
        .send(datagram)
        .and_then(|_| again(|| socket.recv(&mut answer)))
    {
        Ok(length) => answer[..length].to_vec(),
        Err(why) => panic!(
            "no answer to {:?}: {why}",
            datagram.escape_ascii().to_string()
        ),
    }
}

/// A port of 127.0.0.1 on which no program listens. Another process may take it, so use it only in
/// tests that want a connection to be refused.
#[track_caller]
pub fn free_port() -> SocketAddr {
    match listen().local_addr() {
        Ok(addr) => addr,
        Err(why) => panic!("a listener without an address: {why}"),
    }
}

/// Sends all bytes.
#[track_caller]
pub fn send(mut stream: &TcpStream, bytes: &[u8]) {
    if let Err(why) = stream.write_all(bytes) {
        panic!("cannot send {} bytes: {why}", bytes.len());
    }
}

/// Sends bytes one at a time, each in a segment of its own, with a pause after each: a slow peer.
pub fn send_slowly(mut stream: &TcpStream, bytes: &[u8], pause: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    for byte in bytes {
        stream.write_all(&[*byte])?;
        thread::sleep(pause);
    }
    Ok(())
}

/// Reads `count` bytes, all of them `within` that time. (A socket timeout would start again with
/// every byte.)
#[track_caller]
pub fn read_exact(stream: &TcpStream, count: usize, within: Duration) -> Vec<u8> {
    let bytes = read_up_to(count, stream, within);
    if bytes.len() < count {
        let words = say!(
            "the stream ended after {} of {count} bytes: \"{}\"",
            "流在 {count} 字节中的第 {} 个之后就结束了：\"{}\"",
            bytes.len(),
            shown(&bytes)
        );
        panic!("{words}");
    }
    bytes
}

/// Reads to the end of the stream, all of it `within` that time.
#[track_caller]
pub fn read_to_end(stream: &TcpStream, within: Duration) -> Vec<u8> {
    read_up_to(usize::MAX, stream, within)
}

/// Sends a message, and reads a reply of `count` bytes.
#[track_caller]
pub fn ask(stream: &TcpStream, message: &[u8], count: usize) -> Vec<u8> {
    send(stream, message);
    read_exact(stream, count, SOON)
}

/// Checks for a while that nothing arrives, neither bytes nor the end of the stream.
#[track_caller]
pub fn assert_silent(stream: &TcpStream, for_a: Duration) {
    let mut byte = [0];
    let peeked = stream
        .set_read_timeout(Some(for_a))
        .and_then(|()| again(|| stream.peek(&mut byte)));
    match peeked {
        Err(why) if is_timeout(&why) => {}
        other => panic!("something arrived where nothing should: {other:?}"),
    }
    set_default_timeouts(stream);
}

/// Ends the sending side and keeps the receiving side: the peer sees the end of the stream.
#[track_caller]
pub fn half_close(stream: &TcpStream) {
    if let Err(why) = stream.shutdown(Shutdown::Write) {
        panic!("cannot close half of the stream: {why}");
    }
}

/// Closes a connection by a reset (RST) instead of an orderly end (FIN). Linux does so if a socket
/// is closed with unread data, so this waits for data, which the caller must have made the peer
/// send.
#[track_caller]
pub fn reset(stream: TcpStream) {
    let mut byte = [0];
    match again(|| stream.peek(&mut byte)) {
        Ok(1) => drop(stream),
        other => panic!("nothing to leave unread, so no reset: {other:?}"),
    }
}

fn bounded(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(SOON))?;
    Ok(stream)
}

#[track_caller]
fn read_up_to(most: usize, mut stream: &TcpStream, within: Duration) -> Vec<u8> {
    let deadline = Deadline::after(within);
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    while bytes.len() < most {
        let room = piece.len().min(most - bytes.len());
        let read = match deadline.remaining() {
            None => Err(io::Error::from(ErrorKind::TimedOut)),
            left => stream
                .set_read_timeout(left)
                .and_then(|()| stream.read(&mut piece[..room])),
        };
        match read {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(why) if is_timeout(&why) => {
                let words = say!(
                    "the peer has neither sent all nor closed within {within:?}; so far \"{}\"",
                    "{within:?} 过去了，对端没有发完，也没有关闭连接；到现在收到的是 \"{}\"",
                    shown(&bytes)
                );
                panic!("{words}");
            }
            Err(why) => panic!("reading: {why}; so far {:?}", shown(&bytes)),
        }
    }
    set_default_timeouts(stream);
    bytes
}

/// Sets a stream's timeouts back to [`SOON`].
#[track_caller]
fn set_default_timeouts(stream: &TcpStream) {
    if let Err(why) = stream.set_read_timeout(Some(SOON)) {
        panic!("cannot set a time limit: {why}");
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn is_timeout(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
