//! Turns an [`io::Error`] into words for a user.

use std::io::{self, ErrorKind};

/// The reason for an [`io::Error`] as a short lower-case phrase, without `(os error N)`.
///
/// Common socket errors get fixed words, so that a user and a test can rely on them. Every other
/// error keeps the system's text.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// assert_eq!(proto::reason(&Error::from(ErrorKind::ConnectionRefused)), "connection refused");
/// assert_eq!(proto::reason(&Error::from_raw_os_error(28)), "No space left on device");
/// ```
pub fn reason(error: &io::Error) -> String {
    let fixed = match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "connection reset",
        ErrorKind::ConnectionAborted => "connection aborted",
        ErrorKind::NotConnected => "not connected",
        ErrorKind::BrokenPipe => "the other side has closed the connection",
        ErrorKind::AddrInUse => "address already in use",
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::NotFound => "no such file or directory",
        ErrorKind::AlreadyExists => "it exists already",
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "timed out",
        ErrorKind::HostUnreachable => "host unreachable",
        ErrorKind::NetworkUnreachable => "network unreachable",
        ErrorKind::UnexpectedEof => "the connection ended early",
        _ => {
            let text = error.to_string();
            let end = text.rfind(" (os error ").unwrap_or(text.len());
            return text[..end].to_owned();
        }
    };
    fixed.to_owned()
}

/// [`reason`], for a thread or a process that could not be started.
///
/// The error is then `EAGAIN`, which a socket timeout gives, too: only the caller of this function
/// can tell which it was.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// let error = Error::from(ErrorKind::WouldBlock);
/// assert_eq!(proto::start_reason(&error), "thread or process limit reached");
/// ```
pub fn start_reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock => "thread or process limit reached".to_owned(),
        _ => reason(error),
    }
}

/// Whether the error is a socket timeout: `WouldBlock` on Unix, `TimedOut` on Windows.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// assert!(proto::is_timeout(&Error::from(ErrorKind::WouldBlock)));
/// assert!(!proto::is_timeout(&Error::from(ErrorKind::ConnectionReset)));
/// ```
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Repeats the call while a signal interrupts it (`EINTR`). Python does so since PEP 475.
///
/// ```
/// use std::io::Read;
///
/// let mut buffer = [0; 8];
/// let count = proto::retry(|| (&b"hello"[..]).read(&mut buffer))?;
/// assert_eq!(&buffer[..count], b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Those of the call, except `Interrupted`.
pub fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_contains_an_error_number() {
        for number in 1..134 {
            let text = reason(&io::Error::from_raw_os_error(number));
            assert!(!text.contains("os error"), "{text}");
            assert!(!text.is_empty());
        }
    }

    #[test]
    fn an_error_of_our_own_keeps_its_text() {
        assert_eq!(reason(&io::Error::other("out of luck")), "out of luck");
    }
}
