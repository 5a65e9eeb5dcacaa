//! Tests that commands behave as over ssh: the rows of the table in `docs/from-ssh.md` that no
//! other file tests.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use cross_process::deadline::{SOON, poll};
use cross_process::net::ANY_PORT;
use cross_process::process::{Process, assert_ends};
use cross_process::python;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::peers::play;
use super::surroundings::{run_by, session_of};
use super::{Session, client_of, server, wait_until_still};

/// Runs a command on a pseudoterminal, whose screen is the process's stdout. The command ends with
/// its terminal (SIGHUP), even if the tests run under nohup.
const ON_A_TERMINAL: &str = "import pty, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
pty.spawn(sys.argv[1:])";

/// A server that was started on a terminal, as in the README.
struct OnATerminal {
    server: Process,
    endpoint: String,
    dir: TempDir,
}

impl OnATerminal {
    fn start(environment: &[(&str, &str)]) -> Option<Self> {
        let dir = TempDir::new();
        let plain = server(&dir.join("token"), &["--quiet"], &ANY_PORT.to_string());
        let mut python = python::command("a terminal")?;
        python
            .args(["-c", ON_A_TERMINAL])
            .arg(plain.get_program())
            .args(plain.get_args())
            .envs(environment.iter().copied());
        let mut server = Process::spawn(python);
        let mut line = server.wait_line(SOON);
        while !line.starts_with("listening on ") {
            line = server.wait_line(SOON);
        }
        let endpoint = line.trim_end().replace("listening on ", "");
        Some(Self {
            server,
            endpoint,
            dir,
        })
    }

    fn client(&self, command: &str) -> Process {
        let token = self.dir.join("token");
        Process::spawn(client_of(&token, &self.endpoint, &["-n"], command))
    }
}

/// Commands neither read the terminal nor write to it.
#[test]
fn commands_cannot_use_the_servers_terminal() {
    let Some(terminal) = OnATerminal::start(&[]) else {
        return;
    };
    for (command, said) in [
        ("read x </dev/tty || echo none", "none\n"),
        ("stty -echo </dev/tty || echo none", "none\n"),
        ("echo visible >/dev/tty || echo none", "none\n"),
        ("bash -ic 'echo hi'", "hi\n"),
        (
            "read a b c d e session g </proc/$$/stat; [ $session = $$ ] && echo its own",
            "its own\n",
        ),
    ] {
        let done = terminal.client(command).finish(SOON);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(String::from_utf8_lossy(&done.stdout), said, "{told}");
    }
    let screen = terminal.server.stdout.text();
    assert!(!screen.contains("visible"), "{screen}");
}

/// The command leads a session of its own, and still ends with its client and with the server.
#[test]
fn a_command_of_a_server_on_a_terminal_ends_with_its_client() {
    let Some(terminal) = OnATerminal::start(&[]) else {
        return;
    };
    let command = "echo $$; sleep 1000 & wait; :";
    let mut first = terminal.client(command);
    let pid = first.wait_line(SOON).parse().unwrap();
    first.signal(Signal::Kill);
    assert_ends(pid);
    let mut second = terminal.client(command);
    let pid = second.wait_line(SOON).parse().unwrap();
    terminal.server.send(b"\x03");
    assert_ends(pid);
}

#[test]
fn without_setsid_the_server_warns_that_the_terminal_is_shared() {
    let Some(terminal) = OnATerminal::start(&[("PATH", "/nonexistent")]) else {
        return;
    };
    let screen = terminal.server.stdout.text();
    let warning = "commands can read and write this terminal: setsid(1) was not found";
    assert!(screen.contains(warning), "{screen}");
}

/// A command gets the server's umask, limits, signals and priority unchanged.
#[test]
fn a_command_inherits_the_servers_surroundings() {
    let start = "umask 027; ulimit -n 200; trap '' INT; exec nice -n 5 \"$0\" \"$@\"";
    let mut session = session_of(|_, server| run_by(&["/bin/sh", "-c", start], &server));
    for (command, said) in [
        ("umask", "0027\n"),
        ("ulimit -n", "200\n"),
        ("nice", "5\n"),
        // A shell cannot trap a signal that was ignored when it started.
        ("kill -INT $$; echo ignored", "ignored\n"),
        ("kill -PIPE $$; echo ignored", ""),
        (
            "[ $(pwd) = $PWD ] && ps -o pgid= -p $$ | grep -cw $$",
            "1\n",
        ),
    ] {
        let done = session.run(command);
        assert_eq!(String::from_utf8_lossy(&done.stdout), said, "{command}");
    }
    session.assert_alive();
}

/// A client paused by Ctrl-Z or a pager answers no pings, but is not lost.
#[test]
fn a_reader_may_pause() {
    let mut session = Session::start(&["--alive-interval", "100ms"]);
    let fifo = session.path("fifo");
    let silent = format!("mkfifo {fifo}; echo ready; read x <{fifo}; echo went on");
    let mut silent = session.client(&[], &silent);
    assert_eq!(silent.wait_line(SOON), "ready");
    let mut busy = session.client(&[], "echo $$; head -c 12000000 /dev/zero");
    let pid = busy.wait_line(SOON).parse().unwrap();
    silent.halt();
    busy.halt();
    wait_until_still(pid);
    // The pause is many times three intervals.
    let paused = Instant::now();
    let over = || (paused.elapsed() > Duration::from_secs(2)).then_some(());
    assert!(poll(SOON, over).is_some());
    // A write into a FIFO whose reader was ended would wait for ever.
    let log = session.server.process.stderr.text();
    assert!(!log.contains("closed"), "{log}");
    silent.signal(Signal::Continue);
    busy.signal(Signal::Continue);
    fs::write(&fifo, "\n").unwrap();
    assert_eq!(silent.finish(SOON).stdout, b"ready\nwent on\n");
    let done = busy.finish(SOON);
    assert_eq!(done.status.code(), Some(0));
    assert!(done.stdout.len() > 12_000_000);
    session.assert_alive();
}

/// The command is over, and its output waits in the buffers of both systems. A connection that is
/// closed then is reset after some minutes, with the rest of the output.
#[test]
fn a_reader_may_pause_after_the_command() {
    let mut session = Session::start(&["--alive-interval", "100ms", "--idle-timeout", "300ms"]);
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo ready; read x <{fifo}; head -c 1000000 /dev/zero");
    let mut client = session.client(&[], &command);
    assert_eq!(client.wait_line(SOON), "ready");
    client.halt();
    fs::write(&fifo, "\n").unwrap();
    session.server.process.wait_stderr(": exit 0; ", SOON);
    let paused = Instant::now();
    let over = || (paused.elapsed() > Duration::from_secs(2)).then_some(());
    assert!(poll(SOON, over).is_some());
    let log = session.server.process.stderr.text();
    assert!(!log.contains("closed"), "{log}");
    client.signal(Signal::Continue);
    let done = client.finish(SOON);
    assert_eq!(done.stdout.len(), "ready\n".len() + 1_000_000);
    assert_eq!(done.status.code(), Some(0));
    session.assert_alive();
}

/// A client that answers no ping gets only one. It may be paused, so it is kept until the idle
/// timeout.
#[test]
fn at_most_one_ping_is_unanswered() {
    let mut session = Session::start(&["--alive-interval", "200ms", "--idle-timeout", "2s"]);
    let command = "sleep 0.5; echo a; sleep 0.5; echo b; sleep 0.5; echo c";
    let steps = format!("login\ncommand {command}\nstdin-eof\nend");
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    let expected = "ping b''\nstdout b'a\\n'\nstdout b'b\\n'\nstdout b'c\\n'\nexit b'{\"code\": 0}'\n\
         error b'no command for 2s'\nclosed\n";
    let merged = expected.replace("'a\\n'\nstdout b'b\\n'\nstdout b'c\\n'", "'a\\nb\\nc\\n'");
    assert_eq!(seen, merged);
    session.assert_alive();
}

#[test]
fn pings_are_answered_with_and_without_a_running_command() {
    let mut session = Session::start(&[]);
    let fifo = session.path("fifo");
    let steps = format!(
        "login
        ping
        until pong
        command mkfifo {fifo}; echo ready; read x <{fifo}
        until stdout
        ping
        until pong
        write {fifo} go
        until exit"
    );
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    assert_eq!(
        seen,
        "pong b''\nstdout b'ready\\n'\npong b''\nexit b'{\"code\": 0}'\n"
    );
    session.assert_alive();
}

/// A process that has left the group holds the output: the limits for it run at the same time.
#[test]
fn limits_run_at_the_same_time() {
    let mut session = Session::start(&["--kill-after", "2s", "--drain", "60s"]);
    let mut client = session.client(&[], "setsid sleep 1000 & echo $!; exit 0");
    let escaped: u32 = client.wait_line(SOON).parse().unwrap();
    client.signal(Signal::Kill);
    // This comes long before the drain time.
    session.server.process.wait_stderr(", cancelled; ", SOON);
    // The process is still alive.
    assert!(Signal::Kill.to_process(escaped));
    session.assert_alive();
}

/// A background process that does not hold the output is not waited for, and stays.
#[test]
fn a_background_process_without_the_output_stays_and_is_not_waited_for() {
    let mut session = Session::start(&[]);
    let done = session.run("sleep 1000 >/dev/null 2>&1 & echo $!");
    assert_eq!((done.status.code(), &done.stderr[..]), (Some(0), &b""[..]));
    let pid = String::from_utf8(done.stdout).unwrap();
    session.assert_alive();
    assert!(Signal::Kill.to_process(pid.trim().parse().unwrap()));
}

#[test]
fn a_command_may_begin_with_a_dash() {
    let mut session = Session::start(&[]);
    let (token, endpoint) = (&session.token, session.server.endpoint());
    let mut client = client_of(token, endpoint, &[], "--");
    client.arg("-no-such-command");
    let done = Process::spawn(client).finish(SOON);
    assert_eq!(done.status.code(), Some(127));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(told.contains("-no-such-command: not found"), "{told}");
    session.assert_alive();
}

/// A command that needs a terminal gets one from `script`, as the docs say.
#[test]
fn a_terminal_comes_from_script() {
    let mut session = Session::start(&[]);
    if Command::new("script").arg("--version").output().is_err() {
        return cross_process::skip::skip("a terminal by script(1)", "it is not installed");
    }
    let done = session.run("script -qec 'tty; exit 4' /dev/null");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.starts_with("/dev/"), "{said}");
    assert_eq!(done.status.code(), Some(4));
    session.assert_alive();
}

/// The server is process 1, as in a container.
#[test]
fn a_server_as_process_1_warns_that_it_needs_an_init() {
    let dir = TempDir::new();
    let plain = server(
        &dir.join("token"),
        &["--stop-on-eof"],
        &ANY_PORT.to_string(),
    );
    let mut unshare = Command::new("unshare");
    unshare.args(["-p", "-f", "--kill-child", "--mount-proc"]);
    unshare.arg(plain.get_program()).args(plain.get_args());
    let tried = Command::new("unshare").args(["-p", "-f", "true"]).status();
    if !tried.is_ok_and(|status| status.success()) {
        return cross_process::skip::skip("process 1", "it needs root and unshare");
    }
    let process = Process::spawn(unshare);
    let warning = "this is process 1, which TERM does not stop";
    process.wait_stderr(warning, SOON);
}
