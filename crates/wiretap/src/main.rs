//! `wiretap`: forwards bytes between two programs, shows them live on a page, and bends the line.
//!
//! | module | what it is for | does not know |
//! |---|---|---|
//! | `run`, `options` | what is started, by which flags, and how it ends | what is in a conversation |
//! | `tap` | the state that all conversations share, and that of one | sockets |
//! | `direction` | what one side sends, on its way to the other | what carries it |
//! | `wires` | a conversation over connections, or in datagrams | bends |
//! | `bend` | how the line is bent | sockets, events |
//! | `decode` | the lesson's protocols, read in what crossed | all of these |
//! | `event` | what happened, in words and as JSON | where it comes from |
//! | `page`, `picture` | the page and the picture | conversations |

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod bend;
mod decode;
mod direction;
mod event;
mod options;
mod page;
mod picture;
mod run;
mod tap;
mod wires;

use std::process::ExitCode;

use options::TOOL;

fn main() -> ExitCode {
    proto::cli::run(&TOOL, run::run)
}
