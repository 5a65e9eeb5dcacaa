//! The settings of an experiment, and the experiments of a run without flags.

use std::time::Duration;

/// When the receiver reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// After all messages have arrived.
    Late,
    /// Each message after it has arrived. The next one is sent after that.
    Step,
    /// As soon as any bytes are there. What a recv returns depends on timing.
    Eager,
}

/// One experiment: some messages, each sent by one send, and a receiver.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The messages to send. None is empty.
    pub messages: Vec<Vec<u8>>,
    /// Whether the sender sets `TCP_NODELAY`, which turns Nagle's algorithm off.
    pub nodelay: bool,
    /// How long the sender waits between two sends.
    pub pause: Option<Duration>,
    /// When the receiver reads.
    pub reader: Reader,
    /// The size of the receiver's buffer, in bytes.
    pub recv_size: usize,
    /// The number of runs.
    pub runs: usize,
}

impl Experiment {
    /// The number of bytes in all messages.
    pub fn total(&self) -> usize {
        self.messages.iter().map(Vec::len).sum()
    }
}

/// Experiments that answer one question.
#[derive(Debug)]
pub struct Group {
    /// The question; may be empty.
    pub heading: &'static str,
    /// In the order in which they run.
    pub experiments: Vec<Experiment>,
}

/// The number of runs of an experiment whose result depends on timing.
pub const RUNS: usize = 20;

/// The experiments of a run without flags.
pub fn argument() -> Vec<Group> {
    let usual = Experiment {
        messages: vec![b"hello".to_vec(), b"world".to_vec()],
        nodelay: false,
        pause: None,
        reader: Reader::Late,
        recv_size: 1024,
        runs: 1,
    };
    let nagle_and_nodelay = |experiment: Experiment| {
        [false, true].map(|nodelay| Experiment {
            nodelay,
            ..experiment.clone()
        })
    };
    let group = |heading, experiments: &[Experiment]| Group {
        heading,
        experiments: experiments.to_vec(),
    };
    vec![
        group(
            "Is Nagle's algorithm to blame? The receiver reads when all has arrived.",
            &nagle_and_nodelay(usual.clone()),
        ),
        group(
            "Does a pause between the sends part them?",
            &[Experiment {
                nodelay: true,
                pause: Some(Duration::from_millis(100)),
                ..usual.clone()
            }],
        ),
        group(
            "Does Nagle's algorithm glue them? Here each is read before the next is sent.",
            &nagle_and_nodelay(Experiment {
                reader: Reader::Step,
                ..usual.clone()
            }),
        ),
        group(
            "Does a send stay in one piece? Only where it fits into one recv.",
            &[Reader::Late, Reader::Step].map(|reader| Experiment {
                reader,
                nodelay: true,
                recv_size: 4,
                ..usual.clone()
            }),
        ),
        group(
            "An eager receiver reads as soon as anything is there. The faster side decides.",
            &[None, Some(Duration::from_millis(20))].map(|pause| Experiment {
                reader: Reader::Eager,
                pause,
                nodelay: true,
                runs: RUNS,
                ..usual.clone()
            }),
        ),
    ]
}
