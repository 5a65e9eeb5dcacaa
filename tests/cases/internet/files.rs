//! HTTP with Python's `http.server` and Twisted, FTP with pyftpdlib, Gopher with Gophernicus.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use cross_process::deadline::SOON;
use cross_process::others::{self, Other};
use cross_process::temp::TempDir;
use cross_process::{net, python};

use super::{both, complaint, printed, start};

#[test]
fn http_get_fetches_a_page_of_pythons_server() {
    let folder = TempDir::new();
    let page = "a line\r\nand half a line, é".repeat(10_000);
    fs::write(folder.join("page"), &page).unwrap();
    fs::write(folder.join("empty"), "").unwrap();
    let Some(mut server) = python::command("http_get") else {
        return;
    };
    server
        .args(["-m", "http.server", "0", "--bind", "127.0.0.1"])
        .arg("--directory")
        .arg(folder.path());
    let server = Other::start(server);
    for client in both("http_get") {
        let Some(shown) = printed(client, server.addr, &["/page"]) else {
            continue;
        };
        assert!(shown == format!("200 OK\n{page}"), "{shown:.200}");
        let empty = printed(client, server.addr, &["/empty"]);
        assert_eq!(empty.as_deref(), Some("200 OK\n"));
        let nowhere = printed(client, server.addr, &["/nowhere"]).unwrap();
        assert!(nowhere.starts_with("404 File not found\n"), "{nowhere}");
        assert!(nowhere.trim_end().ends_with("</html>"), "{nowhere}");
    }
}

/// Twisted keeps the connection open, so only `Content-Length` marks the end of a file.
#[test]
fn http_get_does_not_wait_for_the_end_of_the_connection() {
    let folder = TempDir::new();
    fs::write(folder.join("page.txt"), "half a line").unwrap();
    let Some(server) = twisted_web(&folder, "--path=.") else {
        return;
    };
    for client in both("http_get") {
        if let Some(shown) = printed(client, server.addr, &["/page.txt"]) {
            assert_eq!(shown, "200 OK\nhalf a line");
        }
    }
}

#[test]
fn a_body_that_is_shorter_than_its_length_is_an_error() {
    for client in both("http_get") {
        let listener = net::listen();
        let Some(mut client) = start(client, listener.local_addr().unwrap(), &["/"], "") else {
            continue;
        };
        let conn = net::accept(&listener);
        net::send(
            &conn,
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n50 bytes or so",
        );
        net::half_close(&conn);
        assert_eq!(client.wait_exit(SOON).code(), Some(1));
    }
}

/// Twisted begins to send the answer of a program before it knows the length.
#[test]
fn http_get_puts_chunks_together() {
    let folder = TempDir::new();
    let Some(server) = twisted_web(&folder, "--wsgi=wsgiref.simple_server.demo_app") else {
        return;
    };
    for client in both("http_get") {
        let Some(shown) = printed(client, server.addr, &["/some/path"]) else {
            continue;
        };
        assert!(shown.starts_with("200 OK\nHello world!\n\n"), "{shown}");
        assert!(shown.contains("\nPATH_INFO = '/some/path'\n"), "{shown}");
        assert!(shown.ends_with("wsgi.version = (1, 0)\n"), "{shown}");
    }
}

/// Twisted's web server, in a folder of its own.
fn twisted_web(folder: &TempDir, what: &str) -> Option<Other> {
    let mut server = others::python_script("twistd", &format!("http_get of {what}"))?;
    server
        .current_dir(folder.path())
        .args(["-n", "--pidfile=", "web"])
        .args(["--listen", "tcp:0:interface=127.0.0.1", what]);
    Some(Other::start(server))
}

#[test]
fn ftp_list_lists_a_folder_of_pyftpdlib() {
    let folder = TempDir::new();
    fs::write(folder.join("a file"), "12345").unwrap();
    fs::create_dir(folder.join("zone")).unwrap();
    let Some(mut server) = others::python("ftp_list") else {
        return;
    };
    server
        .args(["-m", "pyftpdlib", "-i", "127.0.0.1", "-p", "0", "-d"])
        .arg(folder.path());
    let server = Other::start(server);
    for client in both("ftp_list") {
        let Some(shown) = printed(client, server.addr, &["anonymous", "me@example.com"]) else {
            continue;
        };
        let lines: Vec<&str> = shown.lines().collect();
        let [file, zone] = lines[..] else {
            panic!("{shown}");
        };
        assert!(file.starts_with('-') && file.ends_with(" a file"), "{file}");
        assert!(file.split_whitespace().any(|word| word == "5"), "{file}");
        assert!(zone.starts_with('d') && zone.ends_with(" zone"), "{zone}");
    }
}

#[test]
fn gopher_menu_shows_menus_of_gophernicus() {
    let folder = TempDir::new();
    let menu = "Welcome.\n\n0About this hole\tabout.txt\n1Further down\tdown\n";
    fs::write(folder.join("gophermap"), menu).unwrap();
    fs::write(folder.join("about.txt"), "nothing much\n").unwrap();
    fs::create_dir(folder.join("down")).unwrap();
    fs::write(folder.join("down/deep.txt"), "deep\n").unwrap();
    for (name, mode) in [
        ("", 0o755),
        ("gophermap", 0o644),
        ("about.txt", 0o644),
        ("down", 0o755),
        ("down/deep.txt", 0o644),
    ] {
        // Gophernicus shows only files that everyone may read.
        fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).unwrap();
    }
    let Some(mut server) = others::inetd("gophernicus", "gophernicus", "gopher_menu") else {
        return;
    };
    server
        .args(["-h", "127.0.0.1", "-p", "{port}", "-r"])
        .arg(folder.path())
        // No titles, dates, system log or shared memory. `-nr` allows root, as in CI.
        .args(["-nh", "-nl", "-nf", "-nd", "-ns", "-nm", "-nr"]);
    let server = Other::start(server);
    let port = server.addr.port().to_string();
    for client in both("gopher_menu") {
        for (args, expected) in [
            (
                &[][..],
                "   Welcome.\n   \n0  About this hole -> 127.0.0.1:PORT /about.txt\n\
                 1  Further down -> 127.0.0.1:PORT /down\n",
            ),
            (&["/down"], "0  deep.txt -> 127.0.0.1:PORT /down/deep.txt\n"),
            (
                &["/nowhere"],
                "Error: File or directory not found! (null)\n",
            ),
        ] {
            if let Some(shown) = printed(client, server.addr, args) {
                assert_eq!(shown, expected.replace("PORT", &port));
            }
        }
    }
}

#[test]
fn a_client_without_arguments_shows_its_usage() {
    for stem in [
        "http_get",
        "nntp_group",
        "ftp_list",
        "smtp_send",
        "pop3_retr",
        "imap_fetch",
    ] {
        let [_, rust] = both(stem);
        let complaint = complaint(rust, net::free_port(), &[]).unwrap();
        assert!(complaint.contains("arguments: HOST PORT "), "{complaint}");
    }
}
