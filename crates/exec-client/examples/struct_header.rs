//! The struct module alone, and then a header of any content after a length of fixed size.
//!
//! ```text
//! cargo run -p exec-client --example struct_header
//! ```
//!
//! A number written in digits has one to many bytes. Packed by struct it always has four, so the
//! reader knows when to stop. Four bytes hold no large number, but the JSON header after them can,
//! and any other field that both sides agree on.

use std::error::Error;

use proto::wire::json::{self, Value};
use proto::wire::pack::{pack, unpack};

fn main() -> Result<(), Box<dyn Error>> {
    // "i" is a signed integer of four bytes in this machine's order; "<i" and "!i" say which one.
    if let Err(why) = pack("i", 1222222222223) {
        println!("refused: {why}");
    }

    let packed = pack("i", 1222)?;
    println!("b'{}' {}", packed.escape_ascii(), packed.len());
    println!("{}", unpack("i", &packed)?);

    // A number keeps its digits: no Rust integer holds this one.
    let size = "340282366920938463463374607431768211456".to_owned();
    let header = Value::object([
        ("filename", "a.txt".into()),
        ("total_size", Value::Number(size)),
        ("hash", "not computed".into()),
    ]);
    let header_bytes = header.to_string().into_bytes();
    println!("{header} {}", header_bytes.len());

    let prefix = pack("i", header_bytes.len() as i64)?;
    println!("b'{}' {}", prefix.escape_ascii(), prefix.len());

    // The receiver reads four bytes, then the header of that length, and parses it.
    let message = [&prefix, &header_bytes[..]].concat();
    let header_len = unpack("i", &message[..4])?;
    let received = json::parse(&message[4..4 + usize::try_from(header_len)?])?;
    let filename = received.get("filename").and_then(Value::as_str);
    let total_size = received.get("total_size").and_then(Value::as_number);
    println!(
        "{header_len} {} {}",
        filename.unwrap_or_default(),
        total_size.unwrap_or_default()
    );
    Ok(())
}
