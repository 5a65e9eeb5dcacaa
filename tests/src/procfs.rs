//! Descriptors, threads, children, memory and CPU time of a process, read from `/proc`.
//!
//! Every function returns an error once the process is gone.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Resources of a server, whose number must be the same after a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Open file descriptors.
    pub files: usize,
    /// Threads, including the main one.
    pub threads: usize,
}

impl Vitals {
    /// Counts the files and threads of a process.
    pub fn of(pid: u32) -> io::Result<Self> {
        Ok(Self {
            files: open_files(pid)?,
            threads: threads(pid)?,
        })
    }
}

/// The fields of `/proc/PID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its process id.
    pub pid: u32,
    /// The name of its program, cut to 15 bytes by the kernel.
    pub name: String,
    /// `R`unning, `S`leeping, s`T`opped, `Z`ombie, ...
    pub state: char,
    /// Its parent's process id.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// The processor time it has used, in user and kernel mode.
    pub cpu: Duration,
}

/// Reads `/proc/PID/stat`.
pub fn stat(pid: u32) -> io::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text).ok_or_else(|| io::Error::other(format!("cannot read as a stat line: {text}")))
}

/// How many file descriptors a process has open.
pub fn open_files(pid: u32) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// How many threads a process has, including the main one.
pub fn threads(pid: u32) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/task"))?.count())
}

/// The children of a process, including zombies.
pub fn children(pid: u32) -> io::Result<Vec<Stat>> {
    Ok(all()?.into_iter().filter(|p| p.parent == pid).collect())
}

/// The children of a process that have ended and were not waited for.
pub fn zombies(pid: u32) -> io::Result<Vec<Stat>> {
    Ok(children(pid)?
        .into_iter()
        .filter(|p| p.state == 'Z')
        .collect())
}

/// The processes of a process group, without zombies.
pub fn group(group: u32) -> io::Result<Vec<Stat>> {
    let alive = |p: &Stat| p.group == group && p.state != 'Z';
    Ok(all()?.into_iter().filter(alive).collect())
}

/// Whether every thread of a process is stopped by a signal.
pub fn is_halted(pid: u32) -> io::Result<bool> {
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("stat"))?;
        if parse_stat(&text).is_none_or(|stat| stat.state != 'T') {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The size of a process's address space in bytes.
pub fn address_space(pid: u32) -> io::Result<u64> {
    status_kib(pid, "VmSize:")
}

/// The memory of a process that is in RAM now, in bytes.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    status_kib(pid, "VmRSS:")
}

/// The most memory that a process has ever had in RAM, in bytes.
pub fn peak_resident_bytes(pid: u32) -> io::Result<u64> {
    status_kib(pid, "VmHWM:")
}

/// Whether this process ignores `SIGINT`, which its children inherit.
pub fn ignores_interrupts() -> io::Result<bool> {
    const SIGINT: u32 = 2;
    let status = fs::read_to_string("/proc/self/status")?;
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .ok_or_else(|| io::Error::other("no SigIgn in the status of this process"))?;
    Ok(ignored >> (SIGINT - 1) & 1 == 1)
}

/// The processor time that a process has used, in user and kernel mode.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    Ok(stat(pid)?.cpu)
}

/// Whether some connection of the local IPv4 `port` is in `TIME_WAIT`.
pub fn in_time_wait(port: u16) -> io::Result<bool> {
    const TIME_WAIT: &str = "06";
    let local_end = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp")?;
    Ok(table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().unwrap_or_default();
        let state = fields.nth(1).unwrap_or_default();
        local.ends_with(&local_end) && state == TIME_WAIT
    }))
}

/// Whether a process of this machine has read all bytes that arrived on a connection. `here` is its
/// own address, `peer` the other one. `false` if there is no such connection.
pub fn has_read_all(here: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
    let shown = |addr: SocketAddr| match addr {
        SocketAddr::V4(addr) => {
            let number = u32::from_ne_bytes(addr.ip().octets());
            Ok(format!("{number:08X}:{:04X}", addr.port()))
        }
        SocketAddr::V6(_) => Err(io::Error::other("IPv4 only")),
    };
    let (here, peer) = (shown(here)?, shown(peer)?);
    let table = fs::read_to_string("/proc/net/tcp")?;
    Ok(table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, remote, _, queues, ..] = fields[..] else {
            return false;
        };
        local == here && remote == peer && queues.ends_with(":00000000")
    }))
}

/// The IPv4 port on which a process listens for TCP connections, if it does.
pub fn listens_on(pid: u32) -> io::Result<Option<u16>> {
    const LISTEN: &str = "0A";
    let mut sockets = Vec::new();
    for file in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // Skips a file that was closed meanwhile.
        if let Ok(target) = fs::read_link(file?.path()) {
            sockets.push(target.to_string_lossy().into_owned());
        }
    }
    let table = fs::read_to_string("/proc/net/tcp")?;
    Ok(table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else {
            return None;
        };
        let its_own = sockets.contains(&format!("socket:[{inode}]"));
        let (_, port) = local.split_once(':')?;
        (state == LISTEN && its_own).then(|| u16::from_str_radix(port, 16).ok())?
    }))
}

fn all() -> io::Result<Vec<Stat>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) {
            // A process may have ended since the folder was read.
            found.extend(stat(pid));
        }
    }
    Ok(found)
}

fn parse_stat(line: &str) -> Option<Stat> {
    /// `USER_HZ`, which is always 100 on Linux.
    const TICK: Duration = Duration::from_millis(10);
    // The name is in parentheses and may contain parentheses.
    let (pid, rest) = line.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // proc(5) counts from 1, and the state, fields[0], is its field 3.
    let field = |number: usize| fields.get(number - 3).copied();
    let ticks = field(14)?.parse::<u32>().ok()? + field(15)?.parse::<u32>().ok()?;
    Some(Stat {
        pid: pid.parse().ok()?,
        name: name.to_owned(),
        state: field(3)?.chars().next()?,
        parent: field(4)?.parse().ok()?,
        group: field(5)?.parse().ok()?,
        cpu: TICK * ticks,
    })
}

fn status_kib(pid: u32, key: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map(|kib| kib * 1024)
        .ok_or_else(|| io::Error::other(format!("no {key} in the status of process {pid}")))
}
