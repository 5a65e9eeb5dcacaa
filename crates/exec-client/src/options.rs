//! The command line of `exec-client`.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use proto::cli::{self, Log, Tool};
use proto::net::Endpoint;
use proto::wire::Protocol;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The server's endpoint.
    pub endpoint: Endpoint,
    /// The command, its words joined by spaces. Without it, commands come from stdin.
    pub command: Option<Vec<u8>>,
    /// The protocol.
    pub protocol: Protocol,
    /// The token file; `None` means the default one.
    pub token_file: Option<PathBuf>,
    /// Whether COMMAND gets no standard input.
    pub no_input: bool,
    /// Whether commands from stdin continue after one that fails.
    pub keep_going: bool,
    /// Whether the body's hash is checked, in the header protocol.
    pub verify_hash: bool,
    /// The longest output that is accepted, in bytes.
    pub max_output: u64,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the server may take to authenticate itself.
    pub handshake_timeout: Duration,
    /// How long the server may be silent while a command runs: `None` without the flag,
    /// `Some(None)` for `none`.
    pub timeout: Option<Option<Duration>>,
    /// The time of silence after which the client sends a `ping`.
    pub alive_interval: Option<Duration>,
    /// The log.
    pub log: Log,
}

impl Options {
    /// How long the server may be silent. In the lesson's protocols the server is silent until the
    /// command has ended, and our server ends it after a minute.
    pub fn silence(&self) -> Option<Duration> {
        match (self.timeout, self.protocol) {
            (Some(timeout), _) => timeout,
            (None, Protocol::Session) => None,
            (None, _) => Some(Duration::from_secs(90)),
        }
    }
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    failure_status: 255,
    check: Some(check),
    ..Tool::new("exec-client", &[HELP, cli::LOGGING], set)
};

const HELP: &str = "\
exec-client: runs a command on an exec-server, with its output and exit status

Usage: exec-client [OPTIONS] [ENDPOINT [COMMAND ...]]

  ENDPOINT                  host[:port], [v6][:port] or unix:PATH
                            [127.0.0.1:8000]
  COMMAND                   for the server's shell, with our standard input;
                            without COMMAND, each line of standard input is a
                            command for a shell of its own

Protocol:
  --protocol NAME           raw, length or header (the Python lesson's three),
                            or session [session]
  --token-file FILE         the server's secret (~/.config/dialtone/token)
  --verify-hash             header: check the output against the header's hash

Commands:
  -n, --no-input            give COMMAND no standard input, as in a loop that
                            reads it
  --keep-going              go on after a line of standard input that fails

Limits:
  --connect-timeout TIME    how long connecting may take [10s]
  --handshake-timeout TIME  session: how long the server may take to
                            authenticate itself [20s]
  --timeout TIME            how long the server may be silent (session: none,
                            otherwise 90s)
  --alive-interval TIME     session: ping a server that is silent for TIME;
                            three silent intervals end it [15s]
  --max-output SIZE         length and header: the longest output that is
                            accepted [1024GiB]
";

const EXAMPLES: &str = "
Examples:
  exec-client 127.0.0.1:8000 uname -a
      run one command; its exit status becomes ours, 255 is a failure of our own
  exec-client 127.0.0.1:8000 'tar x' < files.tar
      send it a file
  exec-client 127.0.0.1:8000 sh < script
      run a script in one shell, so that cd and variables last
  exec-client --protocol header
      talk to the Python lesson's server, one command per line
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "ENDPOINT" => o.endpoint = cli::endpoint(v, 8000).and_then(cli::real_port)?,
        "COMMAND" => {
            let word = cli::bytes(v)?;
            match &mut o.command {
                Some(command) => {
                    command.push(b' ');
                    command.extend_from_slice(&word);
                }
                None => o.command = Some(word),
            }
        }
        "--protocol" => o.protocol = cli::choice(v, Protocol::WORDS)?,
        "--token-file" => o.token_file = Some(v.into()),
        "--verify-hash" => o.verify_hash = true,
        "--no-input" => o.no_input = true,
        "--keep-going" => o.keep_going = true,
        "--connect-timeout" => o.connect_timeout = cli::duration(v)?,
        "--handshake-timeout" => o.handshake_timeout = cli::duration(v)?,
        "--timeout" => o.timeout = Some(cli::duration_or_none(v)?),
        "--alive-interval" => o.alive_interval = cli::duration_or_none(v)?,
        "--max-output" => o.max_output = cli::size(v, 1..=1 << 50)?,
        _ => o.log.set(name),
    }
    Ok(())
}

/// Refuses flags that exclude each other.
fn check(o: &Options, _: &[&str]) -> Result<(), String> {
    let wrong = match (&o.command, o.protocol) {
        (None, _) if o.no_input => {
            "--no-input is for COMMAND; without it, standard input holds the commands"
        }
        (Some(_), _) if o.keep_going => "--keep-going is for commands from standard input",
        (_, protocol) if o.verify_hash && protocol != Protocol::Header => {
            "--verify-hash needs --protocol header; a session verifies every frame anyway"
        }
        // The lesson's protocols cannot send an empty command.
        (Some(command), protocol) if command.is_empty() && protocol != Protocol::Session => {
            "COMMAND: \"\" is no command"
        }
        _ => return Ok(()),
    };
    Err(wrong.into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_text_is_valid() {
        super::TOOL.debug_assert();
    }
}
