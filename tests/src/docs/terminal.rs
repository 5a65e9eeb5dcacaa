//! Plays one terminal: runs programs, types their input, and compares their output.

use std::os::unix::process::ExitStatusExt;

use crate::deadline::{SOON, poll};
use crate::docs::stage::Stage;
use crate::docs::transcript::{PROMPT, Step, matches};
use crate::process::Process;
use crate::signal::Signal;

/// A terminal and the program that runs in it.
#[derive(Debug)]
pub struct Terminal<'a> {
    stage: &'a Stage,
    running: Option<Running>,
    /// The exit status of the last command: the shell's `$?`.
    status: i32,
}

#[derive(Debug)]
struct Running {
    process: Process,
    /// How many bytes of its output the page has shown.
    taken: usize,
    /// Whether it prompts without a terminal. The tools do not.
    prompts: bool,
    /// Whether its input comes from a pipe or a file, so that no text is typed after its prompt.
    is_fed: bool,
    /// Whether `...` skips its output up to the next line that the page shows.
    skipping: bool,
    /// Whether it waits for more to be typed.
    in_conversation: bool,
    interrupted: bool,
}

impl<'a> Terminal<'a> {
    /// A terminal in which no program runs yet.
    pub fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            running: None,
            status: 0,
        }
    }

    /// Takes one step of the page. The error names the difference from the page.
    pub fn take(&mut self, step: &Step) -> Result<(), String> {
        if let Step::Command(line) = step {
            self.finish()?;
            self.running = Some(Running {
                process: Process::spawn(self.stage.shell(line, self.status)),
                taken: 0,
                prompts: !line.contains("cargo run") || line.contains("--example"),
                is_fed: ["| cargo ", "| python3 ", " < "]
                    .iter()
                    .any(|sign| line.contains(sign)),
                skipping: false,
                in_conversation: false,
                interrupted: false,
            });
            return Ok(());
        }
        let stage = self.stage;
        let Some(running) = &mut self.running else {
            return Err("nothing runs in this terminal".to_owned());
        };
        match step {
            Step::Command(_) => {}
            Step::Typed(text) if running.is_fed => {
                running.expect(stage, &format!("{PROMPT}{text}"))?;
            }
            Step::Typed(text) => {
                running.prompted()?;
                running.process.send_line(&stage.real(text));
                running.in_conversation = true;
            }
            Step::EndOfInput => {
                running.prompted()?;
                running.process.close_stdin();
                running.in_conversation = false;
            }
            Step::Interrupt => {
                Signal::Interrupt.to_group(running.process.pid());
                running.wait_end()?;
                running.interrupted = true;
            }
            Step::Anything => running.skipping = true,
            Step::Output(pattern) => running.expect(stage, pattern)?,
        }
        Ok(())
    }

    /// Whether the program may keep running after the end of a block: it listens, or waits for more
    /// input.
    pub fn goes_on(&self) -> bool {
        self.running.as_ref().is_some_and(|running| {
            let listens = |line: &str| line.starts_with("listening on ");
            let in_use =
                running.in_conversation || running.process.stdout.text().lines().any(listens);
            in_use && !running.interrupted
        })
    }

    /// Waits for the end of the program. The page must have shown all of its output.
    pub fn finish(&mut self) -> Result<(), String> {
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        running.wait_end()?;
        let status = running.process.wait_exit(SOON);
        let signal = status.signal().map_or(0, |number| 128 + number);
        self.status = status.code().unwrap_or(signal);
        let rest = running.rest();
        let is_shown = rest.is_empty() || rest == PROMPT;
        if running.skipping || running.interrupted || is_shown {
            return Ok(());
        }
        let rest = self.stage.shown(&rest);
        Err(format!(
            "the command prints more than the page shows: {rest:?}"
        ))
    }
}

impl Running {
    /// Waits until the program and its output have ended.
    fn wait_end(&mut self) -> Result<(), String> {
        let ended = poll(SOON, || (!self.process.is_running()).then_some(()));
        let ended = ended.and_then(|()| {
            let output = &self.process.stdout;
            output.wait(SOON, |_, ended| ended.then_some(()))
        });
        ended.ok_or_else(|| {
            let rest = self.rest();
            format!(
                "the command does not end, and is not shown to go on, or to be ended by ^C; \
                 beyond what the page shows it has printed {rest:?}"
            )
        })
    }

    /// The output that the page has not shown yet.
    fn rest(&self) -> String {
        String::from_utf8_lossy(&self.process.stdout.bytes()[self.taken..]).into_owned()
    }

    /// Waits for the prompt, with no output before it.
    fn prompted(&mut self) -> Result<(), String> {
        if !self.prompts {
            return Ok(());
        }
        let (taken, skipping) = (self.taken, self.skipping);
        let prompt = PROMPT.as_bytes();
        let found = self.process.stdout.wait(SOON, |bytes, _| {
            let rest = &bytes[taken..];
            if !skipping {
                let so_far = rest.len().min(prompt.len());
                let comes = rest[..so_far] == prompt[..so_far];
                return (!comes || so_far == prompt.len()).then_some(comes.then_some(0));
            }
            let mut starts = rest.windows(prompt.len()).enumerate();
            let at_line = |at: usize| at == 0 || rest[at - 1] == b'\n';
            let (at, _) = starts.find(|(at, window)| *window == prompt && at_line(*at))?;
            Some(Some(at))
        });
        let found = found.flatten();
        let missing = || format!("no prompt; it has printed {:?}", self.rest());
        self.taken += found.ok_or_else(missing)? + prompt.len();
        self.skipping = false;
        Ok(())
    }

    /// Waits for a line that matches the page's.
    fn expect(&mut self, stage: &Stage, pattern: &str) -> Result<(), String> {
        loop {
            let taken = self.taken;
            let next = self.process.stdout.wait(SOON, |bytes, ended| {
                let rest = &bytes[taken..];
                match rest.iter().position(|byte| *byte == b'\n') {
                    Some(end) => Some(rest[..=end].to_vec()),
                    None => (ended && !rest.is_empty()).then(|| rest.to_vec()),
                }
            });
            let Some(line) = next else {
                let rest = stage.shown(&self.rest());
                return Err(format!(
                    "no line {pattern:?}; after the last one shown: {rest:?}"
                ));
            };
            self.taken += line.len();
            let line = String::from_utf8_lossy(&line).into_owned();
            let line = stage.shown(line.strip_suffix('\n').unwrap_or(&line));
            if matches(pattern, &line) {
                self.skipping = false;
                return Ok(());
            }
            if !self.skipping {
                return Err(format!(
                    "the page shows {pattern:?}, the command printed {line:?}"
                ));
            }
        }
    }
}
