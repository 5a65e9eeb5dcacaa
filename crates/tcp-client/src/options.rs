//! The command line of `tcp-client`.

use std::ffi::OsStr;
use std::time::Duration;

use proto::cli::{self, Log, Tool};
use proto::net::Endpoint;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The server's endpoint.
    pub endpoint: Endpoint,
    /// The messages; if there are none, they come from stdin.
    pub messages: Vec<Vec<u8>>,
    /// Whether replies are shown as Python shows bytes.
    pub bytes: bool,
    /// Whether bytes are copied unchanged in both directions.
    pub stream: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a whole reply may take.
    pub timeout: Duration,
    /// The log.
    pub log: Log,
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    check: Some(check),
    ..Tool::new("tcp-client", &[HELP, cli::LOGGING], set)
};

const HELP: &str = "\
tcp-client: sends messages to a TCP server and shows the reply to each

Usage: tcp-client [OPTIONS] [ENDPOINT]

  ENDPOINT                  host[:port], [v6][:port] or unix:PATH
                            [127.0.0.1:8080]

Messages:
  --send TEXT               a message; default: lines of stdin; may be repeated
  --bytes                   show replies as Python shows bytes: b'HELLO'
  --stream                  no messages: copy stdin to the server and its bytes
                            to stdout, as nc -N does

Limits:
  --connect-timeout TIME    how long connecting may take [10s]
  --timeout TIME            how long a message and its whole reply may take
                            [30s]
";

const EXAMPLES: &str = "
Examples:
  tcp-client
      ask for messages and show the replies
  tcp-client --send hello --send 'good bye' --bytes 127.0.0.1:9000
      two messages, shown as Python shows them
  printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' | tcp-client --stream 127.0.0.1:80
      talk to any other server, as with nc
  printf 'a\\nb\\n' | tcp-client unix:/tmp/upper.sock
      one message per line, over a Unix-domain socket
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "ENDPOINT" => o.endpoint = cli::endpoint(v, 8080).and_then(cli::real_port)?,
        "--send" => o.messages.push(cli::bytes(v)?),
        "--bytes" => o.bytes = true,
        "--stream" => o.stream = true,
        "--connect-timeout" => o.connect_timeout = cli::duration(v)?,
        "--timeout" => o.timeout = cli::duration(v)?,
        _ => o.log.set(name),
    }
    Ok(())
}

/// Refuses flags that exclude each other.
fn check(o: &Options, _: &[&str]) -> Result<(), String> {
    if o.stream && (o.bytes || !o.messages.is_empty()) {
        return Err(
            "--stream copies bytes unchanged; it does not go with --send or --bytes".into(),
        );
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
