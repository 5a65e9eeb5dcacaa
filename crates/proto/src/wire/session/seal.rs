//! Makes and checks the authentication codes of the frames in one direction.

use std::io::{self, ErrorKind, IoSlice, Write};

use super::error::SessionError;
use super::{BODY_LIMIT, FrameType};
use crate::wire::frame::PREFIX;
use crate::wire::header::Header;
use crate::wire::hmac::{Key, equal};
use crate::wire::sha256::hex;

/// Room for the length and header of any frame that is sent: 4 bytes, and at most 122 of JSON.
const HEAD_ROOM: usize = 128;

/// The code of a frame. It covers the lengths, so that no byte moves between the type and the body.
fn code(key: &Key, sequence: u64, kind: &str, body: &[u8]) -> [u8; 32] {
    let (kind_length, total_size) = (kind.len() as u32, body.len() as u64);
    key.code(&[
        &sequence.to_le_bytes(),
        &kind_length.to_le_bytes(),
        kind.as_bytes(),
        &total_size.to_le_bytes(),
        body,
    ])
}

/// Seals the frames that are sent in one direction. Each gets the next sequence number, so that
/// none can be dropped, repeated or moved. The [`handshake`](super::handshake) makes one for each
/// side.
#[derive(Debug)]
pub struct Sealer {
    key: Key,
    next: u64,
}

/// A frame's length and header, in a buffer that needs no allocation.
pub(super) struct Head {
    bytes: [u8; HEAD_ROOM],
    length: usize,
}

impl Sealer {
    pub(super) const fn new(key: Key) -> Self {
        Self { key, next: 0 }
    }

    /// Seals these frames and sends them in one write. Nothing is allocated, and no body is copied.
    ///
    /// Frames are numbered, so threads that share a sealer hold its lock until this has returned.
    ///
    /// # Errors
    ///
    /// Those of the stream, and `InvalidInput` for a body over [`BODY_LIMIT`]. Do not write to the
    /// stream after an error: part of a frame may have been sent.
    ///
    /// ```
    /// # use proto::wire::session::handshake::Agreement;
    /// use proto::wire::session::{FrameReader, FrameType};
    ///
    /// # let agreement = || Agreement::new(&[1; 32], &[2; 32], &[3; 32]);
    /// # let (mut sealer, _) = agreement()?.into_server();
    /// # let (_, mut opener) = {
    /// #     let server = agreement()?;
    /// #     agreement()?.check_welcome(server.welcome())?
    /// # };
    /// let mut stream = Vec::new();
    /// sealer.send(&mut stream, [(FrameType::Stdout, b"hello")])?;
    ///
    /// let mut reader = FrameReader::default();
    /// let opened = reader.read_sealed(&mut &stream[..], &mut opener)?;
    /// assert_eq!(opened.map(|frame| frame.body), Some(&b"hello"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send<const N: usize>(
        &mut self,
        stream: &mut impl Write,
        frames: [(FrameType, &[u8]); N],
    ) -> io::Result<()> {
        if frames.iter().any(|(_, body)| body.len() > BODY_LIMIT) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let heads = frames.map(|(kind, body)| self.seal(kind, body));
        let mut parts: [[IoSlice<'_>; 2]; N] =
            std::array::from_fn(|at| [heads[at].bytes(), frames[at].1].map(IoSlice::new));
        write_all_vectored(stream, parts.as_flattened_mut())
    }

    fn seal(&mut self, kind: FrameType, body: &[u8]) -> Head {
        let code = code(&self.key, self.next, kind.name(), body);
        self.next += 1;
        Head::new(kind, body.len(), &code)
    }
}

impl Head {
    /// `code` is empty before there is a key.
    pub(super) fn new(kind: FrameType, size: usize, code: &[u8]) -> Self {
        let mut bytes = [0; HEAD_ROOM];
        let mut rest = &mut bytes[PREFIX..];
        // The longest name and the longest size fit.
        let _ = write!(
            rest,
            r#"{{"filename": "{}", "total_size": {size}, "hash": ""#,
            kind.name()
        );
        for byte in code {
            let _ = write!(rest, "{byte:02x}");
        }
        let _ = rest.write_all(b"\"}");
        let length = HEAD_ROOM - rest.len();
        bytes[..PREFIX].copy_from_slice(&((length - PREFIX) as u32).to_le_bytes());
        Self { bytes, length }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// `write_all` for several slices. std's `write_all_vectored` is not stable yet.
fn write_all_vectored(stream: &mut impl Write, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0); // leaves out empty parts
    while !parts.is_empty() {
        match stream.write_vectored(parts) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut parts, count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Checks received frames, for [`FrameReader::read_sealed`](super::FrameReader::read_sealed).
#[derive(Debug)]
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
        let code = code(&self.key, frame, &header.filename, body);
        if !equal(hex(&code).as_bytes(), header.hash.as_bytes()) {
            return Err(SessionError::NotAuthentic { frame });
        }
        self.next += 1;
        Ok(())
    }
}
