//! Tests the server's replies, and how long it waits for a client to read them.

use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::procfs;

use super::{PROTOCOLS, assert_alive, client_command, run, serve, shown};

/// A reply sent in pieces would wait for an acknowledgement after each (Nagle and delayed ACK): 44
/// ms per command.
#[test]
fn a_command_and_its_reply_are_one_send_each() {
    for (protocol, sends) in [("raw", 1), ("length", 2), ("header", 1)] {
        let server = serve(protocol, &["--trace"]);
        let mut client = Process::spawn(client_command(protocol, server.addr(), &["--trace"]));
        client.send("echo hello\n".repeat(50).as_bytes());
        let done = client.finish(SOON);
        assert_eq!(done.stdout, "hello\n".repeat(50).as_bytes());
        let count = |text: &str| text.matches(" send(").count();
        assert_eq!(count(&String::from_utf8_lossy(&done.stderr)), sends * 50);
        let last = |bytes: &[u8], _| {
            let text = String::from_utf8_lossy(bytes);
            let closed = text.matches("closed by peer").count();
            (closed == if protocol == "raw" { 50 } else { 1 }).then_some(())
        };
        assert!(server.process.stderr.wait(SOON, last).is_some());
        assert_eq!(count(&server.process.stderr.text()), sends * 50);
    }
}

#[test]
fn a_length_without_an_answer_does_not_delay_others() {
    let mut server = serve("length", &["--handshake-timeout", "500ms"]);
    let silent = net::connect(server.addr());
    assert_eq!(net::ask(&silent, b"echo hi", 1), b"3");
    // The timeout is a deadline: single bytes do not restart it.
    let dripping = net::connect(server.addr());
    assert_eq!(net::ask(&dripping, b"echo hi", 1), b"3");
    let drip = std::thread::spawn(move || {
        let _ = net::send_slowly(&dripping, b"recv_read", Duration::from_millis(100));
        net::read_to_end(&dripping, SOON)
    });
    assert_eq!(shown(run("length", server.addr(), &[], "echo in")), "in\n");
    let nothing = "error: a length is answered by recv_ready, and nothing came\n";
    for said in [net::read_to_end(&silent, SOON), drip.join().unwrap()] {
        assert_eq!(String::from_utf8_lossy(&said), nothing);
    }
    let wrong = net::connect(server.addr());
    assert_eq!(net::ask(&wrong, b"echo hi", 1), b"3");
    net::send(&wrong, b"recv_redo!");
    let other = "a length is answered by recv_ready, and something else came";
    let said = net::read_to_end(&wrong, SOON);
    assert_eq!(String::from_utf8_lossy(&said), format!("error: {other}\n"));
    server.process.wait_stderr(other, SOON);
    assert_alive(&mut server, "length");
}

#[test]
fn limits_on_time_and_output_are_enforced_and_reported() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--timeout", "300ms", "--max-output", "1MiB"]);
        let run = |command: &str| shown(run(protocol, server.addr(), &[], command));
        assert_eq!(run("sleep 100"), "error: timed out after 300ms\n");
        // A partial output must not look complete.
        assert_eq!(
            run("echo so far; sleep 100"),
            "so far\nerror: timed out after 300ms\n"
        );
        let over = "error: the command's output is over 1MiB; raise --max-output of the server, \
                    or use --protocol session\n";
        assert_eq!(run("yes"), over);
        assert_eq!(run("yes >&2"), over);
        assert_eq!(run("head -c 1048577 /dev/zero"), over);
        assert_eq!(run("head -c 1048576 /dev/zero").len(), 1 << 20);
        assert_eq!(run("cat; echo end"), "end\n");
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let mut server = serve("header", &["--write-timeout", "300ms"]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"head -c 20000000 /dev/zero");
    server
        .process
        .wait_stderr("closed, its peer read nothing for 300ms", SOON);
    drop(conn);
    assert_alive(&mut server, "header");
}

#[test]
fn a_connection_without_a_command_is_closed() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--idle-timeout", "200ms"]);
        let conn = net::connect(server.addr());
        assert_eq!(net::read_to_end(&conn, SOON), b"");
        server
            .process
            .wait_stderr("closed, no command for 200ms", SOON);
        drop(conn);
        assert_alive(&mut server, protocol);
    }
}

/// The server must know the size before it sends, so it holds the output, but only once.
#[test]
fn an_output_is_held_once_and_freed() {
    let mut server = serve("header", &[]);
    let size = 48 << 20;
    let command = format!("head -c {size} /dev/zero");
    let mut client = super::start("header", server.addr(), &["--verify-hash"], &command);
    assert_eq!(client.finish(SOON).stdout.len(), size);
    let peak = procfs::peak_resident_bytes(server.process.pid()).unwrap();
    // A growing buffer exists twice for a moment.
    assert!(peak < 120 << 20, "{peak}");
    let now = procfs::resident_bytes(server.process.pid()).unwrap();
    assert!(now < 16 << 20, "{now}");
    assert_alive(&mut server, "header");
}
