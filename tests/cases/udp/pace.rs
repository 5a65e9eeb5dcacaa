//! When `udp-client` sends, and what it does if it cannot.

use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::python;
use cross_process::skip::skip;

use super::{client, serve};
use crate::exec_lesson::terminal::on_a_terminal;

/// As ping does: what is lost does not change when the next is sent.
#[test]
fn an_interval_is_kept_although_nothing_is_answered() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(SOON)).unwrap();
    let words = "--count 40 --interval 25ms --retries 0 --timeout 1s";
    let words: Vec<&str> = words.split(' ').collect();
    let mut client = Process::spawn(client(&words, silent.local_addr().unwrap()));
    let mut buffer = [0; 100];
    silent.recv(&mut buffer).unwrap();
    let started = Instant::now();
    for _ in 1..40 {
        silent.recv(&mut buffer).unwrap();
    }
    let took = started.elapsed();
    // 39 intervals; with 8 in flight it took four seconds. On a busy machine the first may be read
    // late, so the least is far from 975 ms.
    assert!(took > Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_millis(2500), "{took:?}");
    assert_eq!(client.wait_exit(SOON).code(), Some(1));
    client.wait_stderr("40 sent, 0 answered, 40 lost (100.0%)", SOON);
}

/// Takes one datagram in a network of its own, and answers it after this machine could send no
/// other.
const BREAK: &str = "import socket, subprocess, sys
def ip(*words): subprocess.run(['ip', *words], check=True)
ip('link', 'set', 'lo', 'up')
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('127.0.0.1', 0))
server.settimeout(8)
words = [*sys.argv[1:], '127.0.0.1:%d' % server.getsockname()[1]]
client = subprocess.Popen(words)
data, peer = server.recvfrom(100)
ip('addr', 'del', '127.0.0.1/8', 'dev', 'lo')
try: client.wait(1.5)
except subprocess.TimeoutExpired: pass
ip('addr', 'add', '127.0.0.1/8', 'dev', 'lo')
server.sendto(data.upper(), peer)
sys.exit(client.wait())";

#[test]
fn a_further_try_that_cannot_be_sent_does_not_end_the_wait_for_an_answer() {
    let tried = Command::new("unshare").args(["-n", "ip", "link"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return skip("a network that goes", "it needs root, unshare and ip");
    }
    let Some(python) = python::command("a network that goes") else {
        return;
    };
    let mut command = Command::new("unshare");
    command.arg("-n").arg(python.get_program());
    command.args(python.get_args()).args(["-c", BREAK]);
    command.arg(artifacts().tool("udp-client"));
    command.args(["--send", "x", "--timeout", "7s"]);
    let mut client = Process::spawn(command);
    let status = client.wait_exit(SOON + SOON);
    let report = client.stderr.text();
    assert!(
        report.starts_with("1 sent, 1 answered, 0 lost (0.0%), 0 retries; rtt"),
        "{report}"
    );
    assert_eq!(status.code(), Some(0));
}

#[test]
fn at_a_prompt_each_answer_comes_before_the_next_prompt() {
    let server = serve(&[]);
    let Some(terminal) = on_a_terminal(&client(&[], server.addr())) else {
        return;
    };
    terminal.wait_stdout(">>: ", SOON);
    for (typed, shown) in [
        ("hello", ">>: hello\r\nHELLO\r\n>>: "),
        ("", ">>: \r\n\r\n>>: "),
    ] {
        terminal.send_line(typed);
        terminal.wait_stdout(shown, SOON);
    }
}
