//! JSON as RFC 8259 has it, and no more: Python's `json` without its extensions.
//!
//! Numbers stay text, because a size that went through a float comes back changed (above 2^53).
//! Nesting is limited and the parser does not recurse, so no input can use up the stack.

mod parse;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use parse::{DEPTH, Error, Problem, parse};
pub use value::Value;
pub use write::write_string;
