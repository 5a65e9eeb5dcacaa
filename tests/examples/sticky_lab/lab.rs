//! Runs an experiment as its client.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Instant;

use proto::cli::Failure;

use crate::experiment::{Experiment, Reader};
use crate::pieces::Outcome;
use crate::receiver::{Receiver, TIMEOUT};

/// The sends (`true`) and the recvs of a run with the time at which each returned, and its bytes.
pub type Run = Vec<(Instant, bool, Vec<u8>)>;

/// Runs the experiment as often as it asks for, and returns the outcomes, the most frequent first,
/// and the first run.
pub fn run(experiment: &Experiment) -> Result<(Vec<Outcome>, Run), Failure> {
    let mut times: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    let mut first = Run::new();
    for number in 0..experiment.runs {
        let run = run_once(experiment)?;
        let recvs = run.iter().filter(|(_, is_send, _)| !is_send);
        let recvs = recvs.map(|(.., bytes)| bytes.len()).collect();
        *times.entry(recvs).or_default() += 1;
        if number == 0 {
            first = run;
        }
    }
    let mut outcomes: Vec<Outcome> = times
        .into_iter()
        .map(|(recvs, times)| Outcome { recvs, times })
        .collect();
    outcomes.sort_by_key(|outcome| usize::MAX - outcome.times);
    Ok((outcomes, first))
}

/// Runs the experiment once.
fn run_once(experiment: &Experiment) -> Result<Run, Failure> {
    let mut run = Run::new();
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
        run.push((Instant::now(), true, message.clone()));
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
    let all: Vec<u8> = received
        .iter()
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    if all != experiment.messages.concat() {
        return Err(Failure::new(
            "what arrived is not what was sent (did another program call our port?); run it again",
        ));
    }
    let recvs = received.iter().cloned();
    run.extend(recvs.map(|(when, bytes)| (when, false, bytes)));
    run.sort_by_key(|(when, ..)| *when);
    Ok(run)
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
