//! A system that has no descriptor, no thread or no room left.

use std::fs::OpenOptions;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::net::ANY_PORT;
use cross_process::process::{Process, with_open_files};
use cross_process::procfs;
use cross_process::server::Server;

use super::unprivileged::Unprivileged;
use super::{server_command, upper_case_client};

#[test]
fn a_server_out_of_descriptors_says_so_rests_and_recovers() {
    let command = server_command(&[&ANY_PORT.to_string()]);
    let mut server = Server::start(with_open_files(&command, 64));
    let pid = server.process.pid();
    let callers: Vec<TcpStream> = (0..100).map(|_| net::connect(server.addr())).collect();
    server
        .process
        .wait_stderr("cannot accept a connection (Too many open files)", SOON);
    for caller in &callers {
        net::send(caller, b"x");
    }
    let mut byte = [0];
    let answers: Vec<Option<u8>> = callers
        .iter()
        .map(|caller| {
            let a_moment = Duration::from_millis(20);
            caller.set_read_timeout(Some(a_moment)).unwrap();
            caller.peek(&mut byte).ok().map(|_| byte[0])
        })
        .collect();
    let served = answers.iter().filter(|&&byte| byte == Some(b'X')).count();
    // 64 less the three standard streams, the listener and the spare one.
    assert!((50..64).contains(&served), "{answers:?}");
    let told = || {
        callers.iter().find_map(|caller| {
            caller.peek(&mut byte).ok()?;
            (byte[0] == b'e').then(|| net::read_to_end(caller, SOON))
        })
    };
    let words = poll(SOON, told).expect("nobody was told");
    let words = String::from_utf8_lossy(&words).into_owned();
    assert!(words.starts_with("error: busy, 5"), "{words}");

    // It neither spins nor floods the log while it can accept nobody.
    let before = procfs::cpu_time(pid).unwrap();
    thread::sleep(Duration::from_secs(1));
    let spent = procfs::cpu_time(pid).unwrap() - before;
    assert!(spent < Duration::from_millis(200), "{spent:?} in a second");
    server
        .process
        .wait_stderr("cannot accept a connection", SOON);
    let log = server.process.stderr.text();
    assert_eq!(
        log.matches("cannot accept a connection").count(),
        1,
        "{log}"
    );

    drop(callers);
    // The last of the callers that had waited must have been seen and let go first.
    server.assert_nothing_left();
    server.assert_alive(upper_case_client);
}

const FEW: usize = 32;

fn serve_with_few_descriptors() -> Server {
    let command = server_command(&["--stop-on-eof", "--grace", "1s", &ANY_PORT.to_string()]);
    Server::start(with_open_files(&command, FEW))
}

/// How many connections have room in a server that has none.
fn room(server: &Server) -> usize {
    let pid = server.process.pid();
    let open = |number: &usize| Path::new(&format!("/proc/{pid}/fd/{number}")).exists();
    // What it inherited may have a number above its limit, and takes nobody's room.
    FEW - (0..FEW).filter(open).count()
}

#[track_caller]
fn take(server: &Server, room: usize) -> Vec<TcpStream> {
    let served = || {
        let caller = net::connect(server.addr());
        assert_eq!(net::ask(&caller, b"x", 1), b"X");
        caller
    };
    (0..room).map(|_| served()).collect()
}

#[test]
fn a_server_at_its_limit_of_descriptors_can_still_be_stopped() {
    let mut crowded = serve_with_few_descriptors();
    let _callers: Vec<TcpStream> = (0..60).map(|_| net::connect(crowded.addr())).collect();
    let mut full = serve_with_few_descriptors();
    let _held = take(&full, room(&full));
    for server in [&mut crowded, &mut full] {
        server.process.wait_stderr("cannot accept", SOON);
        server.process.close_stdin();
        assert!(server.process.wait_exit(SOON).success());
    }
}

/// Without a descriptor the system refuses to accept although nobody calls. Whoever calls when there
/// is room again has nothing to do with that; and at the next shortage callers are told, too.
#[test]
fn a_shortage_that_nobody_met_is_no_reason_to_refuse_anybody() {
    let mut server = serve_with_few_descriptors();
    let room = room(&server);
    for _ in 0..3 {
        let held = take(&server, room);
        server.process.wait_stderr("cannot accept", SOON);
        drop(held);
        server.assert_nothing_left();
        server.assert_alive(upper_case_client);
    }
    for _ in 0..3 {
        let held = take(&server, room);
        let told = net::read_to_end(&net::connect(server.addr()), SOON);
        assert!(told.starts_with(b"error: busy, "), "{told:?}");
        drop(held);
        server.assert_nothing_left();
        server.assert_alive(upper_case_client);
    }
}

#[test]
fn too_few_descriptors_for_the_cap_are_noted_at_the_start() {
    let command = server_command(&[&ANY_PORT.to_string()]);
    let server = Server::start(with_open_files(&command, 100));
    server
        .process
        .wait_stderr("this shell allows about 92", SOON);
    let log = server.process.stderr.text();
    assert!(
        log.contains("this shell allows about 92 (open files)"),
        "{log}"
    );
    assert!(log.contains("ulimit -n 10016"), "{log}");
}

#[test]
fn a_server_that_gets_no_thread_tells_the_caller_and_recovers() {
    let Some(user) = Unprivileged::new("tcp-server", "a server out of threads") else {
        return;
    };
    // The main thread, the one that turns callers away, and two for connections.
    let mut server = Server::start(user.with_threads(4, &[&ANY_PORT.to_string()]));
    let served: Vec<TcpStream> = (0..2).map(|_| net::connect(server.addr())).collect();
    for stream in &served {
        assert_eq!(net::ask(stream, b"x", 1), b"X");
    }
    for _ in 0..20 {
        let refused = net::connect(server.addr());
        assert_eq!(
            net::read_to_end(&refused, SOON),
            b"error: server cannot start a thread\n"
        );
    }
    for stream in &served {
        assert_eq!(net::ask(stream, b"y", 1), b"Y");
    }
    server
        .process
        .wait_stderr("error: cannot start a thread", SOON);
    let log = server.process.stderr.text();
    assert_eq!(
        log.matches("error: cannot start a thread").count(),
        1,
        "{log}"
    );
    drop(served);
    server.assert_nothing_left();
    server.assert_alive(upper_case_client);
}

#[test]
fn a_server_that_gets_not_even_its_own_threads_does_not_start() {
    let Some(user) = Unprivileged::new("tcp-server", "a server without threads") else {
        return;
    };
    let mut process = Process::spawn(user.with_threads(1, &[&ANY_PORT.to_string()]));
    let ended = process.finish(SOON);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stdout, b"");
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        words.contains("error: cannot start the server (thread or process limit reached)"),
        "{words}"
    );
}

#[test]
fn a_full_disk_under_its_log_does_not_stop_a_server() {
    let script = "exec \"$0\" \"$@\" 2>/dev/full";
    let tool = server_command(&[]);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .arg(tool.get_program())
        .arg(ANY_PORT.to_string());
    let mut server = Server::start(command);
    server.assert_alive(upper_case_client);
}

#[test]
fn closed_standard_streams_do_not_stop_a_server() {
    let tool = server_command(&[]);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec \"$0\" \"$@\" <&- 2>&-"])
        .arg(tool.get_program())
        .arg(ANY_PORT.to_string());
    let mut server = Server::start(command);
    server.assert_alive(upper_case_client);
}

/// Nobody would learn where it listens.
#[test]
fn a_full_disk_under_stdout_stops_a_server_at_once() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let command = server_command(&[&ANY_PORT.to_string()]);
    let mut process = Process::spawn_to(command, Stdio::from(full));
    let ended = process.finish(SOON);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "error: cannot write to standard output (No space left on device)\n"
    );
}
