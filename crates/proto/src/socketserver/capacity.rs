//! How many connections this machine can carry, each with a thread and a descriptor.

use std::fs;

/// The highest cap on connections that a server should have, since each takes a thread.
///
/// A thread takes four of the process's memory mappings, and Linux allows 65530
/// (`vm.max_map_count`). When they run out, a new thread fails to map its signal stack; std meets
/// that with a panic that nothing can catch, and the process aborts.
pub const MAX_CONNECTIONS: usize = 16_000;

/// The most descriptors that a server leaves unused for refusals and for the program itself.
const MAX_RESERVE: usize = 72;

/// How many files and sockets this process may have open (`ulimit -n`), where the system tells.
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

/// The descriptors that are free now and may be used for connections, and those that are kept in
/// reserve: an eighth of them all.
pub(super) fn free_descriptors() -> Option<(usize, usize)> {
    // The listing counts its own descriptor, too.
    let in_use = fs::read_dir("/proc/self/fd").ok()?.count() - 1;
    let free = descriptor_limit()?.saturating_sub(in_use);
    let reserve = (free / 8).clamp(2, MAX_RESERVE);
    Some((free.saturating_sub(reserve), reserve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_the_limit_and_what_is_free() {
        let limit = descriptor_limit().unwrap();
        let (free, reserve) = free_descriptors().unwrap();
        assert!(limit > free + reserve && free > reserve);
    }
}
