//! Tests how the server finds the ends of commands in a stream without boundaries.

use std::fs;
use std::time::Duration;

use cross_process::deadline::{Deadline, SOON, poll};
use cross_process::net;
use cross_process::procfs;
use cross_process::temp::TempDir;

use super::{PROTOCOLS, assert_alive, run, run_lines, serve, shown};

/// The longest command that the kernel accepts.
const LIMIT: usize = 131_071;

/// Sends bytes as one request to a server of `--protocol raw`, and returns all bytes of the answer.
fn ask_raw(server: &cross_process::server::Server, request: &[u8]) -> String {
    let conn = net::connect(server.addr());
    net::send(&conn, request);
    net::half_close(&conn);
    String::from_utf8_lossy(&net::read_to_end(&conn, SOON)).into_owned()
}

#[test]
fn a_long_command_is_one_command() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        let run = |command: &str| shown(run(protocol, server.addr(), &[], command));
        // The lesson's servers would take the bytes after the first 1024 for another command.
        let padded = format!("echo safe #{}", "x".repeat(1024 - 11));
        assert_eq!(run(&format!("{padded}touch F")), "safe\n");
        // Byte 1024 is in the middle of a character.
        let wide = format!("{}啊", "a".repeat(1018));
        assert_eq!(run(&format!("echo {wide}")), format!("{wide}\n"));
        for length in [1200, 1201, 65_536, LIMIT] {
            let padding = "y".repeat(length - "echo ok #".len());
            assert_eq!(run(&format!("echo ok #{padding}")), "ok\n", "{length}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn a_command_that_is_too_long_is_not_run_in_part() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        for length in [LIMIT + 1, 1 << 20] {
            let padding = "#".repeat(length - ";touch F".len());
            let line = format!("{padding};touch F\n");
            let expected = format!("error: command is {length} bytes; the limit is 131071\n");
            let output = run_lines(protocol, server.addr(), line.as_bytes());
            assert_eq!(shown(output), expected);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_alive(&mut server, protocol);
    }
}

/// If a read may be incomplete, the bytes after it never run as a command: neither the rest of a
/// quoted argument nor the rest of a comment.
#[test]
fn the_rest_of_a_request_never_runs() {
    let dir = TempDir::new();
    let quoted = format!("echo '{}", "x".repeat(1395));
    let comment = format!("echo ok # {}", "x".repeat(1395));
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        for (head, tail) in [
            (&*quoted, "\ntouch F\n'"),
            (&comment, "xxx\ntouch F\n"),
            ("echo \"x", "\ntouch F\n\""),
        ] {
            let conn = net::connect(server.addr());
            net::send(&conn, head.as_bytes());
            // The server must read twice. One read would be a complete command.
            let peer = conn.local_addr().unwrap();
            let read = || {
                procfs::has_read_all(server.addr(), peer)
                    .unwrap()
                    .then_some(())
            };
            assert!(poll(SOON, read).is_some());
            // The tail arrives late, in the second case much later than the reply.
            std::thread::sleep(Duration::from_millis(120));
            net::send(&conn, tail.as_bytes());
            let _ = net::again(|| std::io::Read::read(&mut &conn, &mut [0; 100]));
            let _ = std::io::Write::write_all(&mut &conn, b"touch F\n");
            if protocol != "length" {
                net::read_to_end(&conn, SOON);
            }
        }
        assert_alive(&mut server, protocol);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{protocol}");
    }
}

/// The rest of a too long command must not run as the next command.
#[test]
fn a_command_without_an_end_ends_the_connection() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        let conn = net::connect(server.addr());
        let flood = [&vec![b'#'; 4 << 20][..], &b"\ntouch F\n".repeat(20_000)].concat();
        // The server need not read all of it.
        let _ = std::io::Write::write_all(&mut &conn, &flood);
        server
            .process
            .wait_stderr("no end of the command found", SOON);
        drop(conn);
        assert_alive(&mut server, protocol);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{protocol}");
    }
}

/// Each piece arrives while the server waits for the rest, and there is always one more.
#[test]
fn a_command_in_pieces_has_one_deadline() {
    let mut server = serve("raw", &["--handshake-timeout", "200ms"]);
    let conn = net::connect(server.addr());
    let deadline = Deadline::after(SOON);
    let cut_off = loop {
        if std::io::Write::write_all(&mut &conn, &[b'#'; 1300]).is_err() {
            break true;
        }
        if deadline.remaining().is_none() {
            break false;
        }
        // The slow sender itself.
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(cut_off, "the server read all of it");
    // On a busy machine a pause may end the command, and then the connection.
    let told = || {
        let log = server.process.stderr.text();
        let told = log.contains("no end of the command found") || log.contains("may have been cut");
        told.then_some(())
    };
    assert!(
        poll(SOON, told).is_some(),
        "{}",
        server.process.stderr.text()
    );
    assert_alive(&mut server, "raw");
}

#[test]
fn bytes_reach_the_shell_unchanged_or_not_at_all() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let lines = b"printf '\\377'\necho a\0b\n \n\techo c\nprintf '\xff\xfe'\n";
        let done = super::run_lines(protocol, server.addr(), lines);
        assert_eq!(
            done.stdout, b"\xfferror: the command contains a NUL byte\nc\n\xff\xfe",
            "{protocol}"
        );
        // A mistake of the client is not logged as an error.
        server.process.wait_stderr(" command not run: ", SOON);
        let log = server.process.stderr.text();
        assert!(
            log.contains(" command not run: ") && !log.contains("error: 127"),
            "{log}"
        );
        assert_alive(&mut server, protocol);
    }
    let server = serve("raw", &[]);
    for nothing in [&b" "[..], b"\n", b" \t\n\n", b""] {
        assert_eq!(ask_raw(&server, nothing), "");
    }
    assert_eq!(
        ask_raw(&server, b"echo \0 hidden"),
        "error: the command contains a NUL byte\n"
    );
}

/// As in the lesson, bytes that arrive together are one command. The client waits for each answer.
#[test]
fn two_commands_sent_together_are_one_command() {
    let mut server = serve("raw", &[]);
    assert_eq!(ask_raw(&server, b"echo oneecho two"), "oneecho two\n");
    assert_eq!(ask_raw(&server, b"echo one\necho two"), "one\ntwo\n");
    assert_alive(&mut server, "raw");
}
