//! What a name leads to: several addresses, the same one twice, or no answer from a name server.
//! The machine's own names are left alone: each test runs in a mount namespace with files of its
//! own.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::Tool;
use cross_process::python;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

/// Names with two addresses, and with one that two lines give.
const HOSTS: &str = "127.0.0.1 two.test twice.test\n127.0.0.2 two.test\n127.0.0.1 twice.test\n";

/// A tool and its words, where `two.test` and `twice.test` are names.
fn with_names(folder: &TempDir, tool: &str, words: &[&str]) -> Option<Command> {
    let tried = Command::new("unshare").args(["-m", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skip("names of a test's own", "it needs root and unshare");
        return None;
    }
    let hosts = folder.join("hosts");
    fs::write(&hosts, HOSTS).unwrap();
    let mut command = Command::new("unshare");
    let line = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    command.args(["-m", "/bin/sh", "-c", line]).arg(hosts);
    command.arg(artifacts().tool(tool)).args(words);
    Some(command)
}

/// The second address of a server that has said its first.
fn second_address(server: &mut Server) -> SocketAddr {
    let line = server.process.wait_line(SOON);
    line.strip_prefix("listening on ").unwrap().parse().unwrap()
}

#[test]
fn every_address_of_a_name_is_served_by_both_servers() {
    let folder = TempDir::new();
    for tool in ["tcp-server", "udp-server"] {
        let Some(command) = with_names(&folder, tool, &["two.test:0"]) else {
            return;
        };
        let mut server = Server::start(command);
        let addresses = [server.addr(), second_address(&mut server)];
        assert_eq!(
            addresses.map(|address| address.ip().to_string()),
            ["127.0.0.1", "127.0.0.2"]
        );
        for address in addresses {
            let answer = match tool {
                "tcp-server" => net::ask(&net::connect(address), b"hello", 5),
                _ => net::ask_udp(&net::udp(address), b"hello"),
            };
            assert_eq!(answer, b"HELLO", "{tool} {address}");
        }
        let twice = with_names(&folder, tool, &["--stop-on-eof", "twice.test:0"]).unwrap();
        let ended = Server::start(twice).process.finish(SOON);
        assert_eq!(
            String::from_utf8_lossy(&ended.stdout).lines().count(),
            1,
            "{tool}"
        );
        assert!(ended.status.success(), "{tool}");
    }
}

#[test]
fn every_address_of_a_name_is_served_by_wiretap() {
    let folder = TempDir::new();
    for (tool, flags) in [("tcp-server", &[][..]), ("udp-server", &["--udp"])] {
        let server = Tool(tool, &[]).serve().unwrap();
        let target = server.addr().to_string();
        let words = [flags, &["two.test:0", &target]].concat();
        let Some(command) = with_names(&folder, "wiretap", &words) else {
            return;
        };
        let mut tap = Server::start(command);
        for address in [tap.addr(), second_address(&mut tap)] {
            let answer = match tool {
                "tcp-server" => net::ask(&net::connect(address), b"hello", 5),
                _ => net::ask_udp(&net::udp(address), b"hello"),
            };
            assert_eq!(answer, b"HELLO", "{address}");
        }
    }
}

/// Sends datagrams whose sender is forged: an address of the server's own, or port 0.
const FORGE: &str = "import socket, struct, sys
port = int(sys.argv[1])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
here = socket.inet_aton('127.0.0.1')
for source, source_port in (('127.0.0.1', port), ('127.0.0.2', port), ('127.0.0.3', 0)):
    udp = struct.pack('!HHHH', source_port, port, 14, 0) + b'forged'
    ip = struct.pack('!BBHHHBBH', 0x45, 0, 34, 0, 0, 64, 17, 0) + socket.inet_aton(source) + here
    raw.sendto(ip + udp, ('127.0.0.1', 0))
";

/// One of them made a server of two addresses answer itself for ever.
#[test]
fn a_forged_datagram_from_a_server_or_from_port_0_is_not_answered() {
    let folder = TempDir::new();
    let words = ["--stop-on-eof", "two.test:0"];
    let Some(command) = with_names(&folder, "udp-server", &words) else {
        return;
    };
    let Some(mut forge) = python::command("forged datagrams") else {
        return;
    };
    let mut server = Server::start(command);
    let second = second_address(&mut server);
    forge.args(["-c", FORGE, &second.port().to_string()]);
    assert!(forge.status().unwrap().success());
    // Behind them in the queue.
    assert_eq!(net::ask_udp(&net::udp(server.addr()), b"real"), b"REAL");
    let ended = server.process.finish(SOON);
    let log = String::from_utf8_lossy(&ended.stderr);
    assert!(log.contains(" 1 received, 1 answered"), "{log}");
}

/// Takes the questions of a machine of its own and answers none, while a tool runs.
const SILENT: &str = "import os, socket, subprocess, sys
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
subprocess.run(['mount', '--bind', sys.argv[1], '/etc/resolv.conf'], check=True)
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(('127.0.0.1', 53))
sys.exit(subprocess.run(sys.argv[2:]).returncode)";

/// The system's own limit is five seconds, twice.
#[test]
fn a_silent_name_server_counts_in_the_time_limit() {
    let folder = TempDir::new();
    let resolv = folder.join("resolv.conf");
    fs::write(&resolv, "nameserver 127.0.0.1\n").unwrap();
    let tried = Command::new("unshare").args(["-mn", "ip", "link"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return skip("a silent name server", "it needs root, unshare and ip");
    }
    for (tool, limit) in [
        ("tcp-client", "--connect-timeout"),
        ("udp-client", "--timeout"),
    ] {
        let Some(python) = python::command("a silent name server") else {
            return;
        };
        let mut command = Command::new("unshare");
        command
            .arg("-mn")
            .arg(python.get_program())
            .args(python.get_args());
        command.args(["-c", SILENT]).arg(&resolv);
        command.arg(artifacts().tool(tool));
        command.args([limit, "1s", "--send", "x", "silent.test:80"]);
        let started = Instant::now();
        let mut client = Process::spawn(command);
        assert_eq!(client.wait_exit(SOON).code(), Some(1));
        let expected = "error: cannot find the address of silent.test:80 (no answer within 1s); does \
                        the name server answer?\n";
        client.wait_stderr(expected, SOON);
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "{:?}",
            started.elapsed()
        );
    }
}
