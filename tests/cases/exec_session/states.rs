//! Tests every state of both sides with every type of frame.

use super::Session;
use super::peers::{KINDS, Playing, play};

/// How a client brings the server into a state, its name, and the frames allowed in it.
const SERVER: [(&str, &str, &[&str]); 6] = [
    ("login", "idle", &["command"]),
    (
        "login\ncommand sleep 60\nstdin",
        "running",
        &["stdin", "stdin-eof"],
    ),
    (
        "login\ncommand sleep 60\nstdin-eof",
        "running without input",
        &[],
    ),
    (
        "login\ncommand true\nuntil exit",
        "idle",
        &["command", "stdin", "stdin-eof"],
    ),
    (
        "login\ncommand true\nuntil exit\nstdin-eof",
        "idle",
        &["command"],
    ),
    (
        "login\ncommand cat\nstdin-eof\nuntil exit",
        "idle",
        &["command"],
    ),
];

#[test]
fn the_server_accepts_only_the_allowed_frames_in_every_state() {
    let mut session = Session::start(&["--quiet"]);
    let cases: Vec<_> = SERVER
        .iter()
        .flat_map(|case| KINDS.map(|kind| (case, kind)))
        .collect();
    let scripts: Vec<String> = cases
        .iter()
        .map(|((into, ..), kind)| format!("{into}\nframe {kind} true\nhalf-close\nend\n"))
        .collect();
    let steps = scripts.join("---\n");
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    let seen: Vec<&str> = seen.split("---\n").collect();
    assert_eq!(seen.len(), cases.len());
    for (((into, state, allowed), kind), seen) in cases.iter().zip(seen) {
        let refusal = match *kind {
            "COMMAND" => "error b'unexpected \"COMMAND\" frame: there is no such type'".to_owned(),
            kind => format!("error b'unexpected {kind} frame in state {state}'"),
        };
        let refusal = match *kind {
            "pong" => "error b'unexpected pong frame without a ping'".to_owned(),
            _ => refusal,
        };
        if allowed.contains(kind) || *kind == "ping" {
            assert!(!seen.contains("unexpected"), "{into:?} {kind}: {seen}");
        } else {
            let end = format!("{refusal}\nclosed\n");
            assert!(seen.ends_with(&end), "{into:?} {kind}: {seen}");
        }
    }
    session.assert_alive();
}

#[test]
fn before_authentication_only_auth_is_allowed() {
    let mut session = Session::start(&["--quiet"]);
    let kinds = KINDS.iter().filter(|&&kind| kind != "auth");
    let scripts: Vec<String> = kinds
        .clone()
        .map(|kind| format!("open {kind} true\nend\n"))
        .collect();
    let steps = scripts.join("---\n");
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    for (kind, seen) in kinds.zip(seen.split("---\n")) {
        let refusal = match *kind {
            "COMMAND" => "unexpected \"COMMAND\" frame: there is no such type".to_owned(),
            kind => format!("unexpected {kind} frame in state awaiting auth"),
        };
        let end = format!("open error b'{refusal}'\nclosed\n");
        assert!(seen.ends_with(&end), "{kind}: {seen}");
    }
    session.assert_alive();
}

/// How a server brings the client into a state, its name, how frames are sent in it, and which are
/// allowed.
const CLIENT: [(&str, &str, &str, &[&str]); 3] = [
    ("", "awaiting hello", "open", &["hello", "error"]),
    (
        "hello VERSIONNONCE",
        "awaiting welcome",
        "open",
        &["welcome", "error"],
    ),
    (
        "login\nuntil command",
        "running",
        "frame",
        &["stdout", "stderr", "note", "exit", "error", "ping"],
    ),
];

#[test]
fn the_client_accepts_only_the_allowed_frames_in_every_state() {
    let cases: Vec<_> = CLIENT
        .iter()
        .flat_map(|case| KINDS.map(|kind| (case, kind)))
        .collect();
    let scripts: Vec<String> = cases
        .iter()
        .map(|((into, _, how, _), kind)| format!("{into}\n{how} {kind} x\nhalf-close\nrest\n"))
        .collect();
    let Some(server) = Playing::start(&[], &scripts.join("---\n")) else {
        return;
    };
    for ((into, state, how, allowed), kind) in cases {
        let done = server.run(&[], "true");
        let said = String::from_utf8_lossy(&done.stderr);
        let refusal = match kind {
            "pong" if *how == "frame" => "unexpected pong frame without a ping".to_owned(),
            "COMMAND" => "unexpected \"COMMAND\" frame: there is no such type".to_owned(),
            kind => format!("unexpected {kind} frame in state {state}"),
        };
        assert_eq!(
            said.contains(&refusal),
            !allowed.contains(&kind),
            "{into:?} {kind}: {said}"
        );
        // No case is a success.
        assert_eq!(done.status.code(), Some(255), "{into:?} {kind}: {said}");
    }
}

/// A byte after `exit` may begin a frame that never arrives.
#[test]
fn a_client_does_not_wait_for_bytes_after_exit() {
    let steps = "login\nuntil command\njoin 2\nexit {\"code\": 3}\nraw x\nrest";
    let Some(server) = Playing::start(&[], steps) else {
        return;
    };
    let done = server.run(&[], "true");
    assert_eq!(done.status.code(), Some(3), "{done:?}");
}
