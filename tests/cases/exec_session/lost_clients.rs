//! Tests clients whose network fails silently: a veth pair between two network namespaces goes
//! down. It needs root and ip(8).

use std::process::{self, Command};

use cross_process::deadline::{SOON, poll};
use cross_process::process::{Process, assert_ends};
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::{client_of, complaint, server};

/// Two network namespaces with a link between them.
struct Network {
    names: [String; 2],
}

/// The addresses of both ends.
const ENDS: [&str; 2] = ["10.77.0.1", "10.77.0.2"];

impl Network {
    /// `tag` makes the names unique for tests that run at the same time.
    fn new(tag: &str) -> Option<Self> {
        let names = ["a", "b"].map(|end| format!("dialtone-{}{tag}{end}", process::id()));
        let network = Self { names };
        let [a, b] = &network.names;
        let made = ip(&format!("netns add {a}"))
            && ip(&format!("netns add {b}"))
            && ip(&format!(
                "link add v netns {a} type veth peer name v netns {b}"
            ));
        if !made {
            skip("a network that is cut", "it needs root and ip(8)");
            return None;
        }
        for (name, address) in network.names.iter().zip(ENDS) {
            assert!(ip(&format!("-n {name} addr add {address}/24 dev v")));
            assert!(ip(&format!("-n {name} link set v up")));
        }
        Some(network)
    }

    /// The command, run in the namespace of one end.
    fn at(&self, end: usize, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.names[end]]);
        inside.arg(command.get_program()).args(command.get_args());
        inside
    }

    fn cut(&self) {
        assert!(ip(&format!("-n {} link set v down", self.names[1])));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

fn ip(words: &str) -> bool {
    let output = Command::new("ip").args(words.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

/// Both sides notice the loss, and the command ends.
#[test]
fn a_lost_network_is_noticed_on_both_sides() {
    let Some(network) = Network::new("c") else {
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
    let Some(network) = Network::new("o") else {
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
