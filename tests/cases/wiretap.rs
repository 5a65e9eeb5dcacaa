//! Tests wiretap between programs of every kind: what it forwards, what it bends, and what it
//! reports.

mod bends;
mod crowd;
mod datagrams;
mod decoded;
mod hostile;
mod page;
mod straight;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::server::Server;

/// wiretap in front of a server, on a free port.
#[track_caller]
fn tap(target: SocketAddr, flags: &[&str]) -> Server {
    Server::start(command(target, flags))
}

fn command(target: SocketAddr, flags: &[&str]) -> Command {
    let mut command = Command::new(artifacts().tool("wiretap"));
    command
        .args(flags)
        .args(["127.0.0.1:0", &target.to_string()]);
    command
}

/// The page's address and key, from wiretap's second line of output.
#[track_caller]
fn page_of(tap: &mut Server) -> (SocketAddr, String) {
    let line = tap.process.wait_line(SOON);
    let address = line.strip_prefix("watch at http://").unwrap();
    let (host, key) = address.split_once("/#").unwrap();
    (host.parse().unwrap(), key.to_owned())
}

/// One event of a recorded file: its kind, its sender and its bytes.
type Recorded = (String, String, Vec<u8>);

/// The events of a recorded file, parsed without wiretap's code.
#[track_caller]
fn recorded(file: &Path) -> Vec<Recorded> {
    let text = std::fs::read_to_string(file).unwrap();
    let text_of = |line: &str, name: &str| {
        let from = line.find(&format!("\"{name}\": \"")).unwrap() + name.len() + 5;
        line[from..].split('"').next().unwrap().to_owned()
    };
    let bytes = |hex: &str| {
        let pairs = hex.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.map(byte).collect()
    };
    text.lines()
        .map(|line| {
            (
                text_of(line, "kind"),
                text_of(line, "from"),
                bytes(&text_of(line, "data")),
            )
        })
        .collect()
}

/// All bytes of one side in events of these kinds, joined.
fn joined(events: &[Recorded], kinds: &[&str], side: &str) -> Vec<u8> {
    events
        .iter()
        .filter(|(kind, from, _)| kinds.contains(&kind.as_str()) && from == side)
        .flat_map(|(_, _, data)| data.clone())
        .collect()
}
