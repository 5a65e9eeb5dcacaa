//! Measures the memory of a parsed document.

use std::mem::size_of;

use proto::wire::json::Value;

/// The bytes that a value holds on the heap, by capacity, not by length.
pub fn footprint(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::String(text) => text.capacity(),
        Value::Array(items) => {
            let within: usize = items.iter().map(footprint).sum();
            items.capacity() * size_of::<Value>() + within
        }
        Value::Object(members) => {
            let within = members
                .iter()
                .map(|(name, value)| name.capacity() + footprint(value));
            members.capacity() * size_of::<(String, Value)>() + within.sum::<usize>()
        }
    }
}
