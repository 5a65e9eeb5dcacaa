//! The command line of `tcp-server`.

use std::ffi::OsStr;
use std::time::Duration;

use proto::cli::{self, Log, Tool};
use proto::net::Endpoint;
use proto::serving::{self, Stop};
use proto::socketserver::MAX_CONNECTIONS;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// Where to listen.
    pub endpoint: Endpoint,
    /// How many connections are served at once.
    pub max_connections: usize,
    /// How long a connection may be silent.
    pub idle_timeout: Option<Duration>,
    /// How long a client may read nothing of a reply.
    pub write_timeout: Duration,
    /// The maximum number of bytes of one read.
    pub recv_size: usize,
    /// When and how the server stops.
    pub stop: Stop,
    /// The log.
    pub log: Log,
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    ..Tool::new("tcp-server", &[HELP, serving::STOPPING, cli::LOGGING], set)
};

const HELP: &str = "\
tcp-server: answers every byte with its ASCII upper case

Usage: tcp-server [OPTIONS] [ENDPOINT]

  ENDPOINT                  host[:port], [v6][:port] or unix:PATH; port 0 takes
                            a free one [127.0.0.1:8080]

Limits:
  --max-connections N       connections served at once; one more is refused as
                            busy [10000]
  --idle-timeout TIME       close a connection that sends nothing for this long
                            (none: never) [5m]
  --write-timeout TIME      close a connection that reads nothing of its reply
                            for this long [30s]
  --recv-size SIZE          the most bytes that one recv takes; the Python
                            lesson has 1024 [64KiB]
";

const EXAMPLES: &str = "
Examples:
  tcp-server
      serve this machine on port 8080
  tcp-server --trace --recv-size 1024 127.0.0.1:9000
      watch what the Python lesson's recv(1024) sees
  tcp-server --idle-timeout none unix:/tmp/upper.sock
      serve a Unix-domain socket, without an idle timeout
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "ENDPOINT" => o.endpoint = cli::endpoint(v, 8080)?,
        "--max-connections" => o.max_connections = cli::count(v, 1..=MAX_CONNECTIONS)?,
        "--idle-timeout" => o.idle_timeout = cli::duration_or_none(v)?,
        "--write-timeout" => o.write_timeout = cli::duration(v)?,
        "--recv-size" => o.recv_size = cli::size(v, 1..=16 << 20)? as usize,
        "--stop-on-eof" => o.stop.on_eof = true,
        "--grace" => o.stop.grace = cli::duration(v)?,
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
