//! Tests the lesson's three protocols for a command's output: every server with every client.

use std::net::SocketAddr;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust, Tool};
use cross_process::program::{each_pair, printed_for};

const NAIVE_SERVERS: [Program; 3] = [
    Python("exec_naive_server"),
    Rust("exec_naive_server"),
    Tool("exec-server", &["--protocol", "raw", "--no-auth"]),
];
const NAIVE_CLIENTS: [Program; 2] = [Python("exec_naive_client"), Rust("exec_naive_client")];
const LENGTH_SERVERS: [Program; 3] = [
    Python("length_server"),
    Rust("length_server"),
    Tool("exec-server", &["--protocol", "length", "--no-auth"]),
];
const LENGTH_CLIENTS: [Program; 2] = [Python("length_client"), Rust("length_client")];
const HEADER_SERVERS: [Program; 3] = [
    Python("header_server"),
    Rust("header_server"),
    Tool("exec-server", &["--protocol", "header", "--no-auth"]),
];
const HEADER_CLIENTS: [Program; 2] = [Python("header_client"), Rust("header_client")];

/// Checks what every client of every server prints for these lines of input, without the prompts.
fn assert_every_pair_prints(
    servers: &[Program],
    clients: &[Program],
    lines: &[&str],
    expected: &str,
) {
    let typed = lines.join("\n") + "\n";
    each_pair(servers, clients, |_server, client| {
        assert_eq!(printed_for(&typed, client), expected);
    });
}

#[test]
fn naive_pairs_run_commands() {
    assert_every_pair_prints(
        &NAIVE_SERVERS,
        &NAIVE_CLIENTS,
        &[
            "echo hello",
            "",
            "echo error >&2",
            "printf '\\377'",
            "nothing-of-that-name 2>/dev/null || echo $?",
        ],
        "from server: b'hello\\n'\nfrom server: b'error\\n'\nfrom server: b'\\xff'\nfrom server: b'127\\n'\n",
    );
}

/// The server is stopped when the second command is sent, so the client's next output can only be
/// the rest of the first answer.
#[test]
fn a_naive_client_shows_the_rest_of_one_answer_as_the_next() {
    each_pair(&NAIVE_SERVERS, &NAIVE_CLIENTS, |server, client| {
        let mut client = Process::spawn(client);
        client.send_line("head -c 1500 /dev/zero | tr '\\0' a");
        let first = client.wait_line(SOON);
        assert_eq!(first, format!(">>: from server: b'{}'", "a".repeat(1024)));

        server.process.halt();
        client.send_line("echo second");
        let second = client.wait_line(SOON);
        assert_eq!(second, format!(">>: from server: b'{}'", "a".repeat(476)));
    });
}

/// The empty answer is last: after it the lesson's servers may read `recv_ready` and the next
/// command as one.
#[test]
fn length_pairs_keep_answers_apart() {
    let long: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert_every_pair_prints(
        &LENGTH_SERVERS,
        &LENGTH_CLIENTS,
        &[
            "seq 20000",
            "echo next",
            "echo alone >&2",
            "echo out; echo lost >&2",
            "true",
        ],
        &format!("{long}\nnext\n\nalone\n\nout\n\n\n"),
    );
}

#[test]
fn header_pairs_keep_answers_apart_and_lose_nothing() {
    let long: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert_every_pair_prints(
        &HEADER_SERVERS,
        &HEADER_CLIENTS,
        &[
            "seq 20000",
            "echo next",
            "true",
            "echo alone >&2",
            "echo out; echo err >&2",
        ],
        &format!("{long}\nnext\n\n\nalone\n\nout\nerr\n\n"),
    );
}

/// A pipe holds 64 KiB: a server that reads one pipe to its end before the other waits for ever.
#[test]
fn much_output_on_both_streams_does_not_block() {
    let both = "head -c 300000 /dev/zero | tr '\\0' o; head -c 300000 /dev/zero | tr '\\0' e >&2";
    let (out, err) = ("o".repeat(300_000), "e".repeat(300_000));
    let lines = [both, "echo next"];
    assert_every_pair_prints(
        &LENGTH_SERVERS,
        &LENGTH_CLIENTS,
        &lines,
        &format!("{out}\nnext\n\n"),
    );
    assert_every_pair_prints(
        &HEADER_SERVERS,
        &HEADER_CLIENTS,
        &lines,
        &format!("{out}{err}\nnext\n\n"),
    );
    for server in NAIVE_SERVERS.into_iter().filter_map(Program::serve) {
        let conn = net::connect(server.addr());
        let answer = net::ask(&conn, both.as_bytes(), 600_000);
        assert_eq!(answer, format!("{out}{err}").into_bytes());
    }
}

#[test]
fn servers_send_the_same_bytes() {
    const CMD: &[u8] = b"printf 'out\\0'; printf '\\377' >&2";
    for server in NAIVE_SERVERS.into_iter().filter_map(Program::serve) {
        assert_eq!(net::ask(&net::connect(server.addr()), CMD, 5), b"out\0\xff");
    }
    for server in LENGTH_SERVERS.into_iter().filter_map(Program::serve) {
        let conn = net::connect(server.addr());
        assert_eq!(net::ask(&conn, CMD, 1), b"4");
        assert_eq!(net::ask(&conn, b"recv_ready", 4), b"out\0");
        // After any other answer the client gets no body. The tool sends the reason.
        assert_eq!(net::ask(&conn, b"printf 12345678901", 2), b"11");
        net::send(&conn, b"no");
        net::half_close(&conn);
        let said = net::read_to_end(&conn, SOON);
        assert!(said.is_empty() || said.starts_with(b"error: a length is answered by recv_ready"));
    }
    // The tool's hash is the real SHA-256: printf 'out\0\377' | sha256sum
    for (program, hashes) in [
        (HEADER_SERVERS[0], ["not computed"; 2]),
        (HEADER_SERVERS[1], ["not computed"; 2]),
        (
            HEADER_SERVERS[2],
            [
                "1ccd99baf650ee0227c577faa00bfaa48fea26aaaac8adc23bf18f9e787c3f1c",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ],
        ),
    ] {
        let Some(server) = program.serve() else {
            continue;
        };
        let conn = net::connect(server.addr());
        for (cmd, body, hash) in [
            (CMD, &b"out\0\xff"[..], hashes[0]),
            (b"true", b"", hashes[1]),
        ] {
            let size = body.len();
            let header = format!(
                "{{\"filename\": \"a.txt\", \"total_size\": {size}, \"hash\": \"{hash}\"}}"
            );
            let prefix = [header.len() as u8, 0, 0, 0];
            let expected = [&prefix, header.as_bytes(), body].concat();
            assert_eq!(net::ask(&conn, cmd, expected.len()), expected);
        }
        net::half_close(&conn);
        assert_eq!(net::read_to_end(&conn, SOON), b"");
    }
}

/// A naive server's answer is only the command's output, which is easy to compare.
fn echo_is_answered(addr: SocketAddr) {
    assert_eq!(net::ask(&net::connect(addr), b"echo ok", 3), b"ok\n");
}

#[test]
fn a_command_does_not_read_the_server_s_own_input() {
    for server in NAIVE_SERVERS.into_iter().filter_map(Program::serve) {
        server.process.send_line("typed at the server");
        let answer = net::ask(&net::connect(server.addr()), b"cat; echo end", 4);
        assert_eq!(answer, b"end\n");
    }
}

#[test]
fn a_bad_client_ends_only_its_own_connection() {
    // The tool sends an error instead, and has tests of its own.
    for mut server in NAIVE_SERVERS[..2].iter().filter_map(|p| p.serve()) {
        let conn = net::connect(server.addr());
        net::send(&conn, b"echo never read");
        net::reset(conn);
        server.assert_alive(echo_is_answered);

        let conn = net::connect(server.addr());
        net::send(&conn, b"echo a\0b");
        assert_eq!(net::read_to_end(&conn, SOON), b"");
        drop(conn);
        server.assert_alive(echo_is_answered);

        // Not UTF-8, and not the name of a program.
        let conn = net::connect(server.addr());
        assert_eq!(
            net::ask(&conn, b"\xff\xfe 2>/dev/null || echo no", 3),
            b"no\n"
        );
        drop(conn);
        server.assert_alive(echo_is_answered);
    }
}
