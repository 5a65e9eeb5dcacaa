//! Exercise 1: a caller says who it is.

use std::path::Path;
use std::process::Command;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

pub fn check(program: &Path) {
    let listener = net::listen();
    let mut command = Command::new(program);
    command.arg(listener.local_addr().unwrap().port().to_string());
    let mut caller = Process::spawn(command);

    let conn = net::accept(&listener);
    let heard = String::from_utf8_lossy(&net::read_to_end(&conn, SOON)).into_owned();
    assert!(
        !heard.is_empty(),
        "your caller hung up without a word; it should send one line first"
    );
    // The server sees the caller's end of the line from the other side.
    let expected = format!("I am {}\n", conn.peer_addr().unwrap());
    assert_eq!(
        heard, expected,
        "your caller sends {heard:?}; its own end of the line makes that {expected:?}"
    );
    let finished = caller.finish(SOON);
    assert!(finished.status.success(), "your caller ends with an error");
}
