//! A process that listens, and the check that a test has left it unharmed.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::deadline::{SOON, poll};
use crate::process::Process;
use crate::procfs::{self, Vitals};

/// How soon a fresh client must have its answer.
const FRESH_CLIENT: Duration = Duration::from_secs(1);

/// A server that has said where it listens.
#[derive(Debug)]
pub struct Server {
    /// The running process.
    pub process: Process,
    /// How long [`Server::assert_alive`] waits for it to let go of what its clients have used. More
    /// than a server gives a command to end, unless a test sets it.
    pub lets_go_within: Duration,
    endpoint: String,
    at_start: Vitals,
}

impl Server {
    /// Starts a server and waits for its first line on standard output: `listening on ENDPOINT`,
    /// which tools and lesson scripts alike print once they can be reached.
    #[track_caller]
    pub fn start(command: Command) -> Self {
        let mut process = Process::spawn(command);
        let line = process.wait_line(SOON);
        let Some(endpoint) = line.strip_prefix("listening on ") else {
            process.fail("the first line of a server does not say where it listens");
        };
        let endpoint = endpoint.to_owned();
        let at_start = vitals(&process);
        Self {
            process,
            lets_go_within: Duration::from_secs(5),
            endpoint,
            at_start,
        }
    }

    /// Where it listens, as it said: `127.0.0.1:41234`, `[::1]:41234` or `unix:PATH`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where it listens, if that is an IP address and a port.
    #[track_caller]
    pub fn addr(&self) -> SocketAddr {
        match self.endpoint.parse() {
            Ok(addr) => addr,
            Err(_) => self.process.fail("listens on no IP address"),
        }
    }

    /// Takes the present number of files and threads as those that [`Server::assert_alive`] wants
    /// to find again: for a server that keeps something from its first clients on purpose.
    #[track_caller]
    pub fn settle(&mut self) {
        self.at_start = vitals(&self.process);
    }

    /// Ends a test of a server: it still runs, a fresh client is served within a second, and then
    /// it has no more open files and threads than at its start and no zombies.
    ///
    /// `fresh_client` connects to the address, and panics unless it is served as it should be.
    #[track_caller]
    pub fn assert_alive(&mut self, fresh_client: impl FnOnce(SocketAddr) + Send + 'static) {
        self.assert_running();
        let addr = self.addr();
        let (done, served) = mpsc::channel();
        thread::spawn(move || {
            fresh_client(addr);
            let _ = done.send(());
        });
        match served.recv_timeout(FRESH_CLIENT) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.process
                    .fail("a fresh client was not served within a second");
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                self.process
                    .fail("a fresh client was not served as it should be");
            }
        }
        self.assert_nothing_left();
    }

    /// The second half of [`Server::assert_alive`]: still running, with no more open files and
    /// threads than at its start and no zombies. For servers that are not reached by an IP address.
    #[track_caller]
    pub fn assert_nothing_left(&mut self) {
        let pid = self.process.pid();
        let at_start = self.at_start;
        let unharmed = poll(self.lets_go_within, || {
            let now = Vitals::of(pid).ok()?;
            let clean = now.files <= at_start.files
                && now.threads <= at_start.threads
                && procfs::zombies(pid).ok()?.is_empty();
            clean.then_some(())
        });
        self.assert_running();
        if unharmed.is_none() {
            self.process.fail(&format!(
                "{at_start:?} at the start, {:?} now, zombies: {:?}",
                Vitals::of(pid),
                procfs::zombies(pid),
            ));
        }
    }

    #[track_caller]
    fn assert_running(&mut self) {
        if !self.process.is_running() {
            self.process.fail("the server has ended");
        }
    }
}

#[track_caller]
fn vitals(process: &Process) -> Vitals {
    match Vitals::of(process.pid()) {
        Ok(vitals) => vitals,
        Err(why) => process.fail(&format!("cannot count its files and threads ({why})")),
    }
}
