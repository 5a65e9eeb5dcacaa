//! 练习 1：客户端报上自己的地址
//!
//! ```text
//! cargo learn run 1 PORT
//! cargo learn 1
//! ```

use std::env;
use std::io;
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let server = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    // YOURS：这里由你来写。这个客户端知道对方的地址，却一句话没说就挂断了。它应该先发一行，再挂断：
    //
    //     I am 127.0.0.1:54321
    //
    // 地址换成它自己这一端的。要往 `server` 里写，它必须是 `mut`，还要导入 `std::io::Write`。
    // `write_all` 要的是字节：`format!("...\n").as_bytes()`。
    println!("I have called {}", server.peer_addr()?);
    Ok(())
}
