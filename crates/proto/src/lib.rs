//! What every Dialtone tool shares, in layers. An upper layer knows the ones below it, never the
//! other way round; `tests/walls.rs` of this crate keeps it so.
//!
//! | layer | what it is for | what it must not know |
//! |---|---|---|
//! | [`escape`] | bytes as Python shows them | everything else |

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod escape;
