//! 练习 9：向 UDP 服务端提问：不上当，不空等，不截断
//!
//! ```text
//! cargo learn run 9 127.0.0.1:PORT MESSAGE
//! cargo learn 9
//! ```
//!
//! 只需要改 `ask`。

use std::env;
use std::io;
use std::net::UdpSocket;

fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let server = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let message = args.next().unwrap_or_else(|| "hello".to_owned());
    let answer = ask(&server, message.as_bytes())?;
    println!("b'{}'", answer.escape_ascii());
    Ok(())
}

/// 发送消息，返回响应。
fn ask(server: &str, message: &[u8]) -> io::Result<Vec<u8>> {
    // YOURS：这里由你来写。起始版本接受任何地址发来的响应；响应丢了就一直等；没有服务端也不知道；
    // 超出缓冲区的部分直接丢掉。
    //
    // * 调用哪个函数，内核就会丢弃陌生人的数据报，并且告诉你那里没有服务端？
    // * 500 毫秒没有响应就再发一次，一共发五次；之后返回 ErrorKind::TimedOut 的 io::Error。
    //   超时的时候，`recv` 返回什么？其他错误直接返回。
    // * 一个数据报最长是多少？
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.send_to(message, server)?;
    let mut buf = [0; 1024];
    let (length, _) = socket.recv_from(&mut buf)?;
    Ok(buf[..length].to_vec())
}
