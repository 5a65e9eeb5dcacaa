//! Nothing that a reader of the docs reads is untested.

mod checker;
mod checker_files;
mod pages;
mod transcripts;
