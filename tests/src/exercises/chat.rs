//! Checks the chat server of chapter 13, step by step.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::deadline::SOON;
use crate::net;
use crate::server::Server;

/// The checks of the steps. Each gets a server of its own.
const STEPS: [fn(&mut Server); 6] = [threads, room, names, lines, queues, stop];

/// Runs clients against the program, step by step.
///
/// # Panics
///
/// At the first step that the program has not reached, with a sentence that begins with its number.
pub fn check(program: &Path) {
    for play in STEPS {
        let mut command = Command::new(program);
        command.arg("127.0.0.1:0");
        let mut server = Server::start(command);
        play(&mut server);
    }
}

/// A client in the room.
struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects, and sends a name or, to the servers of the first two steps, a line.
    fn join(server: &Server, name: &str) -> Self {
        let stream = net::connect(server.addr());
        let reader = BufReader::new(stream.try_clone().unwrap());
        let client = Self { stream, reader };
        client.send(&format!("{name}\n"));
        client
    }

    fn send(&self, text: &str) {
        net::send(&self.stream, text.as_bytes());
    }

    /// The next line; `None` at the end of the stream, or if none comes.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let length = net::again(|| self.reader.read_until(b'\n', &mut line));
        let line = String::from_utf8_lossy(&line).into_owned();
        matches!(length, Ok(1..)).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// Reads up to a line that ends with `wanted`.
    fn hears(&mut self, wanted: &str) -> bool {
        while let Some(line) = self.line() {
            if line == wanted || line.ends_with(&format!(": {wanted}")) {
                return true;
            }
        }
        false
    }
}

#[track_caller]
fn assert_step(reached: bool, server: &Server, why: &str) {
    if !reached {
        server.process.fail(why);
    }
}

fn threads(server: &mut Server) {
    let silent = net::connect(server.addr());
    let mut ann = Client::join(server, "ann");
    ann.send("hello\n");
    let why = say!(
        "step 1: while another client is connected and silent, a client does not get its line back",
        "第 1 步：另一个客户端连着不说话时，这个客户端收不到自己发的那一行"
    );
    assert_step(ann.hears("hello"), server, &why);
    drop(silent);
}

fn room(server: &mut Server) {
    let mut ann = Client::join(server, "ann");
    ann.send("here\n");
    assert!(ann.hears("here"));
    let mut bob = Client::join(server, "bob");
    bob.send("hello\n");
    let why = say!(
        "step 2: bob says hello, and ann does not get it",
        "第 2 步：bob 说了 hello，ann 没有收到"
    );
    assert_step(ann.hears("hello"), server, &why);
    let why = say!(
        "step 2: bob says hello, and does not get it himself",
        "第 2 步：bob 说了 hello，自己没有收到"
    );
    assert_step(bob.hears("hello"), server, &why);
    drop(bob);
    ann.send("still here\n");
    let why = say!(
        "step 2: after bob has left, ann is not served",
        "第 2 步：bob 走了以后，ann 得不到服务"
    );
    assert_step(ann.hears("still here"), server, &why);
}

fn names(server: &mut Server) {
    let mut ann = Client::join(server, "ann");
    ann.line();
    let bob = Client::join(server, "bob");
    let mut hears = |line: &str| {
        let heard = ann.line().unwrap_or_default();
        let why = say!(
            "step 3: ann should get \"{line}\", and gets \"{heard}\"",
            "第 3 步：ann 应该收到 \"{line}\"，收到的是 \"{heard}\""
        );
        assert_step(heard == line, server, &why);
    };
    hears("* bob joined");
    bob.send("hello\n");
    hears("bob: hello");
    for name in ["ann", "", "ann: I"] {
        let mut other = Client::join(server, name);
        let answers = [other.line(), other.line()];
        let why = say!(
            "step 3: a client with the name \"{name}\" should get one line and the end of the stream, \
             but gets {answers:?}",
            "第 3 步：名字是 \"{name}\" 的客户端应该收到一行，然后连接关闭，收到的却是 {answers:?}"
        );
        let is_refused = matches!(&answers, [Some(line), None] if !line.ends_with("joined"));
        assert_step(is_refused, server, &why);
    }
    drop(bob);
    hears("* bob left");
}

fn lines(server: &mut Server) {
    let mut ann = Client::join(server, "ann");
    ann.line();
    let bob = Client::join(server, "bob");
    assert!(ann.line().is_some());
    net::send(&bob.stream, b"one\ntwo\nth");
    net::send(&bob.stream, b"ree\r\n\xffour\x1b[2J\n");
    for line in ["bob: one", "bob: two", "bob: three", "bob: \u{fffd}our[2J"] {
        let heard = ann.line().unwrap_or_default();
        let why = say!(
            "step 4: ann should get {line:?}, and gets {heard:?}",
            "第 4 步：ann 应该收到 {line:?}，收到的是 {heard:?}"
        );
        assert_step(heard == line, server, &why);
    }
    let mut long = Client::join(server, "cat");
    assert!(ann.line().is_some() && long.line().is_some());
    // The server may close before all of it has arrived.
    let sent = std::io::Write::write_all(&mut &long.stream, &[b'x'; 1 << 20]);
    let heard = ann.line().unwrap_or_default();
    let why = say!(
        "step 4: cat sends 1 MiB without a line end; ann should get \"* cat left\", and gets \"{heard}\"",
        "第 4 步：cat 发来 1 MiB，没有换行；ann 应该收到 \"* cat left\"，收到的是 \"{heard}\""
    );
    assert_step(sent.is_err() || heard == "* cat left", server, &why);
}

fn queues(server: &mut Server) {
    let mut ann = Client::join(server, "ann");
    ann.line();
    let sleeper = Client::join(server, "sam");
    assert!(ann.line().is_some());
    // Fifty lines, then the same fifty back: in total more than the kernel buffers for a client
    // that does not read, but never more at once than a queue should hold.
    let piece = format!("{}\n", "x".repeat(1000)).repeat(50);
    let mut has_left = false;
    for _ in 0..400 {
        if has_left {
            break;
        }
        ann.send(&piece);
        let mut count = 0;
        while count < 50 {
            let heard = ann.line();
            let why = say!(
                "step 5: sam does not read, and so ann does not get what is said",
                "第 5 步：sam 不读数据，结果 ann 也收不到大家说的话"
            );
            assert_step(heard.is_some(), server, &why);
            match heard.as_deref() {
                Some("* sam left") => has_left = true,
                _ => count += 1,
            }
        }
    }
    let why = say!(
        "step 5: sam has not read 20 MB, and is still in the room",
        "第 5 步：sam 有 20 MB 没读，却还在聊天室里"
    );
    assert_step(has_left, server, &why);
    drop(sleeper);
}

fn stop(server: &mut Server) {
    let silent = net::connect(server.addr());
    let mut ann = Client::join(server, "ann");
    ann.line();
    server.process.send_line("quit");
    let last = ann.line().unwrap_or_default();
    let why = say!(
        "step 6: the server is told to quit; ann should get \"* the server stops\", and gets \"{last}\"",
        "第 6 步：服务端收到 quit；ann 应该收到 \"* the server stops\"，收到的是 \"{last}\""
    );
    assert_step(
        last == "* the server stops" && ann.line().is_none(),
        server,
        &why,
    );
    let still = say!(
        "step 6: the server is told to quit, and still runs",
        "第 6 步：服务端收到 quit，却还在运行"
    );
    if !server.process.wait_exit_or(SOON, &still).success() {
        server.process.fail(&say!(
            "step 6: the server should end with status 0",
            "第 6 步：服务端应该以状态 0 结束"
        ));
    }
    drop(silent);
}
