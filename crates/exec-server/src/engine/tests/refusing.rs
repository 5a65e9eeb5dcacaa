//! Tests commands and engines that do not start, and their errors.

use std::fs;
use std::sync::Arc;

use proto::pool::Pool;

use super::super::{COMMAND_LIMIT, Engine, EngineError, Request, Settings};
use super::temp::TempDir;
use super::{engine, engine_with, exited, members, run, run_request, until, within};

fn refused(engine: &Arc<Engine>, command: &[u8]) -> EngineError {
    engine.spawn(Request::new(command)).map(drop).unwrap_err()
}

#[test]
fn empty_commands_and_nul_bytes_are_refused() {
    let engine = engine();
    assert_eq!(refused(&engine, b"").to_string(), "empty command");
    assert_eq!(
        refused(&engine, b"echo \0").to_string(),
        "the command contains a NUL byte"
    );
    // The engine still works.
    assert_eq!(run(&engine, "echo on").1.stdout, b"on\n");
}

#[test]
fn the_longest_command_runs_and_one_byte_more_does_not() {
    let engine = engine();
    let mut command = b"echo ran #".to_vec();
    command.resize(COMMAND_LIMIT, b'x');
    let (outcome, collected) = run_request(&engine, &command, |request| request);
    assert_eq!(outcome.status, exited(0));
    assert_eq!(collected.stdout, b"ran\n");
    command.push(b'x');
    assert_eq!(
        refused(&engine, &command).to_string(),
        "command is 131072 bytes; the limit is 131071"
    );
}

#[test]
fn a_missing_directory_is_an_error() {
    let folder = TempDir::new();
    let dir = folder.join("gone");
    fs::create_dir(&dir).unwrap();
    let engine = engine_with(Settings {
        dir: Some(dir.clone()),
        ..Settings::default()
    });
    assert_eq!(run(&engine, "true").0.status, exited(0));
    fs::remove_dir(&dir).unwrap();
    let error = refused(&engine, b"true");
    assert!(matches!(error, EngineError::Dir(..)));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot enter the directory {} (no such file or directory)",
            dir.display()
        )
    );
    fs::create_dir(&dir).unwrap();
    assert_eq!(run(&engine, "true").0.status, exited(0));
}

/// Root may enter every directory, so this needs another user.
#[test]
fn a_directory_without_execute_permission_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new();
    let dir = folder.join("shut");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o600)).unwrap();
    if fs::metadata(dir.join(".")).is_err() {
        let engine = engine_with(Settings {
            dir: Some(dir.clone()),
            ..Settings::default()
        });
        let error = refused(&engine, b"true").to_string();
        assert!(error.starts_with("cannot enter the directory "), "{error}");
    }
}

#[test]
fn a_thread_that_does_not_start_ends_the_command() {
    let mut engine = engine();
    // No machine has room for this stack.
    Arc::get_mut(&mut engine).unwrap().pool = Pool::tasks("exec-pipe", 1 << 48);
    let running = engine.spawn(Request::new(b"sleep 1000")).unwrap();
    let group = running.job().group;
    let error = within(|| running.collect(100).unwrap_err());
    assert!(error.to_string().starts_with("cannot start a thread ("));
    until("the command is ended", || members(group).is_empty());
}
