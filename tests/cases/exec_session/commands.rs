//! Tests a command's outputs, its status and its limits.

use std::path::Path;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::procfs;

use super::peers::play;
use super::{Session, complaint};

#[test]
fn status_and_both_outputs_are_those_of_the_command() {
    let mut session = Session::start(&[]);
    for code in [0, 1, 4, 5, 44, 255] {
        let done = session.run(&format!("echo out; echo err >&2; exit {code}"));
        assert_eq!(done.status.code(), Some(code));
        assert_eq!(
            (&done.stdout[..], &done.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
    }
    for (signal, name) in [(9, "KILL"), (15, "TERM"), (11, "SEGV")] {
        let done = session.run(&format!("kill -{signal} $$"));
        assert_eq!(done.status.code(), Some(128 + signal));
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(said, format!("killed by signal {signal} ({name})\n"));
    }
    session.assert_alive();
}

#[test]
fn output_of_any_length_arrives_whole_and_in_little_memory() {
    let mut session = Session::start(&[]);
    for size in [0, 65_535, 65_536, 65_537, 20 << 20] {
        let command = format!("head -c {size} /dev/zero; head -c {size} /dev/zero >&2");
        let done = session.run(&command);
        assert_eq!((done.stdout.len(), done.stderr.len()), (size, size));
    }
    // Both outputs, alternating.
    let command = "for i in 1 2 3 4 5 6 7 8 9; do
        head -c 40000 /dev/zero | tr '\\0' o; head -c 40000 /dev/zero | tr '\\0' e >&2; done";
    let done = session.run(command);
    assert!(done.stdout == [b'o'; 360_000] && done.stderr == [b'e'; 360_000]);
    let all: String = (0..=255).map(|byte| format!("\\{byte:03o}")).collect();
    let done = session.run(&format!("printf '{all}'"));
    assert_eq!(done.stdout, (0..=255).collect::<Vec<u8>>());
    let peak = procfs::peak_resident_bytes(session.server.process.pid()).unwrap();
    assert!(peak < 16 << 20, "{peak}");
    session.assert_alive();
}

#[test]
fn limits_are_enforced_and_reported() {
    let mut session = Session::start(&["--timeout", "1s", "--drain", "100ms"]);
    let done = session.run("echo so far; sleep 100");
    assert_eq!(done.stdout, b"so far\n");
    assert!(complaint(&done, 255).contains("timed out after 1s"));
    let done = session.run("sleep 3 & echo hi");
    assert_eq!(
        (done.status.code(), &done.stdout[..]),
        (Some(0), &b"hi\n"[..])
    );
    assert!(
        String::from_utf8(done.stderr)
            .unwrap()
            .contains("still held the output")
    );
    assert!(
        complaint(
            &session.run("a\nb\0c".replace('\0', "").repeat(20_000).as_str()),
            255
        )
        .contains("a session carries at most 65536")
    );
    session.assert_alive();
}

#[test]
fn successive_commands_share_a_connection() {
    let mut session = Session::start(&[]);
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.arg("--token-file").arg(&session.token);
    client.arg(session.server.addr().to_string());
    let mut client = Process::spawn(client);
    client.send("echo a\n\ntrue\n".repeat(300).as_bytes());
    client.send(b"exit 7\n");
    let done = client.finish(SOON * 3);
    assert_eq!(done.stdout, "a\n".repeat(300).as_bytes());
    assert_eq!(done.status.code(), Some(7));
    session.assert_alive();
}

#[test]
fn an_invalid_command_is_an_error_and_the_session_goes_on() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    let steps = format!(
        "login
        command
        until error
        command echo a\\x00b
        until error
        command exit 3
        until exit
        command echo \\xff\\xfe; kill -15 $$
        until exit
        ---
        login
        command exec sleep 1000
        command touch {marker}
        end"
    );
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    let (first, second) = seen.split_once("---\n").unwrap();
    let expected = "error b'empty command'\nerror b'the command contains a NUL byte'\n\
                    exit b'{\"code\": 3}'\nstdout b'\\xff\\xfe\\n'\nexit b'{\"signal\": 15}'\n";
    assert_eq!(first, expected);
    // The second command is sent before the first has ended.
    let told = second.contains("unexpected command frame in state running");
    assert!(told && !Path::new(&marker).exists(), "{second}");
    session.assert_alive();
}

#[test]
fn pipes_and_closed_outputs_work_as_in_a_local_shell() {
    let mut session = Session::start(&[]);
    // SIGPIPE must end the writer of a closed pipe, although std ignores it in the server.
    let done = session.run("while true; do echo yes; done | head -2000");
    assert_eq!(done.stdout, "yes\n".repeat(2000).as_bytes());
    assert_eq!(done.status.code(), Some(0));
    for code in [0, 44] {
        let done = session.run(&format!("exec >&- 2>&-; sleep 0.3; exit {code}"));
        assert_eq!(done.status.code(), Some(code));
    }
    let done = session.run("exec >/dev/null; sleep 0.1; head -c 1048576 /dev/zero >&2; echo no");
    assert_eq!((done.stdout.len(), done.stderr.len()), (0, 1 << 20));
    for (command, code) in [("no-such-program-here", 127), ("/etc/passwd", 126)] {
        let done = session.run(command);
        assert_eq!(done.status.code(), Some(code), "{command}");
    }
    session.assert_alive();
}
