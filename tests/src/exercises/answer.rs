//! Checks a server's answer.

use std::io::Read;
use std::net::TcpStream;

use crate::net;

/// Waits for an answer that must arrive although no more is sent.
#[track_caller]
pub fn expect(mut conn: &TcpStream, answer: &[u8], what: &str) {
    let mut came = Vec::new();
    // Reads in pieces, so that a wrong answer fails at once and not after a wait for the rest of
    // it.
    while came.len() < answer.len() && answer.starts_with(&came) {
        let mut piece = [0; 4096];
        let most = piece.len().min(answer.len() - came.len());
        match net::again(|| conn.read(&mut piece[..most])) {
            Ok(count @ 1..) => came.extend_from_slice(&piece[..count]),
            _ => break,
        }
    }
    finding(&came, answer, what);
}

/// Compares the received answer with the expected one.
#[track_caller]
pub fn finding(came: &[u8], answer: &[u8], what: &str) {
    let but = match came {
        _ if answer.starts_with(came) => say!("it stops after", "只收到"),
        _ => say!("it begins with", "收到的开头却是"),
    };
    assert!(
        came == answer,
        "{}",
        say!(
            "{what}: your server should answer \"{}\", but {but} \"{}\"",
            "{what}：你的服务端应该响应 \"{}\"，{but} \"{}\"",
            shown(answer),
            shown(came)
        )
    );
}

fn shown(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    match text.get(..60) {
        Some(start) => format!("{start}..."),
        None => text,
    }
}
