//! `exec-server` and `exec-client` in a session: authenticated, streaming, with exit status.

use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Output};

use cross_process::artifacts::artifacts;
use cross_process::deadline::{SOON, poll};
use cross_process::net::{self, ANY_PORT};
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

/// A server with a token file of its own.
struct Session {
    server: Server,
    token: PathBuf,
    dir: TempDir,
}

impl Session {
    fn start(options: &[&str]) -> Self {
        let dir = TempDir::new();
        let token = dir.join("token");
        let mut command = Command::new(artifacts().tool("exec-server"));
        command.arg("--token-file").arg(&token);
        command.args(options).arg(ANY_PORT.to_string());
        let server = Server::start(command);
        Self { server, token, dir }
    }

    fn client(&self, options: &[&str], command: &str) -> Process {
        Process::spawn(client(&self.token, self.server.addr(), options, command))
    }

    fn run(&self, command: &str) -> Output {
        self.client(&[], command).finish(SOON)
    }

    fn assert_alive(&mut self) {
        let token = self.token.clone();
        self.server.assert_alive(move |addr| {
            let done = Process::spawn(client(&token, addr, &[], "echo alive")).finish(SOON);
            assert_eq!(done.stdout, b"alive\n");
        });
    }

    /// Whether a command of that name runs.
    fn runs(&self, name: &str) -> bool {
        let children = procfs::children(self.server.process.pid()).unwrap();
        children.iter().any(|child| child.name == name)
    }
}

fn client(token: &PathBuf, addr: SocketAddr, options: &[&str], command: &str) -> Command {
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.arg("--token-file").arg(token).args(options);
    client.arg(addr.to_string()).arg(command);
    client
}

/// The one line of complaint of a tool that exits with this status.
fn complaint(output: &Output, status: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn status_and_both_outputs_are_the_commands_own() {
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
    let all: String = (0..=255).map(|byte| format!("\\{byte:03o}")).collect();
    let done = session.run(&format!("printf '{all}'"));
    assert_eq!(done.stdout, (0..=255).collect::<Vec<u8>>());
    let peak = procfs::peak_resident_bytes(session.server.process.pid()).unwrap();
    assert!(peak < 16 << 20, "{peak}");
    session.assert_alive();
}

#[test]
fn input_is_forwarded_or_ends_at_once() {
    let mut session = Session::start(&[]);
    assert_eq!(session.run("cat; echo end").stdout, b"end\n");
    for size in [0, 1, 10, 1000, 65_536, 300_000] {
        let mut client = session.client(&["-i"], "cat");
        client.send(&vec![b'i'; size]);
        assert_eq!(client.finish(SOON).stdout.len(), size);
    }
    // A command that does not want its input ends all the same.
    let mut client = session.client(&["-i"], "head -c 3");
    client.send(b"abcdef");
    assert_eq!(client.finish(SOON).stdout, b"abc");
    session.assert_alive();
}

#[test]
fn another_token_runs_nothing() {
    let mut session = Session::start(&[]);
    let other = session.dir.join("other");
    std::fs::write(&other, "0".repeat(64)).unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o600)).unwrap();
    let marker = session.dir.join("marker");
    let command = format!("touch {}", marker.display());
    let wrong = client(&other, session.server.addr(), &[], &command);
    let text = complaint(&Process::spawn(wrong).finish(SOON), 255);
    assert!(
        text.contains("authentication failed: this client's token"),
        "{text}"
    );
    assert!(
        text.contains(other.to_str().unwrap()) && !text.contains("0000"),
        "{text}"
    );
    assert!(!marker.exists());
    session
        .server
        .process
        .wait_stderr("authentication failed", SOON);
    session.assert_alive();
}

#[test]
fn the_token_file_is_private_and_an_open_one_is_refused_by_both() {
    let session = Session::start(&[]);
    let mode = std::fs::metadata(&session.token).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = std::fs::read_to_string(&session.token).unwrap();
    let seen = session.run("env; cat /proc/$PPID/cmdline").stdout;
    assert!(!String::from_utf8_lossy(&seen).contains(secret.trim()));
    std::fs::set_permissions(&session.token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = complaint(&session.run("true"), 255);
    assert!(
        refused.contains("are too open; run: chmod 600"),
        "{refused}"
    );
    let mut server = Command::new(artifacts().tool("exec-server"));
    server
        .arg("--token-file")
        .arg(&session.token)
        .arg(ANY_PORT.to_string());
    let refused = complaint(&Process::spawn(server).finish(SOON), 1);
    assert!(
        refused.contains("are too open; run: chmod 600"),
        "{refused}"
    );
}

#[test]
fn a_command_whose_client_leaves_is_ended() {
    let mut session = Session::start(&[]);
    for signal in [Signal::Interrupt, Signal::Terminate, Signal::Kill] {
        let mut client = session.client(&[], "exec sleep 1000");
        assert!(poll(SOON, || session.runs("sleep").then_some(())).is_some());
        client.signal(signal);
        assert!(!client.wait_exit(SOON).success());
        assert!(poll(SOON, || (!session.runs("sleep")).then_some(())).is_some());
    }
    session.assert_alive();
}

#[test]
fn no_command_outlives_a_server_that_is_killed() {
    let dir = TempDir::new();
    let pid_file = dir.join("pid");
    let mut session = Session::start(&[]);
    let command = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000",
        pid_file.display()
    );
    let mut client = session.client(&[], &command);
    let pid = poll(SOON, || {
        std::fs::read_to_string(&pid_file)
            .ok()?
            .trim()
            .parse::<u32>()
            .ok()
    });
    let pid = pid.unwrap();
    session.server.process.signal(Signal::Kill);
    let gone = poll(SOON, || {
        procfs::stat(pid)
            .map_or(true, |s| s.state == 'Z')
            .then_some(())
    });
    assert!(gone.is_some(), "the command lives on");
    let text = complaint(&client.finish(SOON), 255);
    assert!(text.contains("output may be incomplete"), "{text}");
}

#[test]
fn what_has_an_end_is_ended_and_told() {
    let mut session = Session::start(&["--timeout", "300ms", "--drain", "100ms"]);
    let done = session.run("echo so far; sleep 100");
    assert_eq!(done.stdout, b"so far\n");
    assert!(complaint(&done, 255).contains("timed out after 300ms"));
    let done = session.run("sleep 60 & echo hi");
    assert_eq!(
        (done.status.code(), &done.stdout[..]),
        (Some(0), &b"hi\n"[..])
    );
    assert!(
        String::from_utf8(done.stderr)
            .unwrap()
            .contains("kept the output open")
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
fn commands_one_behind_the_other_share_a_connection() {
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
fn nobody_waits_for_ever_to_be_let_in() {
    let limits = ["--max-unauthenticated", "1", "--handshake-timeout", "2s"];
    let mut session = Session::start(&limits);
    let silent = net::connect(session.server.addr());
    // It has been greeted, so it has the only place.
    net::read_exact(&silent, 60, SOON);
    assert_eq!(session.run("echo in").stdout, b"in\n");
    net::read_to_end(&silent, SOON);
    let http = net::connect(session.server.addr());
    net::send(&http, b"GET / HTTP/1.1\r\n\r\n");
    let answer = net::read_to_end(&http, SOON);
    assert!(String::from_utf8_lossy(&answer).contains("does not speak HTTP"));
    session.assert_alive();
}

#[test]
fn other_servers_are_told_from_ours() {
    let session = Session::start(&[]);
    let run = |addr| {
        client(
            &session.token,
            addr,
            &["--handshake-timeout", "300ms"],
            "true",
        )
    };
    let silent = net::listen();
    let done = Process::spawn(run(silent.local_addr().unwrap())).finish(SOON);
    assert!(complaint(&done, 255).contains("does not greet as a session server does"));
    let listener = net::listen();
    let addr = listener.local_addr().unwrap();
    let mut client = Process::spawn(run(addr));
    let conn = net::accept(&listener);
    net::send(&conn, b"SSH-2.0-Something\r\n");
    let text = complaint(&client.finish(SOON), 255);
    assert!(text.contains("(got \"SSH-2.0-Something\")"), "{text}");
    // And it said nothing itself.
    assert_eq!(net::read_to_end(&conn, SOON), b"");
    for protocol in ["raw", "length", "header"] {
        let mut client = Command::new(artifacts().tool("exec-client"));
        client.args([
            "--protocol",
            protocol,
            &session.server.addr().to_string(),
            "true",
        ]);
        let text = complaint(&Process::spawn(client).finish(SOON), 255);
        assert!(text.contains("speaks the session protocol"), "{text}");
    }
}

#[test]
fn a_unix_domain_socket_serves_as_well() {
    let dir = TempDir::new();
    let endpoint = format!("unix:{}", dir.join("socket").display());
    let token = dir.join("token");
    let mut command = Command::new(artifacts().tool("exec-server"));
    command.arg("--token-file").arg(&token).arg(&endpoint);
    let mut server = Server::start(command);
    let mut client = Command::new(artifacts().tool("exec-client"));
    client
        .arg("--token-file")
        .arg(&token)
        .args([&endpoint, "echo hi"]);
    assert_eq!(Process::spawn(client).finish(SOON).stdout, b"hi\n");
    server.assert_nothing_left();
}
