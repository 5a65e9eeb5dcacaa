//! How many connections a process can have, each with a thread and a descriptor.

use std::fs;

use crate::limits::limit;

/// The highest limit on connections that a server should have, because each takes a thread.
///
/// A thread takes four of the process's memory mappings, and Linux allows 65530
/// (`vm.max_map_count`). When they run out, std fails to map the signal stack of a new thread. It
/// panics where nothing can catch the panic, and the process aborts.
pub const MAX_CONNECTIONS: usize = 16_000;

/// The maximum number of descriptors that a server leaves unused, for refusals and for the program
/// itself.
const MAX_RESERVE: usize = 72;

/// How many files and sockets this process may have open (`ulimit -n`); `None` without `/proc`.
///
/// ```
/// use proto::socketserver::descriptor_limit;
///
/// if let Some(limit) = descriptor_limit() {
///     assert!(limit > 3);
/// }
/// ```
pub fn descriptor_limit() -> Option<usize> {
    limit("Max open files")?.try_into().ok()
}

/// How many of the free descriptors connections may use now, and how many are kept in reserve: an
/// eighth, but at least 2 and at most [`MAX_RESERVE`].
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
    fn linux_reports_the_limit_and_the_free_descriptors() {
        let told = descriptor_limit().zip(free_descriptors());
        assert!(told.is_some() || cfg!(not(target_os = "linux")));
        assert!(
            told.is_none_or(|(limit, (free, reserve))| limit > free + reserve && free > reserve)
        );
    }
}
