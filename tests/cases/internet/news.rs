//! NNTP from sn, which is started for each connection and keeps a spool of its own.

use std::net::SocketAddr;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::others;
use cross_process::process::Process;
use cross_process::program::Program;
use cross_process::temp::TempDir;

use super::{both, start, text_of};

/// Makes a group, and puts articles into it. `None` where sn is not installed.
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

/// An article as sn takes it: dots doubled, and a lone one at its end.
fn article(number: usize, body: &str) -> String {
    format!(
        "Path: here\nFrom: ann@example.com\nNewsgroups: local.test\nSubject: number {number}\n\
         Message-ID: <{number}@example.com>\nDate: Tue, 24 Nov 2026 14:00:00 +0000\n\n{body}\n.\n"
    )
}

/// Serves one connection of a client.
fn converse(client: Program, spool: &TempDir, group: &str) -> Option<std::process::Output> {
    let listener = net::listen();
    let addr: SocketAddr = listener.local_addr().unwrap();
    let mut server = others::debian("sn", "snntpd.bin", "nntp_group")?;
    server.env("SNROOT", spool.path());
    let mut client = start(client, addr, &[group], "")?;
    let mut server = Process::spawn_on_connection(server, net::accept(&listener));
    let finished = client.finish(SOON);
    server.wait_exit(SOON);
    Some(finished)
}

#[test]
fn nntp_group_reads_what_sn_has() {
    let articles: Vec<String> = (0..12)
        .map(|number| article(number, "first\n..\n...two\n\nlast"))
        .collect();
    let articles: Vec<&str> = articles.iter().map(String::as_str).collect();
    let Some(spool) = spool(&articles) else {
        return;
    };
    for client in both("nntp_group") {
        let Some(finished) = converse(client, &spool, "local.test") else {
            continue;
        };
        let shown = text_of(&finished);
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
fn a_group_may_be_empty_or_not_there() {
    let Some(spool) = spool(&[]) else {
        return;
    };
    for client in both("nntp_group") {
        let Some(finished) = converse(client, &spool, "local.test") else {
            continue;
        };
        let shown = text_of(&finished);
        assert!(shown.starts_with("local.test: 0 articles, "), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");

        let finished = converse(client, &spool, "local.none").unwrap();
        assert_eq!(finished.status.code(), Some(1), "{finished:?}");
        let said = String::from_utf8_lossy(&finished.stderr);
        assert!(said.contains("411 "), "{said}");
    }
}
