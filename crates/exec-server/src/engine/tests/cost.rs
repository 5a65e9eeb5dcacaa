//! Measures the cost of a command. Run with `cargo test --release -p exec-server -- --ignored
//! --nocapture cost`.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::discard;
use crate::engine::{Engine, Request, Settings};

/// The median of each work. The works alternate, so that other load on the machine affects all of
/// them.
fn medians<const N: usize>(rounds: usize, works: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times = [(); N].map(|()| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for (work, times) in works.iter().zip(&mut times) {
            let start = Instant::now();
            work();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[rounds / 2]
    })
}

fn plain() -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "true"]).stdin(Stdio::null());
    command
}

#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn cost() {
    let engine = Engine::start(Settings::default()).unwrap();
    let mut report = String::new();
    for _ in 0..5 {
        let [status, output, ours] = medians(
            1000,
            [
                &|| {
                    plain()
                        .stdout(Stdio::null())
                        .stderr(Stdio::null())
                        .status()
                        .unwrap();
                },
                &|| {
                    plain().output().unwrap();
                },
                &|| {
                    engine
                        .spawn(Request::new(b"true"))
                        .unwrap()
                        .pump(discard, discard)
                        .unwrap();
                },
            ],
        );
        report += &format!(
            "true: std status {status:?}, std output {output:?}, engine {ours:?} = {:.3} x status\n",
            ours.as_secs_f64() / status.as_secs_f64()
        );
    }
    for _ in 0..3 {
        let start = Instant::now();
        let outcome = engine
            .spawn(Request::new(b"head -c 1073741824 /dev/zero"))
            .unwrap()
            .pump(discard, discard)
            .unwrap();
        assert_eq!(outcome.stdout, 1 << 30);
        report += &format!(
            "1 GiB: {:.0} MB/s\n",
            1073.741824 / start.elapsed().as_secs_f64()
        );
    }
    writeln!(io::stdout(), "{report}").unwrap();
}
