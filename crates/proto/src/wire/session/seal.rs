//! Authentication codes for the frames of one direction.

use std::io::Write;

use super::frame::SessionError;
use super::{BODY_LIMIT, Kind};
use crate::wire::header::Header;
use crate::wire::hmac::{Key, equal};
use crate::wire::sha256::hex;

/// Room for the length and header of any frame that is sent: 4 bytes, and at most 122 of JSON.
pub const HEADROOM: usize = 128;

/// The code covers what the header announces, not what was received: else a shortened body with
/// the code of the short one would pass.
fn code(key: &Key, sequence: u64, kind: &str, total_size: u64, body: &[u8]) -> [u8; 32] {
    let kind_length = kind.len() as u32;
    key.code(&[
        &sequence.to_le_bytes(),
        &kind_length.to_le_bytes(),
        kind.as_bytes(),
        &total_size.to_le_bytes(),
        body,
    ])
}

/// Seals the frames that are sent in one direction. Each gets the next sequence number, so that none
/// can be left out, repeated or moved. The [`handshake`](super::handshake) gives one to each side.
pub struct Sealer {
    key: Key,
    next: u64,
}

impl Sealer {
    pub(super) const fn new(key: Key) -> Self {
        Self { key, next: 0 }
    }

    /// Makes a frame in place: `buffer` holds the body behind [`HEADROOM`] free bytes, and what is
    /// given back is the whole frame, to be sent in one write. Nothing is allocated.
    ///
    /// The body may have at most 64 KiB; what is beyond that is left out of the frame.
    ///
    /// # Panics
    ///
    /// Where `buffer` is shorter than [`HEADROOM`].
    ///
    /// ```
    /// # use proto::wire::session::handshake::Agreement;
    /// use proto::wire::session::{FrameReader, HEADROOM, Kind};
    ///
    /// # let agreement = || Agreement::new(&[1; 32], &[2; 32], &[3; 32]);
    /// # let (mut sealer, _) = agreement()?.into_server();
    /// # let (_, mut opener) = {
    /// #     let server = agreement()?;
    /// #     agreement()?.check_welcome(server.welcome())?
    /// # };
    /// let mut buffer = [0; HEADROOM + 5];
    /// buffer[HEADROOM..].copy_from_slice(b"hello");
    /// let frame = sealer.seal(Kind::Stdout, &mut buffer);
    ///
    /// let mut reader = FrameReader::default();
    /// let opened = reader.read_sealed(&mut &*frame, &mut opener)?;
    /// assert_eq!(opened.map(|frame| frame.body), Some(&b"hello"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seal<'b>(&mut self, kind: Kind, buffer: &'b mut [u8]) -> &'b [u8] {
        let end = buffer.len().clamp(HEADROOM, HEADROOM + BODY_LIMIT);
        let (room, body) = buffer[..end].split_at_mut(HEADROOM);
        let size = body.len() as u64;
        let code = code(&self.key, self.next, kind.name(), size, body);
        self.next += 1;

        let mut header = [0; HEADROOM];
        let mut rest = &mut header[4..];
        // It fits: the longest name and the longest size leave two bytes of the room.
        let _ = write!(
            rest,
            r#"{{"filename": "{}", "total_size": {size}, "hash": ""#,
            kind.name()
        );
        for byte in code {
            let _ = write!(rest, "{byte:02x}");
        }
        let _ = rest.write_all(b"\"}");
        let length = HEADROOM - 4 - rest.len();
        header[..4].copy_from_slice(&(length as u32).to_le_bytes());
        let start = HEADROOM - 4 - length;
        room[start..].copy_from_slice(&header[..4 + length]);
        &buffer[start..end]
    }

    /// The same for a short body that stands elsewhere.
    pub fn seal_copy(&mut self, kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; HEADROOM];
        buffer.extend_from_slice(body);
        self.seal(kind, &mut buffer).to_vec()
    }
}

/// Checks the frames that come, for [`FrameReader::read_sealed`](super::FrameReader::read_sealed).
pub struct Opener {
    key: Key,
    next: u64,
}

impl Opener {
    pub(super) const fn new(key: Key) -> Self {
        Self { key, next: 0 }
    }

    pub(super) fn check(&mut self, header: &Header, body: &[u8]) -> Result<(), SessionError> {
        let frame = self.next;
        let code = code(&self.key, frame, &header.filename, header.total_size, body);
        let complete = header.total_size == body.len() as u64;
        if !complete || !equal(hex(&code).as_bytes(), header.hash.as_bytes()) {
            return Err(SessionError::NotAuthentic { frame });
        }
        self.next += 1;
        Ok(())
    }
}
