//! Compares `udp-server` with Python's `ThreadingUDPServer`, in alternating rounds of one run.
//!
//! ```console
//! $ cargo bench -p udp-server
//! ```
//!
//! Machines are noisy, so use the ratio of the two medians, which were measured in the same run.
//! The generator uses the same processors, so it understates the faster server.

mod load;

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use load::{ROUNDS, WORKS, measure, median};

/// `threading_udp_server.py` without its `print`, which would distort the measurement.
const PYTHON_SERVER: &str = r#"
import socketserver

class UpperCase(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data.upper(), self.client_address)

with socketserver.ThreadingUDPServer(("127.0.0.1", 0), UpperCase) as server:
    print("listening on %s:%d" % server.server_address, flush=True)
    server.serve_forever()
"#;

/// A server process, killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on ");
        let address = address.ok_or("the server did not start")?.parse()?;
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let ours = Server::start(
        Command::new(env!("CARGO_BIN_EXE_udp-server")).args(["--quiet", "127.0.0.1:0"]),
    )?;
    let python = Command::new("python3").arg("--version").output();
    if python.is_err() {
        println!("SKIPPED: there is no python3 to compare with");
        return Ok(());
    }
    let python = Server::start(Command::new("python3").args(["-c", PYTHON_SERVER]))?;
    println!(
        "{:<26}{:>12}{:>12}{:>8}{:>12}{:>12}",
        "answers per second", "udp-server", "Python", "ratio", "ours lost", "Python lost"
    );
    for work in WORKS {
        let (mut us, mut them) = (Vec::new(), Vec::new());
        let (mut our_loss, mut their_loss) = (0, 0);
        for _ in 0..ROUNDS {
            for (server, rates, loss) in [
                (&ours, &mut us, &mut our_loss),
                (&python, &mut them, &mut their_loss),
            ] {
                let (rate, lost) = measure(server.address, work)?;
                rates.push(rate);
                *loss += lost;
            }
        }
        let (us, them) = (median(us), median(them));
        println!(
            "{:<26}{us:>12.0}{them:>12.0}{:>8.1}{our_loss:>12}{their_loss:>12}",
            work.name,
            us / them
        );
    }
    Ok(())
}
