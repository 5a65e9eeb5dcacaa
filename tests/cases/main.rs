//! The cross-process tests. One binary, one module a topic.

mod harness;
