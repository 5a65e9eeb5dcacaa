//! The server: a process that reads on request, and reports what each recv returned.
//!
//! The two processes communicate over the server's stdin and stdout. An order is a line, `read N`:
//! wait until N bytes have arrived, then call recv until N are read. `read all` does not wait, and
//! reads to the end of the stream. For each recv the server writes its length in a line, then the
//! bytes. The end of stdin ends the server, so that it never outlives the laboratory.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{self, Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::{Failure, Output};
use proto::{reason, start_reason};

/// The first argument of the server's process.
pub const ROLE: &str = "receiver";
/// The server writes this and a reason instead of an answer if it fails.
const FAILED: &str = "failed ";
/// The timeout for events that should happen at once.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// How often the server checks whether all bytes have arrived.
const LOOK: Duration = Duration::from_millis(1);

/// The server's process.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // The laboratory shows this text as the reason of its own failure.
            let text = format!("{FAILED}{why}\n");
            let _ = Output::stdout().write(text.as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Failure> {
    let size = env::args().nth(2).and_then(|size| size.parse().ok());
    let mut buffer = vec![0; size.unwrap_or(1024)];
    let failed = |error: io::Error| Failure::new(reason(&error));
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let mut output = Output::stdout();
    output.write(format!("listening on {addr}\n").as_bytes())?;

    let orders = orders().map_err(failed)?;
    let (mut stream, _) = listener.accept().map_err(failed)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
    for awaited in orders {
        let mut left = awaited.unwrap_or(usize::MAX);
        if awaited.is_some() {
            wait_for(&stream, left).map_err(failed)?;
        }
        while left > 0 {
            let got = recv(&mut stream, &mut buffer).map_err(failed)?;
            let answer = [format!("{got}\n").as_bytes(), &buffer[..got]].concat();
            output.write(&answer)?;
            if got == 0 {
                return Ok(());
            }
            left = left.saturating_sub(got);
        }
    }
    Ok(())
}

/// The number of bytes of each order; `None` for all. The end of stdin ends the process, even while
/// it waits.
fn orders() -> io::Result<mpsc::Receiver<Option<usize>>> {
    let (sender, orders) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let count = line.trim_start_matches("read ").parse().ok();
            if sender.send(count).is_err() {
                break;
            }
        }
        process::exit(0);
    })?;
    Ok(orders)
}

/// Waits until `count` bytes have arrived, without reading them.
fn wait_for(stream: &TcpStream, count: usize) -> io::Result<()> {
    let until = Instant::now() + TIMEOUT;
    let mut arrived = vec![0; count];
    while stream.peek(&mut arrived)? < count {
        if Instant::now() > until {
            return Err(ErrorKind::TimedOut.into());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

fn recv(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The laboratory's handle to the server's process, which is killed on drop.
pub struct Receiver {
    child: Child,
    orders: Option<ChildStdin>,
    addr: SocketAddr,
    answers: mpsc::Receiver<(Instant, io::Result<Vec<u8>>)>,
    received: Vec<(Instant, Vec<u8>)>,
}

impl Receiver {
    /// Starts a server whose recvs have a buffer of `recv_size` bytes.
    pub fn start(recv_size: usize) -> Result<Self, Failure> {
        let failed = |why: io::Error| Failure::start("cannot start the receiver", &why);
        let mut child = Command::new(env::current_exe().map_err(failed)?)
            .args([ROLE, &recv_size.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let orders = child.stdin.take();
        let stdout = child.stdout.take();
        let (sender, answers) = mpsc::channel();
        let mut receiver = Self {
            child,
            orders,
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            answers,
            received: Vec::new(),
        };
        // Reads in a thread, because a pipe has no timeout.
        thread::Builder::new()
            .spawn(move || {
                let mut stdout = BufReader::new(stdout.ok_or(ErrorKind::BrokenPipe)?);
                let first = line(&mut stdout);
                sender
                    .send((Instant::now(), first))
                    .map_err(io::Error::other)?;
                loop {
                    let answer = answer(&mut stdout);
                    if sender.send((Instant::now(), answer)).is_err() {
                        break;
                    }
                }
                io::Result::Ok(())
            })
            .map_err(|error| {
                let why = start_reason(&error);
                Failure::new(format!("cannot start a thread ({why})"))
            })?;
        let (_, ready) = receiver.answer()?;
        let said = String::from_utf8_lossy(&ready);
        receiver.addr = said
            .strip_prefix("listening on ")
            .and_then(|addr| addr.parse().ok())
            .ok_or_else(|| {
                let why = said.trim_start_matches(FAILED);
                Failure::new(format!("the receiver cannot start ({why})"))
            })?;
        Ok(receiver)
    }

    /// The server's address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Orders it to wait until `count` bytes have arrived, and then to read them.
    pub fn read(&mut self, count: usize) -> Result<(), Failure> {
        self.order(&format!("read {count}"))?;
        let mut left = count;
        while left > 0 {
            let (when, bytes) = self.answer()?;
            left = left.saturating_sub(bytes.len());
            self.received.push((when, bytes));
        }
        Ok(())
    }

    /// Orders it to read until the stream ends.
    pub fn let_read_to_the_end(&mut self) -> Result<(), Failure> {
        self.order("read all")
    }

    /// Collects its answers until the stream ends.
    pub fn wait_for_the_end(&mut self) -> Result<(), Failure> {
        loop {
            match self.answer()? {
                (_, bytes) if bytes.is_empty() => return Ok(()),
                answer => self.received.push(answer),
            }
        }
    }

    /// The bytes of each recv so far, and the time of its answer.
    pub fn received(&self) -> &[(Instant, Vec<u8>)] {
        &self.received
    }

    fn order(&mut self, order: &str) -> Result<(), Failure> {
        let Some(orders) = &mut self.orders else {
            return Err(Failure::new("the receiver takes no orders"));
        };
        orders
            .write_all(format!("{order}\n").as_bytes())
            .map_err(|error| Failure::io("the receiver has left", &error))
    }

    fn answer(&mut self) -> Result<(Instant, Vec<u8>), Failure> {
        match self.answers.recv_timeout(TIMEOUT) {
            Ok((when, Ok(bytes))) => Ok((when, bytes)),
            Ok((_, Err(error))) => Err(Failure::io("the receiver has failed", &error)),
            Err(RecvTimeoutError::Timeout) => Err(Failure::new(
                "the receiver says nothing (10s passed); is the machine very busy?",
            )),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::new("the receiver has left")),
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // The end of its orders ends the process; the kill is for one that hangs.
        self.orders = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(stdout: &mut BufReader<ChildStdout>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    stdout.read_until(b'\n', &mut line)?;
    Ok(line.trim_ascii_end().to_vec())
}

/// Reads the answer for one recv: a length, and that many bytes.
fn answer(stdout: &mut BufReader<ChildStdout>) -> io::Result<Vec<u8>> {
    let line = line(stdout)?;
    let text = String::from_utf8_lossy(&line);
    let length = text
        .parse()
        .map_err(|_| io::Error::other(text.trim_start_matches(FAILED).to_owned()))?;
    let mut bytes = vec![0; length];
    stdout.read_exact(&mut bytes)?;
    Ok(bytes)
}
