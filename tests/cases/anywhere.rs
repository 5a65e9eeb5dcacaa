//! Runs the tools in unusual places: paths with spaces and Chinese characters, relative paths,
//! users who are not root, folders without write permission.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use crate::tcp::unprivileged::{Unprivileged, another_user};

/// A folder whose name needs quotes in a shell and is not ASCII.
fn odd_folder(dir: &TempDir) -> PathBuf {
    let folder = dir.join("two words 中文");
    fs::create_dir(&folder).unwrap();
    folder
}

/// One of the tools, started in a folder.
fn tool_in(folder: &Path, name: &str, words: &[&str]) -> Command {
    let mut tool = Command::new(artifacts().tool(name));
    tool.current_dir(folder).args(words);
    tool
}

/// The output of a tool, which must succeed and write nothing to stderr.
#[track_caller]
fn printed(tool: Command) -> String {
    let done = Process::spawn(tool).finish(SOON);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), said.as_str()), (Some(0), ""));
    String::from_utf8(done.stdout).unwrap()
}

/// The one line of stderr in which a tool says why it does not start.
#[track_caller]
fn complaint(tool: Command) -> String {
    let done = Process::spawn(tool).finish(SOON);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(matches!(done.status.code(), Some(1 | 255)), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn paths_may_be_relative_and_have_spaces_and_chinese_characters() {
    let dir = TempDir::new();
    let folder = odd_folder(&dir);
    let whole = |name: &str| folder.join(name).display().to_string();
    for (token, socket) in [
        ("token".to_owned(), "unix:socket".to_owned()),
        (whole("token 2"), format!("unix:{}", whole("socket 2"))),
    ] {
        let words = ["--stop-on-eof", "--token-file", &token, &socket];
        let mut server = Server::start(tool_in(&folder, "exec-server", &words));
        assert_eq!(server.endpoint(), socket);
        let words = ["--token-file", &token, &socket, "pwd"];
        let said = printed(tool_in(&folder, "exec-client", &words));
        assert_eq!(said, format!("{}\n", folder.display()));
        assert!(server.process.finish(SOON).status.success());
    }
    let names = fs::read_dir(&folder).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["token", "token 2"]);
}

#[test]
fn commands_run_in_a_folder_of_any_name() {
    let dir = TempDir::new();
    let folder = odd_folder(&dir);
    let name = folder.display().to_string();
    let words = ["--protocol", "header", "--no-auth", "--dir", &name];
    let words = [&words[..], &["127.0.0.1:0"]].concat();
    let server = Server::start(tool_in(dir.path(), "exec-server", &words));
    let words = ["--protocol", "header", server.endpoint(), "pwd"];
    let said = printed(tool_in(dir.path(), "exec-client", &words));
    assert_eq!(said, format!("{name}\n"));
}

/// A relative path gets the same checks as an absolute one.
#[test]
fn a_relative_token_in_an_open_folder_is_refused() {
    let dir = TempDir::new();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let words = ["--token-file", "token", "127.0.0.1:0"];
    let said = complaint(tool_in(dir.path(), "exec-server", &words));
    assert!(said.contains("let others replace the token file"), "{said}");
    assert!(!dir.join("token").exists());
}

#[test]
fn a_token_that_cannot_be_created_is_an_error() {
    let dir = TempDir::new();
    fs::write(dir.join("file"), "").unwrap();
    let token = dir.join("file/folder/token").display().to_string();
    let words = ["--stop-on-eof", "--token-file", &token, "127.0.0.1:0"];
    let said = complaint(tool_in(dir.path(), "exec-server", &words));
    assert!(
        said.contains("token file") && said.contains(&token),
        "{said}"
    );
    assert!(said.to_lowercase().contains("(not a directory)"), "{said}");
}

#[test]
fn a_token_in_a_folder_of_another_user_is_refused() {
    let dir = TempDir::new();
    let folder = odd_folder(&dir);
    if chown(&folder, Some(another_user()), None).is_err() {
        skip("a token in another user's folder", "it needs root");
        return;
    }
    let words = ["--stop-on-eof", "--token-file", "token", "127.0.0.1:0"];
    let said = complaint(tool_in(&folder, "exec-server", &words));
    let name = folder.canonicalize().unwrap();
    let expected = format!(
        "'{}' belongs to another user (ID {})",
        name.display(),
        another_user()
    );
    assert!(said.contains(&expected), "{said}");
    assert!(!folder.join("token").exists());
}

/// The tools of the exec pair, for one user who is not root.
struct Pair {
    server: Unprivileged,
    client: Unprivileged,
    home: PathBuf,
}

impl Pair {
    /// With a home that belongs to that user, or to root.
    fn new(what: &str, owns_home: bool) -> Option<Self> {
        let server = Unprivileged::new("exec-server", what)?;
        let mut client = Unprivileged::new("exec-client", what)?;
        client.user = server.user;
        let home = server.folder.join("home");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, Permissions::from_mode(0o555)).unwrap();
        if owns_home {
            chown(&home, Some(server.user), None).unwrap();
            fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
        }
        Some(Self {
            server,
            client,
            home,
        })
    }

    fn start(&self, user: &Unprivileged, words: &[&str]) -> Command {
        let mut command = user.command(words);
        command
            .env("HOME", &self.home)
            .env_remove("XDG_CONFIG_HOME");
        command
    }
}

#[test]
fn a_user_who_is_not_root_has_a_token_of_their_own() {
    let Some(pair) = Pair::new("the token of a user who is not root", true) else {
        return;
    };
    let server = pair.start(&pair.server, &["--stop-on-eof", "127.0.0.1:0"]);
    let server = Server::start(server);
    let token = pair.home.join(".config/dialtone/token");
    let found = fs::metadata(&token).unwrap();
    assert_eq!(
        (found.uid(), found.mode() & 0o7777),
        (pair.server.user, 0o600)
    );
    let words = [server.endpoint(), "echo in"];
    assert_eq!(printed(pair.start(&pair.client, &words)), "in\n");

    // A token of root is refused, although the folders of the path may belong to root.
    chown(&token, Some(0), None).unwrap();
    let said = complaint(pair.start(&pair.client, &words));
    assert!(said.contains("(permission denied)"), "{said}");
}

#[test]
fn a_home_without_write_permission_is_an_error() {
    let Some(pair) = Pair::new("a home that is only for reading", false) else {
        return;
    };
    let token = pair.home.join(".config/dialtone/token");
    let said = complaint(pair.start(&pair.server, &["127.0.0.1:0"]));
    assert_eq!(
        said,
        format!(
            "error: cannot make {} (permission denied)\n",
            pair.home.join(".config").display()
        )
    );
    let said = complaint(pair.start(&pair.client, &["127.0.0.1:1", "true"]));
    let expected = format!("there is no token file {}", token.display());
    assert!(said.contains(&expected), "{said}");
    // Without authentication no token is needed.
    let words = [
        "--protocol",
        "raw",
        "--no-auth",
        "--stop-on-eof",
        "127.0.0.1:0",
    ];
    let mut server = Server::start(pair.start(&pair.server, &words));
    assert!(server.process.finish(SOON).status.success());
}

/// Root may enter every folder, so this test needs another user.
#[test]
fn a_folder_that_may_be_read_and_not_entered_is_named() {
    let Some(pair) = Pair::new("a folder that may be read and not entered", true) else {
        return;
    };
    let shut = pair.server.folder.join("shut");
    fs::create_dir(&shut).unwrap();
    fs::set_permissions(&shut, Permissions::from_mode(0o744)).unwrap();
    let name = shut.display().to_string();
    let words = [
        "--protocol",
        "raw",
        "--no-auth",
        "--dir",
        &name,
        "127.0.0.1:0",
    ];
    let said = complaint(pair.start(&pair.server, &words));
    let expected = format!("cannot enter the directory {name} (permission denied)");
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn programs_are_found_although_path_has_an_unreadable_folder() {
    let Some(pair) = Pair::new("a PATH with a closed folder", true) else {
        return;
    };
    let closed = pair.server.folder.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", closed.display());
    let words = ["--protocol", "raw", "--no-auth", "127.0.0.1:0"];
    let mut server = pair.start(&pair.server, &words);
    server.env("PATH", &path);
    let server = Server::start(server);
    let words = ["--protocol", "raw", server.endpoint(), "env echo found"];
    let mut client = pair.start(&pair.client, &words);
    client.env("PATH", &path);
    assert_eq!(printed(client), "found\n");
}
