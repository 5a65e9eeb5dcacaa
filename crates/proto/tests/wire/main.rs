//! Tests the codecs with what a peer can send: bytes that are truncated, split over many reads,
//! changed, or of another protocol.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod cuts;
mod documents;
mod footprint;
mod json;
mod mutations;
mod pieces;
#[path = "../../../../tests/src/random.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod random;
mod session;
