//! Mail: SMTP with aiosmtpd, which stores into a maildir; POP3 with Twisted, from that maildir;
//! IMAP4 with pymap and its demo mailbox.

use std::fs;

use cross_process::deadline::SOON;
use cross_process::others::{self, Other};
use cross_process::temp::TempDir;

use super::{both, complaint, printed, start, text_of};

/// Lines with dots in every position, and no line end after the last line.
const MESSAGE: &str =
    "Subject: dots\n\nbefore\n.\n..\n.QUIT\n . \n\nDATA\nnot ASCII: é\nthe last line";

#[test]
fn pop3_retr_fetches_a_mail_of_smtp_send() {
    for sender in both("smtp_send") {
        let folder = TempDir::new();
        let maildir = folder.join("ann");
        let Some(mut smtp) = others::python("smtp_send") else {
            return;
        };
        smtp.args(["-m", "aiosmtpd", "-n", "-l", "127.0.0.1:0"])
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(&maildir);
        let smtp = Other::start(smtp);
        let args = ["bob@example.com", "ann@example.com"];
        let Some(mut client) = start(sender, smtp.addr, &args, MESSAGE) else {
            continue;
        };
        assert_eq!(text_of(&client.finish(SOON)), "");

        let [letter] = &fs::read_dir(maildir.join("new"))
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect::<Vec<_>>()[..]
        else {
            panic!("one letter, and no more");
        };
        let (head, body) = letter.split_once("\n\n").unwrap();
        assert!(head.contains("X-MailFrom: bob@example.com\n"), "{head}");
        assert!(head.contains("X-RcptTo: ann@example.com"), "{head}");
        let (_, sent) = MESSAGE.split_once("\n\n").unwrap();
        assert_eq!(body.trim_end(), sent);

        let Some(mut pop3) = others::starter("pop3.py", "pop3_retr") else {
            return;
        };
        pop3.arg("0").arg(folder.path()).args(["ann", "a secret"]);
        let pop3 = Other::start(pop3);
        for client in both("pop3_retr") {
            let Some(shown) = printed(client, pop3.addr, &["ann", "a secret"]) else {
                continue;
            };
            let size = letter.len();
            let letter = letter.trim_end();
            assert_eq!(
                shown.trim_end(),
                format!("1 messages, {size} bytes\n{letter}")
            );
            let refused = complaint(client, pop3.addr, &["ann", "a guess"]).unwrap();
            assert!(refused.contains("-ERR Authentication failed"), "{refused}");
        }
    }
}

#[test]
fn a_mailbox_may_be_empty() {
    let folder = TempDir::new();
    for sub in ["new", "cur", "tmp"] {
        fs::create_dir_all(folder.join("ann").join(sub)).unwrap();
    }
    let Some(mut pop3) = others::starter("pop3.py", "pop3_retr of an empty mailbox") else {
        return;
    };
    pop3.arg("0").arg(folder.path()).args(["ann", "secret"]);
    let pop3 = Other::start(pop3);
    for client in both("pop3_retr") {
        if let Some(shown) = printed(client, pop3.addr, &["ann", "secret"]) {
            assert_eq!(shown, "0 messages, 0 bytes\n");
        }
    }
}

#[test]
fn smtp_send_shows_why_a_mail_was_refused() {
    for sender in both("smtp_send") {
        let folder = TempDir::new();
        let Some(mut smtp) = others::python("smtp_send of a long mail") else {
            return;
        };
        smtp.args(["-m", "aiosmtpd", "-n", "-l", "127.0.0.1:0", "-s", "1000"])
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(folder.join("ann"));
        let smtp = Other::start(smtp);
        let args = ["bob@example.com", "ann@example.com"];
        let Some(mut client) = start(sender, smtp.addr, &args, &MESSAGE.repeat(20)) else {
            continue;
        };
        let finished = client.finish(SOON);
        assert_eq!(finished.status.code(), Some(1), "{finished:?}");
        let said = String::from_utf8_lossy(&finished.stderr);
        assert!(said.contains("552"), "{said}");
        assert_eq!(fs::read_dir(folder.join("ann/new")).unwrap().count(), 0);
    }
}

#[test]
fn imap_fetch_reads_a_mailbox_of_pymap() {
    let Some(mut server) = others::starter("imap.py", "imap_fetch") else {
        return;
    };
    server.args(["0", "ann", r#"a "secret" \ "#]);
    let server = Other::start(server);
    let mut all_shown = Vec::new();
    for client in both("imap_fetch") {
        let args = ["ann", r#"a "secret" \ "#];
        let Some(shown) = printed(client, server.addr, &args) else {
            continue;
        };
        assert!(shown.starts_with("4 messages\n"), "{shown}");
        assert!(shown.contains("\r\nSubject: "), "{shown}");
        all_shown.push(shown);
        let refused = complaint(client, server.addr, &["ann", "guess"]).unwrap();
        assert!(refused.contains("AUTHENTICATIONFAILED"), "{refused}");
    }
    assert!(all_shown.windows(2).all(|two| two[0] == two[1]));
}
