//! Tests datagrams through wiretap: compares dropped, duplicated and reordered ones in its record
//! with udp-client's report.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::Tool;
use cross_process::python;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::{recorded, tap};

/// A tap with a record in front of an upper-case server.
#[track_caller]
fn lossy(file: &Path, flags: &[&str]) -> (Server, Server) {
    let server = Tool("udp-server", &[]).serve().unwrap();
    let mut all = vec!["--udp", "--record", file.to_str().unwrap()];
    all.extend(flags);
    let tap = tap(server.addr(), &all);
    (server, tap)
}

fn count(file: &Path, kind: &str, side: &str) -> usize {
    let events = recorded(file);
    events
        .iter()
        .filter(|(k, s, _)| k == kind && s == side)
        .count()
}

#[test]
fn a_straight_line_passes_empty_and_long_datagrams() {
    let folder = TempDir::new();
    let file = folder.join("record");
    let (_server, tap) = lossy(&file, &[]);
    let socket = net::udp(tap.addr());
    for size in [0, 1, 1024, 9000, 65_507] {
        let answer = net::ask_udp(&socket, &vec![b'x'; size]);
        assert_eq!(answer, vec![b'X'; size]);
    }
    assert_eq!(count(&file, "passed", "client"), 5);
    assert_eq!(count(&file, "passed", "server"), 5);
}

/// Sends one datagram from the second address to the first. Its exit code is 3 if this user may
/// not.
const FORGE: &str = "import socket, struct, sys
ports = [int(port) for port in sys.argv[1:]]
try:
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
except PermissionError:
    sys.exit(3)
here = socket.inet_aton('127.0.0.1')
udp = struct.pack('!HHHH', ports[1], ports[0], 14, 0) + b'forged'
ip = struct.pack('!BBHHHBBH', 0x45, 0, 34, 0, 0, 64, 17, 0) + here + here
raw.sendto(ip + udp, ('127.0.0.1', 0))
";

/// The server answered it, wiretap forwarded the answer to the server as to a client, and so on.
#[test]
fn a_forged_datagram_from_the_target_begins_no_circle() {
    let Some(mut forge) = python::command("forged datagrams") else {
        return;
    };
    let mut server = Tool("udp-server", &["--stop-on-eof"]).serve().unwrap();
    let tap = tap(server.addr(), &["--udp"]);
    let ports = [tap.addr(), server.addr()].map(|addr| addr.port().to_string());
    let sent = forge.args(["-c", FORGE]).args(ports).status().unwrap();
    if sent.code() == Some(3) {
        return skip("forged datagrams", "it needs root");
    }
    assert!(sent.success());
    let shown = format!("opened by {}", server.addr());
    tap.process.wait_stdout(&shown, SOON);
    tap.process.wait_stdout("#1 over: 0 bytes", SOON);
    assert_eq!(net::ask_udp(&net::udp(tap.addr()), b"real"), b"REAL");
    let ended = server.process.finish(SOON);
    let log = String::from_utf8_lossy(&ended.stderr);
    assert!(log.contains(" 1 received, 1 answered"), "{log}");
}

#[test]
fn the_same_seed_gives_the_nth_datagram_the_same_fate() {
    let folder = TempDir::new();
    let fates = |name: &str, seed: &str| {
        let file = folder.join(name);
        let (_server, tap) = lossy(&file, &["--drop", "client:40%", "--seed", seed]);
        let socket = net::udp(tap.addr());
        for number in 0..40 {
            socket.send(format!("{number}").as_bytes()).unwrap();
        }
        let all = || (count(&file, "received", "client") == 40).then_some(());
        poll(SOON, all).unwrap();
        let events = recorded(&file);
        let lost = events.into_iter().filter(|(kind, ..)| kind == "dropped");
        lost.map(|(.., data)| data).collect::<Vec<_>>()
    };
    let first = fates("first", "7");
    assert!((5..30).contains(&first.len()), "{}", first.len());
    assert_eq!(first, fates("again", "7"));
    assert_ne!(first, fates("other", "8"));
}

/// `udp-client` sends each message from a port of its own. So the number of a conversation has to
/// be that of its first datagram, in whatever order the threads of the conversations run.
#[test]
fn the_nth_port_of_a_client_has_the_nth_conversation() {
    let folder = TempDir::new();
    let file = folder.join("record");
    let (_server, tap) = lossy(&file, &[]);
    let sockets: Vec<_> = (0..100).map(|_| net::udp(tap.addr())).collect();
    for socket in &sockets {
        socket.send(b"x").unwrap();
    }
    let all = || (count(&file, "passed", "client") == sockets.len()).then_some(());
    poll(SOON, all).unwrap();
    let record = std::fs::read_to_string(&file).unwrap();
    for (number, socket) in (1..).zip(&sockets) {
        let client = socket.local_addr().unwrap();
        let is_opened = |line: &&str| line.contains(&format!(r#""text": "{client}""#));
        let line = record.lines().find(is_opened).unwrap();
        assert!(line.contains(&format!(r#""c": {number},"#)), "{line}");
    }
}

#[test]
fn a_datagrams_fate_does_not_depend_on_other_clients() {
    let folder = TempDir::new();
    let fates = |name: &str, others: usize| {
        let file = folder.join(name);
        let (_server, tap) = lossy(&file, &["--drop", "client:40%"]);
        let [first, other] = [net::udp(tap.addr()), net::udp(tap.addr())];
        // The last one shows that the fate of all before it is in the record.
        for number in 0..=40 {
            first.send(format!("{number}").as_bytes()).unwrap();
            let received = format!(" b'{number}'\n");
            tap.process.wait_stdout(&received, SOON);
            for _ in 0..others {
                other.send(b"other").unwrap();
            }
        }
        let events = recorded(&file);
        let lost = events.into_iter().filter(|(kind, ..)| kind == "dropped");
        let lost = lost.map(|(.., data)| data);
        lost.filter(|data| data != b"other" && data != b"40")
            .collect::<Vec<_>>()
    };
    let alone = fates("alone", 0);
    assert!((5..30).contains(&alone.len()), "{}", alone.len());
    assert_eq!(alone, fates("in company", 1));
}

#[test]
fn drops_of_wiretap_are_losses_of_udp_client() {
    let folder = TempDir::new();
    let file = folder.join("record");
    let (_server, tap) = lossy(&file, &["--drop", "client:50%", "--seed", "3"]);
    let mut client = Command::new(artifacts().tool("udp-client"));
    client.args(["--timeout", "300ms", "--retries", "0"]);
    for number in 0..12 {
        client.args(["--send", &format!("message {number}")]);
    }
    client.arg(tap.addr().to_string());
    let done = Process::spawn(client).finish(SOON + SOON);
    let answers = String::from_utf8_lossy(&done.stdout).lines().count();
    let lost = count(&file, "dropped", "client");
    assert_eq!(
        answers + lost,
        12,
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(lost > 0 && answers > 0);
    assert_eq!(done.status.code(), Some(1));
}

#[test]
fn duplicated_datagrams_arrive_twice_and_reordered_ones_later() {
    let folder = TempDir::new();
    let (_server, twice) = lossy(&folder.join("twice"), &["--duplicate", "server:100%"]);
    let socket = net::udp(twice.addr());
    assert_eq!(net::ask_udp(&socket, b"a"), b"A");
    let mut again = [0; 8];
    assert_eq!(socket.recv(&mut again).unwrap(), 1);

    let (_server, swapped) = lossy(&folder.join("swapped"), &["--reorder", "client:100%"]);
    let socket = net::udp(swapped.addr());
    for word in [&b"first"[..], b"second"] {
        socket.send(word).unwrap();
    }
    let mut answers = Vec::new();
    for _ in 0..2 {
        let count = socket.recv(&mut again).unwrap();
        answers.push(String::from_utf8_lossy(&again[..count]).into_owned());
    }
    assert_eq!(answers, ["SECOND", "FIRST"]);
    // A held datagram arrives even if no other one overtakes it.
    assert_eq!(net::ask_udp(&socket, b"alone"), b"ALONE");
}

#[test]
fn a_delay_does_not_delay_other_datagrams() {
    let folder = TempDir::new();
    let (_server, tap) = lossy(&folder.join("record"), &["--delay", "server:200ms"]);
    let socket = net::udp(tap.addr());
    let start = std::time::Instant::now();
    for _ in 0..20 {
        socket.send(b"x").unwrap();
    }
    let mut answer = [0; 8];
    for _ in 0..20 {
        socket.recv(&mut answer).unwrap();
    }
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(200) && took < Duration::from_secs(3),
        "{took:?}"
    );
}

#[test]
fn a_closed_port_is_reported_and_the_next_client_is_served() {
    let tap = tap(net::free_port(), &["--udp"]);
    net::udp(tap.addr()).send(b"hello").unwrap();
    tap.process
        .wait_stdout("no server: no program listens there", SOON);
    net::udp(tap.addr()).send(b"hello").unwrap();
    tap.process.wait_stdout("#2 opened by", SOON);
}
