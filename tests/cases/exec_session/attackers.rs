//! Tests peers that do not know the token, or lie: no command runs for them, and none is sent to
//! them.

use std::fs;

use cross_process::deadline::SOON;
use cross_process::process::Process;

use super::peers::{Playing, play, play_within, relay, write_token};
use super::{Session, client, client_of, complaint};

/// Clients that fail to authenticate in every way.
#[test]
fn no_command_runs_for_a_client_that_does_not_prove_that_it_knows_the_token() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    let wrong = "\\x07".repeat(32);
    let differs = "b\"authentication failed (the client's token differs)\"";
    let reflected = "b'authentication failed (nonce reflected)'";
    for (auth, refusal) in [
        ("open auth", "b'malformed auth frame'"),
        ("auth good \\x00", "b'malformed auth frame'"),
        (&*format!("auth good {wrong}"), differs),
        (&*format!("auth {wrong} {wrong}"), differs),
        (&*format!("auth reflected {wrong}"), reflected),
        ("auth reflected good", reflected),
    ] {
        // Even with keys of the right token.
        let steps = format!("{auth}\nopen command touch {marker}\nend");
        let steps = match auth {
            "open auth" => steps,
            _ => format!("{auth}\ncommand touch {marker}\nend"),
        };
        let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
            return;
        };
        let told = format!("open error {refusal}\nclosed\n");
        assert!(seen.ends_with(&told), "{auth}: {seen}");
    }
    // The log has one line a minute.
    session
        .server
        .process
        .wait_stderr("refused: malformed auth frame", SOON);
    let log = session.server.process.stderr.text();
    assert_eq!(log.matches("refused: ").count(), 1, "{log}");
    session.assert_alive();
    assert!(!fs::exists(marker).unwrap());
}

/// A thousand wrong tokens must not make a thousand log lines.
#[test]
fn strangers_cause_one_log_line_a_minute_even_when_quiet() {
    for options in [&[][..], &["--quiet"]] {
        let mut session = Session::start(options);
        let wrong = format!("auth good {}\nend\n---\n", "\\x07".repeat(32)).repeat(40);
        let steps = wrong.trim_end_matches("---\n");
        let Some(_) = play(session.server.endpoint(), &session.token, &[], steps) else {
            return;
        };
        let refused = "refused: authentication failed";
        session.server.process.wait_stderr(refused, SOON);
        let log = session.server.process.stderr.text();
        assert_eq!(log.lines().count(), 1, "{log}");
        session.assert_alive();
    }
}

#[test]
fn a_token_that_differs_in_one_bit_is_another_token() {
    let mut session = Session::start(&[]);
    let other = session.dir.join("other");
    let mut text = fs::read_to_string(&session.token).unwrap();
    let last = if text.as_bytes()[63] == b'0' {
        "1"
    } else {
        "0"
    };
    text.replace_range(63..64, last);
    write_token(&other, &text);
    let marker = session.path("marker");
    let wrong = client(
        &other,
        session.server.addr(),
        &[],
        &format!("touch {marker}"),
    );
    let text = complaint(&Process::spawn(wrong).finish(SOON), 255);
    let expected = format!(
        "error: authentication failed: this client's token ({}) is not the server's; ",
        other.display()
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(!text.contains(fs::read_to_string(&other).unwrap().trim()));
    session
        .server
        .process
        .wait_stderr("authentication failed (the client's token differs)", SOON);
    session.assert_alive();
    assert!(!fs::exists(marker).unwrap());
}

/// Replays the bytes of a good client to the server, which has another nonce now.
#[test]
fn a_recorded_session_cannot_be_replayed() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    let record = session.path("record");
    let Some(relay) = relay(
        session.server.endpoint(),
        &[format!("c2s:0:record={record}")],
    ) else {
        return;
    };
    let run = client_of(
        &session.token,
        relay.endpoint(),
        &[],
        &format!("touch {marker}; echo done"),
    );
    assert_eq!(Process::spawn(run).finish(SOON).stdout, b"done\n");
    fs::remove_file(&marker).unwrap();
    assert!(fs::metadata(&record).unwrap().len() > 200);
    let steps = format!("raw-file {record}\nend");
    let seen = play(session.server.endpoint(), &session.token, &[], &steps).unwrap();
    let refusal = "open error b\"authentication failed (the client's token differs)\"\nclosed\n";
    assert!(seen.ends_with(refusal), "{seen}");
    session.assert_alive();
    assert!(!fs::exists(marker).unwrap());
}

/// Before authentication, a client can make the server hold at most 1 KiB.
#[test]
fn frames_before_authentication_have_low_limits() {
    let mut session = Session::start(&[]);
    let long = "\\x20".repeat(1025);
    let steps = format!(
        "raw \\x01\\x04\\x00\\x00{long}
        end
        ---
        lie announced=4294967296
        open auth x
        end
        ---
        lie code=00
        open auth x
        end
        ---
        raw \\xff\\xff\\xff\\xff
        end
        ---
        raw \\x00\\x00\\x00\\x00
        end
        ---
        raw \\x02\\x00\\x00\\x00{{}}
        end
        ---
        raw \\x02\\x00\\x00\\x00
        half-close
        end
        ---
        lie announced=64
        open auth x
        half-close
        end"
    );
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    let refusals: Vec<&str> = seen
        .lines()
        .filter_map(|line| line.strip_prefix("open error "))
        .collect();
    assert_eq!(
        refusals,
        [
            "b'header length 1025 exceeds 1024'",
            "b'frame body of 4294967296 bytes exceeds 1024'",
            "b'auth frame with a hash, before there is a key'",
            "b'header length -1 is negative'",
            "b'header is empty'",
            "b'filename missing in the header'",
            "b'got 0 of 2 bytes of a header'",
            "b'got 1 of 64 bytes of a frame'",
        ],
        "{seen}"
    );
    session.assert_alive();
}

#[test]
fn a_wrong_sealed_frame_ends_the_connection_and_runs_nothing() {
    let mut session = Session::start(&[]);
    let marker = session.path("marker");
    let false_frame = "frame 0 failed its authenticity check";
    let fields = r#"{"filename": "command", "total_size": 0, "hash": "", "extra": 1}"#;
    let extra = format!("raw \\x{:02x}\\x00\\x00\\x00{fields}", fields.len());
    for (lie, answer) in [
        ("lie sequence=1", false_frame),
        ("lie code=", false_frame),
        ("lie key=theirs", false_frame),
        ("lie announced=3", false_frame),
        (
            "lie announced=65537",
            "frame body of 65537 bytes exceeds 65536",
        ),
        (
            &*extra,
            "the header has a field \"extra\" that must not be there",
        ),
        (
            "raw \\x01\\x00\\x01\\x00",
            "header length 65537 exceeds 65536",
        ),
    ] {
        let steps = format!("login\n{lie}\ncommand touch {marker}\nhalf-close\nend");
        let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
            return;
        };
        assert_eq!(seen, format!("error b'{answer}'\nclosed\n"), "{lie}");
    }
    // A code in upper case would be a second encoding of a frame, because the code does not cover
    // itself.
    let steps = format!("login\nlie code=upper\ncommand touch {marker}\nend");
    let seen = play(session.server.endpoint(), &session.token, &[], &steps).unwrap();
    assert_eq!(seen, format!("error b'{false_frame}'\nclosed\n"));
    session.assert_alive();
    assert!(!fs::exists(marker).unwrap());
}

/// About 1300 connections, each with a `command` frame in which one other bit is wrong.
#[test]
fn no_bit_of_a_command_can_be_changed() {
    let mut session = Session::start(&["--quiet"]);
    let marker = session.path("marker");
    let command = format!("touch {marker}");
    let header = r#"{"filename": "command", "total_size": 27, "hash": ""}"#;
    let bits = 8 * (4 + header.len() + 64 + command.len());
    let steps: String = (0..bits)
        .map(|bit| format!("login\nlie flip={bit}\ncommand {command}\nhalf-close\nend\n---\n"))
        .collect();
    let Some(seen) = play_within(
        SOON * 3,
        session.server.endpoint(),
        &session.token,
        &[],
        &steps,
    ) else {
        return;
    };
    let refused = seen.lines().filter(|line| line.starts_with("error b"));
    assert_eq!(refused.count(), bits, "{seen}");
    assert!(!seen.contains("exit") && !seen.contains("stdout"), "{seen}");
    session.assert_alive();
    assert!(!fs::exists(marker).unwrap());
}

/// A program that listens on the port without the token learns nothing, and gets no command.
#[test]
fn no_command_is_sent_to_a_server_that_does_not_prove_that_it_knows_the_token() {
    let steps = "hello VERSIONNONCE
        welcome \\x00
        rest
        ---
        hello VERSIONNONCE
        welcome REFLECTED
        rest
        ---
        hello VERSIONNONCE
        welcome
        rest
        ---
        hello VERSIONNONCE
        lie code=00
        open welcome x
        rest
        ---
        hello VERSIONNONCE
        exit {\"code\": 0}
        rest";
    // `exit` needs keys, which the script would have only after `welcome`, so it is sent unsealed.
    let steps = steps.replace("exit {", "open exit {");
    let Some(server) = Playing::start(&[], &steps) else {
        return;
    };
    for _ in 0..3 {
        let text = server.complaint("secret command");
        let expected = "the server failed to prove it knows the token (";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("no command was sent"), "{text}");
    }
    let text = server.complaint("secret command");
    assert!(text.contains("welcome frame with a hash"), "{text}");
    let text = server.complaint("secret command");
    let expected = "(unexpected exit frame in state awaiting welcome)";
    assert!(text.contains(expected), "{text}");
    let seen = server.transcript();
    assert_eq!(seen.matches("rest b''\n").count(), 5, "{seen}");
    assert!(!seen.contains("secret"), "{seen}");
}

/// The refusal of an unauthenticated server is shown escaped.
#[test]
fn words_of_an_unauthenticated_server_are_escaped() {
    let steps = "open error no \\x1b[31mentry
        rest
        ---
        hello VERSIONNONCE
        open error not today
        rest";
    let Some(server) = Playing::start(&[], steps) else {
        return;
    };
    let endpoint = server.server.endpoint().to_owned();
    let expected = format!("{endpoint} refuses: \"no \\x1b[31mentry\"");
    assert_eq!(server.complaint("x"), expected);
    assert_eq!(
        server.complaint("x"),
        format!("{endpoint} refuses: not today")
    );
}
