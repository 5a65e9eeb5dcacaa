//! Tests the player of transcripts with small pages, some of them wrong.

use std::path::Path;
use std::thread;

use cross_process::artifacts::artifacts;
use cross_process::docs::page::Page;
use cross_process::docs::play;
use cross_process::docs::transcript::matches;

/// Plays console blocks, each given as the name of a terminal and its lines. It adds the name to
/// the prompts.
fn play(blocks: &[(&str, &str)]) -> Option<String> {
    artifacts();
    let block = |(terminal, text): &(&str, &str)| {
        let lines = text.lines().map(|line| match line.strip_prefix("$ ") {
            Some(command) => format!("{terminal}$ {command}\n"),
            None => format!("{line}\n"),
        });
        let first = match text.starts_with("$ ") || terminal.is_empty() {
            true => String::new(),
            false => format!("({terminal})\n"),
        };
        format!("\n```console\n{first}{}```\n\n", lines.collect::<String>())
    };
    let text: String = blocks.iter().map(block).collect();
    let page = Page::parse(Path::new("docs/en/a-page.md"), &text);
    assert_eq!(page.odd, [""; 0]);
    play::check(&page).map(|finding| finding.to_string())
}

#[track_caller]
fn assert_right(blocks: &[(&str, &str)]) {
    assert_eq!(play(blocks), None);
}

#[track_caller]
fn assert_wrong(blocks: &[(&str, &str)], line: usize, says: &str) {
    let finding = play(blocks).expect("there should be a finding");
    let place = format!("docs/en/a-page.md:{line}: ");
    assert!(finding.starts_with(&place), "{finding}");
    assert!(finding.contains(says), "{finding}");
}

const SERVER: (&str, &str) = (
    "server",
    "$ cargo run -q -p tcp-server --example tcp_server\nlistening on 127.0.0.1:8080",
);

const CLIENT: &str = "$ cargo run -q -p tcp-client --example tcp_client";

const END: (&str, &str) = ("server", "^C");

#[test]
fn a_pattern_may_match_several_lines() {
    for (pattern, line) in [
        ("as it is", "as it is"),
        ("spaces at the end", "spaces at the end  "),
        ("from …:… on", "from 127.0.0.1:4000 on"),
        ("…", ""),
        ("…end", "the end"),
        ("b'…'", "b''"),
    ] {
        assert!(matches(pattern, line), "{pattern:?} {line:?}");
    }
    for (pattern, line) in [
        ("as it is", "as it is not"),
        ("…end", "the end."),
        ("start…", "no start"),
        ("a…a", "a"),
        ("", "something"),
    ] {
        assert!(!matches(pattern, line), "{pattern:?} {line:?}");
    }
}

#[test]
fn the_output_of_commands_must_be_that_of_the_page() {
    assert_right(&[("", "$ printf 'a\\nb\\n'\na\nb\n$ true\n$ echo c\nc")]);
    assert_right(&[("", "$ printf 'a\\nb\\nc\\n'\n...\nc")]);
    assert_right(&[("", "$ printf 'a\\nb\\n'\na\n...")]);
    assert_right(&[("", "$ echo a; \\\n>   echo b\na\nb")]);
    assert_right(&[("", "$ echo 'a\n> b'\na\nb")]);
    assert_right(&[("", "$ echo oh >&2; exit 3\noh\n$ echo $?\n3")]);

    for (line, says, text) in [
        (4, "printed \"a\"", "$ echo a\nb"),
        (5, "no line \"b\"", "$ echo a\na\nb"),
        (4, "prints more", "$ printf 'a\\nb\\n'\na"),
        (5, "prints more", "$ printf 'a\\nb\\n'\na\n$ true"),
        (5, "no line \"c\"", "$ printf 'a\\nb\\n'\n...\nc"),
        (3, "nothing runs in this terminal", "a"),
        (3, "no other cargo", "$ cargo build"),
    ] {
        assert_wrong(&[("", text)], line, says);
    }
}

#[test]
fn servers_keep_running_and_clients_get_typed_lines() {
    for client in [
        CLIENT,
        &format!("{CLIENT} -- 8080"),
        "$ cargo run -q -p tcp-client -- --bytes",
        "$ cargo run -q -p tcp-client -- --bytes 127.0.0.1:8080",
    ] {
        let talk = format!("{client}\n>>: port 8080\nb'PORT 8080'\n>>: b\nb'B'\n>>: ^D");
        let logged = "connected: 127.0.0.1:…\nreceived: b'port 8080'\nreceived: b'b'\n^C";
        assert_right(&[SERVER, ("client", &talk), ("server", logged)]);
    }
}

#[test]
fn a_conversation_continues_in_a_later_block() {
    assert_right(&[
        SERVER,
        ("client", &format!("{CLIENT}\n>>: a")),
        ("server", "connected: …\nreceived: b'a'"),
        ("client", "b'A'\n>>: b\nb'B'\n>>: ^D"),
        ("server", "...\nreceived: b'b'\n^C\n$ echo $?\n130"),
    ]);
}

#[test]
fn input_from_a_pipe_follows_no_prompt() {
    assert_right(&[
        SERVER,
        (
            "",
            &format!("$ printf 'a\\nb\\n' | {}\n>>: b'A'\n>>: b'B'", &CLIENT[2..]),
        ),
        END,
    ]);
}

#[test]
fn a_wrong_conversation_is_found() {
    for (talk, says) in [
        (">>: a\nb'B'\n>>: ^D", "printed \"b'A'\""),
        (">>: a\n>>: ^D", "no prompt; it has printed \"b'A'"),
    ] {
        let talk = format!("{CLIENT}\n{talk}");
        assert_wrong(&[SERVER, ("client", &talk), END], 11, says);
    }
    let end = "^C\nreceived: b'a'";
    assert_wrong(&[SERVER, ("server", end)], 11, "no line \"received: b'a'\"");
}

#[test]
fn a_command_that_does_not_end_is_found() {
    let two = format!("{}\nclient$ true", SERVER.1);
    // All at once, because each is waited for.
    thread::scope(|scope| {
        scope.spawn(|| assert_wrong(&[("", "$ sleep 60")], 3, "does not end"));
        scope.spawn(|| assert_wrong(&[("", SERVER.1)], 2, "name its terminal"));
        scope.spawn(|| assert_wrong(&[SERVER], 2, "show ^C"));
        scope.spawn(|| assert_wrong(&[SERVER, ("server", "$ true")], 2, "show ^C"));
        scope.spawn(|| assert_wrong(&[("server", &two)], 5, "names another terminal"));
    });
}

#[test]
fn each_page_has_its_own_ports_and_home() {
    assert_right(&[(
        "",
        "$ echo port > /tmp/a-file; ls /tmp/\na-file\n$ echo ~/.config /tmp/x\n…/home/.config /tmp/x",
    )]);
}
