//! Tests clients whose network fails silently: a veth pair between two network namespaces goes
//! down. It needs root, ip(8), unshare and nsenter.

use std::process::{self, Command};

use cross_process::deadline::{SOON, poll};
use cross_process::process::{Process, assert_ends};
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::{client_of, complaint, server};

/// Two network namespaces with a link between them. Each exists while the process that holds it
/// does, and so it does not outlive the tests.
struct Network {
    holders: [Process; 2],
}

/// The addresses of both ends.
const ENDS: [&str; 2] = ["10.77.0.1", "10.77.0.2"];

impl Network {
    fn new() -> Option<Self> {
        if !runs("unshare -n true") || !runs("ip -V") || !runs("nsenter --version") {
            skip(
                "a network that is cut",
                "it needs root, ip(8), unshare and nsenter",
            );
            return None;
        }
        let holders = ENDS.map(|_| {
            let mut holder = Command::new("unshare");
            holder.args(["-n", "sh", "-c", "echo ready; exec cat"]);
            let mut holder = Process::spawn(holder);
            assert_eq!(holder.wait_line(SOON), "ready");
            holder
        });
        let network = Self { holders };
        let other = network.holders[1].pid();
        network.ip(
            0,
            &format!("link add v type veth peer name v netns {other}"),
        );
        for (end, address) in ENDS.iter().enumerate() {
            network.ip(end, &format!("addr add {address}/24 dev v"));
            network.ip(end, "link set v up");
        }
        Some(network)
    }

    /// The command, run in the namespace of one end.
    fn at(&self, end: usize, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["-n", "-t", &self.holders[end].pid().to_string()]);
        inside.arg(command.get_program()).args(command.get_args());
        inside
    }

    fn cut(&self) {
        self.ip(1, "link set v down");
    }

    #[track_caller]
    fn ip(&self, end: usize, words: &str) {
        let mut ip = Command::new("ip");
        ip.args(words.split(' '));
        let done = self.at(end, &ip).output().unwrap();
        assert!(done.status.success(), "{words}: {done:?}");
    }
}

fn runs(line: &str) -> bool {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    let output = command.args(words).output();
    output.is_ok_and(|output| output.status.success())
}

/// Both sides notice the loss, and the command ends.
#[test]
fn a_lost_network_is_noticed_on_both_sides() {
    let Some(network) = Network::new() else {
        return;
    };
    let dir = TempDir::new();
    let token = dir.join("token");
    let alive = ["--alive-interval", "300ms"];
    let options = [&alive[..], &["--allow-remote"]].concat();
    let server = server(&token, &options, &format!("{}:0", ENDS[0]));
    let server = Server::start(network.at(0, &server));
    let client = client_of(
        &token,
        server.endpoint(),
        &alive,
        "echo $$; exec sleep 1000",
    );
    let mut client = Process::spawn(network.at(1, &client));
    let pid = client.wait_line(SOON).parse().unwrap();
    network.cut();
    let log = "closed, its peer answered nothing for 3 times 300ms";
    server.process.wait_stderr(log, SOON);
    assert_ends(pid);
    complaint(&client.finish(SOON), 255);
}

/// The network is lost while output is in flight.
#[test]
fn a_network_lost_during_output_is_noticed() {
    let Some(network) = Network::new() else {
        return;
    };
    let dir = TempDir::new();
    let token = dir.join("token");
    let options = ["--alive-interval", "300ms", "--allow-remote"];
    let server = server(&token, &options, &format!("{}:0", ENDS[0]));
    let server = Server::start(network.at(0, &server));
    let client = client_of(&token, server.endpoint(), &[], "exec yes");
    let mut client = Process::spawn_to(network.at(1, &client), process::Stdio::null());
    let yes = || {
        let children = procfs::children(server.process.pid()).ok()?;
        children.into_iter().find(|child| child.name == "yes")
    };
    assert!(poll(SOON, yes).is_some());
    network.cut();
    let log = "closed, its peer answered nothing for 3 times 300ms";
    server.process.wait_stderr(log, SOON);
    assert!(client.is_running());
}
