//! 练习 12：查单词的 DICT 客户端
//!
//! ```text
//! cargo learn run 12 HOST PORT WORD
//! cargo learn 12
//! ```
//!
//! 只需要改 `definitions`。它打印每条释义的每一行。

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, word] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT WORD"));
    };
    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    read_line(&mut server)?; // 220：服务端就绪
    ask(&mut server, &format!("DEFINE * {word}"))?;
    definitions(&mut server)?;
    ask(&mut server, "QUIT")
}

/// 读取对 DEFINE 的响应，打印每条释义的每一行。
fn definitions(server: &mut BufReader<TcpStream>) -> io::Result<()> {
    // YOURS：这里由你来写。现在它打印响应的第一行，那不是释义。它应该这样做：
    //
    // * 552 就是整个响应：词典里没有这个词，什么也不打印；
    // * 先来 150，然后是若干条释义，最后 250 表示结束；
    // * 一条释义是以 151 开头的一行，加上一段文本，文本以只有一个点的一行结束；
    // * 打印文本的每一行；以点开头的行，去掉那个点再打印；
    // * 其他都是错误，服务端提前断开也是。文本里的某一行可能以 250 开头：只有在该来响应码的地方，
    //   它才表示结束。
    println!("{}", read_line(server)?);
    Ok(())
}

/// 发送一条命令。
fn ask(server: &mut BufReader<TcpStream>, command: &str) -> io::Result<()> {
    let line = format!("{command}\r\n");
    server.get_mut().write_all(line.as_bytes())
}

/// 读一行，不含换行。流结束是错误。
fn read_line(server: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    server.read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
