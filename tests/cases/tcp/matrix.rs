//! Replaces the lesson's scripts by the tools, on either side: the bytes on the wire stay the same.

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::net::ANY_PORT;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust, Tool};
use cross_process::program::{each_pair, printed_for};
use cross_process::server::Server;

use super::{client_command, serve, upper_case_client};

const SERVERS: [Program; 4] = [
    Python("tcp_server"),
    Rust("tcp_server"),
    Python("threading_tcp_server"),
    Rust("threading_tcp_server"),
];
const CLIENTS: [Program; 2] = [Python("tcp_client"), Rust("tcp_client")];
const SERVER_TOOLS: [Program; 2] = [
    Tool("tcp-server", &[]),
    Tool("tcp-server", &["--recv-size", "1024"]),
];
const CLIENT_TOOL: [Program; 1] = [Tool("tcp-client", &["--bytes"])];

/// The typed lines, and the output as Python shows it, without the prompts.
fn conversation() -> (String, String) {
    let thousand = "x".repeat(1000);
    let typed = format!("hello\nGood Bye 42\nstra\u{df}e\n\u{4f60}\u{597d}, a\n\n{thousand}\n");
    let shown = format!(
        "b'HELLO'\nb'GOOD BYE 42'\nb'STRA\\xc3\\x9fE'\n\
         b'\\xe4\\xbd\\xa0\\xe5\\xa5\\xbd, A'\nb'{}'\n",
        thousand.to_uppercase()
    );
    (typed, shown)
}

#[test]
fn every_pair_with_a_tool_works() {
    let (typed, expected) = conversation();
    let mut check = |server: &mut Server, client| {
        let shown = printed_for(&typed, client);
        assert_eq!(
            shown.trim_end_matches('\n'),
            expected.trim_end_matches('\n')
        );
        upper_case_client(server.addr());
    };
    each_pair(&SERVER_TOOLS, &CLIENTS, &mut check);
    each_pair(&SERVERS, &CLIENT_TOOL, &mut check);
    each_pair(&SERVER_TOOLS, &CLIENT_TOOL, &mut check);
}

/// All 256 byte values.
#[test]
fn a_server_tool_gives_the_bytes_that_python_gives() {
    let message: Vec<u8> = (0..=255).collect();
    let reply_of = |server: &Server| {
        let stream = net::connect(server.addr());
        net::ask(&stream, &message, message.len())
    };
    let ours = reply_of(&serve(&[]));
    if let Some(python) = Python("tcp_server").serve() {
        assert_eq!(ours, reply_of(&python));
    }
}

/// The lesson's iterative server serves one client at a time. The client tool waits, and its
/// timeout error names the likely reason.
#[test]
fn a_second_client_of_an_iterative_server_gets_a_hint() {
    for script in [Python("tcp_server"), Rust("tcp_server")] {
        let Some(server) = script.serve() else {
            continue;
        };
        let first = net::connect(server.addr());
        assert_eq!(net::ask(&first, b"x", 1), b"X");
        let words = ["--send", "hello", "--timeout", "300ms", server.endpoint()];
        let mut second = Process::spawn(client_command(&words));
        assert_eq!(second.finish(SOON).status.code(), Some(1));
        second.wait_stderr("is it serving another client", SOON);
        drop(first);
        let mut third = Process::spawn(client_command(&["--send", "hello", server.endpoint()]));
        assert_eq!(third.finish(SOON).stdout, b"HELLO\n");
    }
}

/// The server is stopped while the client sends twice, so that one recv certainly receives both.
#[test]
fn two_sends_that_stick_together_are_seen_in_the_servers_trace() {
    for script in [Python("sticky_client"), Rust("sticky_client")] {
        let mut server = serve(&["--trace"]);
        server.process.halt();
        let Some(command) = script.command(server.addr()) else {
            continue;
        };
        let mut client = Process::spawn(command);
        assert!(client.finish(SOON).status.success());
        server
            .process
            .signal(cross_process::signal::Signal::Continue);
        server
            .process
            .wait_stderr("recv(1024) = 10 b'helloworld'", SOON);
        server.assert_alive(upper_case_client);
    }
}

#[test]
fn one_send_that_takes_two_reads_is_seen_in_the_servers_trace() {
    let mut server = serve(&["--trace", "--recv-size", "5"]);
    server.process.halt();
    let stream = net::connect(server.addr());
    net::send(&stream, b"hello feng");
    server
        .process
        .signal(cross_process::signal::Signal::Continue);
    server.process.wait_stderr("recv(5) = 5 b'hello'", SOON);
    server.process.wait_stderr("recv(5) = 5 b' feng'", SOON);
    drop(stream);
    server.assert_alive(upper_case_client);
}

/// The sticky servers never answer. They read one send of the tool by two recvs.
#[test]
fn the_lessons_short_reads_split_a_message_of_the_client_tool() {
    for script in [Python("sticky_server"), Rust("sticky_server")] {
        let Some(mut command) = script.command(ANY_PORT) else {
            continue;
        };
        command.args(["2", "10"]);
        let mut server = Server::start(command);
        let words = ["--send", "hello feng", server.endpoint()];
        let mut client = Process::spawn(client_command(&words));
        assert_eq!(client.finish(SOON).status.code(), Some(1));
        client.wait_stderr("after 0 of 10 bytes of the reply", SOON);
        assert_eq!(server.process.wait_line(SOON), "-----> b'he'");
        assert_eq!(server.process.wait_line(SOON), "-----> b'llo feng'");
        assert!(server.process.wait_exit(SOON).success());
    }
}
