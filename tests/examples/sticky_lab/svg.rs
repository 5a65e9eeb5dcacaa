//! Draws the results as a picture, with colours for light and dark mode.
//!
//! Each experiment has two rows over one axis of bytes: above the sends, below the recvs, in the
//! colours of the sends.

use std::fmt::Write;

use crate::Results;
use crate::experiment::Experiment;
use crate::pieces::{Outcome, Piece, pieces, text, whole};
use crate::table::{on, pause, reader};

/// The picture's width; its height grows with its content. All lengths are in SVG units. A phone
/// shows a unit as about 0.8 pixels, so the text is still readable there.
const WIDTH: usize = 480;
/// The left margin of texts, and the characters in a line.
const MARGIN: usize = 20;
const LINE: usize = 49;
/// The left end of the axis of bytes, and its length.
const LEFT: usize = 104;
const AXIS: usize = WIDTH - LEFT - MARGIN;
/// The height of a box.
const BOX: usize = 26;
/// The width of a character in the font of the boxes.
const CHARACTER: f64 = 9.1;
/// The number of colours for messages.
const COLOURS: usize = 4;

const STYLE: &str = "\
.ground{fill:#fff;stroke:#d0d7de}.word{fill:#1f2328}.dim{fill:#57606a}.recv{fill:none;stroke:#1f2328;stroke-width:2}
.m0{fill:#9ecbff}.m1{fill:#ffd78a}.m2{fill:#b4e6b8}.m3{fill:#f3b8d6}.in{fill:#1f2328}
text{font:15px ui-monospace,Menlo,Consolas,monospace}.head{font-weight:bold}
@media(prefers-color-scheme:dark){
.ground{fill:#0d1117;stroke:#30363d}.word{fill:#e6edf3}.dim{fill:#9da7b3}.recv{stroke:#e6edf3}
.m0{fill:#1f4f87}.m1{fill:#7a5200}.m2{fill:#22603a}.m3{fill:#7d2f57}.in{fill:#f0f6fc}}
";

/// Draws all experiments, one below the other.
pub fn draw(results: &[Results<'_>]) -> String {
    let mut body = String::new();
    let legend = "A colour is one send, a frame is one recv.";
    let mut y = paragraph(&mut body, "dim", 30, legend) + 14;
    let mut number = 0;
    for (group, outcomes) in results {
        if !group.heading.is_empty() {
            y = paragraph(&mut body, "word head", y + 30, group.heading);
        }
        for (experiment, outcomes) in group.experiments.iter().zip(outcomes) {
            number += 1;
            y = draw_experiment(&mut body, y + 26, number, experiment, outcomes);
        }
    }
    let height = y + 12;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{}\" height=\"{}\" role=\"img\">\n\
         <title>What each send became on the other side</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"ground\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
         {body}</svg>\n",
        WIDTH * 7 / 6,
        height * 7 / 6,
        WIDTH - 1,
        height - 1,
    )
}

/// Draws one experiment from `y` down, and returns its lower end.
fn draw_experiment(
    body: &mut String,
    mut y: usize,
    number: usize,
    experiment: &Experiment,
    outcomes: &[Outcome],
) -> usize {
    let title = format!(
        "{number} NODELAY {}, pause {}, reader {}, recv({})",
        on(experiment.nodelay),
        pause(experiment),
        reader(experiment.reader),
        experiment.recv_size
    );
    y = paragraph(body, "word", y, &title) + 10;
    let axis = Axis {
        messages: &experiment.messages,
        total: experiment.total(),
    };
    word(body, "dim", MARGIN, y + 18, "sends");
    let mut at = 0;
    for piece in whole(&experiment.messages) {
        axis.fill(body, at, y, piece);
        at += piece.length;
    }
    for outcome in outcomes {
        y += BOX + 10;
        let label = match experiment.runs {
            1 => "recvs".to_owned(),
            runs => format!("{} of {runs}", outcome.times),
        };
        word(body, "dim", MARGIN, y + 18, &label);
        let mut at = 0;
        for recv in pieces(&experiment.messages, &outcome.recvs) {
            let from = at;
            for piece in recv {
                axis.fill(body, at, y, piece);
                at += piece.length;
            }
            axis.frame(body, from, at, y);
        }
    }
    y + BOX
}

/// The bytes of an experiment, from left to right.
struct Axis<'a> {
    messages: &'a [Vec<u8>],
    total: usize,
}

impl Axis<'_> {
    fn x(&self, byte: usize) -> f64 {
        LEFT as f64 + (byte * AXIS) as f64 / self.total as f64
    }

    /// Draws a piece in the colour of its message, with its text if there is room.
    fn fill(&self, body: &mut String, at: usize, y: usize, piece: Piece) {
        let (left, right) = (self.x(at) + 2.0, self.x(at + piece.length) - 2.0);
        let colour = piece.message % COLOURS;
        let width = (right - left).max(1.0);
        let shown = text(self.messages, piece);
        let _ = writeln!(
            body,
            "<rect class=\"m{colour}\" x=\"{left:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"/>",
            y + 3,
            BOX - 6,
        );
        if shown.len() as f64 * CHARACTER <= width {
            let middle = left.midpoint(right);
            let shown = escaped(&shown);
            let _ = writeln!(
                body,
                "<text class=\"in\" x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{shown}</text>",
                y + 18,
            );
        }
    }

    /// Draws the frame of one recv.
    fn frame(&self, body: &mut String, from: usize, to: usize, y: usize) {
        let (left, right) = (self.x(from) + 1.0, self.x(to) - 1.0);
        let width = (right - left).max(1.0);
        let _ = writeln!(
            body,
            "<rect class=\"recv\" x=\"{left:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BOX}\" rx=\"3\"/>",
        );
    }
}

/// Writes a text from the line at `y` down, and returns the position of its last line.
fn paragraph(body: &mut String, class: &str, mut y: usize, text: &str) -> usize {
    let mut line = String::new();
    for part in text.split(' ') {
        if line.len() + 1 + part.len() > LINE {
            word(body, class, MARGIN, y, &line);
            line.clear();
            y += 20;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
    }
    word(body, class, MARGIN, y, &line);
    y
}

fn word(body: &mut String, class: &str, x: usize, y: usize, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" xml:space=\"preserve\">{text}</text>"
    );
}

/// Escapes a text for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
