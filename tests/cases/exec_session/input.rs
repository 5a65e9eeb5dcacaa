//! Tests a command's standard input.

use std::fs;
use std::io::pipe;
use std::process::Command;

use cross_process::deadline::{SOON, poll};
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::signal::Signal;

use super::peers::play;
use super::{Session, client, wait_until_still};

#[test]
fn input_is_forwarded_or_ends_at_once() {
    let mut session = Session::start(&[]);
    assert_eq!(session.run("cat; echo end").stdout, b"end\n");
    for size in [0, 1, 10, 1000, 65_536, 300_000] {
        let mut client = session.client(&[], "cat");
        client.send(&vec![b'i'; size]);
        assert_eq!(client.finish(SOON).stdout.len(), size);
    }
    // A command that does not read its input ends anyway.
    let mut client = session.client(&[], "head -c 3");
    client.send(b"abcdef");
    assert_eq!(client.finish(SOON).stdout, b"abc");
    session.assert_alive();
}

/// A command waits for its input until the client ends it; the server does not end it after a time.
#[test]
fn input_may_begin_late_and_ends_only_with_stdin_eof() {
    let mut session = Session::start(&[]);
    let steps = "login
        command sleep 0.5; echo ready; cat; echo end
        until stdout
        stdin late
        stdin
        stdin -later
        stdin-eof
        until exit
        command cat
        stdin-eof
        until exit
        join 2
        command cat
        command another before the first has ended
        end";
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], steps) else {
        return;
    };
    let seen = seen.replace("\\n'\nstdout b'", "\\n");
    let seen = seen.replace("late'\nstdout b'-", "late-");
    let expected = "stdout b'ready\\nlate-laterend\\n'\n\
                    exit b'{\"code\": 0}'\n\
                    exit b'{\"code\": 0}'\n\
                    error b'unexpected command frame in state running'\n\
                    closed\n";
    assert_eq!(seen, expected);
    session.assert_alive();
}

/// The background process gets the input that came before the exit, and then its end.
#[test]
fn input_after_the_exit_reaches_no_background_process() {
    let mut session = Session::start(&[]);
    let file = session.path("file");
    let steps = format!(
        "login
        command exec 3<&0; {{ cat <&3; echo end; }} >{file} 2>&1 &
        until exit
        stdin late
        command until grep -q end {file}; do sleep 0.01; done; cat {file}
        stdin-eof
        until exit"
    );
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], &steps) else {
        return;
    };
    let exit = "exit b'{\"code\": 0}'\n";
    assert_eq!(seen, format!("{exit}stdout b'end\\n'\n{exit}"));
    session.assert_alive();
}

/// A client may be stopped at any byte of its input. Meanwhile the server checks its limits.
#[test]
fn a_client_may_pause_within_a_frame() {
    let limits = ["--alive-interval", "100ms", "--idle-timeout", "300ms"];
    let mut session = Session::start(&limits);
    let steps = "login
        command cat
        half stdin all of it
        until ping
        other-half
        pong
        stdin-eof
        until exit
        half command true
        end";
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], steps) else {
        return;
    };
    let seen = seen.replace("ping b''\n", "");
    let expected = "stdout b'all of it'\n\
                    exit b'{\"code\": 0}'\n\
                    error b'no command for 300ms'\n\
                    closed\n";
    assert_eq!(seen, expected);
    session.assert_alive();
}

#[test]
fn our_client_may_send_input_late() {
    let mut session = Session::start(&["--idle-timeout", "300ms"]);
    let command = "sh -c 'sleep 0.5; echo now' >&2 & cat; wait";
    let mut client = session.client(&[], command);
    client.wait_stderr("now", SOON);
    // The idle timeout has passed, too, but it does not apply while a command runs.
    client.send(b"late\n");
    assert_eq!(client.finish(SOON).stdout, b"late\n");
    session.assert_alive();
}

#[test]
fn input_is_forwarded_in_pieces_of_any_size() {
    let mut session = Session::start(&[]);
    let content: Vec<u8> = (0..400_000u32)
        .map(|i| (i.wrapping_mul(i) >> 9) as u8)
        .collect();
    for size in [10, 100, 1000, 32_000, 65_536, 131_072, 262_144] {
        let content = match size {
            // Each piece is a frame, so the smallest pieces get less input.
            10 | 100 => &content[..20_000],
            _ => &content[..],
        };
        let mut client = session.client(&[], "cat");
        for piece in content.chunks(size) {
            client.send(piece);
        }
        let done = client.finish(SOON);
        assert!(
            done.stdout == content,
            "{size}: {} bytes",
            done.stdout.len()
        );
    }
    session.assert_alive();
}

#[test]
fn a_folder_is_copied_by_tar() {
    let mut session = Session::start(&[]);
    let (from, to) = (session.path("from"), session.path("to"));
    for (name, size) in [("a/empty", 0), ("a/b/small", 3), ("large", 5_000_000)] {
        let path = session.dir.join("from").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let content: Vec<u8> = (0..size)
            .map(|i: u32| (i.wrapping_mul(i) >> 5) as u8)
            .collect();
        fs::write(path, content).unwrap();
    }
    fs::create_dir(&to).unwrap();
    let (archive, packed) = pipe().unwrap();
    let mut tar = Command::new("tar");
    tar.args(["c", "-C", &from, "."]);
    let mut tar = Process::spawn_to(tar, packed.into());
    let unpack = format!("tar x -C {to}");
    let copy = client(&session.token, session.server.addr(), &[], &unpack);
    let copied = Process::spawn_from(copy, archive).finish(SOON).status;
    assert!(copied.success() && tar.finish(SOON).status.success());
    let same = Command::new("diff").args(["-r", &from, &to]).status();
    assert!(same.unwrap().success());
    session.assert_alive();
}

/// If the command does not read, the client blocks, and so does the writer of the client's stdin.
#[test]
fn unread_input_is_not_buffered_in_memory() {
    let mut session = Session::start(&[]);
    let pid = session.server.process.pid();
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo ready; read x <{fifo}; wc -c");
    let sender = client(&session.token, session.server.addr(), &[], &command);
    let (input, filled) = pipe().unwrap();
    let mut zeros = Command::new("head");
    zeros.args(["-c", "64M", "/dev/zero"]);
    let mut zeros = Process::spawn_to(zeros, filled.into());
    let mut sender = Process::spawn_from(sender, input);
    // The buffers of the client, the server and the command's pipe are full.
    wait_until_still(sender.pid());
    let resident = procfs::resident_bytes(pid).unwrap();
    fs::write(&fifo, "\n").unwrap();
    let done = sender.finish(SOON);
    assert_eq!(done.stdout, b"ready\n67108864\n");
    assert!(zeros.finish(SOON).status.success());
    assert!(resident < 8 << 20, "{resident}");
    session.assert_alive();
}

/// Unread input comes before the end of the stream, so a server that waits for the command to read
/// it would not notice that the client leaves.
#[test]
fn a_client_that_leaves_with_unread_input_is_noticed() {
    let mut session = Session::start(&[]);
    for leave in [Signal::Terminate, Signal::Kill] {
        let (token, addr) = (&session.token, session.server.addr());
        let endless = client(token, addr, &[], "exec sleep 1000");
        let mut client = Process::spawn_from(endless, fs::File::open("/dev/zero").unwrap());
        assert!(poll(SOON, || session.runs("sleep").then_some(())).is_some());
        // The client has filled all buffers and is blocked.
        wait_until_still(client.pid());
        client.signal(leave);
        client.wait_exit(SOON);
        let gone = poll(SOON, || (!session.runs("sleep")).then_some(()));
        assert!(gone.is_some(), "the command is still alive after {leave:?}");
    }
    session.assert_alive();
}
