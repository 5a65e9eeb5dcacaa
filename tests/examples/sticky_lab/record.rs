//! The sends and the recvs of a run as lines of JSON, in the form of `wiretap --record`: `wiretap
//! --replay` shows and draws them. The kernel is where wiretap stands in its own records.

use std::fmt::Write;

use proto::wire::sha256::hex;

use crate::experiment::Experiment;
use crate::lab::Run;
use crate::table::{on, pause, reader};

/// The run of the experiment of this number.
pub fn lines(number: usize, experiment: &Experiment, run: &Run) -> String {
    let mut lines = String::new();
    let mut line = |micros, kind, from, at, bytes: &[u8], text: &str| {
        let (len, data) = (bytes.len(), hex(bytes));
        // Writing to a String cannot fail.
        let _ = writeln!(
            lines,
            r#"{{"t": {micros}, "c": {number}, "kind": "{kind}", "from": "{from}", "at": {at}, "len": {len}, "data": "{data}", "text": "{text}"}}"#
        );
    };
    let (nodelay, pause) = (on(experiment.nodelay), pause(experiment));
    let client = format!("NODELAY {nodelay}, pause {pause}");
    line(0, "field", "client", 0, b"", &client);
    let (reader, size) = (reader(experiment.reader), experiment.recv_size);
    let server = format!("reader {reader}, recv({size})");
    line(0, "field", "server", 0, b"", &server);
    let (mut sent, mut received) = (0, 0);
    for (when, is_send, bytes) in run {
        let micros = (*when - run[0].0).as_micros();
        let (kind, at) = match is_send {
            true => ("received", &mut sent),
            false => ("sent", &mut received),
        };
        line(micros, kind, "client", *at, bytes, "");
        *at += bytes.len();
    }
    lines
}
