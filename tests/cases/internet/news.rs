//! NNTP with sn, which is started for each connection and has a spool.

use cross_process::deadline::SOON;
use cross_process::others::{self, Other};
use cross_process::process::Process;
use cross_process::temp::TempDir;

use super::{both, complaint, printed};

/// Makes a spool with a group of articles. `None` if sn is not installed.
fn spool(articles: &[&str]) -> Option<TempDir> {
    let folder = TempDir::new();
    let run = |program: &str, args: &[&str], input: &str| {
        let mut command = others::debian("sn", program, "nntp_group")?;
        command.env("SNROOT", folder.path()).args(args);
        let process = &mut Process::spawn(command);
        process.send(input.as_bytes());
        let finished = process.finish(SOON);
        assert!(finished.status.success(), "{program}: {finished:?}");
        Some(())
    };
    run("snnewgroup", &["local.test"], "")?;
    for article in articles {
        run("snstore", &[], &article.replace('\n', "\r\n"))?;
    }
    Some(folder)
}

/// An article for sn: dots doubled, and a lone dot at its end.
fn article(number: usize, body: &str) -> String {
    format!(
        "Path: here\nFrom: ann@example.com\nNewsgroups: local.test\nSubject: number {number}\n\
         Message-ID: <{number}@example.com>\nDate: Tue, 24 Nov 2026 14:00:00 +0000\n\n{body}\n.\n"
    )
}

/// Starts sn on a spool. `None` if there is no Python, which starts it.
fn serve(spool: &TempDir) -> Option<Other> {
    let mut server = others::inetd("sn", "snntpd.bin", "nntp_group")?;
    server.env("SNROOT", spool.path());
    Some(Other::start(server))
}

#[test]
fn nntp_group_reads_a_group_of_sn() {
    let articles: Vec<String> = (0..12)
        .map(|number| article(number, "first\n..\n...two\n\nlast"))
        .collect();
    let articles: Vec<&str> = articles.iter().map(String::as_str).collect();
    let Some(spool) = spool(&articles) else {
        return;
    };
    let Some(server) = serve(&spool) else {
        return;
    };
    for client in both("nntp_group") {
        let Some(shown) = printed(client, server.addr, &["local.test"]) else {
            continue;
        };
        // sn gives its first article the number 10. Of twelve, the last ten are shown.
        let mut expected = "local.test: 12 articles, 10 to 21\n".to_owned();
        for number in 2..12 {
            let line = format!("{} number {number} ann@example.com\n", number + 10);
            expected.push_str(&line);
        }
        expected.push_str("first\n.\n..two\n\nlast\n");
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_group_may_be_empty_or_missing() {
    let Some(spool) = spool(&[]) else {
        return;
    };
    let Some(server) = serve(&spool) else {
        return;
    };
    for client in both("nntp_group") {
        let Some(shown) = printed(client, server.addr, &["local.test"]) else {
            continue;
        };
        assert!(shown.starts_with("local.test: 0 articles, "), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");

        let said = complaint(client, server.addr, &["local.none"]).unwrap();
        assert!(said.contains("411 "), "{said}");
    }
}
