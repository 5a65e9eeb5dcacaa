//! Tests commands that do not end on their own, and commands that cannot start.

use std::fs;

use cross_process::deadline::SOON;
use cross_process::process::assert_ends;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::{PROTOCOLS, assert_alive, run, serve, shown};

const NOTE: &str = "note: a background process still held the output; it was closed\n";

#[test]
fn a_command_that_ignores_term_is_killed_with_its_children() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--timeout", "1500ms", "--kill-after", "200ms"]);
        let command = "trap '' TERM; sleep 1000 & echo $!; \
            (sh -c 'sleep 1000; sleep 1000'; sleep 1000) & echo $!; echo $$; wait; sleep 1000";
        let said = shown(run(protocol, server.addr(), &[], command));
        let (pids, complaint) = said.split_once("error").unwrap();
        assert_eq!(complaint, ": timed out after 1.500s\n");
        let pids: Vec<u32> = pids.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(pids.len(), 3, "{said}");
        pids.into_iter().for_each(assert_ends);
        assert_alive(&mut server, protocol);
    }
}

/// As in the lesson, which reads both outputs of `Popen` to their ends.
#[test]
fn a_reply_has_all_the_output() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let late = "(sleep 1.2; echo late) & echo early";
        let said = shown(run(protocol, server.addr(), &[], late));
        assert_eq!(said, "early\nlate\n", "{protocol}");
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn the_output_of_a_background_process_is_closed_after_the_drain_time() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--drain", "200ms"]);
        let said = shown(run(protocol, server.addr(), &[], "sleep 1000 & echo $!"));
        let (pid, told) = said.split_once('\n').unwrap();
        // The background process was not ended.
        assert!(Signal::Kill.to_process(pid.parse().unwrap()));
        // A protocol with one output carries the command's, not the note.
        let expected = if protocol == "length" { "" } else { NOTE };
        assert_eq!(told, expected, "{protocol}");
        assert_alive(&mut server, protocol);
    }
}

/// These protocols do not carry an exit status, so the server logs it.
#[test]
fn a_command_ended_by_a_signal_is_in_the_log() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let said = shown(run(
            protocol,
            server.addr(),
            &[],
            "echo last words; kill -9 $$",
        ));
        assert_eq!(said, "last words\n");
        server.process.wait_stderr(": signal 9; ", SOON);
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn a_missing_folder_is_an_error_and_other_clients_are_served() {
    for protocol in PROTOCOLS {
        let dir = TempDir::new();
        let place = dir.join("place");
        fs::create_dir(&place).unwrap();
        let name = place.to_str().unwrap();
        let mut server = serve(protocol, &["--dir", name]);
        fs::remove_dir(&place).unwrap();
        assert_eq!(
            shown(run(protocol, server.addr(), &[], "pwd")),
            format!("error: cannot enter the directory {name} (no such file or directory)\n")
        );
        fs::create_dir(&place).unwrap();
        assert_alive(&mut server, protocol);
    }
}
