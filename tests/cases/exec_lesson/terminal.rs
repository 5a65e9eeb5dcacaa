//! Tests `exec-client` on a terminal.

use std::io::{self, Read, Write};
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{A_MOMENT, SOON, in_time, poll};
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::python;
use cross_process::temp::TempDir;

use super::{client_command, runs, serve};

/// Runs a command on a pseudoterminal, whose keyboard is the process's stdin and whose screen its
/// stdout. std cannot make one, but Python can. Its `pty.spawn` loses what it has read and not yet
/// written when the command ends, so the copying is done here.
const ON_A_TERMINAL: &str = r#"
import os, pty, sys, threading

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

def type_on_it():
    while typed := os.read(0, 65536):
        os.write(terminal, typed)

threading.Thread(target=type_on_it, daemon=True).start()
try:
    while shown := os.read(terminal, 65536):
        while shown:
            shown = shown[os.write(1, shown):]
except OSError:
    pass  # on Linux, a read fails after the last byte
sys.exit(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"#;

pub fn on_a_terminal(command: &Command) -> Option<Process> {
    Some(Process::spawn(terminal(command)?))
}

fn terminal(command: &Command) -> Option<Command> {
    let mut python = python::command("a terminal")?;
    python
        .args(["-c", ON_A_TERMINAL])
        .arg(command.get_program());
    python.args(command.get_args());
    Some(python)
}

/// `exec-client` in a shell line with a redirection.
fn in_a_shell(protocol: &str, addr: std::net::SocketAddr, words: &str, redirect: &str) -> Command {
    let tool = artifacts().tool("exec-client");
    let line = format!(
        "exec '{}' --protocol {protocol} {words} {redirect}",
        tool.display()
    );
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &line.replace("ADDR", &addr.to_string())]);
    shell
}

/// The pipe is full when the command ends, so what it wrote waits in the process with the terminal.
#[test]
fn the_terminal_of_these_tests_loses_nothing_if_its_reader_is_slow() {
    const FILLED: usize = 64 * 1024;
    let mut writes = Command::new("/bin/sh");
    writes.args(["-c", "printf '%01000d' 0"]);
    let Some(terminal) = terminal(&writes) else {
        return;
    };
    let (mut reader, mut writer) = io::pipe().unwrap();
    let writer = in_time(move || writer.write_all(&[b'.'; FILLED]).map(|()| writer)).unwrap();
    let terminal = Process::spawn_to(terminal, writer.into());
    // The process with the terminal reaps its command when all is written.
    let waits = || procfs::zombies(terminal.pid()).is_ok_and(|ended| !ended.is_empty());
    assert!(
        poll(SOON, || waits().then_some(())).is_some(),
        "it does not wait"
    );
    assert!(
        poll(A_MOMENT, || (!waits()).then_some(())).is_none(),
        "it does not wait"
    );
    let mut seen = Vec::new();
    let seen = in_time(move || reader.read_to_end(&mut seen).map(|_| seen)).unwrap();
    assert_eq!(seen.len(), FILLED + 1000);
}

#[test]
fn it_shows_a_prompt_and_ctrl_d_ends_it() {
    for protocol in super::PROTOCOLS {
        let server = serve(protocol, &[]);
        let client = client_command(protocol, server.addr(), &[]);
        let Some(client) = on_a_terminal(&client) else {
            return;
        };
        let mut client = client;
        client.wait_stdout(">>: ", SOON);
        client.send_line("echo hi");
        // The terminal echoes what is typed.
        client.wait_stdout(">>: echo hi\r\nhi\r\n>>: ", SOON);
        client.send_line("");
        client.wait_stdout("hi\r\n>>: \r\n>>: ", SOON);
        client.send(b"\x04");
        assert_eq!(client.wait_exit(SOON).code(), Some(0));
        client.wait_stdout(">>: \r\n>>: \r\n", SOON);
    }
}

/// A prompt needs a terminal for both input and output.
#[test]
fn it_does_not_prompt_if_only_stdin_or_only_stderr_is_a_terminal() {
    let dir = TempDir::new();
    let server = serve("header", &[]);
    let (typed, errors) = (dir.join("typed"), dir.join("errors"));
    std::fs::write(&typed, "echo hi\n").unwrap();
    for redirect in [
        format!("2> '{}'", errors.display()),
        format!("< '{}'", typed.display()),
    ] {
        let shell = in_a_shell("header", server.addr(), "ADDR", &redirect);
        let Some(mut client) = on_a_terminal(&shell) else {
            return;
        };
        if redirect.starts_with('2') {
            client.send_line("echo hi");
            client.wait_stdout("hi\r\nhi\r\n", SOON);
            client.send(b"\x04");
        } else {
            client.wait_stdout("hi\r\n", SOON);
        }
        assert_eq!(client.wait_exit(SOON).code(), Some(0));
        let screen = client.finish(SOON).stdout;
        let screen = String::from_utf8_lossy(&screen).into_owned();
        assert!(!screen.contains(">>:"), "{redirect}: {screen}");
    }
    assert_eq!(std::fs::read_to_string(&errors).unwrap(), "");
}

#[test]
fn ctrl_c_ends_it_while_it_waits() {
    let server = serve("header", &[]);
    let client = client_command("header", server.addr(), &[]);
    let Some(mut client) = on_a_terminal(&client) else {
        return;
    };
    client.wait_stdout(">>: ", SOON);
    client.send_line("exec sleep 1000");
    assert!(poll(SOON, || runs(&server, "sleep").then_some(())).is_some());
    client.send(b"\x03");
    // SIGINT is number 2.
    assert_eq!(client.wait_exit(SOON).code(), Some(2));
}

#[test]
fn progress_is_shown_only_where_it_does_not_garble_output() {
    let server = serve("header", &[]);
    let large = "ADDR 'head -c 3000000 /dev/zero | tr \"\\0\" x'";
    for (words, redirect, has_progress) in [
        (large.to_owned(), "> /dev/null", true),
        (large.to_owned(), "", false),
        (large.to_owned(), "> /dev/null 2>&1", false),
        (format!("--quiet {large}"), "> /dev/null", false),
        (
            "ADDR 'head -c 1000000 /dev/zero'".to_owned(),
            "> /dev/null",
            false,
        ),
    ] {
        let shell = in_a_shell("header", server.addr(), &words, redirect);
        let Some(mut client) = on_a_terminal(&shell) else {
            return;
        };
        let screen = client.finish(SOON).stdout;
        let screen = String::from_utf8_lossy(&screen).into_owned();
        let case = format!("{words} {redirect}");
        if has_progress {
            assert!(
                screen.starts_with("\r") && screen.contains(" of 2929 KiB ("),
                "{case}"
            );
            // The progress line is cleared at the end.
            assert!(screen.ends_with("\r\x1b[K"), "{case}");
        } else if redirect.is_empty() {
            assert!(screen == "x".repeat(3_000_000), "{case}: {}", screen.len());
        } else {
            assert_eq!(screen, "", "{case}");
        }
    }
    // In raw the size of an output is not known.
    let server = serve("raw", &[]);
    let shell = in_a_shell("raw", server.addr(), large, "> /dev/null");
    if let Some(mut client) = on_a_terminal(&shell) {
        assert_eq!(client.finish(SOON).stdout, b"");
    }
}
