//! 练习 6：给每一行加上方括号发回的服务端，不管这些行怎样到达
//!
//! ```text
//! cargo learn run 6 PORT
//! cargo learn 6
//! ```
//!
//! 只需要改 `serve`。

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);
    loop {
        let (conn, client_addr) = server.accept()?;
        if let Err(why) = serve(conn) {
            println!("{client_addr} {why}");
        }
    }
}

/// 收到 `hello\n` 就响应 `[hello]\n`，其他行也一样。
fn serve(mut conn: TcpStream) -> io::Result<()> {
    let mut buf = [0; 1024];
    loop {
        // YOURS：这里由你来写。起始版本把一次 read 的结果当成一条消息。
        //
        // * 把已经到达的数据放在一个 Vec<u8> 里，每次 read 的结果都接在后面（`extend_from_slice`）。
        // * 这时里面有几个完整的行？没有、一行或者更多。`iter().position` 找到第一个 b'\n'，
        //   `drain` 从 Vec 里取走一段。
        // * 客户端断开时，剩下的数据没有换行。它算一条消息吗？
        let length = conn.read(&mut buf)?;
        if length == 0 {
            return Ok(());
        }
        answer(&mut conn, &buf[..length])?;
    }
}

/// 用一次 write 发出一条消息的响应。
fn answer(conn: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    conn.write_all(&[b"[", message, b"]\n"].concat())
}
