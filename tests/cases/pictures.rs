//! Tests the pictures that wiretap draws of traffic, and those of them that are in the book.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use cross_process::artifacts::{artifacts, workspace};
use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::Tool;
use cross_process::python;
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::sticky_lab::{BOTH, lab};

/// The picture of what the laboratory did, drawn by wiretap from its record.
#[track_caller]
fn picture_of_the_lab(folder: &TempDir, words: &[&str]) -> String {
    let [record, picture] = ["record", "picture.svg"].map(|name| folder.join(name));
    lab(&[words, &["--record", record.to_str().unwrap()]].concat());
    let mut command = Command::new(artifacts().tool("wiretap"));
    command
        .arg("--replay")
        .arg(record)
        .arg("--svg")
        .arg(&picture);
    let mut wiretap = Process::spawn(command);
    if !wiretap.finish(SOON).status.success() {
        wiretap.fail("wiretap does not draw what the laboratory has recorded");
    }
    look(&picture);
    fs::read_to_string(picture).unwrap()
}

/// Fails unless an XML parser reads the picture and every box and text begins and ends within it.
const LOOK: &str = "
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
width, height = map(float, root.get('viewBox').split()[2:])
for part in root.iter():
    if part.get('y') is not None:
        right = float(part.get('x')) + float(part.get('width', 0))
        assert right <= width and float(part.get('y')) <= height, tree.tostring(part)
";

#[track_caller]
fn look(picture: &Path) {
    if let Some(mut command) = python::command("an XML parser") {
        command.args(["-c", LOOK]).arg(picture);
        let mut python = Process::spawn(command);
        if !python.finish(SOON).status.success() {
            python.fail("the picture is not well-formed, or a part is outside of it");
        }
    }
}

/// The bytes in the boxes of a picture.
fn data(picture: &str) -> Vec<&str> {
    let texts = picture
        .lines()
        .filter(|line| line.contains("class=\"data\""));
    texts
        .map(|line| line.split_once('>').unwrap().1.trim_end_matches("</text>"))
        .collect()
}

#[test]
fn a_picture_shows_each_send_and_each_recv() {
    let folder = TempDir::new();
    let words = ["--send", "a<&\">", "--send", "world", "--recv-size", "4"];
    let picture = picture_of_the_lab(&folder, &words);
    let sends = ["a&lt;&amp;&quot;", "world"];
    assert_eq!(
        data(&picture)[1..],
        [sends[1], "a&lt;&amp;&quot;", ">wor", "ld"]
    );
    picture_of_the_lab(&folder, &[]);
    picture_of_the_lab(&folder, &["--sizes", "32768", "--recv-size", "512"]);
}

#[test]
fn the_picture_of_the_laboratory_is_in_the_book() {
    let words = [&BOTH[..], &["--reader", "late", "--reader", "step"]].concat();
    let drawn = picture_of_the_lab(&TempDir::new(), &words);
    // The kernel is between the two programs, and no wiretap.
    let title = "A conversation through wiretap";
    let english = drawn
        .replace(">wiretap<", ">kernel<")
        .replace(title, "Each send and each recv of four experiments");
    assert_in_the_book("sticky-lab", &english);
}

#[test]
fn the_picture_of_two_sends_that_stick_is_in_the_book() {
    let folder = TempDir::new();
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let picture = folder.join("picture.svg");
    let mut command = Command::new(artifacts().tool("wiretap"));
    command.args(["--hold", "client:1s", "--connections", "1", "--svg"]);
    command.arg(&picture);
    command.args(["127.0.0.1:0", &server.addr().to_string()]);
    let mut tap = Server::start(command);
    let client = net::connect(tap.addr());
    net::send(&client, b"hello");
    tap.process.wait_stdout("5 bytes b'hello'", SOON);
    net::send(&client, b"world");
    net::half_close(&client);
    assert_eq!(net::read_to_end(&client, SOON), b"HELLOWORLD");
    assert!(tap.process.wait_exit(SOON).success());
    look(&picture);
    assert_in_the_book("wiretap-sticky", &fs::read_to_string(picture).unwrap());
}

/// Compares a picture with the two in the book but for times and ports, which differ from run to
/// run. `UPDATE_DOCS=1` puts it there instead.
#[track_caller]
fn assert_in_the_book(name: &str, english: &str) {
    for (language, drawn) in [("en", english.to_owned()), ("zh", in_chinese(english))] {
        let book = workspace().join(format!("docs/img/{name}.{language}.svg"));
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&book, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&book).unwrap_or_default();
        assert!(
            timeless(&kept) == timeless(&drawn),
            "{} is not what is drawn now; UPDATE_DOCS=1 puts it there: {drawn}",
            book.display()
        );
    }
}

/// A picture without the digits after a `+` or a `127.0.0.1:`.
fn timeless(picture: &str) -> String {
    let mut parts = picture.split('+').flat_map(|part| part.split("127.0.0.1:"));
    let first = parts.next().unwrap_or_default().to_owned();
    let digits = |letter: char| letter.is_ascii_digit() || letter == '.';
    first
        + &parts
            .map(|part| part.trim_start_matches(digits))
            .collect::<String>()
}

/// What fits a long line of English into the picture.
const SQUEEZED: &str = r#" textLength="460" lengthAdjust="spacingAndGlyphs""#;

/// A picture with the words of wiretap's page in Chinese, where a text is not data.
fn in_chinese(picture: &str) -> String {
    let page = workspace().join("crates/wiretap/src/page.html");
    let page = fs::read_to_string(page).unwrap();
    let (_, table) = page
        .split_once("translate: text => Object.entries({")
        .unwrap();
    let (table, _) = table.split_once("})").unwrap();
    let quoted: Vec<_> = table.split('\'').skip(1).step_by(2).collect();
    let mut pairs: Vec<_> = quoted.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    assert!(pairs.len() > 30, "{pairs:?}");
    pairs.insert(
        0,
        (
            "Each send and each recv of four experiments",
            "四个实验里的每次 send 和 recv",
        ),
    );
    pairs.insert(
        0,
        ("A conversation through wiretap", "经过 wiretap 的一次会话"),
    );
    pairs.push(("kernel", "内核"));
    let line = |line: &str| match line.starts_with("<text") && !line.contains("class=\"data\"") {
        true => {
            let (tag, words) = line.split_once('>').unwrap();
            let tag = tag.replace(SQUEEZED, "");
            let said = pairs
                .iter()
                .fold(words.to_owned(), |said, (en, zh)| said.replace(en, zh));
            format!("{tag}>{said}\n")
        }
        false => match line.starts_with("<title") {
            true => {
                pairs[..2]
                    .iter()
                    .fold(line.to_owned(), |said, (en, zh)| said.replace(en, zh))
                    + "\n"
            }
            false => format!("{line}\n"),
        },
    };
    picture.lines().map(line).collect()
}
