//! `wiretap`: forwards bytes between two programs, shows them live on a page, and bends the line.
//!
//! | module | what it is for | does not know |
//! |---|---|---|
//! | `run`, `options` | what is started, by which flags, and how it ends | what is in a conversation |
//! | `talk` | what all conversations share, and one of them | sockets |
//! | `direction` | what one side sends, on its way to the other | what carries it |
//! | `stream`, `datagrams` | a conversation over a connection, and in datagrams | bends |
//! | `bend` | how the line is bent | sockets, events |
//! | `decode` | the lesson's protocols, read in what crossed | all of these |
//! | `event`, `journal` | what happened, kept for those who follow it | where it comes from |
//! | `page`, `http`, `picture` | the page and the picture | conversations |

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod bend;
mod datagrams;
mod decode;
mod direction;
mod event;
mod http;
mod journal;
mod options;
mod page;
mod picture;
mod run;
mod stream;
mod talk;

use std::process::ExitCode;

use options::TOOL;

fn main() -> ExitCode {
    proto::cli::run(&TOOL, run::run)
}
