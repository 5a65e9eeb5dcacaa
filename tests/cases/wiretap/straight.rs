//! Tests that an unbent line changes nothing, and is recorded byte for byte.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust, Tool};
use cross_process::program::printed_for;
use cross_process::temp::TempDir;

use super::{joined, recorded, tap};

const SERVERS: [Program; 2] = [Python("tcp_server"), Rust("tcp_server")];
const CLIENTS: [Program; 2] = [Python("tcp_client"), Rust("tcp_client")];

#[test]
fn the_lessons_pairs_work_through_it() {
    for server in SERVERS {
        for client in CLIENTS {
            let (Some(server), Some(command)) = (server.serve(), client.command(net::ANY_PORT))
            else {
                continue;
            };
            let mut tap = tap(server.addr(), &[]);
            let mut through = Command::new(command.get_program());
            // The last argument is the port.
            let words: Vec<_> = command.get_args().collect();
            through
                .args(&words[..words.len() - 1])
                .arg(tap.addr().port().to_string());
            through.envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            let shown = printed_for("hello\n你好\n", through);
            assert_eq!(shown, "b'HELLO'\nb'\\xe4\\xbd\\xa0\\xe5\\xa5\\xbd'\n");
            for line in [
                "client -> server: 5 bytes b'hello'",
                "server -> client: 5 bytes b'HELLO'",
                r"client -> server: 6 bytes b'\xe4\xbd\xa0\xe5\xa5\xbd'",
                "client closed its side",
            ] {
                tap.process.wait_stdout(line, SOON);
            }
            tap.assert_alive(fresh_client);
        }
    }
}

pub fn fresh_client(addr: SocketAddr) {
    assert_eq!(net::ask(&net::connect(addr), b"fresh", 5), b"FRESH");
}

#[test]
fn a_record_holds_every_byte_of_both_sides_at_every_size() {
    let folder = TempDir::new();
    for (number, size) in [1, 2, 1023, 1024, 1025, 65_535, 65_536, 65_537, 300_000]
        .into_iter()
        .enumerate()
    {
        let server = Tool("tcp-server", &[]).serve().unwrap();
        let file = folder.join(format!("{number}.jsonl"));
        let flags = ["--connections", "1", "--record", file.to_str().unwrap()];
        let mut tap = tap(server.addr(), &flags);
        let sent: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let client = net::connect(tap.addr());
        let (writer, bytes) = (client.try_clone().unwrap(), sent.clone());
        let writing = thread::spawn(move || (&writer).write_all(&bytes).unwrap());
        let got = net::read_exact(&client, size, SOON);
        writing.join().unwrap();
        drop(client);
        assert_eq!(got, sent.to_ascii_uppercase());
        assert!(tap.process.wait_exit(SOON).success());

        let events = recorded(&file);
        let crossed = ["passed"];
        assert!(joined(&events, &crossed, "client") == sent, "{size}");
        assert!(joined(&events, &crossed, "server") == got, "{size}");
        let kinds: Vec<_> = events.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("opened", "over"));
        assert_eq!(kinds.iter().filter(|kind| **kind == "closed").count(), 2);
    }
}

#[test]
fn a_record_and_its_replay_print_and_draw_the_same() {
    let folder = TempDir::new();
    let [file, first, second] = ["talk.jsonl", "first.svg", "second.svg"]
        .map(|name| folder.join(name).to_str().unwrap().to_owned());
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let flags = ["--connections", "1", "--record", &file, "--svg", &first];
    let mut live = tap(server.addr(), &flags);
    let client = net::connect(live.addr());
    assert_eq!(net::ask(&client, b"<hello> & \"bye\"\x00", 16).len(), 16);
    drop(client);
    assert!(live.process.wait_exit(SOON).success());

    let replay = |flags: &[&str]| {
        let mut command = Command::new(artifacts().tool("wiretap"));
        command.args(["--replay", &file]).args(flags);
        Process::spawn(command)
    };
    assert!(replay(&["--svg", &second]).finish(SOON).status.success());
    let [first, second] = [first, second].map(|file| std::fs::read_to_string(file).unwrap());
    assert_eq!(first, second);
    assert!(
        first.contains("&lt;hello> &amp; &quot;bye&quot;"),
        "{first}"
    );
    assert!(!first.contains('\0'));

    let lines = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let lines = text.lines().filter(|line| line.contains(" #1 "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let printed = replay(&["--stop-on-eof"]).finish(SOON).stdout;
    assert_eq!(lines(&printed), lines(&live.process.stdout.bytes()));
    assert!(!lines(&printed).is_empty());
}

#[test]
fn a_half_close_is_passed_on_and_the_rest_of_the_answer_arrives() {
    let (listener, tap_to) = listening();
    let tap = tap(tap_to, &[]);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    net::send(&client, b"question");
    net::half_close(&client);
    assert_eq!(net::read_to_end(&server, SOON), b"question");
    net::send(&server, b"a late answer");
    drop(server);
    assert_eq!(net::read_to_end(&client, SOON), b"a late answer");
}

#[test]
fn a_missing_server_is_reported_and_closes_the_client() {
    let mut tap = tap(net::free_port(), &[]);
    let client = net::connect(tap.addr());
    assert_eq!(net::read_to_end(&client, SOON), b"");
    tap.process
        .wait_stdout("no server: cannot connect to", SOON);
    drop(client);
    tap.assert_nothing_left();
}

#[test]
fn a_reset_ends_the_other_side_too() {
    let (listener, tap_to) = listening();
    let mut tap = tap(tap_to, &[]);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    net::send(&server, b"unread");
    net::reset(client);
    assert_eq!(net::read_to_end(&server, SOON), b"");
    tap.process.wait_stdout("client reset the connection", SOON);
    tap.process.wait_stdout("#1 over:", SOON);
    drop(server);
    tap.assert_nothing_left();
}

#[test]
fn a_reader_that_pauses_blocks_the_sender_and_does_not_grow_memory() {
    const PIECE: usize = 1 << 20;
    let (listener, tap_to) = listening();
    let tap = tap(tap_to, &["--hold", "client:1ms"]);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    // A write times out once every buffer on the way is full.
    client
        .set_write_timeout(Some(std::time::Duration::from_millis(500)))
        .unwrap();
    let mut sent = 0;
    while let Ok(count) = (&client).write(&vec![b'x'; PIECE]) {
        sent += count;
        assert!(sent < 256 * PIECE, "nothing holds the sender");
    }
    let memory = cross_process::procfs::resident_bytes(tap.process.pid()).unwrap();
    assert!(memory < 32 << 20, "{memory} bytes");
    drop(client);
    assert_eq!(net::read_to_end(&server, SOON).len(), sent);
}

fn listening() -> (std::net::TcpListener, SocketAddr) {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}
