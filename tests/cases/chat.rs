//! Tests the chat servers of chapter 13: the program of each step passes its own check and those
//! before it.

use std::thread;

use cross_process::artifacts::artifacts;
use cross_process::docs::page::Page;
use cross_process::docs::pages;
use cross_process::exercises::{chat, text_of};

/// The programs, and what the check says of each, in English and in Chinese.
const STEPS: [(&str, [&str; 2]); 6] = [
    (
        "chat_1_threads",
        [
            "step 2: bob says hello, and ann does not get it",
            "第 2 步：bob 说了 hello，ann 没有收到",
        ],
    ),
    (
        "chat_2_room",
        [
            "step 3: ann should get \"* bob joined\", and gets \"bob\"",
            "第 3 步：ann 应该收到 \"* bob joined\"，收到的是 \"bob\"",
        ],
    ),
    (
        "chat_3_names",
        [
            "step 4: ann should get \"bob: \u{fffd}our[2J\"",
            "第 4 步：ann 应该收到 \"bob: \u{fffd}our[2J\"",
        ],
    ),
    (
        "chat_4_lines",
        [
            "step 5: sam does not read, and so ann does not get what is said",
            "第 5 步：sam 不读数据，结果 ann 也收不到大家说的话",
        ],
    ),
    (
        "chat_5_queues",
        [
            "step 6: the server is told to quit",
            "第 6 步：服务端收到 quit",
        ],
    ),
    ("chat_6_stop", ["", ""]),
];

#[test]
fn the_chapter_quotes_what_the_check_says() {
    for (language, folder) in [pages::en(), pages::zh()].iter().enumerate() {
        let page = Page::open(&folder.join("13-chat.md")).unwrap();
        let text = page.text.replace('\n', " ");
        for (program, says) in STEPS {
            let says = says[language];
            assert!(
                text.contains(says),
                "{} of {program}: {says}",
                page.path.display()
            );
        }
    }
}

#[test]
fn each_program_fails_only_at_the_check_of_the_next_step() {
    thread::scope(|scope| {
        let start = |(program, [says, _]): (&'static str, [&'static str; 2])| {
            (
                says,
                scope.spawn(move || chat::check(artifacts().example(program))),
            )
        };
        for (says, checked) in STEPS.map(start) {
            let checked = checked.join();
            let said = checked.map_or_else(|why| text_of(&*why), |()| String::new());
            assert!(
                said.starts_with(says) && says.is_empty() == said.is_empty(),
                "{said}"
            );
        }
    });
}
