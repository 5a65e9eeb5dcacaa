//! `cargo learn`: lists the exercises of the course, checks one, and names the next one.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cross_process::artifacts::workspace;
use cross_process::exercises::{self, EXERCISES, Exercise, chat, text_of};
use cross_process::say;

fn main() -> ExitCode {
    let mut args: Vec<String> = env::args().skip(1).collect();
    if is_chinese(&mut args) {
        exercises::speak_chinese();
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        [] => list(),
        ["next"] => Ok(next()),
        ["chat", file] => check_chat(file),
        ["run", what, ref args @ ..] => program(what).and_then(|program| run(&program, args)),
        [number] if !number.starts_with('-') => {
            exercise(number).and_then(|it| check(it, it.source(), true))
        }
        [number, file] => exercise(number).and_then(|it| check(it, here(file)?, false)),
        _ => Err(help()),
    };
    match result {
        // The reader of a pipe may be gone, which is not an error.
        Ok(words) => {
            let _ = writeln!(io::stdout(), "{words}");
            ExitCode::SUCCESS
        }
        Err(words) => {
            let end = if words.is_empty() { "" } else { "\n" };
            let _ = write!(io::stderr(), "{words}{end}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    say!(
        "\
The exercises of the course.

  cargo learn             lists them: which are done, and which is next
  cargo learn next        says which is next
  cargo learn 3           builds and checks number 3
  cargo learn 3 FILE      checks another file as number 3
  cargo learn run 3 ARGS  builds number 3, or a FILE, and runs it
  cargo learn chat FILE   checks your chat server of chapter 13, step by step

  --zh, --en              the language, before all else; by default that of your locale

Your solutions are changes to files of the repository. Before you take a newer version of the course,
commit them: git commit -am 'my solutions'; then git pull --rebase.",
        "\
教程的练习。

  cargo learn             列出练习：哪些已完成，下一题是哪个
  cargo learn next        下一题是哪个
  cargo learn 3           编译并检查第 3 题
  cargo learn 3 FILE      把另一个文件当作第 3 题来检查
  cargo learn run 3 ARGS  编译第 3 题（或者 FILE）并运行
  cargo learn chat FILE   按步骤检查你写的第 13 章的聊天服务端

  --zh、--en              语言，写在最前面；默认按你的 locale

你的答案是对仓库里文件的改动。更新教程之前先提交：git commit -am '我的答案'，再 git pull --rebase。"
    )
}

/// Whether the learner reads Chinese: by the flag `--zh`, which is removed from `args`, or by the
/// locale.
fn is_chinese(args: &mut Vec<String>) -> bool {
    if let Some("--zh" | "--en") = args.first().map(String::as_str) {
        return args.remove(0) == "--zh";
    }
    is_chinese_locale()
}

fn is_chinese_locale() -> bool {
    let locale = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = locale("LC_ALL")
        .or(locale("LC_MESSAGES"))
        .or(locale("LANG"));
    locale.is_some_and(|locale| locale.starts_with("zh"))
}

/// The flag that the learner's next command needs to keep the language.
fn language_flag() -> &'static str {
    match (exercises::is_chinese(), is_chinese_locale()) {
        (true, false) => "--zh ",
        (false, true) => "--en ",
        _ => "",
    }
}

/// The exercise of that number.
fn exercise(number: &str) -> Result<&'static Exercise, String> {
    let number = number.parse().ok();
    let found = EXERCISES.iter().find(|it| Some(it.number) == number);
    found.ok_or_else(help)
}

fn list() -> Result<String, String> {
    let line = |exercise: &Exercise| {
        let mark = if is_done(exercise) { "[x]" } else { "[ ]" };
        let source = exercise.source();
        let text = fs::read_to_string(workspace().join(&source)).unwrap_or_default();
        let title = text.lines().next().unwrap_or_default();
        let title = title.trim_start_matches("//! ");
        format!("{mark} {:42}  {title}\n", source.display().to_string())
    };
    let lines: String = EXERCISES.iter().map(line).collect();
    Ok(format!("{lines}\n{}", next()))
}

fn next() -> String {
    match EXERCISES.iter().find(|exercise| !is_done(exercise)) {
        None => say!(
            "all exercises are done; docs/en/13-chat.md has something larger to build",
            "所有练习都已完成；接下来可以做 docs/zh/13-chat.md 里更大的程序"
        ),
        Some(exercise) => say!(
            "next: read docs/en/{}, edit {}, then run: cargo learn {}{}",
            "下一题：读 docs/zh/{}，修改 {}，然后运行：cargo learn {}{}",
            exercise.chapter,
            exercise.source().display(),
            language_flag(),
            exercise.number
        ),
    }
}

/// Builds an exercise and checks it. The error is the check's sentence, or empty if rustc has
/// already printed what is wrong.
fn check(exercise: &Exercise, source: PathBuf, is_own: bool) -> Result<String, String> {
    let number = exercise.number;
    check_program(&build(exercise, &source)?, exercise.check)?;
    let solved = say!("exercise {number} is solved", "第 {number} 题完成了");
    if !is_own {
        return Ok(solved);
    }
    let saved = mark(exercise).and_then(|mark| fs::copy(workspace().join(source), mark));
    saved.map_err(|why| why.to_string())?;
    Ok(format!("{solved}\n{}", next()))
}

/// Checks the chat server in a learner's own package.
fn check_chat(file: &str) -> Result<String, String> {
    let program = built(exercises::build(&here(file)?, "chat"), file)?;
    check_program(&program, chat::check)?;
    Ok(say!("all six steps are done", "六步都完成了"))
}

fn check_program(program: &Path, check: fn(&Path)) -> Result<(), String> {
    let _ = writeln!(io::stderr(), "{}", say!("checking ...", "正在检查……"));
    // The learner needs a check's sentence, but not its place in our source.
    panic::set_hook(Box::new(|_| {}));
    panic::catch_unwind(|| check(program)).map_err(|why| text_of(&*why))
}

/// Builds an exercise, or a program that the learner has saved from a page.
fn program(what: &str) -> Result<PathBuf, String> {
    if what.parse::<usize>().is_ok() {
        let exercise = exercise(what)?;
        return build(exercise, &exercise.source());
    }
    built(exercises::build(&here(what)?, "page"), what)
}

fn run(program: &Path, args: &[&str]) -> Result<String, String> {
    Err(Command::new(program).args(args).exec().to_string())
}

fn build(exercise: &Exercise, source: &Path) -> Result<PathBuf, String> {
    let name = format!("exercise_{:02}", exercise.number);
    let file = source.display().to_string();
    built(exercises::build(source, &name), &file)
}

fn built(program: io::Result<Option<PathBuf>>, file: &str) -> Result<PathBuf, String> {
    let program = program.map_err(|why| format!("{file}: {why}"))?;
    program.ok_or_else(String::new)
}

/// A path as the learner gave it. Cargo may have started us in another folder.
fn here(file: &str) -> Result<PathBuf, String> {
    fs::canonicalize(file).map_err(|why| format!("{file}: {why}"))
}

/// An exercise is done if its file is still the one that has passed.
fn is_done(exercise: &Exercise) -> bool {
    let passed = mark(exercise).and_then(fs::read);
    let now = fs::read(workspace().join(exercise.source()));
    matches!((passed, now), (Ok(passed), Ok(now)) if passed == now)
}

/// The path of a copy of the file that has passed.
fn mark(exercise: &Exercise) -> io::Result<PathBuf> {
    let name = exercise.source().display().to_string().replace('/', "-");
    Ok(exercises::folder()?.join(name))
}
