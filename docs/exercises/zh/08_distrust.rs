//! 练习 8：客户端读取带报头的响应，不轻信服务端
//!
//! ```text
//! cargo learn run 8 PORT COMMAND
//! cargo learn 8
//! ```
//!
//! 服务端可能是 `header_server`、`exec-server --no-auth --protocol header`，也可能是恶意的。
//! 只需要改 `read_answer`。

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use proto::wire::json;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());
    let command = env::args().nth(2).unwrap_or_else(|| "ls".to_owned());
    let mut server = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    server.write_all(command.as_bytes())?;
    io::stdout().write_all(&read_answer(&mut server)?)
}

/// 接受的报头最长多少字节。
const LONGEST_HEADER: usize = 64 * 1024;

/// 读取整个响应，返回正文。
fn read_answer(server: &mut impl Read) -> io::Result<Vec<u8>> {
    // YOURS：这里由你来写。起始版本和这一章的客户端做的一样。
    //
    // * 四个字节，一个不少：read_exact。
    // * '<i' 在任何机器上都是 i32::from_le_bytes。这个数可能是负的，也可能大得离谱。
    //   先检查，再分配内存。
    // * total_size 是不小于 0 的整数，也就是 u64。5.0 和 5e0 不是，必须报错。
    //   `as_number` 给出它的数字，`parse` 得到数值。
    // * 正文提前结束是错误；只声明、不发送的正文不能占用内存：`by_ref().take(n)` 加 `read_to_end`。
    let mut prefix = [0; 4];
    let _count = server.read(&mut prefix)?;
    let header_len = u32::from_ne_bytes(prefix) as usize;
    let mut header = vec![0; header_len.min(LONGEST_HEADER)];
    let count = server.read(&mut header)?;
    let header = json::parse(&header[..count]).map_err(io::Error::other)?;
    let size = header.get("total_size").and_then(json::Value::as_number);
    let size: f64 = size.unwrap_or("0").parse().map_err(io::Error::other)?;
    let mut body = vec![0; size as usize];
    let count = server.read(&mut body)?;
    body.truncate(count);
    Ok(body)
}
