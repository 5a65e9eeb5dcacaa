//! Tests the page: its access control, and hostile requests.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::program::Program::Tool;
use cross_process::server::Server;

use super::straight::fresh_client;
use super::{page_of, tap};

struct Page {
    tap: Server,
    addr: SocketAddr,
    key: String,
    _server: Server,
}

#[track_caller]
fn page() -> Page {
    page_over("tcp-server", &[])
}

#[track_caller]
fn page_over(server: &'static str, flags: &[&str]) -> Page {
    let server = Tool(server, &[]).serve().unwrap();
    let mut tap = tap(server.addr(), flags);
    let (addr, key) = page_of(&mut tap);
    Page {
        tap,
        addr,
        key,
        _server: server,
    }
}

impl Page {
    /// The whole answer to a request with these headers.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, headers: &str) -> String {
        let stream = net::connect(self.addr);
        let request = format!("{method} {path} HTTP/1.1\r\n{headers}\r\n");
        net::send(&stream, request.as_bytes());
        String::from_utf8_lossy(&net::read_to_end(&stream, SOON)).into_owned()
    }

    fn host(&self) -> String {
        format!("Host: {}\r\n", self.addr)
    }

    fn with_key(&self, path: &str) -> String {
        format!("{path}key={}", self.key)
    }
}

/// Reads until all these words have come; an error with what came instead.
fn read_until(mut stream: &TcpStream, words: &[&str]) -> Result<(), String> {
    let mut seen = String::new();
    let has_all = poll(SOON, || {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap_or(0);
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        words.iter().all(|word| seen.contains(word)).then_some(())
    });
    has_all.ok_or(seen)
}

#[track_caller]
fn assert_status(answer: &str, status: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
}

#[test]
fn it_answers_its_own_requests_and_streams_events() {
    let page = page();
    let body = page.ask("GET", "/", &page.host());
    assert_status(&body, "200");
    assert!(body.contains("<title>wiretap</title>") && body.contains("Content-Security-Policy"));
    // The page loads nothing from other sites.
    assert!(!body.contains("https://"), "the page names another place");

    let events = net::connect(page.addr);
    let request = format!(
        "GET {} HTTP/1.1\r\n{}\r\n",
        page.with_key("/events?"),
        page.host()
    );
    net::send(&events, request.as_bytes());
    let client = net::connect(page.tap.addr());
    assert_eq!(net::ask(&client, b"watched", 7), b"WATCHED");
    let seen = read_until(&events, &["77617463686564", "57415443484544"]);
    assert!(seen.is_ok(), "{seen:?}");

    let picture = page.ask("GET", &page.with_key("/picture.svg?"), &page.host());
    assert!(picture.contains("watched") && picture.contains("<svg"));
}

#[test]
fn a_switch_bends_the_line_of_a_running_conversation() {
    let page = page();
    let client = net::connect(page.tap.addr());
    assert_eq!(net::ask(&client, b"before", 6), b"BEFORE");
    let path = page.with_key("/bend?");
    let bend = |words: &str| page.ask("POST", &path, &format!("{}Bend: {words}\r\n", page.host()));
    let answer = bend("chop server:2");
    assert_status(&answer, "200");
    assert!(answer.contains(r#""server": {"chop": "2""#), "{answer}");
    assert_eq!(net::ask(&client, b"after", 5), b"AFTER");
    page.tap
        .process
        .wait_stdout("wiretap -> client: 2 bytes b'AF' (chopped to 2)", SOON);

    for (words, why) in [
        ("chop server:fast", "fast"),
        ("colour server:1", "colour"),
        ("chop middle:1", "middle"),
        ("", "not a setting"),
    ] {
        let answer = bend(words);
        let is_told = answer.contains("{\"error\": \"") && answer.contains(why);
        assert!(is_told, "{words}: {answer}");
    }
}

#[test]
fn the_switches_come_before_anything_has_crossed() {
    let page = page();
    let events = net::connect(page.addr);
    let path = page.with_key("/events?");
    let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", page.host());
    net::send(&events, request.as_bytes());
    // One write has the head and the switches.
    let mut first = [0; 4096];
    let count = (&events).read(&mut first).unwrap();
    let first = String::from_utf8_lossy(&first[..count]);
    assert!(
        first.contains(r#"data: {"client": {"chop": "0""#),
        "{first}"
    );
}

#[test]
fn a_setting_that_does_nothing_to_datagrams_is_refused() {
    let page = page_over("udp-server", &["--udp"]);
    let headers = format!("{}Bend: reset-after client:3\r\n", page.host());
    let answer = page.ask("POST", &page.with_key("/bend?"), &headers);
    let is_refused = answer.contains("{\"error\": \"") && answer.contains("reset-after");
    assert!(is_refused, "{answer}");
    assert_eq!(net::ask_udp(&net::udp(page.tap.addr()), b"hello"), b"HELLO");
}

#[test]
fn an_open_page_sees_the_last_event_before_wiretap_ends() {
    let mut page = page_over("tcp-server", &["--connections", "1"]);
    let events = net::connect(page.addr);
    let path = page.with_key("/events?");
    let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", page.host());
    net::send(&events, request.as_bytes());
    let client = net::connect(page.tap.addr());
    assert_eq!(net::ask(&client, b"hello", 5), b"HELLO");
    // The page's thread has just written, and now pauses.
    let hello = read_until(&events, &["48454c4c4f"]);
    assert!(hello.is_ok(), "{hello:?}");
    drop(client);
    let seen = String::from_utf8_lossy(&net::read_to_end(&events, SOON)).into_owned();
    assert!(
        seen.contains(r#""kind": "over""#) && seen.contains("event: complete"),
        "{seen}"
    );
    assert!(page.tap.process.wait_exit(SOON).success());
}

#[test]
fn requests_of_other_pages_and_hosts_are_refused() {
    let mut page = page();
    let host = page.host();
    let port = page.addr.port();
    let events = page.with_key("/events?");
    for (path, headers) in [
        // Without the key, or with a wrong one.
        ("/events", host.clone()),
        ("/picture.svg?key=", host.clone()),
        ("/bend?key=00000000000000000000000000000000", host.clone()),
        // Another host name that resolves to this address (DNS rebinding).
        (&events, format!("Host: evil.example:{port}\r\n")),
        (&events, String::new()),
        (&events, format!("{host}{host}")),
        (&events, "Host: 127.0.0.1\r\n".into()),
        // A request of another page in the same browser.
        (&events, format!("{host}Origin: http://evil.example\r\n")),
        (&events, format!("{host}Origin: null\r\n")),
        ("/", format!("{host}Origin: http://localhost:{port}\r\n")),
        ("/elsewhere", host.clone()),
    ] {
        let method = if path.starts_with("/bend") {
            "POST"
        } else {
            "GET"
        };
        assert_status(&page.ask(method, path, &headers), "403");
    }
    for (method, path) in [
        ("GET", "/elsewhere?"),
        ("GET", "/../page.rs?"),
        ("PUT", "/?"),
        ("GET", "/bend?"),
    ] {
        assert_status(&page.ask(method, &page.with_key(path), &host), "404");
    }
    page.tap.assert_alive(fresh_client);
}

#[test]
fn invalid_requests_are_refused_and_delay_no_other() {
    let mut page = page();
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(10_000));
    for bytes in [
        &b"\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET /\r\n\r\n",
        long.as_bytes(),
    ] {
        let stream = net::connect(page.addr);
        net::send(&stream, bytes);
        // The response ends with an end of the stream, and not with a reset.
        let answer = net::read_to_end(&stream, SOON);
        assert!(
            answer.starts_with(b"HTTP/1.1 400 "),
            "{}",
            answer.escape_ascii()
        );
    }
    // Sixteen silent clients take all permits, and the seventeenth is refused at once.
    let silent: Vec<_> = (0..16).map(|_| net::connect(page.addr)).collect();
    let answer = poll(SOON, || {
        let answer = page.ask("GET", "/", &page.host());
        answer.starts_with("error: busy").then_some(answer)
    });
    assert!(answer.is_some());
    drop(silent);
    let is_back = poll(SOON, || {
        page.ask("GET", "/", &page.host())
            .starts_with("HTTP/1.1 200")
            .then_some(())
    });
    assert!(is_back.is_some());
    page.tap.assert_alive(fresh_client);
}
