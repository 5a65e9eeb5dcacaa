//! Takes the steps of a page's transcripts, in as many terminals as the page has.

use std::collections::BTreeMap;

use crate::docs::page::Page;
use crate::docs::stage::Stage;
use crate::docs::terminal::Terminal;
use crate::docs::transcript::{ANY, Scene, Step, scenes};

/// Runs the console blocks of a page in order, as one reader would. It stops at the first
/// difference from the page, because later blocks depend on it.
pub fn check(page: &Page) -> Option<String> {
    let scenes = match scenes(page) {
        Ok(scenes) => scenes,
        Err(finding) => return Some(finding),
    };
    if scenes.is_empty() {
        return None;
    }
    let stage = Stage::set(page)?;
    let mut terminals: BTreeMap<&str, Terminal> = BTreeMap::new();
    for (number, scene) in scenes.iter().enumerate() {
        let name = scene.terminal.as_str();
        let terminal = terminals
            .entry(name)
            .or_insert_with(|| Terminal::new(&stage));
        for (line, step) in &scene.steps {
            if let Err(problem) = terminal.take(step) {
                return Some(page.finding(*line, problem));
            }
        }
        let is_continued = is_continued(name, &scenes[number + 1..]);
        if terminal.goes_on() || is_continued {
            let problem = match (name, is_continued) {
                (ANY, _) => "this program goes on: name its terminal in the prompt (server$ )",
                (_, true) => continue,
                // It may end on its own after the other side's last step.
                (_, false) if terminal.finish().is_ok() => continue,
                (_, false) => "no later block of this terminal stops what runs here: show ^C",
            };
            return Some(page.finding(scene.line, problem));
        }
        if let Err(problem) = terminal.finish() {
            let last = scene.steps.last().map_or(scene.line, |(line, _)| *line);
            return Some(page.finding(last, problem));
        }
    }
    None
}

/// Whether the next block of that terminal continues the program that runs there.
fn is_continued(name: &str, later: &[Scene]) -> bool {
    let next = later.iter().find(|scene| scene.terminal == name);
    let first = next.and_then(|scene| scene.steps.first());
    first.is_some_and(|(_, step)| !matches!(step, Step::Command(_)))
}
