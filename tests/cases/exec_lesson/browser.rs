//! Tests clients of other protocols: bytes from a browser must never reach a shell.

use std::fs;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::temp::TempDir;

use super::{PROTOCOLS, assert_alive, complaint, run, serve, shown};

/// The first bytes of each client, and its name in the answer.
const FOREIGN: &[(&[u8], &str)] = &[
    (
        b"GET /?;touch${IFS}F; HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (X11; \
          Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0\r\n\r\n",
        "HTTP",
    ),
    (
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n\
          Content-Length: 9\r\n\r\n\ntouch F\n",
        "HTTP",
    ),
    (b"HEAD /;touch${IFS}F; HTTP/1.1\r\n\r\n", "HTTP"),
    (b"OPTIONS /;touch${IFS}F; HTTP/1.1\r\n\r\n", "HTTP"),
    (b"PURGE /;touch${IFS}F; HTTP/1.1\r\n\r\n", "HTTP"),
    (b"\r\n\nGET /;touch${IFS}F; HTTP/1.1\r\n\r\n", "HTTP"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ntouch F\n", "HTTP"),
    (b"SSH-2.0-x;touch${IFS}F\r\n", "ssh"),
    (b"\x16\x03\x01\x02\x00\x01\ntouch F\n", "TLS"),
    (b"get /;touch${IFS}F; http/1.1\r\n\r\n", "HTTP"),
    (b"HEAD\t/;touch${IFS}F;", "HTTP"),
    (b"Host: x\ntouch F\n", "HTTP"),
    (b"Referer:\ntouch F\n", "HTTP"),
    (b"Origin: null\r\n\r\ntouch F\n", "HTTP"),
    (b"X-Any: value\ntouch F\n", "HTTP"),
];

#[test]
fn bytes_of_other_protocols_never_reach_a_shell() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        for &(request, word) in FOREIGN {
            let conn = net::connect(server.addr());
            net::send(&conn, request);
            let answer = net::read_to_end(&conn, SOON);
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let expected = format!("does not speak {word}\n");
            assert!(
                answer.starts_with("error: this looks like") && answer.ends_with(&expected),
                "{answer}"
            );
        }
        assert_alive(&mut server, protocol);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{protocol}");
        // At most one line a minute, so that a web page that tries repeatedly does not fill the
        // disk.
        let log = server.process.stderr.text();
        assert_eq!(log.matches("refused: ").count(), 1, "{log}");
    }
}

/// However the network splits the request, none of its lines runs.
#[test]
fn a_split_request_line_runs_nothing() {
    let dir = TempDir::new();
    for protocol in ["raw", "header"] {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        for request in [
            "GET /x HTTP/1.1\r\nHost: x\r\n\r\n\ntouch F\n",
            "post /x http/1.1\r\nhost: x\r\n\r\n\ntouch F\n",
            "get /;touch${IFS}F; http/1.1\r\nhost: x\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\ntouch F\n",
            // Its first part may be a command. Then the rest is recognized by its header alone.
            "PURGE /x HTTP/1.1\r\nHost: x\r\n\r\n\ntouch F\n",
            // Then it is recognized by the ends of its lines alone.
            "PURGE /x HTTP/1.1\r\n\r\n\ntouch F\n",
            "Host: x\r\n\r\n\ntouch F\n",
            "HTTP/1.1 200 OK\r\n\r\n\ntouch F\n",
        ] {
            for cut in 1..request.find('\r').unwrap() {
                let conn = net::connect(server.addr());
                net::send(&conn, &request.as_bytes()[..cut]);
                // The server answers or refuses the first part.
                net::read_exact(&conn, 1, SOON);
                // The server may have closed already.
                let _ = std::io::Write::write_all(&mut &conn, &request.as_bytes()[cut..]);
                net::read_to_end(&conn, SOON);
            }
        }
        assert_alive(&mut server, protocol);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{protocol}");
    }
}

#[test]
fn an_http_response_is_refused_too() {
    let dir = TempDir::new();
    let mut server = serve("raw", &["--dir", dir.path().to_str().unwrap()]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"HTTP/1.1 200 OK\ntouch F\n");
    let answer = net::read_to_end(&conn, SOON);
    assert_eq!(
        answer,
        b"error: this looks like the answer of an HTTP server\n"
    );
    assert_alive(&mut server, "raw");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Neither a web page that tries repeatedly nor a port scan may fill the disk.
#[test]
fn strangers_cause_one_log_line_a_minute() {
    let mut server = serve("raw", &[]);
    for _ in 0..50 {
        let conn = net::connect(server.addr());
        net::send(&conn, b"GET / HTTP/1.1\r\n\r\n");
        net::read_to_end(&conn, SOON);
        drop(net::connect(server.addr()));
    }
    assert_alive(&mut server, "raw");
    let log = server.process.stderr.text();
    // The warning at the start, one line for the requests, one for the silent clients, two for the
    // probe.
    assert!(log.lines().count() <= 6, "{log}");
}

#[test]
fn a_command_may_mention_http() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &[]);
        for command in [
            "echo 'GET / HTTP/1.1'",
            "echo GET / HTTP/1.1",
            "printf 'a HTTP/1.1' | grep ' HTTP/1.1'",
        ] {
            let output = shown(run(protocol, server.addr(), &[], command));
            assert!(output.ends_with("HTTP/1.1\n"), "{output}");
        }
    }
}

#[test]
fn a_refused_client_shows_the_reason() {
    for protocol in ["length", "header"] {
        let server = serve(protocol, &[]);
        let text = complaint(&run(protocol, server.addr(), &[], "GET / HTTP/1.1"));
        let expected = format!(
            "error: {} refused the connection: this looks like an HTTP request; this port does not speak \
             HTTP\n",
            server.addr()
        );
        assert_eq!(text, expected);
    }
}
