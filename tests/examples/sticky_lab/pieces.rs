//! Finds which part of which send each recv returned.

use proto::escape::repr;

/// A message up to this length is shown as text.
const SHORT: usize = 16;

/// An outcome of an experiment, and its frequency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The length of each recv.
    pub recvs: Vec<usize>,
    /// The number of runs with this outcome.
    pub times: usize,
}

/// A part of a message, within one recv.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of the message, from 0.
    pub message: usize,
    /// Its position in the message.
    pub from: usize,
    /// Its length in bytes.
    pub length: usize,
}

/// The pieces of each recv. The lengths are enough, because a stream keeps the order.
pub fn pieces(messages: &[Vec<u8>], recvs: &[usize]) -> Vec<Vec<Piece>> {
    let (mut message, mut from) = (0, 0);
    let mut all = Vec::new();
    for &recv in recvs {
        let mut left = recv;
        let mut within = Vec::new();
        while left > 0 && message < messages.len() {
            let length = left.min(messages[message].len() - from);
            within.push(Piece {
                message,
                from,
                length,
            });
            left -= length;
            from += length;
            if from == messages[message].len() {
                (message, from) = (message + 1, 0);
            }
        }
        all.push(within);
    }
    all
}

/// The messages, each as one piece.
pub fn whole(messages: &[Vec<u8>]) -> Vec<Piece> {
    let whole = |(message, bytes): (usize, &Vec<u8>)| Piece {
        message,
        from: 0,
        length: bytes.len(),
    };
    messages.iter().enumerate().map(whole).collect()
}

/// A piece as text: `wor`, `\xe5\x95`, `a*1000`, `1000 bytes`.
pub fn text(messages: &[Vec<u8>], piece: Piece) -> String {
    let message = &messages[piece.message];
    let bytes = &message[piece.from..piece.from + piece.length];
    if message.len() <= SHORT {
        let shown = repr(bytes, SHORT);
        return shown[2..shown.len() - 1].to_owned();
    }
    match message[0] {
        letter @ b'a'..=b'z' if message.iter().all(|&byte| byte == letter) => {
            format!("{}*{}", char::from(letter), piece.length)
        }
        _ => format!("{} bytes", piece.length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(messages: &[&[u8]], recvs: &[usize]) -> Vec<Vec<String>> {
        let messages: Vec<Vec<u8>> = messages.iter().map(|m| m.to_vec()).collect();
        let text = |recv: Vec<Piece>| recv.iter().map(|&p| text(&messages, p)).collect();
        pieces(&messages, recvs).into_iter().map(text).collect()
    }

    #[test]
    fn a_recv_need_not_end_where_a_send_ends() {
        assert_eq!(
            shown(&[b"hello", b"world"], &[4, 4, 2]),
            [vec!["hell"], vec!["o", "wor"], vec!["ld"]]
        );
        assert_eq!(shown(&[b"a", b"b", b"c"], &[3]), [["a", "b", "c"]]);
    }

    #[test]
    fn a_short_printable_piece_is_shown_as_text() {
        assert_eq!(
            shown(&["啊".as_bytes()], &[2, 1]),
            [[r"\xe5\x95"], [r"\x8a"]]
        );
        assert_eq!(
            shown(&[&[b'a'; 20], &[0; 20]], &[40]),
            [["a*20", "20 bytes"]]
        );
    }
}
