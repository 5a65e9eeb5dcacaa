//! Tests an attacker between the two sides who changes bytes.

use std::fs;
use std::path::Path;
use std::process::Output;

use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::server::Server;

use super::peers::{Playing, relay};
use super::{Session, client_of, complaint};

fn run(token: &Path, relay: &Server, command: &str) -> Output {
    Process::spawn(client_of(token, relay.endpoint(), &[], command)).finish(SOON)
}

/// A server that answers every command with three frames, for this many connections.
fn three_frames(connections: usize) -> Option<Playing> {
    let steps = "login
        until command
        stdout one
        stderr two
        exit {\"code\": 5}
        rest
        ---
        ";
    Playing::start(&[], &steps.repeat(connections))
}

#[test]
fn changes_to_the_servers_bytes_are_detected() {
    let edits = [
        ("s2c:0:drop", 0),
        ("s2c:0:duplicate", 1),
        ("s2c:0:swap", 0),
        ("s2c:0:relabel=stdout>stderr", 0),
        ("s2c:1:relabel=stderr>stdout", 1),
        ("s2c:0:announce=2", 0),
        ("s2c:1:inject=stdout", 1),
        ("s2c:2:inject=exit", 2),
        ("s2c:0:reflect", 0),
        ("s2c:2:relabel=exit>error", 2),
    ];
    let Some(server) = three_frames(edits.len()) else {
        return;
    };
    let (token, edited) = (server.dir.join("token"), edits.map(|(edit, _)| edit));
    let Some(relay) = relay(server.server.endpoint(), &edited) else {
        return;
    };
    for (edit, frame) in edits {
        let done = run(&token, &relay, "true");
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().last().unwrap_or_default();
        assert_eq!(done.status.code(), Some(255), "{edit}: {said}");
        let expected = format!("frame {frame} failed its authenticity check");
        assert!(last.contains(&expected), "{edit}: {said}");
        // Only the authentic frames before the change were shown.
        let shown = if frame == 0 { "" } else { "one" };
        assert_eq!(String::from_utf8_lossy(&done.stdout), shown, "{edit}");
    }
}

#[test]
fn changes_to_the_clients_bytes_are_detected_and_nothing_runs() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    let edits = [
        "c2s:0:relabel=command>stdin",
        "c2s:0:announce=1",
        "c2s:0:inject=command",
        "c2s:0:flip=1207",
        "c2s:0:drop",
    ];
    let Some(relay) = relay(session.server.endpoint(), &edits) else {
        return;
    };
    for edit in &edits[..4] {
        let text = complaint(
            &run(&session.token, &relay, &format!("touch {marker}")),
            255,
        );
        assert!(
            text.contains("frame 0 failed its authenticity check"),
            "{edit}: {text}"
        );
    }
    // A dropped frame makes the next one fail.
    let client = client_of(&session.token, relay.endpoint(), &[], "true");
    let mut client = Process::spawn(client);
    client.send(b"input");
    let text = complaint(&client.finish(SOON), 255);
    assert!(text.contains("frame 0 failed"), "{text}");
    session.assert_alive();
    assert!(!fs::exists(marker).unwrap());
}

#[test]
fn a_connection_that_ends_before_exit_is_not_a_success() {
    let edits = ["s2c:0:end", "s2c:1:end", "s2c:2:end", "s2c:9:nothing"];
    let Some(server) = three_frames(edits.len()) else {
        return;
    };
    let token = server.dir.join("token");
    let Some(relay) = relay(server.server.endpoint(), &edits) else {
        return;
    };
    for (edit, shown) in edits.iter().zip(["", "one", "one"]) {
        let done = run(&token, &relay, "true");
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(255), "{edit}: {said}");
        assert!(
            said.contains("connection closed before the exit status; output may be incomplete"),
            "{edit}: {said}"
        );
        assert_eq!(String::from_utf8_lossy(&done.stdout), shown, "{edit}");
    }
    // Without an edit the relay passes everything on.
    let done = run(&token, &relay, "true");
    assert_eq!(done.status.code(), Some(5));
}

/// A sample of the bits; the test of the codec changes every bit.
#[test]
fn no_bit_of_an_exit_can_be_changed() {
    let mut session = Session::start(&["--quiet"]);
    // The frame has 130 bytes: the length, 113 of header, 13 of body.
    let edits: Vec<String> = (0..130 * 8)
        .step_by(19)
        .map(|bit| format!("s2c:0:flip={bit}"))
        .collect();
    let Some(relay) = relay(session.server.endpoint(), &edits) else {
        return;
    };
    for edit in &edits {
        let done = run(&session.token, &relay, "exit 0");
        assert_eq!(done.status.code(), Some(255), "{edit}");
    }
    session.assert_alive();
}
