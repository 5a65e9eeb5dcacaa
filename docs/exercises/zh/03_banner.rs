//! 练习 3：端口上是什么服务？打印 `refused`、`banner LINE`、`closed` 或 `silent`
//!
//! ```text
//! cargo learn run 3 127.0.0.1:PORT
//! cargo learn 3
//! ```

use std::env;
use std::io::{self, Read};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    println!("{}", look(&address)?);
    Ok(())
}

/// 说出那里是什么在监听。
fn look(address: &str) -> io::Result<String> {
    // YOURS：三处由你来写。
    // 1. connect_ex：连接被拒绝在这里是一种结果，所以用 match 处理，不要用 `?` 返回。
    //    它是哪一种 ErrorKind？其他错误照常返回。
    let mut stream = TcpStream::connect(address)?;

    // 2. settimeout：服务端什么也不发的话，会一直等下去。等半秒就够了。
    //    到时间以后，read 会返回哪两种 ErrorKind？

    // 3. makefile：一次 read 只给出已经到达的数据，可能只有半行。用什么能一次读一整行？
    //    怎样区分完整的一行和服务端关闭前的最后几个字节？
    let mut buf = [0; 1024];
    let count = stream.read(&mut buf)?;
    let line = String::from_utf8_lossy(&buf[..count]);
    Ok(format!("banner {}", line.trim_end()))
}
