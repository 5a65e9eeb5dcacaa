//! Tests each rule about the token file with a file that breaks it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;

use super::file::{default_path_from, our_user, owner_of_a_new_file};
use super::*;
use crate::temp::TempDir;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Writes a file with this content and mode, and replaces an existing one.
fn token_file(folder: &TempDir, content: &str, mode: u32) -> PathBuf {
    let path = folder.join("token");
    let _ = fs::remove_file(&path);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

fn refused(path: &Path) -> String {
    let text = Token::read(path).unwrap_err().to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(!text.contains(&HEX[..10]), "{text}");
    text
}

#[test]
fn a_new_file_tells_the_user_id() {
    let folder = TempDir::new();
    let owner = fs::metadata(folder.path()).unwrap().uid();
    assert_eq!(owner_of_a_new_file(folder.path()).unwrap(), owner);
    assert_eq!(our_user().unwrap(), owner);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(owner_of_a_new_file(&folder.join("missing")).is_err());
}

#[test]
fn a_token_is_64_hex_digits_with_or_without_a_line_end() {
    let folder = TempDir::new();
    let expected: [u8; 32] = std::array::from_fn(|i| i as u8);
    for (end, mode) in [("", 0o600), ("\n", 0o400), ("\r\n", 0o600)] {
        let path = token_file(&folder, &format!("{HEX}{end}"), mode);
        assert_eq!(Token::read(&path).unwrap().key(), &expected);
    }
    let upper = token_file(&folder, &HEX.to_uppercase(), 0o600);
    assert_eq!(Token::read(&upper).unwrap().key(), &expected);
    let long = "a".repeat(1 << 20);
    for content in [
        "",
        "0123456789abcde",
        &HEX[1..],
        &format!("{HEX}0"),
        &format!("{HEX}\n\n"),
        &format!(" {}", &HEX[1..]),
        &format!("g{}", &HEX[1..]),
        &format!("+{}", &HEX[1..]),
        &long,
    ] {
        let text = refused(&token_file(&folder, content, 0o600));
        assert!(text.contains("64 hex digits"), "{text}");
        assert!(
            text.contains(&format!("has {} bytes", content.len())),
            "{text}"
        );
    }
}

#[test]
fn a_file_that_others_may_open_is_refused_with_the_remedy() {
    let folder = TempDir::new();
    for mode in [0o644, 0o640, 0o660, 0o604, 0o601, 0o610] {
        let path = token_file(&folder, HEX, mode);
        assert_eq!(
            refused(&path),
            format!(
                "permissions {mode:04o} for '{0}' are too open; run: chmod 600 {0}",
                path.display()
            )
        );
    }
}

#[test]
fn a_path_is_shown_without_its_control_characters() {
    let folder = TempDir::new();
    let path = folder.join("a\x1b[31m\nb");
    let missing = Token::read(&path).unwrap_err();
    fs::create_dir(&path).unwrap();
    let not_a_file = Token::read(&path).unwrap_err();
    fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
    let open = Token::read(&path.join("token")).unwrap_err();
    let home = default_path_from(None, Some("/missing/a\x1b[31m\nb".into())).unwrap_err();
    for error in [missing, not_a_file, open, home] {
        let text = error.to_string();
        assert!(text.contains(r"a\x1b[31m\nb"), "{text}");
        assert!(!text.contains(char::is_control), "{text}");
    }
}

#[test]
fn other_types_of_files_are_refused_without_opening_them() {
    let folder = TempDir::new();
    let real = token_file(&folder, HEX, 0o600);
    let link = folder.join("link");
    symlink(&real, &link).unwrap();
    let fifo = folder.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    for path in [&link, &fifo, &folder.path().to_owned()] {
        assert!(refused(path).contains("is not a regular file"));
    }
    assert!(refused(&folder.join("missing")).contains("there is no token file"));
}

#[test]
fn a_directory_in_which_others_may_replace_the_file_is_refused() {
    let folder = TempDir::new();
    let path = token_file(&folder, HEX, 0o600);
    for (mode, fine) in [
        (0o777, false),
        (0o720, false),
        (0o1777, true),
        (0o755, true),
    ] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let read = Token::read(&path);
        assert_eq!(read.is_ok(), fine, "{mode:o} {read:?}");
    }
}

#[test]
fn the_first_server_creates_a_private_file() {
    let folder = TempDir::new();
    let path = folder.join("config/dialtone/token");
    let token = Token::read_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let dir = path.parent().unwrap();
    assert_eq!(fs::metadata(dir).unwrap().mode() & 0o7777, 0o700);
    assert_eq!(fs::read_dir(dir).unwrap().count(), 1, "a draft was left");
    assert_eq!(fs::read_to_string(&path).unwrap().len(), 65);
    assert_eq!(Token::read_or_create(&path).unwrap().key(), token.key());
}

#[test]
fn servers_that_start_at_once_share_one_token() {
    let folder = TempDir::new();
    let path = folder.join("dialtone/token");
    let tokens: Vec<Token> = thread::scope(|scope| {
        let starters: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| Token::read_or_create(&path).unwrap()))
            .collect();
        starters.into_iter().map(|s| s.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| token.key() == tokens[0].key()));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_dangling_symbolic_link_is_not_followed() {
    let folder = TempDir::new();
    let target = folder.join("target");
    let path = folder.join("token");
    symlink(&target, &path).unwrap();
    assert!(Token::read_or_create(&path).is_err());
    assert!(!target.exists());
}

#[test]
fn the_default_path_follows_the_xdg_specification() {
    let path = |config: &str, home: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.into());
        default_path_from(some(config), some(home)).map(|path| path.display().to_string())
    };
    let folder = TempDir::new();
    let home = folder.path().to_str().unwrap();
    let in_home = format!("{home}/.config/dialtone/token");
    assert_eq!(path("/c", home).unwrap(), "/c/dialtone/token");
    assert_eq!(path("", home).unwrap(), in_home);
    assert_eq!(path("relative", home).unwrap(), in_home);
    assert!(path("", "/nonexistent/home").is_err());
    assert!(path("/nonexistent/config", home).is_err());
    assert!(path("", "relative").is_err());
    assert!(path("", "").is_err());
}

#[test]
fn debug_does_not_show_the_token() {
    let folder = TempDir::new();
    let token = Token::read(&token_file(&folder, HEX, 0o600)).unwrap();
    assert_eq!(format!("{token:?}"), "Token(..)");
}
