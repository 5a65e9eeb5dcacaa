//! `exec-server` and `exec-client` in the lesson's three protocols, and what must not break them.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::thread;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{SOON, poll};
use cross_process::net::{self, ANY_PORT};
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::program::Program::{Python, Rust};
use cross_process::server::Server;
use cross_process::temp::TempDir;

const PROTOCOLS: [&str; 3] = ["raw", "length", "header"];

fn serve(protocol: &str, options: &[&str]) -> Server {
    let mut command = Command::new(artifacts().tool("exec-server"));
    command.args(["--protocol", protocol, "--no-auth"]);
    command.args(options).arg(ANY_PORT.to_string());
    Server::start(command)
}

fn run(protocol: &str, addr: SocketAddr, options: &[&str], command: &str) -> Output {
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.args(["--protocol", protocol]).args(options);
    client.arg(addr.to_string()).arg(command);
    Process::spawn(client).finish(SOON)
}

/// The client's one line of complaint, after which it exits with 255.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(255), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn assert_alive(server: &mut Server, protocol: &'static str) {
    server.assert_alive(move |addr| {
        assert_eq!(run(protocol, addr, &[], "echo alive").stdout, b"alive\n");
    });
}

/// A server of the test's own, which says these bytes to each command.
fn fake_server(answers: &'static [&'static [u8]]) -> SocketAddr {
    let listener = TcpListener::bind(ANY_PORT).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let conn = net::accept(&listener);
        for answer in answers {
            let mut request = [0; 100];
            if matches!(std::io::Read::read(&mut &conn, &mut request), Ok(1..)) {
                net::send(&conn, answer);
            }
        }
        net::half_close(&conn);
        net::read_to_end(&conn, SOON);
    });
    addr
}

#[test]
fn every_tool_runs_commands_on_every_server_of_its_protocol() {
    for (protocol, scripts) in [
        (
            "raw",
            [Python("exec_naive_server"), Rust("exec_naive_server")],
        ),
        ("length", [Python("length_server"), Rust("length_server")]),
        ("header", [Python("header_server"), Rust("header_server")]),
    ] {
        for server in scripts.into_iter().filter_map(|script| script.serve()) {
            let done = run(protocol, server.addr(), &[], "printf 'a\\0\\377b'");
            assert_eq!(
                (done.status.code(), &done.stdout[..]),
                (Some(0), &b"a\0\xffb"[..])
            );
        }
        let mut server = serve(protocol, &[]);
        let done = run(protocol, server.addr(), &[], "printf 'a\\0\\377b'");
        assert_eq!(done.stdout, b"a\0\xffb");
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn output_of_any_length_on_either_stream_arrives_whole() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        for size in [0, 65_535, 65_536, 65_537, 1 << 20] {
            for to in ["", " >&2"] {
                let command = format!("head -c {size} /dev/zero{to}");
                let done = run(protocol, server.addr(), &[], &command);
                assert_eq!(done.stdout.len(), size, "{protocol} {command}");
                assert_eq!(done.status.code(), Some(0));
            }
        }
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn the_lessons_python_client_gets_200_kb_from_the_tool() {
    let server = serve("header", &[]);
    let Some(client) = Python("header_client").command(server.addr()) else {
        return;
    };
    let mut client = Process::spawn(client);
    client.send_line("head -c 200000 /dev/zero | tr '\\0' x");
    let done = client.finish(SOON);
    let count = done.stdout.iter().filter(|&&byte| byte == b'x').count();
    assert_eq!(count, 200_000);
}

/// A web page can make a browser send such bytes to a port of this machine.
#[test]
fn what_a_browser_sends_never_reaches_a_shell() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        for request in [
            "GET /?;touch${IFS}F; HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x (y)\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n\ntouch F\n",
            "\r\nOPTIONS / HTTP/1.1\r\n\r\n",
        ] {
            let conn = net::connect(server.addr());
            net::send(&conn, request.as_bytes());
            let answer = net::read_to_end(&conn, SOON);
            assert!(
                String::from_utf8_lossy(&answer).contains("HTTP"),
                "{answer:?}"
            );
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn a_long_command_is_one_command_and_too_long_a_one_is_none() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--dir", dir.path().to_str().unwrap()]);
        let tail = format!("echo safe # {}\ntouch F", "x".repeat(1024));
        let command = tail.replace('\n', " ; ");
        assert_eq!(
            run(protocol, server.addr(), &[], &command).stdout,
            b"safe\n"
        );
        let wide = format!("echo {}啊", "a".repeat(1023));
        assert_eq!(run(protocol, server.addr(), &[], &wide).stdout.len(), 1027);
        let conn = net::connect(server.addr());
        let most = format!("echo ok #{}", "y".repeat(131_071 - 9));
        net::send(&conn, most.as_bytes());
        drop(conn);
        let conn = net::connect(server.addr());
        net::send(&conn, &vec![b'z'; 131_072]);
        net::half_close(&conn);
        if protocol != "length" {
            let answer = net::read_to_end(&conn, SOON);
            let text = String::from_utf8_lossy(&answer).into_owned();
            assert!(
                text.contains("command is 131072 bytes; the limit is 131071"),
                "{text}"
            );
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn bytes_that_no_shell_takes_and_resets_end_nothing_but_themselves() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let conn = net::connect(server.addr());
        net::send(&conn, b"echo \0 hidden");
        if protocol != "length" {
            net::half_close(&conn);
            let answer = net::read_to_end(&conn, SOON);
            assert!(String::from_utf8_lossy(&answer).contains("NUL byte"));
        }
        drop(conn);
        let conn = net::connect(server.addr());
        net::send(&conn, b"printf '\xff'; seq 100000");
        net::reset(conn);
        assert_alive(&mut server, protocol);
    }
}

/// Whether the server runs a `sleep`.
fn sleeps(server: &Server) -> bool {
    let children = procfs::children(server.process.pid()).unwrap();
    children.iter().any(|child| child.name == "sleep")
}

#[test]
fn a_command_whose_client_resets_is_ended() {
    let mut server = serve("raw", &[]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"echo an answer that nobody reads");
    let mut byte = [0];
    net::again(|| conn.peek(&mut byte)).unwrap();
    net::send(&conn, b"exec sleep 1000");
    assert!(poll(SOON, || sleeps(&server).then_some(())).is_some());
    // What was not read makes the end of the connection a reset.
    drop(conn);
    assert!(poll(SOON, || (!sleeps(&server)).then_some(())).is_some());
    assert_alive(&mut server, "raw");
}

#[test]
fn a_client_that_sends_no_more_still_gets_its_output() {
    let mut server = serve("raw", &[]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"echo hi");
    net::half_close(&conn);
    assert_eq!(net::read_to_end(&conn, SOON), b"hi\n");
    drop(conn);
    assert_alive(&mut server, "raw");
}

#[test]
fn time_output_and_input_have_ends() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--timeout", "300ms", "--max-output", "1MiB"]);
        let text = |command| {
            let done = run(protocol, server.addr(), &[], command);
            String::from_utf8(done.stdout).unwrap()
        };
        assert!(text("sleep 100").contains("timed out after 300ms"));
        assert!(text("yes").contains("output is over 1MiB"));
        assert_eq!(text("cat; echo end"), "end\n");
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn a_thousand_commands_leave_nothing_behind() {
    let mut server = serve("header", &[]);
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.args(["--protocol", "header", &server.addr().to_string()]);
    let mut client = Process::spawn(client);
    client.send("true\n".repeat(1000).as_bytes());
    assert!(client.finish(SOON * 4).status.success());
    assert_alive(&mut server, "header");
}

#[test]
fn a_hundred_clients_at_once_each_get_their_own() {
    let mut server = serve("header", &[]);
    let addr = server.addr();
    thread::scope(|scope| {
        for number in 0..100 {
            scope.spawn(move || {
                let conn = net::connect(addr);
                net::send(&conn, format!("echo number {number}").as_bytes());
                let length = net::read_exact(&conn, 4, SOON * 3);
                let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
                net::read_exact(&conn, length, SOON);
                let expected = format!("number {number}\n");
                let body = net::read_exact(&conn, expected.len(), SOON);
                assert_eq!(body, expected.as_bytes());
            });
        }
    });
    assert_alive(&mut server, "header");
}

#[test]
fn the_lessons_protocols_want_to_be_asked_for_and_stay_at_home() {
    for (words, said) in [
        (
            &["--protocol", "raw"][..],
            "including web pages; add --no-auth",
        ),
        (&["--no-auth"], "a session always authenticates"),
        (
            &["--protocol", "raw", "--no-auth", "0.0.0.0:0"],
            "--allow-remote",
        ),
        (
            &["--protocol", "raw", "--no-auth", "--allow-remote", "[::]:0"],
            "loopback alone",
        ),
        (&["0.0.0.0:0"], "add --allow-remote"),
    ] {
        let mut command = Command::new(artifacts().tool("exec-server"));
        command.args(words);
        let done = Process::spawn(command).finish(SOON);
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{text}");
        assert!(text.starts_with("error: ") && text.contains(said), "{text}");
    }
}

/// A protocol, what a server says in it, and the word for that.
type Wrong = (&'static str, &'static [&'static [u8]], &'static str);

const WRONG: &[Wrong] = &[
    ("length", &[b""], "server closed before sending a length"),
    ("length", &[b"1000", &[b'x'; 500]], "got 500 of 1000 bytes"),
    ("length", &[b"-5"], "invalid length \"-5\""),
    ("length", &[b" 7 \n"], "invalid length"),
    ("length", &[b"1_0"], "invalid length \"1_0\""),
    ("length", &[b"99999999999999999999999"], "exceeds the limit"),
    (
        "header",
        &[b"\xff\xff\xff\xff"],
        "header length -1 is negative",
    ),
    ("header", &[b"\0\0\0\0"], "header is empty"),
    (
        "header",
        &[b"\xff\xff\xff\x7f"],
        "header length 2147483647 exceeds 65536",
    ),
    ("header", &[b"\x02\0\0\0{}"], "total_size missing"),
    (
        "header",
        &[b"\x12\0\0\0{\"total_size\": -5}"],
        "total_size is \"-5\"",
    ),
    (
        "header",
        &[b"\x14\0\0\0{\"total_size\": 5000}0123456789"],
        "got 10 of 5000 bytes",
    ),
    ("header", &[b"HTTP/1.1 400 Bad Request\r\n"], "HTTP"),
];

#[test]
fn wrong_lengths_and_short_bodies_are_told() {
    for &(protocol, answers, said) in WRONG {
        let done = run(protocol, fake_server(answers), &[], "anything");
        let text = complaint(&done);
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_hash_is_checked_where_that_is_asked_for() {
    let server = serve("header", &[]);
    let done = run("header", server.addr(), &["--verify-hash"], "seq 1000");
    assert_eq!(done.status.code(), Some(0));
    const CONSTANT: &[&[u8]] = &[b"\x26\0\0\0{\"total_size\": 2, \"hash\": \"xasf12312\"}hi"];
    assert_eq!(run("header", fake_server(CONSTANT), &[], "x").stdout, b"hi");
    let text = complaint(&run(
        "header",
        fake_server(CONSTANT),
        &["--verify-hash"],
        "x",
    ));
    assert!(text.contains("hash is not a SHA-256"), "{text}");
}

#[test]
fn a_silent_server_is_given_up_without_work() {
    let silent = net::listen();
    let addr = silent.local_addr().unwrap();
    for protocol in PROTOCOLS {
        let text = complaint(&run(protocol, addr, &["--timeout", "200ms"], "x"));
        assert!(text.contains("nothing came from"), "{text}");
    }
}
