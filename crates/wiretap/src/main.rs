//! Listens in on conversations between two programs, shows them live on a page, and bends the line.
//!
//! | module | what it is for |
//! |---|---|
//! | `run`, `options` | what is started, and by which flags |
//! | `tap`, `talk` | what conversations share, and one of them |
//! | `event`, `journal`, `record` | what happened, kept for those who follow it |
//! | `connection`, `deliver`, `wire` | a conversation over a connection |
//! | `datagrams`, `postman` | conversations in datagrams |
//! | `bend` | how the line is bent |
//! | `decode` | the lesson's protocols, read in what crossed |
//! | `page`, `http`, `picture`, `show` | the page, the picture, the lines |

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod bend;
mod connection;
mod datagrams;
mod decode;
mod deliver;
mod event;
mod http;
mod journal;
mod options;
mod page;
mod picture;
mod postman;
mod record;
mod run;
mod show;
mod talk;
mod tap;
mod wire;

use std::process::ExitCode;

use options::TOOL;

fn main() -> ExitCode {
    proto::cli::run(&TOOL, run::run)
}
