//! Replaces `serve.rs` on Windows, where safe std cannot do what exec-server promises.

use std::process::ExitCode;

use proto::cli::Failure;

use crate::options::Options;

/// Reports why there is no server.
///
/// # Errors
///
/// Always.
pub fn serve(_options: &Options) -> Result<ExitCode, Failure> {
    Err(Failure::new(
        "exec-server does not run on Windows (Rust's std can neither end all processes of a command \
         there, nor make a secret, nor tell who may read a file); run it in WSL",
    ))
}
