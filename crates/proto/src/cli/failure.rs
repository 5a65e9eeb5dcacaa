//! Why a tool ends without having done its work.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;

use crate::{reason, start_reason};

/// Why a tool ends without having done its work. Its text becomes one line on stderr.
///
/// Every error converts into one by `?`. It has that error's text; an [`io::Error`] becomes its
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
    kind: Kind,
}

/// What [`run`](super::run) makes of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// stdout was closed (EPIPE): exit quietly.
    OutputClosed,
    /// The command line cannot be followed.
    Usage,
    Other,
}

impl Failure {
    /// A failure with a text of the form `WHAT (WHY); HINT`.
    pub fn new(text: impl fmt::Display) -> Self {
        Self {
            text: text.to_string(),
            kind: Kind::Other,
        }
    }

    /// Flags that do not go together. It ends the tool as every other usage error does.
    pub fn usage(text: impl fmt::Display) -> Self {
        Self {
            kind: Kind::Usage,
            ..Self::new(text)
        }
    }

    /// A failed operation: `WHAT (why)`.
    pub fn io(what: &str, why: &io::Error) -> Self {
        Self::new(format!("{what} ({})", reason(why)))
    }

    /// A thread that was not started: `WHAT (why)`.
    pub fn start(what: &str, why: &io::Error) -> Self {
        Self::new(format!("{what} ({})", start_reason(why)))
    }

    /// The reader of our output has closed it. The tool ends quietly, with status 0.
    pub(super) fn output_closed() -> Self {
        Self {
            kind: Kind::OutputClosed,
            ..Self::new("")
        }
    }

    /// Whether the reader of our output has closed it: for a tool whose exit status says more than
    /// that it ended well.
    pub fn is_output_closed(&self) -> bool {
        self.kind == Kind::OutputClosed
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// `Failure` is no `Error` itself: the conversion would overlap with std's of a type into itself.
impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref::<io::Error>() {
            Some(error) => Self::new(reason(error)),
            None => Self::new(error),
        }
    }
}
