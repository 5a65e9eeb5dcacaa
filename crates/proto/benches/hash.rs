//! Measures how fast frames are authenticated.
//!
//! ```console
//! $ cargo bench -p proto
//! ```
//!
//! It computes HMAC-SHA256 over bodies as long as those of a session's frames. To see the effect of
//! the processor's SHA instructions, compare with a machine that has none.

use std::hint::black_box;
use std::time::{Duration, Instant};

use proto::wire::hmac::Key;

const ROUND: Duration = Duration::from_millis(300);

fn main() {
    let key = Key::new(b"a key of any length");
    println!("{:>10}  {:>10}", "body", "MB/s");
    for size in [64, 1024, 16 * 1024, 64 * 1024] {
        let body = vec![0x5a; size];
        let (started, mut bytes) = (Instant::now(), 0);
        while started.elapsed() < ROUND {
            black_box(key.code(&[black_box(&body)]));
            bytes += size;
        }
        let speed = bytes as f64 / started.elapsed().as_secs_f64() / 1e6;
        println!("{size:>10}  {speed:>10.0}");
    }
}
