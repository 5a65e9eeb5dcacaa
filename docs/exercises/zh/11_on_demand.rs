//! 练习 11：按需启动的服务端：监听套接字就是它的标准输入
//!
//! ```text
//! cargo learn run 11 5000
//! cargo learn 11
//! ```
//!
//! 一段时间没有客户端来，它就结束。像 inetd 和 systemd 那样给它一个监听套接字：
//!
//! ```text
//! python3 -c 'import socket, subprocess; s = socket.create_server(("127.0.0.1", 8080)); \
//!     subprocess.run("cargo learn run 11 5000", shell=True, stdin=s)'
//! ```
//!
//! 只需要改 `main`，另外可以加上你要用的类型和函数。`serve` 保持不变。

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let idle = env::args().nth(1).unwrap_or("5000".to_string());
    let idle = Duration::from_millis(idle.parse()?);

    // YOURS：前一半由你来写。用标准输入上的那个监听套接字，不要自己新建。
    // 这一章里有一个调用，能从标准输入得到自己的描述符，再由它得到监听套接字。
    let server = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr()?);

    // YOURS：后一半由你来写。等下一个客户端，最多等 `idle` 这么久。没有客户端来，就打印
    // "no client for 5s"（`{idle:?}`），然后正常结束。等待的时候不消耗 CPU。
    // 已经连上的客户端，想安静多久都可以。
    let _ = idle;
    loop {
        let (conn, _) = server.accept()?;
        serve(conn);
    }
}

/// 转成大写发回，直到客户端断开。
fn serve(mut conn: TcpStream) {
    let mut buf = [0; 1024];
    while let Ok(count @ 1..) = conn.read(&mut buf) {
        buf[..count].make_ascii_uppercase();
        if conn.write_all(&buf[..count]).is_err() {
            break;
        }
    }
}
