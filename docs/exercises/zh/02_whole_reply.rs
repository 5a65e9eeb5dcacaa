//! 练习 2：把响应收全、又不多收的客户端
//!
//! ```text
//! cargo learn run 2 PORT
//! cargo learn 2
//! ```
//!
//! 服务端把收到的内容转成大写发回，所以响应和消息一样长。
//! 只需要改 `read_reply`，其余就是这一章的客户端。

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let mut server = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    for line in io::stdin().lines() {
        let message = line?;
        server.write_all(message.as_bytes())?;
        let reply = read_reply(&mut server, message.len())?;
        println!("b'{}'", reply.escape_ascii());
    }
    Ok(())
}

/// 读取响应；`length` 是消息的长度。
fn read_reply(server: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    // YOURS：这里由你来写。一次 read 只取走已经到达的数据：剩下的可能还在路上，
    // 而且这里一次最多 1024 字节。这个函数应该：
    //
    // * 正好取 `length` 字节，不管要 read 多少次；
    // * 服务端在响应中间断开时，返回错误，例如
    //   `Err(io::ErrorKind::UnexpectedEof.into())`。
    //
    // 可以自己写循环，也可以看看 std::io::Read 除了 `read` 还有什么。
    let mut reply = vec![0; length.min(1024)];
    let taken = server.read(&mut reply)?;
    reply.truncate(taken);
    Ok(reply)
}
