//! Tests peers of other protocols: each side reports the other protocol and does nothing.

use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{SOON, poll};
use cross_process::net::{self, ANY_PORT};
use cross_process::process::Process;
use cross_process::program::Program::{Python, Rust, Tool};
use cross_process::server::Server;

use super::peers::{Playing, play};
use super::{Session, client, complaint};

/// The error of `exec-client` for the server at that address.
#[track_caller]
fn diagnosis(session: &Session, addr: std::net::SocketAddr) -> String {
    let options = ["--handshake-timeout", "400ms"];
    let marker = session.path("marker");
    let client = client(&session.token, addr, &options, &format!("touch {marker}"));
    complaint(&Process::spawn(client).finish(SOON), 255)
}

#[test]
fn silent_servers_and_servers_of_other_protocols_are_recognized() {
    let session = Session::start(&[]);
    let silent = net::listen();
    let text = diagnosis(&session, silent.local_addr().unwrap());
    let expected = "does not greet as a session server does (nothing came within 400ms); for one \
                    of the lesson's servers use --protocol raw, length or header";
    assert!(text.contains(expected), "{text}");
    for (greeting, shown) in [
        (&b"SSH-2.0-Something\r\n"[..], "\"SSH-2.0-Something\""),
        (
            b"HTTP/1.1 400 Bad Request\r\nX: y\r\n\r\n",
            "\"HTTP/1.1 400 Bad Request\"",
        ),
        (b"220 mail ESMTP\r\n", "\"220 mail ESMTP\""),
        (b"\x1b[31mred", "\"\\x1b[31mred\""),
    ] {
        let listener = net::listen();
        let addr = listener.local_addr().unwrap();
        let run = std::thread::scope(|scope| {
            let run = scope.spawn(|| diagnosis(&session, addr));
            let conn = net::accept(&listener);
            net::send(&conn, greeting);
            net::half_close(&conn);
            // The client has sent nothing.
            assert_eq!(net::read_to_end(&conn, SOON), b"");
            run.join().unwrap()
        });
        let expected = format!(
            "error: the server does not speak the session protocol (got {shown}); is {addr} the \
             right address?\n"
        );
        assert_eq!(run, expected);
    }
    let closes = net::listen();
    let addr = closes.local_addr().unwrap();
    let text = std::thread::scope(|scope| {
        let run = scope.spawn(|| diagnosis(&session, addr));
        drop(net::accept(&closes));
        run.join().unwrap()
    });
    assert!(text.contains("(it closed the connection)"), "{text}");
}

/// Only a server that says so has found the token to be wrong.
#[test]
fn a_server_that_goes_away_within_the_handshake_has_not_refused_the_token() {
    let session = Session::start(&[]);
    let header = br#"{"filename": "hello", "total_size": 43, "hash": ""}"#;
    let length = u32::try_from(header.len()).unwrap().to_le_bytes();
    let hello = [&length[..], header, b"sockexec/1\0", &[7; 32]].concat();
    for (closes, how) in [
        (true, "it closed the connection"),
        (false, "nothing came within 400ms"),
    ] {
        let listener = net::listen();
        let addr = listener.local_addr().unwrap();
        let text = std::thread::scope(|scope| {
            let run = scope.spawn(|| diagnosis(&session, addr));
            let conn = net::accept(&listener);
            net::send(&conn, &hello);
            if closes {
                net::half_close(&conn);
            }
            net::read_to_end(&conn, SOON);
            run.join().unwrap()
        });
        let expected =
            format!("error: {addr} did not finish the handshake ({how}); look at its log\n");
        assert_eq!(text, expected);
    }
}

/// The lesson's servers and upper-case servers wait for the client, which sends them nothing.
#[test]
fn our_client_sends_nothing_to_servers_of_the_lesson() {
    let session = Session::start(&[]);
    for program in [
        Python("tcp_server"),
        Python("exec_naive_server"),
        Rust("length_server"),
        Rust("header_server"),
        Tool("tcp-server", &[]),
        Tool("exec-server", &["--protocol", "raw", "--no-auth"]),
        Tool("exec-server", &["--protocol", "header", "--no-auth"]),
    ] {
        let Some(server) = program.serve() else {
            continue;
        };
        let text = diagnosis(&session, server.addr());
        assert!(
            text.contains("does not greet as a session server does"),
            "{program:?}: {text}"
        );
    }
    assert!(!session.dir.join("marker").exists());
}

#[test]
fn clients_of_the_lesson_get_an_error() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    for protocol in ["raw", "length", "header"] {
        let mut client = Command::new(artifacts().tool("exec-client"));
        client.args(["--protocol", protocol, &session.server.addr().to_string()]);
        client.arg(format!("touch {marker}"));
        let text = complaint(&Process::spawn(client).finish(SOON), 255);
        assert!(
            text.contains("speaks the session protocol"),
            "{protocol}: {text}"
        );
    }
    session.assert_alive();
    assert!(!std::fs::exists(marker).unwrap());
    // The server takes the first four bytes of "touch" as a length, and closes. It logs one such
    // line a minute.
    for script in [Python("exec_naive_client"), Python("header_client")] {
        let mut session = Session::start(&[]);
        let marker = session.path("marker");
        let Some(command) = script.command(session.server.addr()) else {
            continue;
        };
        let client = Process::spawn(command);
        client.send_line(&format!("touch {marker}"));
        let closed = "closed, header length 1668640628 exceeds 1024";
        session.server.process.wait_stderr(closed, SOON);
        session.assert_alive();
        assert!(!std::fs::exists(marker).unwrap());
    }
}

#[test]
fn clients_of_other_protocols_are_refused_before_anything_runs() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    for (request, words) in [
        (
            format!("GET /?;touch${{IFS}}{marker}; HTTP/1.1\r\nHost: x\r\n\r\n"),
            "does not speak HTTP",
        ),
        (
            format!("POST / HTTP/1.1\r\n\r\n\ntouch {marker}\n"),
            "does not speak HTTP",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "does not speak ssh"),
        ("\x16\x03\x01\x02\0\x01".to_owned(), "does not speak TLS"),
        (format!("touch {marker}\n"), "exceeds 1024"),
        ("PROPFIND / HTTP/1.1\r\n\r\n".to_owned(), "exceeds 1024"),
    ] {
        let conn = net::connect(session.server.addr());
        net::send(&conn, request.as_bytes());
        let answer = net::read_to_end(&conn, SOON);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(words), "{request:?}: {answer}");
    }
    session.assert_alive();
    assert!(!std::fs::exists(marker).unwrap());
}

#[test]
fn another_version_is_an_error_with_a_remedy() {
    let steps = "hello sockexec/2\\x00NONCE
        rest
        ---
        hello sockexec/12\\x00
        rest
        ---
        hello sockexec/\\x00NONCE
        rest
        ---
        hello VERSIONshort
        rest
        ---
        hello \\x00NONCE
        rest";
    // The client answers none of these, so the player must not wait for an answer.
    let steps = steps
        .replace("hello ", "open hello ")
        .replace("NONCE", &"n".repeat(32));
    let steps = steps.replace("VERSION", "sockexec/1\\x00");
    let Some(server) = Playing::start(&[], &steps) else {
        return;
    };
    for version in [2, 12] {
        let expected = format!(
            "the other side speaks version {version} of the session protocol, this one version 1; \
             use the same release on both sides"
        );
        assert_eq!(server.complaint("true"), expected);
    }
    for _ in 0..3 {
        assert_eq!(server.complaint("true"), "malformed hello frame");
    }
    let seen = server.transcript();
    assert_eq!(seen.matches("rest b''").count(), 5, "{seen}");
}

/// A full server sends its refusal before `hello`.
#[test]
fn the_client_shows_the_refusal_of_a_full_server() {
    let mut session = Session::start(&["--max-connections", "1"]);
    let mut inside = session.client(&[], "echo in; exec sleep 60");
    assert_eq!(inside.wait_line(SOON), "in");
    let text = complaint(&session.run("true"), 255);
    let endpoint = session.server.endpoint();
    let expected = format!("error: {endpoint} refused the connection: busy, 1 connection in use");
    assert!(text.starts_with(&expected), "{text}");
    drop(inside);
    // The permit becomes free after a moment.
    let served = poll(SOON, || session.run("true").status.success().then_some(()));
    assert!(served.is_some());
    session.assert_alive();
}

/// Bytes of another protocol after the handshake are not authentic.
#[test]
fn another_protocol_inside_of_a_session_is_refused() {
    let mut session = Session::start(&[]);
    let steps = "login\nraw GET / HTTP/1.1\\r\\n\\r\\n\nend";
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], steps) else {
        return;
    };
    assert!(seen.contains("this port does not speak HTTP"), "{seen}");
    session.assert_alive();
}

/// The protocol of a server depends on its flags.
#[test]
fn a_session_is_the_default_and_always_authenticates() {
    let mut command = Command::new(artifacts().tool("exec-server"));
    command.arg("--no-auth").arg(ANY_PORT.to_string());
    let refused = Process::spawn(command).finish(SOON);
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("a session always authenticates"), "{text}");
    let home = cross_process::temp::TempDir::new();
    let mut command = Command::new(artifacts().tool("exec-server"));
    command
        .env("XDG_CONFIG_HOME", home.path())
        .arg(ANY_PORT.to_string());
    let mut server = Server::start(command);
    let mut client = Command::new(artifacts().tool("exec-client"));
    client
        .env("XDG_CONFIG_HOME", home.path())
        .arg(server.endpoint());
    client.arg("echo no set-up");
    assert_eq!(Process::spawn(client).finish(SOON).stdout, b"no set-up\n");
    server.assert_nothing_left();
}
