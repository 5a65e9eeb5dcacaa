//! The error of a tool: one line on stderr, and an exit status.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::thread::{self, JoinHandle};

use crate::{reason, start_reason};

/// Why a tool failed. Its text becomes one line on stderr.
///
/// `?` converts every error into a `Failure` with that error's text; an [`io::Error`] becomes its
/// [`reason`].
///
/// ```
/// use proto::cli::Failure;
/// use proto::net::Endpoint;
///
/// fn port(text: &str) -> Result<u16, Failure> {
///     let endpoint: Endpoint = text.parse()?;
///     endpoint.port().ok_or_else(|| Failure::new("a path has no port"))
/// }
/// assert_eq!(port("unix:/tmp/x").map_err(|f| f.to_string()), Err("a path has no port".to_owned()));
/// assert!(port("localhost").is_err());
/// ```
#[derive(Debug)]
pub struct Failure {
    text: String,
    is_output_closed: bool,
}

impl Failure {
    /// A failure with a text of the form `WHAT (WHY); HINT`.
    pub fn new(text: impl fmt::Display) -> Self {
        Self {
            text: text.to_string(),
            is_output_closed: false,
        }
    }

    /// A failed operation: `WHAT (why)`.
    pub fn io(what: &str, why: &io::Error) -> Self {
        Self::new(format!("{what} ({})", reason(why)))
    }

    /// A thread or process that could not be started: `WHAT (why)`.
    pub fn start(what: &str, why: &io::Error) -> Self {
        Self::new(format!("{what} ({})", start_reason(why)))
    }

    /// The reader of our output has closed it: the tool exits quietly, with status 0.
    pub(super) fn output_closed() -> Self {
        Self {
            is_output_closed: true,
            ..Self::new("")
        }
    }

    /// Whether the reader of our output has closed it, for a tool that then has another exit status
    /// to return than 0.
    pub fn is_output_closed(&self) -> bool {
        self.is_output_closed
    }
}

/// Starts a thread of this name.
///
/// # Errors
///
/// If the limit on threads is reached, or there is no memory for it.
pub fn start_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread.map_err(|error| Failure::start("cannot start a thread", &error))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// `Failure` does not implement `Error`, because this impl would then overlap with std's `From<T>
// for T`.
impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref::<io::Error>() {
            Some(error) => Self::new(reason(error)),
            None => Self::new(error),
        }
    }
}
