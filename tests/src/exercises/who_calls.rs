//! Exercise 1: a client sends its own address.

use std::path::Path;
use std::process::Command;

use crate::deadline::SOON;
use crate::net;
use crate::process::Process;

/// Accepts the program's connection.
pub fn check(program: &Path) {
    let listener = net::listen();
    let mut command = Command::new(program);
    command.arg(listener.local_addr().unwrap().port().to_string());
    let mut client = Process::spawn(command);

    let conn = net::accept(&listener);
    let heard = String::from_utf8_lossy(&net::read_to_end(&conn, SOON)).into_owned();
    assert!(
        !heard.is_empty(),
        "{}",
        say!(
            "your client hung up without a word; it should send one line first",
            "你的客户端一句话没说就挂断了；挂断之前应该先发一行"
        )
    );
    // The server sees the client's address as the peer's.
    let expected = format!("I am {}\n", conn.peer_addr().unwrap());
    assert!(
        heard == expected,
        "{}",
        say!(
            "your client sends {heard:?}; with the address of its own end that is {expected:?}",
            "你的客户端发的是 {heard:?}；按它自己这一端的地址，应该是 {expected:?}"
        )
    );
    let finished = client.finish(SOON);
    let failed = say!("your client ends with an error", "你的客户端报错退出了");
    assert!(finished.status.success(), "{failed}");
}
