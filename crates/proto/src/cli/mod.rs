//! The command line that all tools share: flags, help, logs, prompts, exit codes.
//!
//! This is the only module that prints. Data goes to stdout, messages go to stderr.

mod check;
mod entry;
mod exit;
mod failure;
mod input;
mod log;
mod output;
mod parse;
mod progress;
mod rate_limit;
mod stderr;
mod tool;
mod values;

pub use exit::run;
pub use failure::{Failure, start_thread};
pub use input::{Lines, forward_stdin, wait_for_end_of_stdin};
pub use log::{LOGGING, Log};
pub use output::{Output, is_stderr_stdout};
pub use progress::Progress;
pub use rate_limit::RateLimit;
pub use stderr::log_in_background;
pub use tool::{Check, Set, Tool};
pub use values::{
    bytes, choice, count, duration, duration_or_none, endpoint, percentage, rate, real_port,
    show_bytes, show_duration, size, text, udp_endpoint,
};
