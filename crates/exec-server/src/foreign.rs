//! Programs that came to the wrong port, known by their first bytes.
//!
//! A web page can make a browser send bytes to 127.0.0.1, and a shell runs what it can of them:
//! `GET /?;touch${IFS}x; HTTP/1.1` is a command line that makes a file. So what looks like HTTP
//! never reaches a shell.

use proto::wire::frame::Foreign;

/// What HTTP clients say first.
const METHODS: &[&[u8]] = &[
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PRI * HTTP/2",
];

/// Who sends a request with these first bytes, where it never can be meant for a shell.
pub fn speaker(request: &[u8]) -> Option<Foreign> {
    // A browser sends no blank before its request, but a page's form may put a line before one.
    let start = request.trim_ascii_start();
    let first_line = start.split(|&b| b == b'\n').next().unwrap_or_default();
    if METHODS.iter().any(|method| start.starts_with(method)) || is_request_line(first_line) {
        return Some(Foreign::HttpRequest);
    }
    if start.starts_with(b"SSH-") {
        return Some(Foreign::Ssh);
    }
    // A TLS record: a handshake, version 3.x.
    if request.starts_with(&[0x16, 0x03]) {
        return Some(Foreign::Tls);
    }
    None
}

/// `METHOD TARGET HTTP/1.1`, whatever the method. A command may well speak of HTTP
/// (`grep ' HTTP/1.1' access.log`), but none begins with a word in capitals and ends like this.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let method = line.split(|&b| b == b' ').next().unwrap_or_default();
    let version = [&b" HTTP/1.0"[..], b" HTTP/1.1"];
    method.iter().all(u8::is_ascii_uppercase) && version.iter().any(|v| line.ends_with(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_and_others_send_is_known() {
        for request in [
            &b"GET /?;touch${IFS}F; HTTP/1.1\r\nHost: x\r\n"[..],
            b"GET /",
            b"POST / HTTP/1.1\r\n\r\ntouch F\n",
            b"\r\nHEAD / HTTP/1.0\r\n",
            b"OPTIONS * HTTP/1.1\r\n",
            b"PROPFIND / HTTP/1.1\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            assert_eq!(speaker(request), Some(Foreign::HttpRequest));
        }
        assert_eq!(speaker(b"SSH-2.0-OpenSSH_9.2\r\n"), Some(Foreign::Ssh));
        assert_eq!(speaker(b"\x16\x03\x01\x02\x00\x01"), Some(Foreign::Tls));
    }

    #[test]
    fn commands_are_commands() {
        for command in [
            &b"ls -la"[..],
            b"echo GET / HTTP",
            b"grep ' HTTP/1.1' access.log",
            b"grep -c HTTP/1.1",
            b"get x",
            b"printf 'a\nGET / HTTP/1.1\n'",
            b"",
            b"\xff\xfe",
        ] {
            assert_eq!(speaker(command), None);
        }
    }
}
