//! Recognizes clients of other protocols by their first bytes.
//!
//! A web page can make a browser send bytes to 127.0.0.1, and a shell would run them: `GET
//! /?;touch${IFS}x; HTTP/1.1` is a command line that creates a file. So nothing that looks like
//! HTTP may reach a shell.

use std::fmt;

/// The protocol that another program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongProtocol {
    /// An HTTP client.
    HttpRequest,
    /// An HTTP server.
    HttpResponse,
    /// An ssh client or server.
    Ssh,
    /// A TLS client.
    Tls,
}

/// The words with which HTTP requests begin.
const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI",
];
/// HTTP methods whose lower-case names are not programs.
const NOT_PROGRAMS: &[&str] = &["get", "post", "put", "delete", "connect", "options"];

impl WrongProtocol {
    /// The protocol of the first four bytes, if they are not a frame's length. (As a length, four
    /// bytes of text are over 500 million.)
    pub fn of_prefix(prefix: [u8; 4]) -> Option<Self> {
        match &prefix {
            b"HTTP" => Some(Self::HttpResponse),
            b"SSH-" => Some(Self::Ssh),
            [0x16, 0x03, ..] => Some(Self::Tls),
            _ if begins_with_method(&prefix)
                || METHODS.iter().any(|it| it.as_bytes().starts_with(&prefix)) =>
            {
                Some(Self::HttpRequest)
            }
            _ => None,
        }
    }

    /// The protocol of `request`, if it is not a shell command: the beginning of another protocol,
    /// or a part of an HTTP message that the network has split. A command may mention HTTP.
    ///
    /// ```
    /// use proto::wire::WrongProtocol;
    ///
    /// let of = WrongProtocol::of_request;
    /// assert_eq!(of(b"GET / HTTP/1.1\r\n"), Some(WrongProtocol::HttpRequest));
    /// assert_eq!(of(b"Host: x\r\n\r\ntouch F\n"), Some(WrongProtocol::HttpRequest));
    /// assert_eq!(of(b"grep 'GET / HTTP/1.1' access.log"), None);
    /// ```
    pub fn of_request(request: &[u8]) -> Option<Self> {
        if request.starts_with(&[0x16, 0x03]) {
            return Some(Self::Tls);
        }
        // White space may come before the request: a page's form can put an empty line before it.
        let start = request.trim_ascii_start();
        if start.starts_with(b"SSH-") {
            return Some(Self::Ssh);
        }
        let first = start.split(|&byte| byte == b'\n').next();
        let first = first.unwrap_or_default();
        if is_version(first.get(..8).unwrap_or_default()) {
            return Some(Self::HttpResponse);
        }
        // Inside a shell command no line ends with `\r\n`, as HTTP's lines do.
        let has_http_ends = || request.trim_ascii_end().windows(2).any(|it| it == b"\r\n");
        let is_http = begins_with_method(start)
            || is_request_line(first)
            || is_header(first)
            || has_http_ends();
        is_http.then_some(Self::HttpRequest)
    }
}

/// A description for a log or a refusal.
impl fmt::Display for WrongProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HttpRequest => "an HTTP request; this port does not speak HTTP",
            Self::HttpResponse => "the answer of an HTTP server",
            Self::Ssh => "ssh; this port does not speak ssh",
            Self::Tls => "TLS; this port does not speak TLS",
        })
    }
}

/// A method in capital letters, and a space or a tab. No shell command has such a name.
fn begins_with_method(bytes: &[u8]) -> bool {
    let rest = |it: &&str| bytes.strip_prefix(it.as_bytes());
    METHODS
        .iter()
        .filter_map(rest)
        .any(|rest| matches!(rest.first(), Some(b' ' | b'\t')))
}

/// `HTTP/1.1`, in any case.
fn is_version(word: &[u8]) -> bool {
    let digits = word.get(5..).unwrap_or_default();
    word[..word.len().min(5)].eq_ignore_ascii_case(b"HTTP/")
        && !digits.is_empty()
        && digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// `METHOD TARGET HTTP/1.1` with any method, or the end of such a line whose beginning was split
/// off. No shell command consists of at most one word, a path and a version of HTTP.
fn is_request_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect();
    let is_target = |word: &[u8]| {
        word.starts_with(b"/") || word == b"*" || word.windows(3).any(|it| it == b"://")
    };
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return false;
    };
    if is_version(last) {
        let is_method = first.iter().all(u8::is_ascii_uppercase);
        let before = words.len().checked_sub(2).map(|at| words[at]);
        return before.is_some_and(|it| is_method || (words.len() <= 3 && is_target(it)));
    }
    let is_method = NOT_PROGRAMS
        .iter()
        .any(|it| first.eq_ignore_ascii_case(it.as_bytes()));
    is_method && words.get(1).is_some_and(|word| is_target(word))
}

/// `Name: value`. No shell command has such a name.
fn is_header(line: &[u8]) -> bool {
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    name.len() < line.len()
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || b"-_".contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_browsers_and_other_programs_are_recognized() {
        for request in [
            "GET /?;touch${IFS}F; HTTP/1.1\r\nHost: x\r\n",
            "GET /",
            "HEAD\t/;touch${IFS}F; HT",
            "POST / HTTP/1.1\r\n\r\ntouch F\n",
            "\r\nHEAD / HTTP/1.0\r\n",
            "OPTIONS * HTTP/1.1\r\n",
            "PROPFIND / HTTP/1.1\r\n",
            "PURGE x HTTP/1.1\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            // In lower case, or split by the network.
            "get / http/1.1\r\n\r\ntouch F\n",
            "Post http://x/ HTTP/1.1",
            "get /",
            "get /;touch${IFS}F; ht",
            "PRI * H",
            "T / HTTP/1.1\r\nHost: x\r\n\r\ntouch F\n",
            "t / http/1.1\ntouch F\n",
            " / HTTP/1.1\r\n",
            "th HTTP/1.1\r\nHost: x\r\n\r\ntouch F\n",
            "P/1.1\r\nHost: x\r\n\r\ntouch F\n",
            "TP/1.1\r\n\r\n\ntouch F\n",
            "P/1.1 200 OK\r\n\r\n\ntouch F\n",
            ": x\r\n\r\n\ntouch F\n",
            "\r\n\r\ntouch F\n",
            // A single header line.
            "Host: x\ntouch F\n",
            "Referer:\ntouch F",
            "Origin: http://x",
            "x-y_1:z",
        ] {
            let found = WrongProtocol::of_request(request.as_bytes());
            assert_eq!(found, Some(WrongProtocol::HttpRequest), "{request}");
        }
        for (request, expected) in [
            (&b"HTTP/1.1 200 OK\r\n"[..], WrongProtocol::HttpResponse),
            (b"http/1.0 200 OK\ntouch F", WrongProtocol::HttpResponse),
            (b"SSH-2.0-OpenSSH_9.2\r\n", WrongProtocol::Ssh),
            (b"\x16\x03\x01\x02\x00\x01", WrongProtocol::Tls),
        ] {
            assert_eq!(WrongProtocol::of_request(request), Some(expected));
        }
    }

    #[test]
    fn shell_commands_are_not_mistaken_for_other_protocols() {
        for command in [
            &b"ls -la"[..],
            b"echo GET / HTTP",
            b"echo GET / HTTP/1.1",
            b"grep ' HTTP/1.1' access.log",
            b"grep -c HTTP/1.1",
            b"get x",
            b"head /etc/passwd",
            b"printf 'a\nGET / HTTP/1.1\n'",
            b"cat <<E\nHost: x\nE\n",
            b"ls\r\n",
            b"PATH=/a:/b ls",
            b": nothing",
            b"scp me@host:file .",
            b"",
            b"\xff\xfe",
        ] {
            assert_eq!(WrongProtocol::of_request(command), None, "{command:?}");
        }
    }

    #[test]
    fn four_bytes_are_enough_to_recognize_a_protocol() {
        for (prefix, expected) in [
            (b"DELE", Some(WrongProtocol::HttpRequest)),
            (b"PRI ", Some(WrongProtocol::HttpRequest)),
            (b"HTTP", Some(WrongProtocol::HttpResponse)),
            (b"SSH-", Some(WrongProtocol::Ssh)),
            (b"\x16\x03\x01\x00", Some(WrongProtocol::Tls)),
            (b"\x3a\x00\x00\x00", None),
        ] {
            assert_eq!(WrongProtocol::of_prefix(*prefix), expected);
        }
    }
}
