//! What the system lets this process have.

use std::fs;
use std::io::{self, ErrorKind};
use std::sync::OnceLock;

/// What a new thread or a large buffer leaves free of a limited address space.
const HEADROOM: u64 = 4 << 20;

/// A limit of this process, by its name in proc(5), if there is one.
pub(crate) fn limit(name: &str) -> Option<u64> {
    number("/proc/self/limits", name)
}

/// The number after a name in a file of proc(5).
fn number(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Checks that a limited address space (`ulimit -v`) has 4 MiB left: before anything large, which
/// can be refused, so that there is room for the small allocations, which cannot. If one of those
/// fails, the process aborts.
///
/// # Errors
///
/// `OutOfMemory`.
///
/// ```
/// assert!(proto::check_memory().is_ok());
/// ```
pub fn check_memory() -> io::Result<()> {
    static ADDRESS_SPACE: OnceLock<Option<u64>> = OnceLock::new();
    let Some(limit) = ADDRESS_SPACE.get_or_init(|| limit("Max address space")) else {
        return Ok(());
    };
    // In KiB.
    match number("/proc/self/status", "VmSize:") {
        Some(used) if used * 1024 + HEADROOM > *limit => Err(ErrorKind::OutOfMemory.into()),
        _ => Ok(()),
    }
}
