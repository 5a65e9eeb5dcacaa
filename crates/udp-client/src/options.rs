//! The command line of `udp-client`.

use std::ffi::OsStr;
use std::time::Duration;

use proto::cli::{self, Log, Tool};
use proto::net::{Endpoint, MAX_DATAGRAM};

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The server's endpoint.
    pub endpoint: Endpoint,
    /// The messages; if there are none, they come from stdin.
    pub messages: Vec<Vec<u8>>,
    /// The total number of messages.
    pub count: Option<usize>,
    /// The least time between two messages.
    pub interval: Option<Duration>,
    /// Whether the time of each answer is shown.
    pub times: bool,
    /// Whether answers are shown as Python shows bytes.
    pub bytes: bool,
    /// The maximum number of bytes of an answer that are shown.
    pub recv_size: usize,
    /// How long an answer may take, including all retries.
    pub timeout: Duration,
    /// How many times a message is sent again.
    pub retries: u32,
    /// The log.
    pub log: Log,
}

impl Options {
    /// How many messages are sent; `None` for all lines of stdin.
    pub fn total(&self) -> Option<usize> {
        let given = self.messages.len();
        self.count.or_else(|| (given > 0).then_some(given))
    }
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    ..Tool::new("udp-client", &[HELP, cli::LOGGING], set)
};

const HELP: &str = "\
udp-client: sends datagrams, shows the answers and reports losses

Usage: udp-client [OPTIONS] [ENDPOINT]

  ENDPOINT                  host[:port] or [v6][:port] [127.0.0.1:8080]

Messages:
  --send TEXT               a message (may be empty); default: lines of stdin;
                            may be repeated
  -c, --count N             send N messages: those of --send in turn, or
                            numbered ones
  -i, --interval TIME       send one message per interval, up to 48 in flight;
                            default: up to 8 in flight
  --times                   show the time of each answer on stderr
  --bytes                   show answers as Python shows bytes: b'HELLO'

Limits:
  --timeout TIME            how long an answer may take, with all retries; if
                            one is missing or cut, the exit status is 1 [2s]
  --retries N               how often to send a message again; each wait is
                            twice the previous one [2]
  --recv-size SIZE          keep this much of an answer and report the loss; the
                            Python lesson has 1024, and reports nothing [65507]
";

const EXAMPLES: &str = "
Examples:
  udp-client
      ask for messages; Ctrl-D ends with a report, Ctrl-C without one
  udp-client --send hello --send '' --bytes 127.0.0.1:9000
      two messages, one of them empty, shown as Python shows them
  udp-client --count 10 --interval 1s --times --retries 0
      measure loss and times, as ping does
  udp-client --retries 0 --timeout 500ms < lines
      see what gets lost without retries
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "ENDPOINT" => o.endpoint = cli::udp_endpoint(v, 8080).and_then(cli::real_port)?,
        "--send" => o.messages.push(cli::bytes(v)?),
        "--count" => o.count = Some(cli::count(v, 1..=1 << 30)?),
        "--interval" => o.interval = Some(cli::duration(v)?),
        "--times" => o.times = true,
        "--bytes" => o.bytes = true,
        "--timeout" => o.timeout = cli::duration(v)?,
        "--retries" => o.retries = cli::count(v, 0..=10)? as u32,
        "--recv-size" => o.recv_size = cli::size(v, 1..=MAX_DATAGRAM as u64)? as usize,
        _ => o.log.set(name),
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
