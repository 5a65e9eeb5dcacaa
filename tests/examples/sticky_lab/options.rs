//! The command line of the laboratory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use proto::cli::{self, Failure, Tool};

use crate::experiment::{self, Experiment, Group, Reader};

/// The most messages that fit into the picture.
const MAX_MESSAGES: usize = 16;
/// This many bytes fit into the socket buffers, so that all can be sent before the receiver reads
/// any.
const MAX_BYTES: usize = 32 * 1024;
/// The most recvs that fit into the picture.
const MAX_RECVS: usize = 64;
/// The most experiments in one run.
const MAX_EXPERIMENTS: usize = 64;
/// The longest pause between two sends.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The options. Every combination of the varied ones is run.
#[derive(Debug, Default)]
pub struct Options {
    send: Vec<Vec<u8>>,
    sizes: Vec<Vec<Vec<u8>>>,
    nodelay: Vec<bool>,
    pauses: Vec<Option<Duration>>,
    readers: Vec<Reader>,
    recv_sizes: Vec<usize>,
    runs: Option<usize>,
    /// The file for the sends and the recvs.
    pub record: Option<PathBuf>,
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    ..Tool::new("sticky_lab", &[HELP], set)
};

const HELP: &str = "\
sticky_lab: shows what each send becomes on the other side

Usage: sticky_lab [OPTIONS]

An experiment (without any of these: those that make the whole argument):
  --send TEXT               a message, sent by one send; without any: hello,
                            world; may be repeated
  --sizes N,N,...           messages of so many bytes instead; a variant each
                            time; may be repeated
  --runs N                  how often an experiment with an eager receiver is
                            run; without it: 20

What is varied (of repeated flags every combination is run):
  --nodelay on|off          the sender's TCP_NODELAY, which turns Nagle's
                            algorithm off; without it: off; may be repeated
  --pause TIME              how long the sender waits between two sends, up to
                            1s; without it: none; may be repeated
  --reader WHEN             when the receiver reads: late (when all has
                            arrived), step (each message before the next is
                            sent), eager (as it comes); without it: late; may be
                            repeated
  --recv-size N             the most that one recv takes, in bytes; without it:
                            1024; may be repeated

Record:
  --record FILE             write each send and recv of the first runs, for
                            wiretap --replay
";

const EXAMPLES: &str = "
Examples:
  sticky_lab
      the whole argument, on one screen
  sticky_lab --send 'hello feng' --recv-size 4
      one send that is cut into three
  sticky_lab --nodelay on --nodelay off --reader late --reader step
      four experiments
  sticky_lab --sizes 3000,3000 --recv-size 4096 --reader eager --runs 100
      who is faster, a hundred times
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "--send" => o.send.push(message(v)?),
        "--sizes" => o.sizes.push(sizes(v)?),
        "--runs" => o.runs = Some(cli::count(v, 1..=1000)?),
        "--nodelay" => o.nodelay.push(cli::choice(v, ON_OR_OFF)?),
        "--pause" => o.pauses.push(pause(v)?),
        "--reader" => o.readers.push(cli::choice(v, READERS)?),
        "--recv-size" => o.recv_sizes.push(cli::count(v, 1..=65_536)?),
        "--record" => o.record = Some(v.into()),
        _ => unreachable!("set does not know {name}"),
    }
    Ok(())
}

const ON_OR_OFF: &[(&str, bool)] = &[("on", true), ("off", false)];

/// The names of the ways of reading.
pub const READERS: &[(&str, Reader)] = &[
    ("late", Reader::Late),
    ("step", Reader::Step),
    ("eager", Reader::Eager),
];

fn message(value: &OsStr) -> Result<Vec<u8>, String> {
    if value.is_empty() {
        return Err("\"\" sends nothing: TCP has no empty messages".to_owned());
    }
    Ok(value.as_bytes().to_vec())
}

/// Messages that repeat one letter each: `aaaaa`, `bbb`.
fn sizes(value: &OsStr) -> Result<Vec<Vec<u8>>, String> {
    cli::text(value)?
        .split(',')
        .zip((b'a'..=b'z').cycle())
        .map(|(size, letter)| {
            let size = cli::count(size.as_ref(), 1..=MAX_BYTES)?;
            Ok(vec![letter; size])
        })
        .collect()
}

fn pause(value: &OsStr) -> Result<Option<Duration>, String> {
    let pause = cli::duration_or_none(value)?;
    if pause.is_some_and(|pause| pause > MAX_PAUSE) {
        return Err(format!("{value:?} is longer than 1s"));
    }
    Ok(pause)
}

impl Options {
    /// The experiments that the options ask for.
    pub fn groups(&self) -> Result<Vec<Group>, Failure> {
        let usual = self.send.is_empty()
            && self.sizes.is_empty()
            && self.nodelay.is_empty()
            && self.pauses.is_empty()
            && self.readers.is_empty()
            && self.recv_sizes.is_empty()
            && self.runs.is_none();
        if usual {
            return Ok(experiment::argument());
        }
        let experiments = self.combinations();
        if experiments.len() > MAX_EXPERIMENTS {
            return Err(Failure::new(format!(
                "too much to run (these are {} experiments); ask for {MAX_EXPERIMENTS} at most",
                experiments.len()
            )));
        }
        experiments.iter().try_for_each(drawable)?;
        Ok(vec![Group {
            heading: "",
            experiments,
        }])
    }

    fn combinations(&self) -> Vec<Experiment> {
        let mut contents = self.sizes.clone();
        if !self.send.is_empty() {
            contents.insert(0, self.send.clone());
        }
        if contents.is_empty() {
            contents.push(vec![b"hello".to_vec(), b"world".to_vec()]);
        }
        let mut all = Vec::new();
        for messages in &contents {
            for &recv_size in or(&self.recv_sizes, &[1024]) {
                for &reader in or(&self.readers, &[Reader::Late]) {
                    for &pause in or(&self.pauses, &[None]) {
                        for &nodelay in or(&self.nodelay, &[false]) {
                            all.push(Experiment {
                                messages: messages.clone(),
                                nodelay,
                                pause,
                                reader,
                                recv_size,
                                runs: match reader {
                                    Reader::Eager => self.runs.unwrap_or(experiment::RUNS),
                                    // The result is the same each time.
                                    Reader::Late | Reader::Step => 1,
                                },
                            });
                        }
                    }
                }
            }
        }
        all
    }
}

fn or<'a, T>(given: &'a [T], usual: &'a [T]) -> &'a [T] {
    if given.is_empty() { usual } else { given }
}

/// Refuses an experiment that could not be sent at once, or not be drawn.
fn drawable(experiment: &Experiment) -> Result<(), Failure> {
    let (count, total) = (experiment.messages.len(), experiment.total());
    if count > MAX_MESSAGES {
        return Err(Failure::new(format!(
            "too many messages (these are {count}); send {MAX_MESSAGES} at most"
        )));
    }
    if total > MAX_BYTES {
        return Err(Failure::new(format!(
            "too much to send before the receiver reads (these are {total} bytes); \
             send {MAX_BYTES} at most"
        )));
    }
    let size = experiment.recv_size;
    if total / size > MAX_RECVS {
        return Err(Failure::new(format!(
            "too many pieces ({total} bytes by recv({size})); give a larger --recv-size"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_text_is_valid() {
        super::TOOL.debug_assert();
    }
}
