//! Plays the conversations of the chapter to the clients, byte for byte, so that the page shows
//! what goes over the wire.
//!
//! A conversation is a `text` block below `<!-- wire: STEM 127.0.0.1 PORT ARGS ... -->`. Its lines
//! are sent by the client (`C: `), by the server (`S: `), and over FTP's data connection (`D: `). A
//! line that ends in `<IAC ...>` has those bytes at its end, and no line end.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::Output;

use cross_process::deadline::SOON;
use cross_process::docs::page::Page;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::{self, Rust};

use super::{both, start, text_of};

const STEMS: [&str; 9] = [
    "http_get",
    "nntp_group",
    "ftp_list",
    "smtp_send",
    "pop3_retr",
    "imap_fetch",
    "telnet_command",
    "gopher_menu",
    "solution_12",
];

const CODES: [(&str, u8); 7] = [
    ("ECHO", 1),
    ("TERMINAL-TYPE", 24),
    ("GA", 249),
    ("WILL", 251),
    ("WONT", 252),
    ("DO", 253),
    ("DONT", 254),
];

/// The byte that begins a Telnet command.
const IAC: u8 = 255;

#[test]
fn clients_send_what_the_chapter_shows() {
    let page = chapter();
    let conversations = conversations(&page);
    for conversation in &conversations {
        let all = conversation.lines().count();
        let mut shown = Vec::new();
        for client in conversation.clients() {
            if let Some(finished) = play(client, conversation, all) {
                shown.push(text_of(&finished));
            }
        }
        if let [python, rust] = &shown[..] {
            assert_eq!(python, rust, "{conversation:?}");
        }
    }
    let played: BTreeSet<&str> = conversations.iter().map(|c| c.stem).collect();
    assert_eq!(
        played,
        BTreeSet::from(STEMS),
        "no conversation for a client"
    );
}

/// The end of the stream is not the end of the text. So each conversation is cut at each line of
/// the last reply but one, which has the text.
#[test]
fn a_stream_that_ends_within_a_text_is_an_error() {
    for conversation in conversations(&chapter()) {
        for cut in conversation.cuts() {
            for client in conversation.clients() {
                let Some(finished) = play(client, &conversation, cut) else {
                    continue;
                };
                let shown = String::from_utf8_lossy(&finished.stdout);
                let status = finished.status.code();
                assert_eq!(status, Some(1), "{client:?}, cut at {cut}: {shown}");
            }
        }
    }
}

/// The chapter. The Chinese one has the same conversations, as another test checks.
fn chapter() -> Page {
    Page::open(Path::new("docs/en/12-internet-modules.md")).unwrap()
}

/// A conversation of a page.
#[derive(Debug)]
struct Conversation<'a> {
    stem: &'static str,
    port: &'a str,
    args: Vec<&'a str>,
    text: &'a str,
}

fn conversations(page: &Page) -> Vec<Conversation<'_>> {
    let mut found = Vec::new();
    for fence in &page.fences {
        let comment = fence.comment.as_deref().unwrap_or_default();
        let Some(call) = comment.strip_prefix("wire: ") else {
            continue;
        };
        let words: Vec<&str> = call.split(' ').collect();
        let [stem, "127.0.0.1", port, args @ ..] = &words[..] else {
            panic!("not STEM 127.0.0.1 PORT: {call}");
        };
        let stem = STEMS.into_iter().find(|known| known == stem);
        found.push(Conversation {
            stem: stem.unwrap_or_else(|| panic!("no such client: {call}")),
            port,
            args: args.to_vec(),
            text: &fence.text,
        });
    }
    found
}

impl<'a> Conversation<'a> {
    fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.text.lines()
    }

    fn clients(&self) -> Vec<Program> {
        match self.stem {
            "solution_12" => vec![Rust(self.stem)],
            _ => both(self.stem).to_vec(),
        }
    }

    /// The lines before which the server can close too early.
    fn cuts(&self) -> Range<usize> {
        let asks: Vec<usize> = (0..)
            .zip(self.lines())
            .filter(|(_, l)| l.starts_with("C:"))
            .map(|(at, _)| at)
            .collect();
        match (self.stem, &asks[..]) {
            // The end of the stream ends a Gopher text, and a Telnet client cannot tell.
            ("telnet_command" | "gopher_menu", _) => 0..0,
            // HTTP has one question. Python's module accepts a truncated head, but not a truncated
            // body.
            ("http_get", [.., last]) => last + 5..self.lines().count() - 1,
            (_, [.., ask, last]) => ask + 1..*last,
            _ => panic!("two questions at least: {self:?}"),
        }
    }
}

/// Plays the first `until` lines of a conversation to a client, then closes. Returns the client's
/// output and status; `None` if it needs Python and there is none.
fn play(client: Program, conversation: &Conversation, until: usize) -> Option<Output> {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap();
    let real_port = addr.port().to_string();
    let text = conversation.text.replace(conversation.port, &real_port);
    let mut process = start(client, addr, &conversation.args, &message(&text))?;
    let mut server = Server {
        client: &process,
        conn: net::accept(&listener),
        data: None,
        tags: conversation.stem == "imap_fetch",
        tag: None,
    };
    let mut lines = text.lines().take(until).peekable();
    while let Some(line) = lines.next() {
        match line.split_at_checked(2).unwrap_or((line, "")) {
            ("S:", text) => server.says(text.trim_start()),
            ("C:", text) => server.hears(text.trim_start()),
            ("D:", text) => {
                server.sends_data(text.trim_start());
                if !lines.peek().is_some_and(|next| next.starts_with("D:")) {
                    server.data = None; // What closes it ends the list.
                }
            }
            _ => panic!("neither S: nor C: nor D: {line:?}"),
        }
    }
    let Server { mut conn, data, .. } = server;
    drop(data);
    // A client may close with the last reply unread, which is not an error.
    let mut rest = Vec::new();
    let _ = conn.shutdown(Shutdown::Write);
    let _ = conn.read_to_end(&mut rest);
    assert_eq!(rest.escape_ascii().to_string(), "", "said at the end");
    let mut finished = process.finish(SOON);
    let shown = String::from_utf8_lossy(&finished.stdout);
    finished.stdout = shown.replace(&real_port, conversation.port).into_bytes();
    Some(finished)
}

/// The mail for a client to send: the text before the lone dot, without doubled dots.
fn message(conversation: &str) -> String {
    let sent = conversation
        .lines()
        .filter_map(|line| line.strip_prefix("C:"));
    let text = sent.skip_while(|line| *line != " DATA").skip(1);
    let text = text.map(str::trim_start).take_while(|line| *line != ".");
    text.map(|line| line.strip_prefix('.').unwrap_or(line).to_owned() + "\n")
        .collect()
}

struct Server<'a> {
    client: &'a Process,
    conn: TcpStream,
    data: Option<DataConnection>,
    /// Whether each line of the client begins with a tag.
    tags: bool,
    /// The tag of the page's last line, and the client's tag for it.
    tag: Option<(String, String)>,
}

enum DataConnection {
    Offered(TcpListener),
    Open(TcpStream),
}

impl Server<'_> {
    fn says(&mut self, text: &str) {
        let mut text = text.to_owned();
        if let Some((page, real)) = &self.tag
            && let Some(rest) = text.strip_prefix(&format!("{page} "))
        {
            text = format!("{real} {rest}");
        }
        if text.starts_with("227 ") {
            let listener = net::listen();
            let port = listener.local_addr().unwrap().port();
            let (words, _) = text.split_once('(').unwrap();
            text = format!("{words}(127,0,0,1,{},{}).", port / 256, port % 256);
            self.data = Some(DataConnection::Offered(listener));
        }
        let _ = self.conn.write_all(&bytes(&text));
    }

    fn sends_data(&mut self, text: &str) {
        let conn = match self.data.take() {
            Some(DataConnection::Offered(listener)) => net::accept(&listener),
            Some(DataConnection::Open(conn)) => conn,
            None => panic!("there is no second connection for {text:?}"),
        };
        net::send(&conn, &bytes(text));
        self.data = Some(DataConnection::Open(conn));
    }

    fn hears(&mut self, text: &str) {
        let expected = bytes(text);
        let mut heard = Vec::new();
        let enough = |heard: &[u8]| match expected.ends_with(b"\n") {
            true => heard.ends_with(b"\n"),
            false => heard.len() == expected.len(),
        };
        while !enough(&heard) {
            heard.extend(net::read_exact(&self.conn, 1, SOON));
        }
        if self.tags {
            // The client chooses the tag at the beginning of each line.
            let tag = |line: &[u8]| {
                String::from_utf8_lossy(line.split(|b| *b == b' ').next().unwrap()).into_owned()
            };
            let (page, real) = (tag(&expected), tag(&heard));
            heard.splice(..real.len(), page.bytes());
            self.tag = Some((page, real));
        }
        // Commands may be in lower case.
        if !heard.eq_ignore_ascii_case(&expected) {
            let heard = heard.escape_ascii();
            self.client.fail(&format!(
                "the page has {text:?}, the client says \"{heard}\""
            ));
        }
    }
}

/// The bytes of the text after `S:`, `C:` or `D:`.
fn bytes(text: &str) -> Vec<u8> {
    let Some((before, codes)) = text.strip_suffix('>').and_then(|t| t.split_once("<IAC ")) else {
        return format!("{text}\r\n").into_bytes();
    };
    let mut bytes = before.as_bytes().to_vec();
    bytes.push(IAC);
    for word in codes.split(' ') {
        let code = CODES.iter().find(|(name, _)| *name == word);
        bytes.push(code.unwrap_or_else(|| panic!("no code {word}")).1);
    }
    bytes
}
