//! 练习 7：把消息转成大写发回的服务端；每条消息前面是它的长度
//!
//! ```text
//! cargo learn run 7 PORT
//! cargo learn 7
//! ```
//!
//! 一条消息是：用数字写的长度 n、一个换行、n 个字节，例如 `5\nhello`。只需要改 `read_message`。

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::str;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);
    loop {
        let (conn, client_addr) = server.accept()?;
        if let Err(why) = serve(&conn) {
            println!("{client_addr} {why}");
        }
    }
}

fn serve(mut conn: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(conn);
    while let Some(message) = read_message(&mut reader)? {
        let mut answer = format!("{}\n", message.len()).into_bytes();
        answer.extend(message.to_ascii_uppercase());
        conn.write_all(&answer)?; // 一次 write
    }
    Ok(())
}

/// 读一条消息，不含长度；客户端没有再发、直接断开时是 `None`。
fn read_message(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    // YOURS：这里由你来写。起始版本把一次 read 的结果当成一条消息，最多 1000 字节。
    //
    // * `reader.take(n)` 是一个读到 n 字节就结束的读取器：数字一直不结束时，
    //   `read_until(b'\n', ..)` 也会停下。2^64 有 20 位数字。
    // * 用 `parse` 把数字变成数。不是长度的一律是错误。
    // * 客户端可能声明一个长度，却不发那么多。`vec![0; length]` 信了它；
    //   `take(length)` 加 `read_to_end` 只取真正到达的。（`read_to_end` 是 trait `Read` 的方法，
    //   要加到上面的 `use` 里。）
    // * 到达的比声明的少？说明客户端在消息中间断开了：这是错误。
    let mut buf = [0; 1000];
    let count = reader.read(&mut buf)?;
    if count == 0 {
        return Ok(None);
    }
    let end = buf.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let digits = str::from_utf8(&buf[..end]).map_err(io::Error::other)?;
    let length: usize = digits.parse().map_err(io::Error::other)?;
    let message = buf.get(end + 1..end + 1 + length);
    Ok(Some(message.ok_or(io::ErrorKind::InvalidData)?.to_vec()))
}
