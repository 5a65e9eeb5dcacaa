//! Tests the docs, and the checks themselves.

mod checker;
mod pages;
mod transcripts;
