//! Tests the command line of `exec-client`.

#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty, starts_with};

fn tool() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("exec-client"));
    command.timeout(std::time::Duration::from_secs(10));
    // No test may use the token of the user who runs it.
    let nowhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exec-client-config");
    command.env("XDG_CONFIG_HOME", nowhere).env_remove("HOME");
    command
}

/// An address at which no server listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn help_and_version_go_to_stdout() {
    for flag in ["--help", "-h"] {
        let assert = tool().arg(flag).assert().success().stderr(is_empty());
        assert.stdout(
            contains("Usage: exec-client [OPTIONS] [ENDPOINT [COMMAND ...]]")
                .and(contains("[127.0.0.1:8000]"))
                .and(contains("\n  exec-client 127.0.0.1:8000 uname -a\n")),
        );
    }
    for flag in ["--version", "-V"] {
        let version = format!("exec-client {}\n", env!("CARGO_PKG_VERSION"));
        tool().arg(flag).assert().success().stdout(version);
    }
}

#[test]
fn help_shows_every_flag_in_its_group_with_its_default() {
    let help = String::from_utf8(tool().arg("--help").output().unwrap().stdout).unwrap();
    let groups = [
        "Protocol", "Commands", "Limits", "Logging", "Help", "Examples",
    ];
    let places = groups.map(|title| help.find(&format!("\n{title}:\n")).unwrap());
    assert!(places.is_sorted(), "{help}");
    let one_line = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for (flag, default) in [
        (" --protocol NAME", "[session]"),
        (" --token-file FILE", "(~/.config/dialtone/token)"),
        (" --verify-hash", ""),
        (" -n, --no-input", ""),
        (" --keep-going", ""),
        (" --connect-timeout TIME", "[10s]"),
        (" --handshake-timeout TIME", "[20s]"),
        (" --timeout TIME", "(session: none, otherwise 90s)"),
        (" --alive-interval TIME", "[15s]"),
        (" --max-output SIZE", "[1024GiB]"),
        (" --trace", ""),
        (" --quiet", ""),
    ] {
        let Some((_, rest)) = one_line.split_once(flag) else {
            panic!("no {flag}: {help}");
        };
        let entry = rest.split(" --").next().unwrap();
        assert!(entry.contains(default), "{flag}: {entry}");
    }
}

#[test]
fn usage_errors_name_the_flag_and_the_value() {
    for (words, expected) in [
        (&["--nope"][..], "unknown flag \"--nope\""),
        (&["-x"], "unknown flag \"-x\""),
        (
            &["--protocol", "ssh"],
            "--protocol: \"ssh\" is unknown; choose from raw, length, header, session",
        ),
        (&["--token-file"], "--token-file needs its FILE"),
        (&["--connect-timeout", "0s"], "--connect-timeout: \"0s\" is"),
        (
            &["--handshake-timeout", "none"],
            "--handshake-timeout: \"none\"",
        ),
        (&["--timeout", "5"], "--timeout: \"5\" is not a duration"),
        (&["--max-output", "0"], "--max-output: \"0\" is not a size"),
        (
            &["--no-input=yes"],
            "--no-input takes no value, and got \"yes\"",
        ),
        (&["-n", "--no-input"], "--no-input was given twice"),
        (&["-i"], "unknown flag \"-i\""),
        (&["--alive-interval", "0s"], "--alive-interval: \"0s\" is"),
        (&["--quiet", "--quiet"], "--quiet was given twice"),
        (
            &["127.0.0.1:"],
            "ENDPOINT: \"127.0.0.1:\" is not an endpoint",
        ),
        (&["127.0.0.1:0"], "ENDPOINT: \"127.0.0.1:0\" has port 0"),
        (&["uname -a"], "ENDPOINT: \"uname -a\" is not an endpoint"),
        // Flags that exclude each other.
        (&["-n"], "--no-input is for COMMAND"),
        (
            &["--keep-going", "a:1", "ls"],
            "--keep-going is for commands from standard input",
        ),
        (
            &["--verify-hash", "a:1", "ls"],
            "--verify-hash needs --protocol header",
        ),
        (
            &["--verify-hash", "--protocol", "raw"],
            "--verify-hash needs --protocol header",
        ),
        (
            &["--protocol", "raw", "a:1", ""],
            "COMMAND: \"\" is no command",
        ),
    ] {
        tool()
            .args(words)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {expected}"))
                    .and(contains("see exec-client --help"))
                    .and(contains(
                        "\nUsage: exec-client [OPTIONS] [ENDPOINT [COMMAND ...]]\n",
                    )),
            );
    }
}

#[test]
fn a_port_is_a_number_up_to_65535() {
    for port in [
        "65536",
        "131073",
        "-1",
        "+1",
        "2000blah",
        "blah2000",
        "",
        " 80",
        "８０００",
    ] {
        let endpoint = format!("127.0.0.1:{port}");
        let assert = tool().args([&endpoint, "ls"]).assert().code(2);
        assert.stderr(contains("ENDPOINT: ").and(contains("0 to 65535")));
    }
}

#[test]
fn failures_of_the_client_are_one_line_and_status_255() {
    let nobody = nobody();
    let refused =
        format!("error: cannot connect to {nobody} (connection refused); is the server running?\n");
    for protocol in ["raw", "length", "header"] {
        for words in [&[&nobody[..], "ls", "-l"][..], &[&nobody]] {
            let mut command = tool();
            command.args(["--protocol", protocol]).args(words);
            let assert = command.write_stdin("ls\n").assert();
            assert.code(255).stdout(is_empty()).stderr(refused.clone());
        }
    }
    for (endpoint, said) in [
        (
            // A name with an empty label fails without a name server, which may be slow.
            "no..such..host:80",
            "error: cannot find the address of no..such..host:80 (",
        ),
        // A bare name takes the tool's port.
        (
            "no..such..host",
            "error: cannot find the address of no..such..host:8000 (",
        ),
        #[cfg(unix)]
        (
            "unix:/nonexistent/socket",
            "error: cannot connect to unix:/nonexistent/socket (no such file",
        ),
    ] {
        let assert = tool().args(["--protocol", "raw", endpoint, "ls"]).assert();
        assert
            .code(255)
            .stdout(is_empty())
            .stderr(starts_with(said));
    }
    // Without a token the client does not even connect, and on Windows there is no token file.
    let why = if cfg!(unix) { "token" } else { "WSL" };
    let assert = tool().args([&nobody, "ls"]).assert().code(255);
    assert
        .stdout(is_empty())
        .stderr(contains(why).and(contains("refused").not()));
}

/// All words after the endpoint belong to the command, including those that look like our flags.
#[test]
fn the_words_after_the_endpoint_are_joined_by_spaces() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        heard
    });
    let words = ["ls", "--quiet", "", "-l", "--help", "a b"];
    let mut command = tool();
    command.args(["--protocol=raw", &address]).args(words);
    command.assert().success().stderr(is_empty());
    // The server accepts this if no client has come; otherwise it has gone.
    let _ = TcpStream::connect(&address);
    assert_eq!(server.join().unwrap(), "ls --quiet  -l --help a b");
}
