//! The harness of the cross-process tests: starts real processes, with a deadline on every wait.
//!
//! | module | what it is for |
//! |---|---|
//! | [`artifacts`] | builds the workspace's tools and examples, and finds them |
//! | [`program`] | a lesson script in Python or Rust, or a tool: the columns of a matrix |
//! | [`process`] | one running process: its streams, signals and end |
//! | [`keeper`] | a shell that sends signals for the tests, and kills what they leave behind |
//! | [`server`] | a process that listens, and the check that it still works after a test |
//! | [`signal`] | `SIGSTOP`, `SIGTERM` and the like, to a process or its group |
//! | [`output`] | what a process has written so far |
//! | [`procfs`] | descriptors, threads, children, memory and CPU time of a process |
//! | [`others`] | third-party servers, or the skip if they are not installed |
//! | [`python`] | the Python interpreter, or the skip if there is none |
//! | [`net`] | sockets with a deadline on every wait, and peers that misbehave |
//! | [`relay`] | a lossy relay for datagrams, which records what it did |
//! | [`random`] | a seeded random number generator |
//! | [`skip`] | reports what is skipped, which CI does not allow |
//! | [`peer`] | a server within the test, which sends literal bytes |
//! | [`temp`] | temporary folders |
//! | [`deadline`] | how long a wait may last |
//! | [`docs`] | checks the documentation |
//! | [`exercises`] | the exercises of the course, and their checks |
//!
//! A test that fails panics with the standard output and error of the process. Linux only: it reads
//! `/proc`.

pub mod artifacts;
pub mod deadline;
pub mod docs;
pub mod exercises;
pub mod keeper;
pub mod net;
pub mod others;
pub mod output;
pub mod peer;
pub mod process;
pub mod procfs;
pub mod program;
pub mod python;
pub mod random;
pub mod relay;
pub mod server;
pub mod signal;
pub mod skip;
pub mod temp;
