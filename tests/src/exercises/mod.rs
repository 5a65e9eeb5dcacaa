//! The exercises of the course, and the checks that tell a learner what is missing.
//!
//! Each check is a function: it runs a program against real peers, and panics with a sentence for
//! the learner. `cargo learn` runs it with the learner's file, the tests with the solution.

use std::any::Any;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::artifacts::workspace;

/// A sentence in the language of the learner.
#[macro_export]
macro_rules! say {
    ($english:literal, $chinese:literal $(, $value:expr)* $(,)?) => {
        match $crate::exercises::is_chinese() {
            true => format!($chinese $(, $value)*),
            false => format!($english $(, $value)*),
        }
    };
}

mod answer;
mod ask;
mod banner;
mod cap;
pub mod chat;
mod define;
mod digits_with_an_end;
mod distrust;
mod last_to_leave;
mod lines;
mod on_demand;
mod three_pipes;
mod who_calls;
mod whole_reply;

/// One exercise.
#[derive(Debug)]
pub struct Exercise {
    /// Its number, and that of its chapter.
    pub number: usize,
    /// Its file in `docs/exercises`, in `docs/exercises/zh` and in `docs/exercises/solutions`.
    pub file: &'static str,
    /// Its chapter's file in `docs/en` and in `docs/zh`.
    pub chapter: &'static str,
    /// Runs the program that is built from the file.
    ///
    /// # Panics
    ///
    /// With a sentence for the learner, if the program does not do what the exercise wants.
    pub check: fn(&Path),
    /// What the check says of the untouched exercise, in English and in Chinese.
    pub untouched: [&'static str; 2],
}

/// Makes the list of exercises.
macro_rules! exercises {
    ($($number:literal $file:literal $chapter:literal $check:path: $english:literal $chinese:literal)*) => {
        /// All exercises, in the order of their chapters.
        pub const EXERCISES: &[Exercise] = &[$(Exercise {
            number: $number,
            file: $file,
            chapter: $chapter,
            check: $check,
            untouched: [$english, $chinese],
        }),*];
    };
}

exercises! {
    1 "01_who_calls.rs" "01-sockets.md" who_calls::check:
        "hung up without a word" "一句话没说就挂断了"
    2 "02_whole_reply.rs" "02-tcp-pair.md" whole_reply::check:
        "of the 5000 bytes that answer a line of 5000, your client shows 1024"
        "一行 5000 字节，响应也是 5000 字节，你的客户端只显示了 1024 字节"
    3 "03_banner.rs" "03-socket-functions.md" banner::check:
        "no program listens" "没有程序在监听"
    4 "04_last_to_leave.rs" "04-address-in-use.md" last_to_leave::check:
        "your server closed first" "你的服务端先关闭了连接"
    5 "05_three_pipes.rs" "05-running-commands.md" three_pipes::check:
        "the command does not read its input" "命令不读它的输入"
    6 "06_lines.rs" "06-sticky-packets.md" lines::check:
        "your server should answer \"[hello]\\n\"" "你的服务端应该响应 \"[hello]\\n\""
    7 "07_digits_with_an_end.rs" "07-length-first.md" digits_with_an_end::check:
        "a message comes byte by byte" "一条消息一个字节一个字节地来"
    8 "08_distrust.rs" "08-struct-and-header.md" distrust::check:
        "an answer comes byte by byte" "响应一个字节一个字节地来"
    9 "09_ask.rs" "09-udp.md" ask::check:
        "a stranger sends b'late!'" "陌生人先发来 b'late!'"
    10 "10_cap.rs" "10-socketserver.md" cap::check:
        "a fourth client is served" "第四个客户端也得到了服务"
    11 "11_on_demand.rs" "11-what-std-lacks.md" on_demand::check:
        "the listener that is its standard input" "标准输入上的那个监听套接字"
    12 "12_define.rs" "12-internet-modules.md" define::check:
        "there is one definition: your client should print \"a bird\\n\""
        "有一条释义：你的客户端应该打印 \"a bird\\n\""
}

static CHINESE: AtomicBool = AtomicBool::new(false);

/// Makes the checks speak Chinese, and selects the Chinese exercises.
pub fn speak_chinese() {
    CHINESE.store(true, Ordering::Relaxed);
}

/// Whether the checks speak Chinese.
pub fn is_chinese() -> bool {
    CHINESE.load(Ordering::Relaxed)
}

impl Exercise {
    /// The file that a learner edits, from the top of the workspace.
    pub fn source(&self) -> PathBuf {
        let folder = match is_chinese() {
            true => "docs/exercises/zh",
            false => "docs/exercises",
        };
        Path::new(folder).join(self.file)
    }
}

/// Builds the program `name` from a source. rustc writes to our standard error. `None` if the
/// source does not compile.
///
/// # Errors
///
/// If the source cannot be read, or rustc or Cargo cannot be started.
pub fn build(source: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let program = folder.join(name);
    let mut rustc = Command::new("rustc");
    rustc.current_dir(workspace()).arg("--edition=2024");
    rustc.arg(source).arg("-o").arg(&program);
    if fs::read_to_string(workspace().join(source))?.contains("use proto::") {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        // The one that the running program was built with, so that there is nothing to compile.
        let target = folder.with_file_name("");
        cargo.current_dir(workspace());
        cargo.args(["build", "-q", "-p", "proto", "--target-dir"]);
        if !cargo.arg(&target).status()?.success() {
            return Ok(None);
        }
        let proto = target.join("debug/libproto.rlib");
        rustc.arg(format!("--extern=proto={}", proto.display()));
    }
    Ok(rustc.status()?.success().then_some(program))
}

/// The sentence of a check that has panicked.
pub fn text_of(why: &(dyn Any + Send)) -> String {
    let text = why.downcast_ref::<String>().cloned();
    let literal = || why.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(literal).unwrap_or_default()
}

/// Where the learner's programs are built: `target/learn`.
///
/// # Errors
///
/// If the system does not say where the running program is.
pub fn folder() -> io::Result<PathBuf> {
    let exe = env::current_exe()?;
    // target/PROFILE/learn
    Ok(exe.ancestors().nth(2).unwrap_or(&exe).join("learn"))
}
