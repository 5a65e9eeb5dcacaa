//! 练习 10：每个客户端一个线程，同时最多三个
//!
//! ```text
//! cargo learn run 10 127.0.0.1:PORT
//! cargo learn 10
//! ```
//!
//! 只需要改 `main`，另外可以加上你要用的类型和函数。`serve` 保持不变。

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    let server = TcpListener::bind(address)?;
    println!("listening on {}", server.local_addr()?);

    // YOURS：这里由你来写。数一数正在服务的客户端。给第四个发 "busy\n"，就在这里丢弃它的连接。
    //
    // * 多个线程可以用什么来计数？哪个线程加，哪个线程减？
    // * `serve` 可能 panic。那时线程里它后面的代码不会运行，但线程拥有的值一定会被 drop。
    //   所以让闭包拥有（`move`）一个你自己的类型的值，由它的 `impl Drop` 归还名额。
    // * 系统无法再创建线程时，`thread::spawn` 会 panic。什么会返回错误？那时名额怎么办？
    loop {
        let (conn, _) = server.accept()?;
        thread::spawn(move || serve(conn));
    }
}

/// 转成大写发回，直到客户端断开。它有一个 bug：遇到问号就 panic。
fn serve(mut conn: TcpStream) {
    let mut buf = [0; 1024];
    while let Ok(count @ 1..) = conn.read(&mut buf) {
        let data = &mut buf[..count];
        assert!(!data.contains(&b'?'), "this server does not know");
        data.make_ascii_uppercase();
        if conn.write_all(data).is_err() {
            break;
        }
    }
}
