//! Strict JSON (RFC 8259): Python's `json` without its extensions.
//!
//! | Python | here |
//! |---|---|
//! | `json.loads(b'...')` | [`parse()`] |
//! | `json.dumps(value)` | `value.to_string()`, byte for byte the same |
//! | `value['name']` | [`Value::get`] |
//! | `int(...)`, `float(...)` of a value | [`Value::as_number`], then `parse` |
//!
//! Numbers stay text, because a float cannot hold every size above 2^53. Nesting is limited, so no
//! input can overflow the stack.
//!
//! ```
//! use proto::wire::json::parse;
//!
//! let header = parse(br#"{"filename": "a.txt", "total_size": 9007199254740993}"#)?;
//! let total_size = header.get("total_size").and_then(|size| size.as_number());
//! assert_eq!(total_size.map(str::parse), Some(Ok(9_007_199_254_740_993_u64)));
//! # Ok::<(), proto::wire::json::Error>(())
//! ```

mod error;
mod parse;
mod value;
mod write;

pub use error::{Error, Problem};
pub use parse::{DEPTH, parse};
pub use value::Value;
