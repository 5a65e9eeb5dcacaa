//! Tests the environment of a command, and what a server does without a folder, a disk or a shell.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use cross_process::deadline::SOON;
use cross_process::net::ANY_PORT;
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::{Session, client, complaint, server};

/// A session whose server is started by a changed command line.
pub fn session_of(wrap: impl FnOnce(&Path, Command) -> Command) -> Session {
    let dir = TempDir::new();
    let token = dir.join("token");
    let plain = server(&token, &[], &ANY_PORT.to_string());
    let server = Server::start(wrap(dir.path(), plain));
    Session { server, token, dir }
}

/// `words` with the command's program and arguments after them.
pub fn run_by(words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(words[0]);
    outer.args(&words[1..]);
    outer.arg(command.get_program()).args(command.get_args());
    outer
}

#[test]
fn a_command_has_the_servers_environment_and_none_of_our_secrets() {
    let mut session = session_of(|_, mut server| {
        server.env("DIALTONE_TOKEN", "secret").env("SERVERS", "own");
        server
    });
    let mut env = client(&session.token, session.server.addr(), &[], "env");
    env.env("CLIENTS", "own");
    let done = Process::spawn(env).finish(SOON);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("SERVERS=own\n"), "{text}");
    for word in ["DIALTONE", "secret", "CLIENTS"] {
        assert!(!text.contains(word), "{text}");
    }
    session.assert_alive();
}

/// Another command runs, so that the server has descriptors to leak.
#[test]
fn a_command_sees_none_of_the_servers_descriptors() {
    let mut session = Session::start(&[]);
    let mut other = session.client(&[], "echo ready; cat");
    assert_eq!(other.wait_line(SOON), "ready");
    let done = session.run("ls /proc/self/fd");
    // Descriptors that the tests' parent has left open do not count.
    let plain = Command::new("/bin/sh")
        .args(["-c", "ls /proc/self/fd"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(done.stdout, plain.stdout);
    assert!(other.finish(SOON).status.success());
    session.assert_alive();
}

#[test]
fn a_missing_folder_is_an_error_and_other_clients_are_served() {
    let dir = TempDir::new();
    let place = dir.join("place");
    fs::create_dir(&place).unwrap();
    let shown = place.to_str().unwrap();
    let mut session = Session::start(&["--dir", shown]);
    assert_eq!(session.run("pwd").stdout, format!("{shown}\n").as_bytes());
    fs::remove_dir(&place).unwrap();
    assert_eq!(
        complaint(&session.run("pwd"), 255),
        format!("error: cannot enter the directory {shown} (no such file or directory)\n")
    );
    fs::create_dir(&place).unwrap();
    session.assert_alive();
}

#[test]
fn a_server_whose_own_folder_was_removed_still_runs_commands() {
    let mut session = session_of(|dir, server| {
        let place = dir.join("place");
        fs::create_dir(&place).unwrap();
        let mut gone = run_by(
            &["/bin/sh", "-c", "rmdir \"$PWD\"; exec \"$0\" \"$@\""],
            &server,
        );
        gone.current_dir(place);
        gone
    });
    assert!(!session.dir.join("place").exists());
    assert_eq!(session.run("echo here").stdout, b"here\n");
    session.assert_alive();
}

#[test]
fn a_full_disk_under_its_log_does_not_stop_a_server() {
    for stderr in ["2>/dev/full", "2>&-"] {
        let line = format!("exec \"$0\" \"$@\" {stderr}");
        let mut session = session_of(|_, server| run_by(&["/bin/sh", "-c", &line], &server));
        assert_eq!(session.run("exit 3").status.code(), Some(3));
        session.assert_alive();
    }
}

/// The shell disappears while the server runs.
#[test]
fn a_missing_shell_is_an_error_until_it_is_back() {
    // In a mount namespace the server can be left without a shell.
    let tried = Command::new("unshare").args(["-m", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skip("a machine without a shell", "it needs root and unshare");
        return;
    }
    let mut session = session_of(|_, server| run_by(&["unshare", "-m"], &server));
    let pid = session.server.process.pid().to_string();
    let no_shell = session.path("no-shell");
    fs::write(&no_shell, "").unwrap();
    let there = |words: &[&str]| {
        let mut command = Command::new("nsenter");
        let done = command.args(["-t", &pid, "-m"]).args(words).status();
        assert!(done.unwrap().success(), "{words:?}");
    };
    there(&["mount", "--bind", &no_shell, "/bin/sh"]);
    assert_eq!(
        complaint(&session.run("true"), 255),
        "error: cannot start /bin/sh (permission denied)\n"
    );
    there(&["umount", "/bin/sh"]);
    session.assert_alive();
}
