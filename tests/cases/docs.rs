//! Nothing that a reader of the docs reads is untested.

mod checker;
mod pages;
mod transcripts;
