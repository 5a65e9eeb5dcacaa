//! A process that listens, and the check that it still works after a test.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::deadline::{SOON, poll};
use crate::process::Process;
use crate::procfs::{self, Vitals};

/// How soon a new client must have its answer.
const FRESH_CLIENT: Duration = Duration::from_secs(1);

/// A server that has printed its endpoint.
#[derive(Debug)]
pub struct Server {
    /// The running process.
    pub process: Process,
    /// How long [`Server::assert_alive`] waits for it to release its clients' resources. By default
    /// more than a server gives a command to end.
    pub lets_go_within: Duration,
    endpoint: String,
    at_start: Vitals,
}

impl Server {
    /// Starts a server and waits for its first line on standard output: `listening on ENDPOINT`.
    /// Tools and lesson scripts print it once clients can connect.
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

    /// Its endpoint, as printed: `127.0.0.1:41234`, `[::1]:41234` or `unix:PATH`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its address, if it listens at an IP address and a port.
    #[track_caller]
    pub fn addr(&self) -> SocketAddr {
        match self.endpoint.parse() {
            Ok(addr) => addr,
            Err(_) => self.process.fail("listens on no IP address"),
        }
    }

    /// Records the present number of files and threads for [`Server::assert_alive`], for a server
    /// that keeps some of them after its first clients.
    #[track_caller]
    pub fn settle(&mut self) {
        self.at_start = vitals(&self.process);
    }

    /// Ends a test of a server: the server must still run, serve a new client within a second, and
    /// then have no more open files and threads than at its start, and no zombies.
    ///
    /// `fresh_client` connects to the address, and panics unless it is served correctly.
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
                self.process.fail("a fresh client was not served correctly");
            }
        }
        self.assert_nothing_left();
    }

    /// Like [`Server::assert_alive`] without the client, for servers without an IP address.
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
