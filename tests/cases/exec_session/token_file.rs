//! Tests the token file: it is created once, private, and refused by both sides if it is not
//! private.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::net::{self, ANY_PORT};
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::peers::write_token;
use super::{Session, client, complaint, server};
use crate::tcp::unprivileged::another_user;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The error of both sides about a token file. The client reports it before it connects.
#[track_caller]
fn refusal(path: &Path) -> String {
    let listener: TcpListener = net::listen();
    let addr = listener.local_addr().unwrap();
    let ours = Process::spawn(client(path, addr, &[], "true")).finish(SOON);
    let servers = Process::spawn(server(path, &[], &ANY_PORT.to_string())).finish(SOON);
    let (ours, servers) = (complaint(&ours, 255), complaint(&servers, 1));
    assert_eq!(ours, servers);
    listener.set_nonblocking(true).unwrap();
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    assert!(!ours.contains(&HEX[..12]), "{ours}");
    ours.trim_end()
        .replace(&path.display().to_string(), "FILE")
        .replace(&path.parent().unwrap().display().to_string(), "DIR")
}

/// Both sides must accept the token file at this path.
#[track_caller]
fn assert_accepted(path: &Path) {
    let server = Server::start(server(path, &[], &ANY_PORT.to_string()));
    let run = Process::spawn(client(path, server.addr(), &[], "echo taken")).finish(SOON);
    assert_eq!(run.stdout, b"taken\n");
}

#[test]
fn a_token_is_64_hex_digits_and_nothing_else() {
    let dir = TempDir::new();
    let path = dir.join("token");
    for (content, length) in [
        (String::new(), 0),
        ("0123456789abcde".to_owned(), 15),
        (HEX[1..].to_owned(), 63),
        (format!("{HEX}0"), 65),
        (format!("{HEX}\n\n"), 66),
        (format!("{}g", &HEX[1..]), 64),
        (format!(" {}", &HEX[1..]), 64),
        ("a".repeat(1 << 20), 1 << 20),
    ] {
        write_token(&path, &content);
        let expected = format!(
            "error: the token file FILE does not hold a token (64 hex digits; it has {length} \
             bytes); copy the server's file, or remove this one and start the server"
        );
        assert_eq!(refusal(&path), expected);
    }
    for content in [format!("{HEX}\r\n"), format!("{HEX}\n"), HEX.to_uppercase()] {
        write_token(&path, &content);
        assert_accepted(&path);
    }
    // A copied file may be read-only.
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert_accepted(&path);
}

#[test]
fn other_types_of_files_are_refused_without_opening_them() {
    let dir = TempDir::new();
    let fifo = dir.join("fifo");
    let made = Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(&fifo)
        .status();
    assert!(made.unwrap().success());
    let folder = dir.join("folder");
    fs::create_dir(&folder).unwrap();
    let real = dir.join("real");
    write_token(&real, HEX);
    let (link, broken) = (dir.join("link"), dir.join("broken"));
    symlink(&real, &link).unwrap();
    symlink(dir.join("trap"), &broken).unwrap();
    for path in [&fifo, &folder, &link, &broken] {
        let expected =
            "error: the token file FILE is not a regular file; name one with --token-file";
        assert_eq!(refusal(path), expected);
    }
    assert!(!dir.join("trap").exists(), "a link was followed");
}

#[test]
fn a_token_file_that_others_may_use_is_refused_with_the_remedy() {
    let dir = TempDir::new();
    let path = dir.join("token");
    write_token(&path, HEX);
    for mode in [0o644, 0o640, 0o660, 0o604, 0o601] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let expected =
            format!("error: permissions {mode:04o} for 'FILE' are too open; run: chmod 600 FILE");
        assert_eq!(refusal(&path), expected);
    }
    // The remedy works.
    let mended = Command::new("chmod").arg("600").arg(&path).status();
    assert!(mended.unwrap().success());
    assert_accepted(&path);
}

#[test]
fn a_folder_in_which_others_may_replace_the_file_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("token");
    write_token(&path, HEX);
    for mode in [0o777, 0o770, 0o702] {
        fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
        let expected = format!(
            "error: permissions {mode:04o} for the directory 'DIR' let others replace the token \
             file; run: chmod go-w DIR"
        );
        assert_eq!(refusal(&path), expected);
    }
    // With the sticky bit, as in /tmp, users can replace only their own files.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    assert_accepted(&path);
}

#[test]
fn a_token_file_of_another_user_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("token");
    write_token(&path, HEX);
    if chown(&path, Some(another_user()), None).is_err() {
        skip("a token file of another user", "it needs root");
        return;
    }
    let expected = format!(
        "error: 'FILE' belongs to another user (ID {}); use a token file of your own",
        another_user()
    );
    assert_eq!(refusal(&path), expected);
}

#[test]
fn the_first_server_creates_a_private_file_with_any_umask() {
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    for mask in ["0", "777", "077"] {
        let dir = TempDir::new();
        let path = dir.join("config/dialtone/token");
        let tool = server(&path, &[], &ANY_PORT.to_string());
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")])
            .arg(tool.get_program())
            .args(tool.get_args());
        let _first = Server::start(command);
        assert_eq!(mode(&path), 0o600, "{mask}");
        for dir in path.ancestors().skip(1).take(2) {
            assert_eq!(mode(dir), 0o700, "{mask}");
        }
    }
}

/// The complaint of a server that has only this variable to find its token with.
#[track_caller]
fn refused_with(variable: &str, value: &str) -> String {
    let mut command = Command::new(artifacts().tool("exec-server"));
    command.arg(ANY_PORT.to_string());
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    command.env(variable, value);
    complaint(&Process::spawn(command).finish(SOON), 1)
}

/// A failed start leaves no directory behind: one of root in another user's home would lock that
/// user out.
#[test]
fn nothing_is_created_in_a_wrong_place() {
    let dir = TempDir::new();
    let home = dir.join("home");
    fs::create_dir(&home).unwrap();
    let missing = dir.join("missing").display().to_string();
    let config = format!("{missing}/config");
    for (variable, value, why) in [
        ("HOME", &*missing, "which does not exist"),
        ("HOME", "rel", "which is no absolute path"),
        (
            "XDG_CONFIG_HOME",
            &config,
            "which is in no directory that exists",
        ),
    ] {
        let text = refused_with(variable, value);
        let expected = format!("error: {variable} is {value}, {why};");
        assert!(text.starts_with(&expected), "{text}");
        assert!(!Path::new(&missing).exists());
    }
    let text = refused_with("HOME", "");
    assert!(text.contains("HOME is not set"), "{text}");

    let start = |home: &Path| refused_with("HOME", home.to_str().unwrap());
    fs::set_permissions(&home, Permissions::from_mode(0o777)).unwrap();
    let text = start(&home);
    assert!(text.contains("let others replace the token file"), "{text}");
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0);

    fs::set_permissions(&home, Permissions::from_mode(0o755)).unwrap();
    if chown(&home, Some(another_user()), None).is_err() {
        return skip("the home of another user", "it needs root");
    }
    let text = start(&home);
    assert!(
        text.contains(&format!("belongs to another user (ID {})", another_user())),
        "{text}"
    );
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0);
}

#[test]
fn a_token_stays_and_each_file_has_its_own() {
    let dir = TempDir::new();
    let path = dir.join("config/dialtone/token");
    let first = Server::start(server(&path, &[], &ANY_PORT.to_string()));
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.len(), 65);
    assert!(text.trim_end().bytes().all(|b| b.is_ascii_hexdigit()));
    // The next server uses the token, and another folder gets another token.
    drop(first);
    assert_accepted(&path);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let other = dir.join("other");
    assert_accepted(&other);
    assert_ne!(fs::read_to_string(&other).unwrap(), text);
    // A client does not create a token.
    let missing = dir.join("missing");
    let run = client(&missing, net::free_port(), &[], "true");
    let said = complaint(&Process::spawn(run).finish(SOON), 255);
    assert!(!missing.exists(), "{said}");
}

#[test]
fn servers_that_start_at_once_share_one_token() {
    let dir = TempDir::new();
    let path = dir.join("dialtone/token");
    let starting: Vec<Process> = (0..20)
        .map(|_| Process::spawn(server(&path, &[], &ANY_PORT.to_string())))
        .collect();
    for mut server in starting {
        let line = server.wait_line(SOON);
        let addr = line.strip_prefix("listening on ").unwrap().parse().unwrap();
        let run = Process::spawn(client(&path, addr, &[], "echo in")).finish(SOON);
        assert_eq!(run.stdout, b"in\n");
    }
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "drafts were left");
}

#[test]
fn the_token_is_shown_nowhere() {
    let mut session = Session::start(&["--trace"]);
    let secret = fs::read_to_string(&session.token).unwrap();
    let secret = secret.trim();
    let upper = secret.to_uppercase();
    let raw: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&secret[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let shows = |text: &[u8]| {
        let has = |what: &[u8]| text.windows(what.len()).any(|part| part == what);
        let escaped = raw.escape_ascii().to_string();
        has(secret.as_bytes()) || has(upper.as_bytes()) || has(&raw) || has(escaped.as_bytes())
    };
    assert!(
        shows(format!("..{secret}..").as_bytes()),
        "this check could not fail"
    );

    // A command can see its environment, the server's command line and its open files.
    let command = "env; cat /proc/$PPID/cmdline /proc/$PPID/environ /proc/self/environ; \
                   for fd in /proc/self/fd/*; do readlink $fd; done; true";
    let run = session.client(&["--trace"], command).finish(SOON);
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(run.stdout.len() > 50);
    for text in [&run.stdout, &run.stderr] {
        assert!(!shows(text), "{}", String::from_utf8_lossy(text));
    }
    let line = fs::read(format!("/proc/{}/cmdline", session.server.process.pid())).unwrap();
    assert!(!shows(&line));
    // Errors: one client's token is wrong in one digit, another's file is too long.
    let other = session.dir.join("other");
    for content in [
        format!("{secret}{secret}"),
        format!("{}0{}", &secret[..31], &secret[32..]),
    ] {
        write_token(&other, &content);
        let run = client(&other, session.server.addr(), &[], "true");
        let run = Process::spawn(run).finish(SOON);
        assert!(!shows(&run.stderr));
    }
    for tool in ["exec-server", "exec-client"] {
        let help = Command::new(artifacts().tool(tool)).arg("--help").output();
        assert!(!shows(&help.unwrap().stdout));
    }
    session.assert_alive();
    // Also the server's log, with a trace of all that it has sent.
    let log = session.server.process.stderr.bytes();
    assert!(log.len() > 1000 && !shows(&log));
}

/// A server reads its token when it starts. A new token in the file is used at the next start.
#[test]
fn a_new_token_is_used_at_the_next_start_of_the_server() {
    let mut session = Session::start(&[]);
    let old = session.dir.join("old");
    fs::copy(&session.token, &old).unwrap();
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo running; read x <{fifo}; echo still running");
    let mut running = session.client(&[], &command);
    assert_eq!(running.wait_line(SOON), "running");

    fs::remove_file(&session.token).unwrap();
    write_token(&session.token, HEX);
    // A client with the new token is refused, and one with the old token is served.
    let text = complaint(&session.run("true"), 255);
    assert!(text.contains("authentication failed"), "{text}");
    let run = client(&old, session.server.addr(), &[], "echo old");
    assert_eq!(Process::spawn(run).finish(SOON).stdout, b"old\n");
    fs::write(&fifo, "\n").unwrap();
    assert_eq!(running.finish(SOON).stdout, b"running\nstill running\n");
    let addr = session.server.endpoint().to_owned();
    session
        .server
        .process
        .signal(cross_process::signal::Signal::Terminate);
    session.server.process.wait_exit(SOON);

    session.server = Server::start(server(&session.token, &[], &addr));
    assert_eq!(session.run("echo new").stdout, b"new\n");
    let run = client(&old, session.server.addr(), &[], "true");
    let text = complaint(&Process::spawn(run).finish(SOON), 255);
    assert!(text.contains("authentication failed"), "{text}");
    session.assert_alive();
}

/// Without secure randomness there is no nonce, so neither side starts, even if the token exists.
#[test]
fn without_secure_randomness_neither_side_starts() {
    let dir = TempDir::new();
    let (token, fake) = (dir.join("token"), dir.join("fake"));
    write_token(&token, HEX);
    fs::write(&fake, [7; 4096]).unwrap();
    let missing = dir.join("missing");
    // In a mount namespace /dev/urandom is another file.
    let instead = |source: &Path, tool: &Command| {
        let mut command = Command::new("unshare");
        let line = "mount --bind \"$0\" /dev/urandom && exec \"$@\"";
        command.args(["-m", "sh", "-c", line]).arg(source);
        command.arg(tool.get_program()).args(tool.get_args());
        command
    };
    let tried = instead(Path::new("/dev/null"), &Command::new("true")).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skip("a machine without randomness", "it needs root and unshare");
        return;
    }
    for source in [Path::new("/dev/null"), &fake] {
        for path in [&token, &missing] {
            let tool = server(path, &[], &ANY_PORT.to_string());
            let refused = Process::spawn(instead(source, &tool)).finish(SOON);
            let text = complaint(&refused, 1);
            assert!(
                text.contains("no secure randomness (/dev/urandom: "),
                "{text}"
            );
        }
        assert!(!missing.exists());
        let server = Server::start(server(&token, &[], &ANY_PORT.to_string()));
        let tool = client(&token, server.addr(), &[], "true");
        let text = complaint(&Process::spawn(instead(source, &tool)).finish(SOON), 255);
        assert!(text.contains("no secure randomness"), "{text}");
    }
}
