//! 练习 4：把一行转成大写发回，并让客户端先关闭
//!
//! ```text
//! cargo learn run 4 127.0.0.1:PORT
//! cargo learn 4
//! ```

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    let server = TcpListener::bind(address)?;
    println!("listening on {}", server.local_addr()?);
    loop {
        let (conn, _) = server.accept()?;
        // 客户端断开或者待得太久，服务端都继续服务。
        let _ = serve(&conn);
    } // 不管结果如何，`conn` 在这里关闭
}

fn serve(mut conn: &TcpStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(conn).read_line(&mut line)?;
    conn.write_all(line.to_ascii_uppercase().as_bytes())?;

    // YOURS：这里由你来写。客户端已经收到响应，接着我们就关闭：所以 TIME_WAIT 在我们这边。
    //
    // 1. 这一端怎样知道客户端已经关闭？等到那时再关闭。
    // 2. 最多等一秒。你的一秒限制的是“整个”等待，还是每一次调用？客户端可能不走，时不时发一个字节。
    //    `deadline` 是 `Instant` 时，`deadline.saturating_duration_since(Instant::now())` 就是剩余的时间。
    Ok(())
}
