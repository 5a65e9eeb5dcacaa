//! Tests that wiretap decodes the lesson's protocols.

use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::program::Program::Tool;
use cross_process::temp::TempDir;

use super::tap;

/// Runs exec-client through a tap that decodes, and checks the decoded fields.
#[track_caller]
fn through(protocol: &str, fields: &[&str]) {
    let folder = TempDir::new();
    let token = folder.join("token");
    let token = token.to_str().unwrap().to_owned();
    let mut server = Command::new(artifacts().tool("exec-server"));
    server.args([
        "--protocol",
        protocol,
        "--token-file",
        &token,
        "127.0.0.1:0",
    ]);
    if protocol != "session" {
        server.arg("--no-auth");
    }
    let server = cross_process::server::Server::start(server);
    let tap = tap(server.addr(), &["--decode", protocol]);
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.args(["--protocol", protocol, "--token-file", &token]);
    client.args([&tap.addr().to_string(), "echo hello"]);
    let done = Process::spawn(client).finish(SOON);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "hello\n");
    for field in fields {
        tap.process.wait_stdout(field, SOON);
    }
    assert!(!tap.process.stdout.text().contains("does not decode"));
}

#[test]
fn length() {
    through(
        "length",
        &[
            "client: command",
            "server: length so far: 6",
            "client: ready for the body",
            "server: body, whole (6 bytes)",
        ],
    );
}

#[test]
fn header() {
    through(
        "header",
        &[
            "client: command",
            "server: length of the header: ",
            "server: header: body of 6 bytes",
            "server: body, whole (6 bytes)",
        ],
    );
}

#[test]
fn session() {
    through(
        "session",
        &[
            "server: hello frame, whole (43 bytes)",
            "client: auth frame, whole (64 bytes)",
            "client: command frame, whole (10 bytes)",
            "server: stdout frame, whole (6 bytes)",
            "server: exit frame, whole",
        ],
    );
}

#[test]
fn bytes_that_do_not_decode_are_reported_and_shown_raw() {
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let tap = tap(server.addr(), &["--decode", "header"]);
    let client = cross_process::net::connect(tap.addr());
    assert_eq!(
        cross_process::net::ask(&client, b"http/1.1", 8),
        b"HTTP/1.1"
    );
    tap.process
        .wait_stdout("server -> client: 8 bytes b'HTTP/1.1'", SOON);
    tap.process.wait_stdout("server: does not decode: ", SOON);
}

#[test]
fn a_field_has_the_offset_of_its_bytes() {
    let folder = TempDir::new();
    let file = folder.join("record");
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let flags = ["--decode", "lines", "--record", file.to_str().unwrap()];
    let tap = tap(server.addr(), &flags);
    let client = cross_process::net::connect(tap.addr());
    for said in [&b"one\n"[..], b"two\nthree\n"] {
        cross_process::net::ask(&client, said, said.len());
    }
    drop(client);
    tap.process.wait_stdout("over: ", SOON);
    let record = std::fs::read_to_string(&file).unwrap();
    let fields = |side: &str| -> Vec<String> {
        let lines = record.lines().filter(|line| line.contains(r#""field""#));
        let of_side = lines.filter(|line| line.contains(&format!(r#""{side}""#)));
        let place = |line: &str| {
            line[line.find(r#""at""#).unwrap()..]
                .split(", \"data\"")
                .next()
                .map(str::to_owned)
        };
        of_side.filter_map(place).collect()
    };
    for side in ["client", "server"] {
        let expected =
            [(0, 4), (4, 4), (8, 6)].map(|(at, len)| format!(r#""at": {at}, "len": {len}"#));
        assert_eq!(fields(side), expected);
    }
}
