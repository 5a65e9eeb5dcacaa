//! The command line of `wiretap`.

#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use predicates::str::contains;

fn wiretap() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wiretap"));
    command.timeout(std::time::Duration::from_secs(10));
    command
}

fn refused(args: &[&str], status: i32, why: &str) {
    let done = wiretap().args(args).assert();
    done.code(status).stdout("").stderr(contains(why));
}

#[test]
fn help_names_every_bend_and_both_defaults() {
    let mut done = wiretap().arg("--help").assert().success().stderr("");
    for words in [
        "127.0.0.1:8081",
        "127.0.0.1:8080",
        "--chop",
        "--hold",
        "--delay",
        "--jitter",
        "--rate",
        "--close-after",
        "--reset-after",
        "--stall-after",
        "--drop",
        "--duplicate",
        "--reorder",
        "--seed",
    ] {
        done = done.stdout(contains(words));
    }
}

#[test]
fn wrong_values_are_usage_errors() {
    refused(&["--chop", "fast"], 2, "--chop");
    refused(&["--drop", "101"], 2, "--drop");
    refused(&["--decode", "http"], 2, "length, header, session, lines");
    refused(&["127.0.0.1:0", "127.0.0.1:0"], 2, "port 0");
    #[cfg(unix)]
    refused(&["--udp", "unix:/tmp/x"], 2, "UDP needs HOST:PORT");
}

#[test]
fn settings_without_effect_are_usage_errors() {
    refused(&["--drop", "20"], 2, "--drop needs --udp");
    refused(&["--duplicate", "server:20"], 2, "--duplicate needs --udp");
    let why = "--chop does nothing with --udp";
    refused(&["--udp", "--delay", "1s", "--chop", "1"], 2, why);
    for flag in [
        &["--chop", "1"][..],
        &["--drop", "1"],
        &["--seed", "2"],
        &["--decode", "lines"],
        &["--connections", "1"],
        &["--record", "/missing/record"],
        &["--udp"],
        &["--allow-remote"],
    ] {
        let why = format!("{} does nothing with --replay", flag[0]);
        refused(&[flag, &["--replay", "/missing/file"]].concat(), 2, &why);
    }
    let mut replay = vec!["--replay", "/missing/file", "127.0.0.1:8081"];
    refused(&replay, 2, "LISTEN does nothing with --replay");
    replay.push("127.0.0.1:8080");
    refused(&replay, 2, "LISTEN does nothing with --replay");
}

#[test]
fn a_missing_folder_of_the_picture_is_reported_at_the_start() {
    refused(
        &["--svg", "/missing/x.svg", "127.0.0.1:0"],
        1,
        "/missing/x.svg",
    );
    let name = "/missing/\x1b[2J";
    refused(&["--record", name, "127.0.0.1:0"], 1, r"/missing/\x1b[2J");
}

#[test]
fn a_picture_replaces_neither_a_record_nor_a_folder() {
    for flag in ["--record", "--replay"] {
        let args = [flag, "/missing/file", "--svg", "/missing/file"];
        refused(&args, 2, "--svg would replace the record");
    }
    let name = format!("wiretap-cli-folder-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder).unwrap();
    let picture = folder.to_str().unwrap();
    refused(&["--svg", picture, "127.0.0.1:0"], 1, "cannot write");
    let part = folder.with_added_extension("part");
    let is_left = std::fs::remove_file(part).is_ok();
    std::fs::remove_dir(folder).unwrap();
    assert!(!is_left);
}

/// Root could otherwise replace `/dev/stdout`.
#[cfg(unix)]
#[test]
fn the_picture_replaces_only_a_regular_file() {
    let folder = std::env::temp_dir().join(format!("wiretap-cli-link-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let link = folder.join("link");
    std::os::unix::fs::symlink("nothing", &link).unwrap();
    let args = ["--replay", "/dev/null", "--svg", link.to_str().unwrap()];
    let done = wiretap().args(args).assert();
    let is_link = link.is_symlink();
    std::fs::remove_dir_all(&folder).unwrap();
    done.code(1)
        .stderr(contains("link (it is not a regular file)"));
    assert!(is_link);
}

#[test]
fn listen_and_target_must_differ() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap().to_string();
    drop(free);
    let port = addr.rsplit(':').next().unwrap();
    let (name, all) = (format!("localhost:{port}"), format!("0.0.0.0:{port}"));
    let mapped = format!("[::ffff:127.0.0.1]:{port}");
    for (listen, target) in [
        (&addr, &addr),
        (&name, &addr),
        (&addr, &name),
        (&all, &addr),
        (&addr, &all),
        (&all, &all),
        (&addr, &mapped),
        (&mapped, &name),
    ] {
        let args = ["--allow-remote", listen, target];
        refused(&args, 2, "LISTEN and TARGET are the same");
    }
}

#[test]
fn garbage_is_refused_as_a_record_and_a_picture_is_private() {
    let folder = std::env::temp_dir().join(format!("wiretap-cli-svg-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("record");
    let name = file.to_str().unwrap();
    let line = r#"{"t": 1, "c": 1, "kind": "passed", "from": "client", "at": 5, "len": 2, "data": "4142", "text": ""}"#;
    let picture = folder.join("picture.svg");
    let picture = picture.to_str().unwrap();
    let too_far = line.replace("\"at\": 5", &format!("\"at\": {}", u64::MAX));
    for (content, why) in [
        (too_far.as_bytes(), "line 1: at and len are too large"),
        (b"\xff\xfe\n", "line 1: "),
        (b"\0", "line 1: "),
        (&b"[".repeat(3 << 20), "line 1: "),
    ] {
        std::fs::write(&file, content).unwrap();
        refused(&["--replay", name, "--svg", picture], 1, why);
    }
    std::fs::write(&file, line).unwrap();
    // wiretap does not follow a link that another user has put at the temporary name of the
    // picture.
    let elsewhere = folder.join("elsewhere");
    std::fs::write(&elsewhere, "precious").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&elsewhere, format!("{picture}.part")).unwrap();
    wiretap()
        .args(["--replay", name, "--svg", picture])
        .assert()
        .success();
    assert!(std::fs::read_to_string(picture).unwrap().contains("AB"));
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "precious");
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(picture).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    refused(
        &["--replay", name, "--svg", "/missing/x.svg"],
        1,
        "/missing/x.svg",
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn other_machines_need_allow_remote() {
    refused(&["0.0.0.0:0"], 1, "--allow-remote");
    refused(&["127.0.0.1:0", "192.0.2.1:80"], 1, "--allow-remote");
}

#[test]
fn a_record_is_not_overwritten_and_a_replay_must_exist() {
    let file = std::env::temp_dir().join(format!("wiretap-cli-{}", std::process::id()));
    std::fs::write(&file, "{}\n").unwrap();
    let name = file.to_str().unwrap();
    refused(&["--record", name, "127.0.0.1:0"], 1, "exists");
    refused(&["--replay", name], 1, "line 1: kind is missing");
    std::fs::remove_file(&file).unwrap();
    refused(&["--replay", name], 1, "cannot replay");
}
