//! How many connections this machine can carry, each with a thread and a descriptor.

use std::fs;

/// Kernel memory mappings of one thread: its stack and its signal stack, each with a guard page.
const MAPPINGS_PER_THREAD: usize = 4;
/// Mappings left to the program itself, its heap and its few other threads.
const OTHER_MAPPINGS: usize = 512;

/// How many threads a server may have without danger, where the system tells; on Linux about
/// 16 250 unless `vm.max_map_count` was raised.
///
/// Above it a new thread fails to map its signal stack. std meets that with a panic inside the
/// new thread, where nobody can catch it, and the whole process aborts. So a server must keep
/// its cap on connections below this, and cannot find out by trying.
///
/// ```
/// use proto::socketserver::thread_limit;
///
/// let most = thread_limit().unwrap_or(10_000).min(10_000);
/// assert!(most > 0);
/// ```
pub fn thread_limit() -> Option<usize> {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    let mappings: usize = text.trim().parse().ok()?;
    Some(mappings.saturating_sub(OTHER_MAPPINGS) / MAPPINGS_PER_THREAD)
}

/// How many files and sockets this process may have open (`ulimit -n`), where the system tells.
///
/// A server can go on at this limit: it turns callers away until a connection closes.
///
/// ```
/// use proto::socketserver::descriptor_limit;
///
/// if let Some(limit) = descriptor_limit() {
///     assert!(limit > 3);
/// }
/// ```
pub fn descriptor_limit() -> Option<usize> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find(|l| l.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_both() {
        assert!(thread_limit().unwrap() > 1000);
        assert!(descriptor_limit().unwrap() > 10);
    }
}
