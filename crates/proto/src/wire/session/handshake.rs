//! The handshake: client and server prove to each other that they know the token, without sending
//! it.
//!
//! Each side sends 32 random bytes, its nonce, and proves that it knows the token by an HMAC-SHA256
//! (RFC 2104) over both nonces with the token as the key. The keys of the two directions are
//! derived in the same way, so they are new for each connection.
//!
//! ```
//! use proto::wire::session::handshake::{Agreement, check_auth, hello, read_hello};
//! use proto::wire::session::{FrameReader, FrameType};
//!
//! let token = [7; 32];
//! let (server_nonce, client_nonce) = ([1; 32], [2; 32]); // must be random, and used once
//!
//! // The client gets the body of `hello` and makes the body of `auth`.
//! let heard = read_hello(&hello(&server_nonce))?;
//! let agreement = Agreement::new(&token, &heard, &client_nonce)?;
//! let auth = agreement.auth();
//!
//! // The server checks the body of `auth`. From here on the client is authenticated.
//! let at_server = check_auth(&token, &server_nonce, &auth)?;
//! let welcome = at_server.welcome().to_vec();
//! let (_, mut from_client) = at_server.into_server();
//!
//! // The client checks the body of `welcome`. From here on the server is authenticated.
//! let (mut to_server, _) = agreement.check_welcome(&welcome)?;
//! let mut bytes = Vec::new();
//! to_server.send(&mut bytes, [(FrameType::Command, b"uptime")])?;
//! let mut reader = FrameReader::default();
//! let frame = reader.read_sealed(&mut &bytes[..], &mut from_client)?;
//! assert_eq!(frame.map(|frame| frame.body), Some(&b"uptime"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use super::seal::{Opener, Sealer};
use crate::wire::hmac::{Key, equal};

/// The name and version of the protocol. Every authenticated message begins with it.
const MAGIC: &[u8] = b"sockexec/1\0";
/// The beginning of the magic of every version.
const FAMILY: &[u8] = b"sockexec/";

/// 32 random bytes that are used once. They must come from the system, never from a clock or a
/// counter.
pub type Nonce = [u8; 32];

/// The body of `hello`.
pub fn hello(server: &Nonce) -> Vec<u8> {
    [MAGIC, server].concat()
}

/// Reads the server's nonce from the body of `hello`.
///
/// # Errors
///
/// [`HandshakeError::Version`] for another version of this protocol, else
/// [`HandshakeError::Malformed`].
pub fn read_hello(body: &[u8]) -> Result<Nonce, HandshakeError> {
    let malformed = HandshakeError::Malformed("hello");
    if let Some(nonce) = body.strip_prefix(MAGIC) {
        return nonce.try_into().map_err(|_| malformed);
    }
    let rest = body.strip_prefix(FAMILY).unwrap_or_default();
    let version = rest.iter().take_while(|b| b.is_ascii_digit()).take(9);
    let version: String = version.map(|&b| char::from(b)).collect();
    Err(match version.is_empty() {
        true => malformed,
        false => HandshakeError::Version(version),
    })
}

/// The proofs and keys derived from the token and the two nonces.
#[derive(Debug)]
pub struct Agreement {
    client_proof: [u8; 32],
    server_proof: [u8; 32],
    client_to_server: Key,
    server_to_client: Key,
    client_nonce: Nonce,
}

impl Agreement {
    /// Computes them; both sides do this.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Reflected`] if the nonces are equal: the client sent the server's nonce
    /// back.
    pub fn new(token: &[u8; 32], server: &Nonce, client: &Nonce) -> Result<Self, HandshakeError> {
        if equal(server, client) {
            return Err(HandshakeError::Reflected);
        }
        let token = Key::new(token);
        let code = |label: &[u8]| token.code(&[MAGIC, label, server, client]);
        Ok(Self {
            client_proof: code(b"client\0"),
            server_proof: code(b"server\0"),
            client_to_server: Key::new(&code(b"key-c2s")),
            server_to_client: Key::new(&code(b"key-s2c")),
            client_nonce: *client,
        })
    }

    /// The body of `auth`: the client's nonce, then its proof.
    pub fn auth(&self) -> Vec<u8> {
        [self.client_nonce, self.client_proof].concat()
    }

    /// The body of `welcome`: the server's proof.
    pub fn welcome(&self) -> &[u8] {
        &self.server_proof
    }

    /// For the client: checks the server's proof, and returns the sealer and opener of its
    /// directions.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::ServerProof`]; then nothing may be sent.
    pub fn check_welcome(self, body: &[u8]) -> Result<(Sealer, Opener), HandshakeError> {
        if !equal(body, &self.server_proof) {
            return Err(HandshakeError::ServerProof);
        }
        Ok((
            Sealer::new(self.client_to_server),
            Opener::new(self.server_to_client),
        ))
    }

    /// For the server, after [`check_auth`]: returns the sealer and opener of its directions.
    pub fn into_server(self) -> (Sealer, Opener) {
        (
            Sealer::new(self.server_to_client),
            Opener::new(self.client_to_server),
        )
    }
}

/// For the server: checks the body of `auth`.
///
/// # Errors
///
/// [`HandshakeError::ClientProof`], [`HandshakeError::Reflected`] or
/// [`HandshakeError::Malformed`]; then nothing may be run.
pub fn check_auth(
    token: &[u8; 32],
    server: &Nonce,
    body: &[u8],
) -> Result<Agreement, HandshakeError> {
    let (nonce, proof) = body
        .split_first_chunk::<32>()
        .filter(|(_, proof)| proof.len() == 32)
        .ok_or(HandshakeError::Malformed("auth"))?;
    let agreement = Agreement::new(token, server, nonce)?;
    if !equal(proof, &agreement.client_proof) {
        return Err(HandshakeError::ClientProof);
    }
    Ok(agreement)
}

/// Why the other side failed to authenticate. No text contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// A body is malformed. Holds the frame's type.
    Malformed(&'static str),
    /// Another version of the protocol. Holds its number.
    Version(String),
    /// The client's nonce is the server's.
    Reflected,
    /// The client does not know the token.
    ClientProof,
    /// The server does not know the token.
    ServerProof,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(kind) => write!(f, "malformed {kind} frame"),
            Self::Version(version) => write!(
                f,
                "the other side speaks version {version} of the session protocol, this one \
                 version 1; use the same release on both sides"
            ),
            Self::Reflected => f.write_str("authentication failed (nonce reflected)"),
            Self::ClientProof => f.write_str("authentication failed (the client's token differs)"),
            Self::ServerProof => f.write_str("the server failed to prove it knows the token"),
        }
    }
}

impl std::error::Error for HandshakeError {}
