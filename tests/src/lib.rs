//! The harness of the cross-process tests: starts real processes and keeps every wait bounded.
//!
//! | module | what it is for |
//! |---|---|
//! | [`artifacts`] | builds the workspace's tools and examples, and says where they are |
//! | [`program`] | a lesson script in Python or Rust, or a tool: the columns of a matrix |
//! | [`process`] | one running process: its streams, signals and end |
//! | [`keeper`] | one shell beside the tests: it sends their signals, and ends what they leave behind |
//! | [`server`] | a process that listens, and the check that a test has left it unharmed |
//! | [`signal`] | `SIGSTOP`, `SIGTERM` and the like, to a process or its group |
//! | [`output`] | what a process has written so far |
//! | [`procfs`] | descriptors, threads, children, memory and CPU time of a process |
//! | [`others`] | servers that others wrote, or the skip where they are not installed |
//! | [`python`] | the Python interpreter, or the skip where there is none |
//! | [`net`] | sockets on which every wait has an end, and peers that misbehave |
//! | [`relay`] | a lossy relay for datagrams, which keeps books |
//! | [`random`] | numbers that look like chance and come out the same every time |
//! | [`skip`] | says what is left out, which a gate does not allow |
//! | [`peer`] | a server of the test's own, which says literal bytes |
//! | [`temp`] | folders that go away |
//! | [`deadline`] | how long a wait may last |
//! | [`docs`] | holds the documentation to what it says |
//! | [`exercises`] | the exercises of the course, and their checks |
//!
//! A test that fails panics with what the process had written to its standard output and error.
//! Linux only: it reads `/proc`.

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
