//! Exercise 11: whoever starts the server has made its listener, and waits for it to end.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::process::Process;
use cross_process::procfs::cpu_time;

/// How long the program waits for a caller: long enough for a busy machine, as two calls here lie
/// closer together.
const IDLE: Duration = Duration::from_secs(2);

/// Starts it, calls it, and lets it wait.
pub fn check(program: &Path) {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap();
    let mut command = Command::new(program);
    command.arg(IDLE.as_millis().to_string());
    let mut server = Process::spawn_on_listener(command, listener);

    let line = server.wait_line(SOON);
    if line != format!("listening on {addr}") {
        server.fail(&format!(
            "your server should serve the listener that is its standard input, which listens on \
             {addr}, but it says {line:?}"
        ));
    }

    let call = |who: &str| {
        let client = net::connect(addr);
        net::send(&client, b"hello");
        let answered = net::again(|| client.peek(&mut [0]));
        if !matches!(answered, Ok(1..)) {
            server.fail(&format!("{who} has no answer"));
        }
        assert_eq!(net::read_exact(&client, 5, SOON), b"HELLO");
    };
    call("the first caller");
    call("the second caller");

    let patient = net::connect(addr);
    assert_eq!(net::ask(&patient, b"hello", 5), b"HELLO");
    thread::sleep(IDLE + A_MOMENT);
    net::send(&patient, b"still here");
    let mut answer = [0; 10];
    let answered = net::again(|| patient.peek(&mut answer));
    if !matches!(answered, Ok(1..)) {
        server.fail("a client that is there, and silent for a while, has lost its connection");
    }
    drop(patient);
    call("who calls when a client has left that was there for long");

    let called = Instant::now();
    let before = cpu_time(server.pid()).unwrap();
    thread::sleep(IDLE / 4);
    let spent = cpu_time(server.pid()).unwrap() - before;
    // Even where others leave it little of the processor, a loop without a rest takes more.
    if spent > Duration::from_millis(30) {
        server.fail(&format!(
            "while it waits for a caller your server uses the processor: {spent:?} of {:?}",
            IDLE / 4
        ));
    }

    if !server.is_running() && called.elapsed() < IDLE {
        server.fail("your server has ended too soon: its last caller left a moment ago");
    }
    let status = server.wait_exit_or(
        SOON,
        "nobody has called for longer than 2s, and your server still waits",
    );
    if !status.success() {
        server.fail("nobody has called, and that is no error");
    }
    if server.stdout.next_line(SOON).as_deref() != Some("nobody has called for 2s") {
        server.fail("your server should say at its end: nobody has called for 2s");
    }
}
