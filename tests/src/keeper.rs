//! A shell that sends signals for the tests, and kills the processes that they started when the
//! tests end, even by Ctrl-C or `kill -9`.
//!
//! std can send only `SIGKILL`, and starting a shell for each signal costs more than all the rest
//! of a short test. The shell reads requests from a pipe that only this process holds open. When
//! this process ends, so does the pipe, and the shell kills every process group that is still on
//! its list. A process is added to the list just after it was started: if the tests are killed
//! within these microseconds, it survives.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// It ignores the signals that end the tests, because a user may send them to all processes, and
/// goes on if an answer cannot be written because they have ended.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM PIPE
groups=' '
while read -r request number; do
  case $request in
    watch) groups="$groups$number " ;;
    forget)
      case $groups in
        *" $number "*) groups="${groups%%" $number "*} ${groups#*" $number "}" ;;
      esac ;;
    *) kill -s "$request" -- "$number" 2>/dev/null && echo sent || echo nobody ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group" 2>/dev/null
done
"#;

/// Sends a signal, given by name, to a process, or to a group if the number is negative. `false` if
/// there is none.
pub fn signal(name: &str, number: i64) -> bool {
    let mut keeper = keeper();
    keeper.request(name, number);
    let mut answer = String::new();
    match keeper.answers.read_line(&mut answer) {
        Ok(1..) => answer == "sent\n",
        ended => panic!("the shell beside the tests does not answer: {ended:?}"),
    }
}

/// Makes the shell kill every process of a group when this process ends.
pub fn watch(group: u32) {
    keeper().request("watch", group.into());
}

/// Removes a group from the list, before the kernel can reuse its number.
pub fn forget(group: u32) {
    keeper().request("forget", group.into());
}

struct Keeper {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The shell, which is started when it is first needed.
fn keeper() -> MutexGuard<'static, Keeper> {
    static KEEPER: LazyLock<Mutex<Keeper>> = LazyLock::new(|| Mutex::new(Keeper::start()));
    KEEPER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keeper {
    fn start() -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match shell.map(|mut shell| (shell.stdin.take(), shell.stdout.take())) {
            Ok((Some(requests), Some(answers))) => Self {
                requests,
                answers: BufReader::new(answers),
            },
            failed => panic!("cannot start the shell beside the tests: {failed:?}"),
        }
    }

    fn request(&mut self, what: &str, number: i64) {
        if let Err(why) = writeln!(self.requests, "{what} {number}") {
            panic!("the shell beside the tests has ended: {why}");
        }
    }
}
