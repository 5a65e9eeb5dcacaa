//! Tests that output is streamed and not held in memory.

use std::fs;
use std::process::Stdio;

use cross_process::deadline::{SOON, poll};
use cross_process::process::Process;
use cross_process::{net, procfs};

use super::peers::play;
use super::{Session, client, wait_until_still};

const MIB: u64 = 1 << 20;

#[test]
fn output_arrives_while_the_command_runs() {
    let mut session = Session::start(&[]);
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo first; echo and err >&2; read x <{fifo}; echo $x");
    let mut client = session.client(&[], &command);
    assert_eq!(client.wait_line(SOON), "first");
    client.wait_stderr("and err\n", SOON);
    // The command goes on only now.
    fs::write(&fifo, "second\n").unwrap();
    assert_eq!(client.wait_line(SOON), "second");
    assert!(client.finish(SOON).status.success());
    session.assert_alive();
}

/// The client is stopped while the command writes `y` for ever: a full pipe blocks the command, and
/// no memory grows.
#[test]
fn a_client_that_does_not_read_stops_the_command() {
    let mut session = Session::start(&[]);
    let pid = session.server.process.pid();
    let mut client = Process::spawn_to(
        client(&session.token, session.server.addr(), &[], "exec yes"),
        Stdio::null(),
    );
    let yes = poll(SOON, || {
        let children = procfs::children(pid).ok()?;
        Some(children.into_iter().find(|c| c.name == "yes")?.pid)
    })
    .unwrap();
    client.halt();
    wait_until_still(yes);
    let before = procfs::cpu_time(yes).unwrap();
    let resident = procfs::resident_bytes(pid).unwrap();
    assert!(resident < 8 * MIB, "{resident}");
    client.signal(cross_process::signal::Signal::Continue);
    let goes_on = poll(SOON, || {
        let now = procfs::cpu_time(yes).unwrap();
        (now > before).then_some(())
    });
    assert!(goes_on.is_some(), "the command does not go on");
    drop(client);
    session.assert_alive();
}

#[test]
fn a_client_that_reads_nothing_for_too_long_is_closed() {
    let mut session = Session::start(&["--write-timeout", "300ms"]);
    let mut client = session.client(&[], "exec yes");
    client.wait_stdout("y\n", SOON);
    client.halt();
    session.server.process.wait_stderr("exec yes", SOON);
    assert!(poll(SOON, || (!session.runs("yes")).then_some(())).is_some());
    client.signal(cross_process::signal::Signal::Kill);
    session.assert_alive();
}

#[test]
fn much_output_takes_little_memory_on_either_side() {
    let mut session = Session::start(&[]);
    let size = 96 * MIB;
    // The command ends only after both processes were measured.
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; head -c {size} /dev/zero; echo end >&2; read x <{fifo}");
    let mut client = Process::spawn_to(
        client(&session.token, session.server.addr(), &[], &command),
        Stdio::null(),
    );
    client.wait_stderr("end\n", SOON * 3);
    let ours = procfs::peak_resident_bytes(client.pid()).unwrap();
    let servers = procfs::peak_resident_bytes(session.server.process.pid()).unwrap();
    fs::write(&fifo, "\n").unwrap();
    assert!(client.finish(SOON).status.success());
    assert!(ours < 8 * MIB && servers < 8 * MIB, "{ours} {servers}");
    session.assert_alive();
}

/// Unauthenticated clients do not disturb an authenticated session.
#[test]
fn a_session_goes_on_while_others_wait_to_authenticate() {
    let mut session = Session::start(&["--max-unauthenticated", "4"]);
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo ready; read x <{fifo}; seq 3");
    let mut client = session.client(&[], &command);
    assert_eq!(client.wait_line(SOON), "ready");
    let crowd: Vec<_> = (0..12)
        .map(|_| net::connect(session.server.addr()))
        .collect();
    fs::write(&fifo, "\n").unwrap();
    let done = client.finish(SOON);
    assert_eq!(done.stdout, b"ready\n1\n2\n3\n");
    drop(crowd);
    // Until the server has noticed that they left, it would refuse another client.
    session.server.assert_nothing_left();
    session.assert_alive();
}

/// Many clients of another implementation run at once, and their outputs do not mix.
#[test]
fn concurrent_sessions_keep_their_output_apart() {
    let mut session = Session::start(&[]);
    let endpoint = session.server.endpoint().to_owned();
    let token = session.token.clone();
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..4)
            .map(|number| {
                let (endpoint, token) = (&endpoint, &token);
                scope.spawn(move || {
                    let one = format!("command echo {number}; echo e{number} >&2\nuntil exit\n");
                    let steps = format!("login\n{}", one.repeat(20));
                    play(endpoint, token, &[], &steps).map(|seen| (number, seen))
                })
            })
            .collect();
        for (number, seen) in players.into_iter().filter_map(|p| p.join().unwrap()) {
            let out = seen.matches(&format!("stdout b'{number}\\n'\n")).count();
            let err = seen.matches(&format!("stderr b'e{number}\\n'\n")).count();
            assert_eq!((out, err, seen.lines().count()), (20, 20, 60), "{seen}");
        }
    });
    session.assert_alive();
}
