//! Runs an experiment as its client.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use proto::cli::Failure;

use crate::experiment::{Experiment, Reader};
use crate::pieces::Outcome;
use crate::receiver::{Receiver, TIMEOUT};

/// Runs the experiment as often as it asks for, and returns the outcomes, the most frequent first.
pub fn run(experiment: &Experiment) -> Result<Vec<Outcome>, Failure> {
    let mut times: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for _ in 0..experiment.runs {
        let recvs = run_once(experiment)?;
        *times.entry(recvs).or_default() += 1;
    }
    let mut outcomes: Vec<Outcome> = times
        .into_iter()
        .map(|(recvs, times)| Outcome { recvs, times })
        .collect();
    outcomes.sort_by_key(|outcome| usize::MAX - outcome.times);
    Ok(outcomes)
}

/// Runs the experiment once, and returns the length of each recv.
fn run_once(experiment: &Experiment) -> Result<Vec<usize>, Failure> {
    let mut receiver = Receiver::start(experiment.recv_size)?;
    let stream = connect(&receiver, experiment.nodelay)
        .map_err(|error| Failure::io("cannot connect to the receiver", &error))?;
    if experiment.reader == Reader::Eager {
        receiver.let_read_to_the_end()?;
    }
    for (number, message) in experiment.messages.iter().enumerate() {
        if let Some(pause) = experiment.pause
            && number > 0
        {
            thread::sleep(pause);
        }
        send(&stream, message)?;
        if experiment.reader == Reader::Step {
            receiver.read(message.len())?;
        }
    }
    match experiment.reader {
        Reader::Late => receiver.read(experiment.total())?,
        Reader::Step => {}
        Reader::Eager => {
            stream
                .shutdown(Shutdown::Write)
                .map_err(|error| Failure::io("cannot end the stream", &error))?;
            receiver.wait_for_the_end()?;
        }
    }
    let received = receiver.received();
    if received.concat() != experiment.messages.concat() {
        return Err(Failure::new(
            "what arrived is not what was sent (did another program call our port?); run it again",
        ));
    }
    Ok(received.iter().map(Vec::len).collect())
}

fn connect(receiver: &Receiver, nodelay: bool) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&receiver.addr(), TIMEOUT)?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(nodelay)?;
    Ok(stream)
}

/// Sends a message with exactly one `send`, which the experiment is about.
fn send(mut stream: &TcpStream, message: &[u8]) -> Result<(), Failure> {
    match stream.write(message) {
        Ok(taken) if taken == message.len() => Ok(()),
        Ok(taken) => Err(Failure::new(format!(
            "a send was not taken whole ({taken} of {} bytes); send less",
            message.len()
        ))),
        Err(error) => Err(Failure::io("cannot send", &error)),
    }
}
