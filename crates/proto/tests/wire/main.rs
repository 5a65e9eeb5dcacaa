//! The codecs from outside, with all that a peer can do to them: bytes that are cut, spread over
//! many reads, changed, or of another protocol altogether.

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
