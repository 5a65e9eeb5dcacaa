//! Tests the tools with another implementation of the protocol, which was written from its
//! description.

use std::fs;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::peers::{Playing, play, script, write_token};
use super::{Session, client_of};

/// How a peer may write frames: the form of its headers (see `play.py`), and the size of its
/// writes.
const MANNERS: [&[&str]; 6] = [
    &["plain"],
    &["plain", "1"],
    &["compact", "7"],
    &["reordered", "100"],
    &["indented", "3"],
    &["escaped"],
];

#[test]
fn another_client_may_write_frames_in_any_valid_form() {
    let mut session = Session::start(&[]);
    for manner in MANNERS {
        let steps = "login
            command printf out; exit 3
            until exit
            command printf err >&2
            until exit
            join 5
            command cat; exit 44
            stdin a\\x00b
            stdin
            stdin \\xff
            stdin-eof
            until exit
            command kill -9 $$
            until exit";
        let Some(seen) = play(session.server.endpoint(), &session.token, manner, steps) else {
            return;
        };
        let expected = "stdout b'out'\nexit b'{\"code\": 3}'\n\
                        stderr b'err'\nexit b'{\"code\": 0}'\n\
                        stdout b'a\\x00b\\xff'\nexit b'{\"code\": 44}'\n\
                        exit b'{\"signal\": 9}'\n";
        assert_eq!(seen, expected, "{manner:?}");
    }
    session.assert_alive();
}

#[test]
fn several_frames_may_arrive_at_once() {
    let mut session = Session::start(&[]);
    let steps = "login
        join 4
        command cat
        stdin one
        stdin  two
        stdin-eof
        until exit
        join 2
        command true
        stdin-eof
        until exit";
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], steps) else {
        return;
    };
    let expected = "stdout b'one two'\nexit b'{\"code\": 0}'\nexit b'{\"code\": 0}'\n";
    assert_eq!(seen, expected);
    session.assert_alive();
}

/// Input may still be in flight when the command ends, which is not a protocol error.
#[test]
fn input_after_the_end_of_a_command_is_discarded() {
    let mut session = Session::start(&[]);
    let steps = "login
        command true
        until exit
        stdin for nobody
        stdin nor this
        stdin-eof
        command echo next
        until exit
        join 2
        command head -c 2
        stdin more than it wants
        until exit
        join 3
        command cat
        stdin its own
        stdin-eof
        until exit";
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], steps) else {
        return;
    };
    let expected = "exit b'{\"code\": 0}'\nstdout b'next\\n'\nexit b'{\"code\": 0}'\n\
                    stdout b'mo'\nexit b'{\"code\": 0}'\n\
                    stdout b'its own'\nexit b'{\"code\": 0}'\n";
    assert_eq!(seen, expected);
    session.assert_alive();
}

/// A background process of the last command may still read that command's input.
#[test]
fn input_for_a_command_that_does_not_run_reaches_no_other_command() {
    let mut session = Session::start(&[]);
    let [part, whole] = ["part", "whole"].map(|name| session.path(name));
    let steps = format!(
        "login
        command exec 3<&0; (cat <&3 >{part}; mv {part} {whole}) >/dev/null 2>&1 &
        stdin first
        until exit
        command
        stdin second
        stdin-eof
        until error
        command until test -e {whole}; do sleep 0.01; done; cat {whole}
        until exit"
    );
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    let expected = "exit b'{\"code\": 0}'\nerror b'empty command'\n\
                    stdout b'first'\nexit b'{\"code\": 0}'\n";
    assert_eq!(seen, expected);
    session.assert_alive();
}

#[test]
fn another_client_may_send_input_of_any_size() {
    let mut session = Session::start(&[]);
    let path = session.path("input");
    let content: Vec<u8> = (0..3_000_000u32)
        .map(|i| (i.wrapping_mul(i) >> 7) as u8)
        .collect();
    fs::write(&path, content).unwrap();
    let sum = sha256(&path);
    for piece in ["1000", "50000", "65536"] {
        let steps = format!(
            "login
            join 2
            command cat
            stdin
            forward {path} {piece}
            until exit"
        );
        let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
            return;
        };
        let expected = format!("stdout 3000000 bytes {sum}\nexit b'{{\"code\": 0}}'\n");
        assert_eq!(seen, expected);
    }
    session.assert_alive();
}

fn sha256(path: &str) -> String {
    let sum = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8_lossy(&sum.stdout)[..64].to_owned()
}

#[test]
fn another_server_may_write_frames_in_any_valid_form() {
    let dir = TempDir::new();
    let token = dir.join("token");
    write_token(&token, &"0F".repeat(32));
    for manner in MANNERS {
        let Some(mut command) = script("server.py") else {
            return;
        };
        command.arg(&token).args(manner);
        let server = Server::start(command);
        let run = |options: &[&str], command: &str, input: &[u8]| {
            let client = client_of(&token, server.endpoint(), options, command);
            let mut client = Process::spawn(client);
            client.send(input);
            client.finish(SOON)
        };
        let done = run(&[], "echo out; echo err >&2; exit 7", b"");
        assert_eq!(done.status.code(), Some(7), "{manner:?}");
        assert_eq!(
            (&done.stdout[..], &done.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(run(&[], "kill -15 $$", b"").status.code(), Some(143));
        let input = [b'i'; 100_000];
        assert_eq!(run(&[], "cat", &input).stdout, input);

        let mut many = Command::new(artifacts().tool("exec-client"));
        many.arg("--token-file").arg(&token).arg(server.endpoint());
        let mut many = Process::spawn(many);
        many.send(b"echo a\necho b\nexit 9\n");
        let done = many.finish(SOON);
        assert_eq!(
            (done.status.code(), &done.stdout[..]),
            (Some(9), &b"a\nb\n"[..])
        );
    }
}

#[test]
fn output_frames_may_be_empty_and_the_server_may_close_after_exit() {
    let steps = "login
        until command
        stdout
        join 5
        stdout a
        stderr
        stdout
        stdout b
        exit  {\\n\"code\" :0 }
        ---
        login
        until command
        error no shell today
        ---
        login
        until command
        exit {\"code\": 256}";
    let Some(server) = Playing::start(&[], steps) else {
        return;
    };
    let done = server.run(&[], "x");
    assert_eq!(
        (done.status.code(), &done.stdout[..]),
        (Some(0), &b"ab"[..])
    );
    assert_eq!(server.complaint("x"), "no shell today");
    assert!(server.complaint("x").starts_with("malformed exit frame"));
}

#[test]
fn each_side_answers_pings_at_any_time() {
    let mut session = Session::start(&[]);
    let steps = "login
        ping
        until pong
        command cat
        ping
        until pong
        stdin x
        stdin-eof
        until exit
        ping
        until pong";
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], steps) else {
        return;
    };
    let expected = "pong b''\npong b''\nstdout b'x'\nexit b'{\"code\": 0}'\npong b''\n";
    assert_eq!(seen, expected);
    session.assert_alive();

    let steps = "login\nuntil command\nping\nuntil pong\nexit {\"code\": 6}\nrest";
    let Some(server) = Playing::start(&[], steps) else {
        return;
    };
    assert_eq!(server.run(&[], "x").status.code(), Some(6));
}

/// Wherever the frame is cut, the user is told about the command.
#[test]
fn a_server_that_dies_within_a_frame_has_closed_before_the_exit_status() {
    let begins = "login\nuntil stdin-eof\nraw \\x78\\x00\\x00\\x00{";
    let body = r#"login
        until stdin-eof
        raw \x37\x00\x00\x00{"filename": "stdout", "total_size": 9, "hash": "abcd"}x"#;
    let Some(server) = Playing::start(&[], &format!("{begins}\n---\n{body}")) else {
        return;
    };
    let closed = "connection closed before the exit status; output may be incomplete";
    assert_eq!(server.complaint("x"), closed);
    assert_eq!(server.complaint("x"), closed);
}
