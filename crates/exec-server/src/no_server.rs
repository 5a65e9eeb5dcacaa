//! Replaces `serve.rs` on systems other than Linux, where safe std cannot do what exec-server
//! promises.

use std::process::ExitCode;

use proto::cli::Failure;

use crate::options::Options;

/// Reports why there is no server.
///
/// # Errors
///
/// Always.
pub fn serve(_options: Options) -> Result<ExitCode, Failure> {
    Err(Failure::new(if cfg!(windows) {
        "exec-server does not run on Windows (Rust's std can neither end all processes of a command \
         there, nor make a secret, nor tell who may read a file); run it in WSL"
    } else {
        "exec-server runs only on Linux (elsewhere Rust's std can neither check whether a command has \
         ended without freeing its process ID, nor close a pipe that a background process holds); \
         run it on Linux, for example in a virtual machine"
    }))
}
