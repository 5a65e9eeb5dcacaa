//! Tests a command that becomes another user, as with sudo: the server cannot signal it, nor see it
//! if `/proc` is mounted with `hidepid=2`. It needs root, which starts a server as user nobody.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use cross_process::deadline::{SOON, poll};
use cross_process::net::{self, ANY_PORT};
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::surroundings::run_by;
use super::{client_of, server};

const NOBODY: u32 = 65_534;

/// A server of user nobody, and a program that runs a command as root.
struct Nobodys {
    dir: TempDir,
    server: Server,
}

impl Nobodys {
    /// `around` is a command, run as root, that starts the server.
    fn start(around: &[&str], options: &[&str]) -> Option<Self> {
        let dir = TempDir::new();
        let plain = server(&dir.join("home/token"), options, &ANY_PORT.to_string());
        if !prepare(dir.path()) || !can_run(&plain) {
            skip(
                "a command that becomes another user",
                "it needs root and setpriv",
            );
            return None;
        }
        let mut server = as_nobody(&plain);
        if !around.is_empty() {
            server = run_by(around, &server);
        }
        let server = Server::start(server);
        Some(Self { dir, server })
    }

    fn client(&self, command: &str) -> Process {
        let token = self.dir.join("home/token");
        Process::spawn(as_nobody(&client_of(
            &token,
            self.server.endpoint(),
            &["-n"],
            command,
        )))
    }

    /// A command line that runs as root.
    fn as_root(&self, command: &str) -> String {
        let become_root = self.dir.join("become");
        format!(
            "exec {} --reuid 0 --regid 0 --clear-groups /bin/sh -c '{command}'",
            become_root.display()
        )
    }
}

/// Makes a folder of user nobody, and a setpriv(1) with the setuid bit of root.
fn prepare(dir: &Path) -> bool {
    let home = dir.join("home");
    let become_root = dir.join("become");
    let made = fs::set_permissions(dir, Permissions::from_mode(0o755))
        .and_then(|()| fs::create_dir(&home))
        .and_then(|()| chown(&home, Some(NOBODY), Some(NOBODY)))
        .and_then(|()| fs::copy("/usr/bin/setpriv", &become_root))
        .and_then(|_| chown(&become_root, Some(0), Some(0)))
        .and_then(|()| fs::set_permissions(&become_root, Permissions::from_mode(0o4755)));
    made.is_ok()
}

fn as_nobody(command: &Command) -> Command {
    let words = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let mut command = run_by(&words, command);
    command.current_dir("/");
    command
}

fn can_run(tool: &Command) -> bool {
    let mut help = Command::new(tool.get_program());
    help.arg("--help");
    as_nobody(&help)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn a_command_that_cannot_be_signalled_does_not_keep_its_permit() {
    let Some(mut nobodys) = Nobodys::start(&[], &["--kill-after", "200ms"]) else {
        return;
    };
    let command = nobodys.as_root("echo $$; exec sleep 1000");
    let mut client = nobodys.client(&command);
    let pid: u32 = client.wait_line(SOON).parse().unwrap();
    client.signal(Signal::Kill);
    let log = format!("process group {pid} cannot be ended and goes on, cancelled");
    nobodys.server.process.wait_stderr(&log, SOON);
    nobodys.server.process.wait_stderr("closed by peer", SOON);
    // The server reaps its zombie once it has ended.
    assert!(Signal::Kill.to_process(pid));
    let gone = || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(());
    assert!(poll(SOON, gone).is_some());
    nobodys.server.assert_nothing_left();
}

/// The client shows that its command goes on.
#[test]
fn a_command_that_cannot_be_signalled_is_reported_at_its_timeout() {
    let options = ["--timeout", "300ms", "--kill-after", "200ms"];
    let Some(nobodys) = Nobodys::start(&[], &options) else {
        return;
    };
    let command = nobodys.as_root("echo $$; exec sleep 1000");
    let done = nobodys.client(&command).finish(SOON);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    let expected = "timed out after 300ms; it could not be ended and goes on";
    assert!(told.contains(expected), "{told}");
    let pid = String::from_utf8(done.stdout).unwrap();
    assert!(Signal::Kill.to_process(pid.trim().parse().unwrap()));
}

/// The lesson's client reads until the end of the connection.
#[test]
fn a_command_that_cannot_be_signalled_does_not_keep_its_connection_open() {
    let protocol = ["--protocol=raw", "--no-auth"];
    let options = [&protocol[..], &["--timeout=300ms", "--kill-after=200ms"]].concat();
    let Some(mut nobodys) = Nobodys::start(&[], &options) else {
        return;
    };
    let conn = net::connect(nobodys.server.addr());
    let command = nobodys.as_root("echo $$; exec sleep 1000");
    net::send(&conn, command.as_bytes());
    net::half_close(&conn);
    let reply = net::read_to_end(&conn, SOON);
    let reply = String::from_utf8_lossy(&reply);
    let pid: u32 = reply.lines().next().unwrap().parse().unwrap();
    assert!(Signal::Kill.to_process(pid));
    assert!(reply.contains("error: timed out after 300ms"), "{reply}");
    nobodys.server.assert_nothing_left();
}

/// A process that `/proc` hides is still running.
#[test]
fn a_hidden_process_has_not_ended() {
    let hide = "mount -t proc -o hidepid=2 proc /proc && exec \"$0\" \"$@\"";
    let around = ["unshare", "-m", "/bin/sh", "-c", hide];
    let tried = Command::new("unshare")
        .args([
            "-m",
            "mount",
            "-t",
            "proc",
            "-o",
            "hidepid=2",
            "proc",
            "/proc",
        ])
        .output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skip("a hidden process", "it needs root and unshare");
        return;
    }
    let Some(nobodys) = Nobodys::start(&around, &["--drain", "100ms"]) else {
        return;
    };
    // Longer than the drain time and several checks of the server.
    let command = nobodys.as_root("sleep 1.5; echo lived; exit 3");
    let done = nobodys.client(&command).finish(SOON);
    assert_eq!(done.stdout, b"lived\n");
    assert_eq!((done.status.code(), &done.stderr[..]), (Some(3), &b""[..]));
}
