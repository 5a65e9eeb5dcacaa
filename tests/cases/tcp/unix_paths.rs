//! Paths that no socket can have, or that others could replace.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::unix::{assert_alive, endpoint, refusal, serve_at};
use super::{client_command, server_command};

/// Both sides say it in the same words.
#[test]
fn a_path_that_is_too_long_for_a_client_is_not_a_server_that_is_down() {
    for path in [
        format!("/tmp/{}", "x".repeat(200)),
        format!("@{}", "x".repeat(200)),
    ] {
        let endpoint = format!("unix:{path}");
        let words = refusal(client_command(&["--send", "x", &endpoint]));
        let why = "the path is too long; at most 107 bytes fit into the address of a socket";
        assert_eq!(
            words,
            format!("error: cannot connect to {endpoint}: {why}\n")
        );
    }
}

#[test]
fn control_bytes_in_a_folder_that_is_missing_do_not_reach_the_terminal() {
    let path = TempDir::new().join("no\x1b[2J/socket");
    let words = refusal(server_command(&[&endpoint(&path)]));
    assert!(words.contains("cannot create a file in \"/"), "{words:?}");
    assert!(!words.contains('\x1b'), "{words:?}");
}

/// Its owner may replace the socket, sticky bit or not. In a rootless container, root's sticky
/// `/tmp` shows as that of user 65534.
#[test]
fn a_folder_of_another_user_is_refused_unless_it_may_be_roots_tmp() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    for (owner, mode) in [(4242, 0o755), (4242, 0o1777), (65_534, 0o755)] {
        if chown(folder.path(), Some(owner), None).is_err() {
            return skip("a folder of another user", "it needs root");
        }
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let words = refusal(server_command(&[&endpoint(&path)]));
        let whose = format!("{} belongs to user {owner},", folder.path().display());
        assert!(words.contains(&whose), "{mode:o}: {words}");
        assert!(!path.exists());
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
    assert_alive(&mut serve_at(&path), &path);
}
