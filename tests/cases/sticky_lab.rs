//! Tests the results of the sticky-packet laboratory. Its picture is tested in `pictures`.

use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::process::Process;
use cross_process::server::Server;

/// The output of the laboratory.
#[track_caller]
pub fn lab(words: &[&str]) -> String {
    let mut command = Command::new(artifacts().example("sticky_lab"));
    command.args(words);
    let mut lab = Process::spawn(command);
    let ended = lab.finish(SOON);
    if !ended.status.success() || !ended.stderr.is_empty() {
        lab.fail("the laboratory has failed");
    }
    String::from_utf8(ended.stdout).unwrap()
}

/// The outcome of each experiment in order, for experiments with a single outcome.
#[track_caller]
fn came(words: &[&str]) -> Vec<String> {
    let printed = lab(words);
    let came = printed
        .lines()
        .skip(2)
        .filter(|line| !line.starts_with("Sent: "))
        .filter_map(|line| Some(line[line.find('[')?..].to_owned()));
    came.collect()
}

pub const BOTH: [&str; 4] = ["--nodelay", "off", "--nodelay", "on"];

fn with_and_without_nodelay(words: &[&str]) -> Vec<String> {
    came(&[&BOTH[..], words].concat())
}

#[test]
fn a_late_receiver_gets_two_sends_as_one_with_and_without_nodelay() {
    for pause in ["none", "60ms"] {
        let came = with_and_without_nodelay(&["--pause", pause]);
        assert_eq!(came, ["[hello|world]", "[hello|world]"], "{pause}");
    }
}

#[test]
fn a_receiver_that_keeps_up_gets_two_sends_apart_with_and_without_nodelay() {
    let came = with_and_without_nodelay(&["--reader", "step"]);
    assert_eq!(came, ["[hello][world]", "[hello][world]"]);
}

#[test]
fn a_small_recv_splits_sends() {
    let came = with_and_without_nodelay(&["--recv-size", "4", "--reader", "late"]);
    assert_eq!(came, ["[hell][o|wor][ld]", "[hell][o|wor][ld]"]);
    let came = with_and_without_nodelay(&["--recv-size", "4", "--reader", "step"]);
    assert_eq!(came, ["[hell][o][worl][d]", "[hell][o][worl][d]"]);
}

#[test]
fn messages_may_have_any_size_and_content() {
    assert_eq!(
        came(&["--sizes", "3000,3000,10", "--recv-size", "4096"]),
        ["[a*3000|b*1096][b*1904|cccccccccc]"]
    );
    assert_eq!(
        came(&["--send", "啊", "--send", "\u{1b}[2J", "--recv-size", "2"]),
        [r"[\xe5\x95][\x8a|\x1b][[2][J]"]
    );
    // The most that may be sent, by 64 recvs of 512 bytes.
    let boxes = came(&["--sizes", "32768", "--recv-size", "512"]).concat();
    assert_eq!(boxes, "[a*512]".repeat(64));
}

/// The other tests rely on this: the receiver waits until all bytes have arrived before it reads
/// any.
#[test]
fn the_receiver_waits_for_all_before_it_reads_any() {
    let mut command = Command::new(artifacts().example("sticky_lab"));
    command.args(["receiver", "1024"]);
    let mut server = Server::start(command);
    server.process.send_line("read 10");
    let stream = net::connect(server.addr());
    net::send(&stream, b"hello");
    // The second half comes late.
    std::thread::sleep(A_MOMENT);
    net::send(&stream, b"world");
    assert_eq!(server.process.wait_line(SOON), "10");
    server.process.wait_stdout("helloworld", SOON);
    // It ends at the end of its orders, although the connection is still open.
    assert!(server.process.finish(SOON).status.success());
}

/// The pieces depend on timing, but the output has all runs, and each run all bytes.
#[test]
fn an_eager_receiver_gets_all_bytes_in_any_pieces() {
    let printed = lab(&["--reader", "eager", "--runs", "30", "--recv-size", "7"]);
    let mut runs = 0;
    for line in printed.lines().filter(|line| line.contains(" of 30 ")) {
        let (before, boxes) = line.split_once(" of 30 ").unwrap();
        let count = before.split_whitespace().last().unwrap();
        runs += count.parse::<u32>().unwrap();
        let bytes: String = boxes.chars().filter(|c| c.is_alphabetic()).collect();
        assert_eq!(bytes, "helloworld", "{line}");
    }
    assert_eq!(runs, 30, "{printed}");
}

#[test]
fn a_run_without_flags_fits_on_one_screen() {
    let printed = lab(&[]);
    let certain: Vec<&str> = printed
        .lines()
        .filter_map(|line| {
            let at = line.find('[')?;
            (!line.contains(" of ")).then_some(&line[at..])
        })
        .collect();
    assert_eq!(
        certain,
        [
            "[ ] is what one recv gave, | is where a send ended.",
            "[hello|world]",
            "[hello|world]",
            "[hello|world]",
            "[hello][world]",
            "[hello][world]",
            "[hell][o|wor][ld]",
            "[hell][o][worl][d]",
        ]
    );
    assert!(printed.ends_with("the same came: 2 of 2 pairs.\n"));
    assert!(printed.lines().count() <= 30, "{printed}");
    assert!(printed.lines().all(|line| line.len() < 80), "{printed}");
}

#[test]
fn invalid_experiments_are_refused() {
    let many = ["--send", "x"].repeat(17);
    let variants = ["--recv-size", "1"].repeat(65);
    for (words, status, error) in [
        (&["--send", ""][..], 2, "TCP has no empty messages"),
        (&["--sizes", "10,0"], 2, "is not a whole number from 1"),
        (&["--pause", "2s"], 2, "longer than 1s"),
        (&["--reader", "now"], 2, "choose from late, step, eager"),
        (&["--sizes", "32768,1"], 1, "send 32768 at most"),
        (
            &["--sizes", "200", "--recv-size", "1"],
            1,
            "too many pieces",
        ),
        (&many, 1, "send 16 at most"),
        (&variants, 1, "ask for 64 at most"),
        (
            &["--record", "/nowhere/x", "--runs", "1"],
            1,
            "cannot write the record",
        ),
    ] {
        let mut command = Command::new(artifacts().example("sticky_lab"));
        command.args(words);
        let mut lab = Process::spawn(command);
        let ended = lab.finish(SOON);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(
            said.starts_with("error: ") && said.contains(error),
            "{said}"
        );
        assert_eq!(ended.status.code(), Some(status), "{said}");
    }
}
