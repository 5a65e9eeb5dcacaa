//! Provides the ports, folders and programs for a page's commands.
//!
//! A page may use port 8080, 8000 or 9000 to 9999, and `/tmp/`. Its commands get free ports and a
//! folder of their own instead, so that pages can run at the same time as each other and as other
//! programs.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::hash::BuildHasher;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::artifacts::{artifacts, workspace};
use crate::docs::page::Page;
use crate::others;
use crate::process::search_path;
use crate::python;
use crate::temp::TempDir;

/// The default ports of the tools and scripts.
const DEFAULTS: [&str; 2] = ["8080", "8000"];

/// The range of the real ports. It is below Linux's ephemeral ports, so that the kernel gives none
/// of them to another test's connection between our check and its use.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// The surroundings of one page's commands.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    /// Each port in the page, with the real port.
    ports: BTreeMap<String, String>,
    python: Option<Command>,
    /// The real folder of the third-party servers, which the page calls `target/servers`.
    servers: Option<PathBuf>,
}

/// The folder of the third-party servers in the pages.
const SERVERS: &str = "target/servers/";

impl Stage {
    /// Makes a stage for a page. `None`, with a message, if its commands need Python or third-party
    /// servers that are not installed.
    pub fn set(page: &Page) -> Option<Self> {
        let needs = |what: &str| {
            let mut fences = page.fences.iter();
            fences.any(|fence| fence.language == "console" && fence.text.contains(what))
        };
        let path = page.path.display().to_string();
        let python = match needs("python3 ") {
            true => Some(python::command(&path)?),
            false => None,
        };
        let servers = match needs(SERVERS) {
            true => Some(others::folder(&path)?),
            false => None,
        };
        let mut named: BTreeSet<String> = DEFAULTS.map(str::to_owned).into();
        for fence in &page.fences {
            words(&fence.text, |word| {
                if is_port(word) {
                    named.insert(word.to_owned());
                }
                None
            });
        }
        let stage = Self {
            folder: TempDir::new(),
            ports: named
                .into_iter()
                .map(|name| (name, free_port().to_string()))
                .collect(),
            python,
            servers,
        };
        match stage.furnish() {
            Ok(()) => Some(stage),
            Err(why) => panic!("cannot prepare {}: {why}", stage.folder.path().display()),
        }
    }

    /// A command or typed line of the page, with the real ports and folders.
    pub fn real(&self, text: &str) -> String {
        let text = words(text, |word| self.ports.get(word).cloned());
        // Uses the link in `folder`, because the path of the real folder may need quotes.
        let servers = format!("{}/", self.folder.join("servers").display());
        text.replace("/tmp/", &self.tmp())
            .replace(SERVERS, &servers)
    }

    /// The output of a program, with the ports and folders of the page.
    pub fn shown(&self, text: &str) -> String {
        let named = |word: &str| {
            let mut ports = self.ports.iter();
            ports
                .find(|(_, real)| *real == word)
                .map(|(named, _)| named.clone())
        };
        words(&text.replace(&self.tmp(), "/tmp/"), named)
    }

    /// The command that runs a line of the page in a shell, at the top of the workspace. Stdout and
    /// stderr are one stream, as on a terminal, and `$?` is `status`, that of the previous command.
    pub fn shell(&self, line: &str, status: i32) -> Command {
        let mut shell = Command::new("/bin/sh");
        let line = self.real(line);
        shell
            .args(["-c", &format!("exec 2>&1\n(exit {status})\n{line}")])
            .current_dir(workspace())
            .env("PATH", self.path())
            .env("HOME", self.folder.join("home"))
            .env("DIALTONE_TOP", workspace())
            .env_remove("XDG_CONFIG_HOME")
            .env("LC_ALL", "C.UTF-8")
            // The user's settings must not change what Python does, and its output to a pipe must
            // not be buffered.
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONSTARTUP")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1");
        if let Some(tool) = artifacts().tool("tcp-server").parent() {
            shell.env("DIALTONE_PROGRAMS", tool);
        }
        if let Some(python) = &self.python {
            shell.env("DIALTONE_PYTHON", python.get_program());
        }
        for port in DEFAULTS {
            shell.env(format!("DIALTONE_PORT_{port}"), &self.ports[port]);
        }
        shell
    }

    /// Creates the folders and links the programs.
    fn furnish(&self) -> io::Result<()> {
        for folder in ["home", "bin", "tmp"] {
            fs::create_dir(self.folder.join(folder))?;
        }
        if let Some(servers) = &self.servers {
            symlink(servers, self.folder.join("servers"))?;
        }
        for (name, text) in [
            ("cargo", include_str!("shims/cargo.sh")),
            ("python3", include_str!("shims/python3.sh")),
        ] {
            let path = self.folder.join("bin").join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, Permissions::from_mode(0o700))?;
        }
        Ok(())
    }

    fn path(&self) -> String {
        let own = self.folder.join("bin");
        format!("{}:{}", own.display(), search_path().display())
    }

    fn tmp(&self) -> String {
        format!("{}/", self.folder.join(Path::new("tmp")).display())
    }
}

fn is_port(word: &str) -> bool {
    DEFAULTS.contains(&word)
        || (word.len() == 4 && word.starts_with('9') && word.parse::<u16>().is_ok())
}

/// The text with each whole word (letters and digits) replaced for which `new` returns another.
fn words(text: &str, mut new: impl FnMut(&str) -> Option<String>) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    let mut made = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (between, from) = rest.split_at(start);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        made.push_str(between);
        made.push_str(&new(word).unwrap_or_else(|| word.to_owned()));
        rest = after;
    }
    made + rest
}

/// A port on which no program listens, and that no other page of this process has.
fn free_port() -> u16 {
    static START: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let size = u64::from(RANGE.end - RANGE.start);
    let is_free = |port: &u16| {
        let addr = (Ipv4Addr::LOCALHOST, *port);
        TcpListener::bind(addr).is_ok() && UdpSocket::bind(addr).is_ok()
    };
    let mut ports = (0..size).map(|_| {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed);
        let offset = START.wrapping_add(step) % size;
        RANGE.start + u16::try_from(offset).unwrap_or(0)
    });
    match ports.find(is_free) {
        Some(port) => port,
        None => panic!("no port of {RANGE:?} is free"),
    }
}
