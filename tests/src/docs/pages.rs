//! The list of pages.
//!
//! A new English page needs a line in the list below. A test finds pages that are not listed, and
//! the compiler finds listed pages that do not exist.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::artifacts::workspace;
use crate::docs::page::Page;

/// Lists the English pages. Their Rust snippets become doctests. The snippets of the Chinese pages
/// differ only in comments, which another test checks.
macro_rules! english {
    ($($name:ident $file:literal)*) => {
        /// The English pages of the course, by the name of their file.
        pub const ENGLISH: &[&str] = &[$($file),*];

        #[cfg(doctest)]
        mod doctests {
            $(
                #[doc = include_str!(concat!("../../../docs/en/", $file))]
                mod $name {}
            )*
        }
    };
}

english! {
    start "start.md"
    sockets "01-sockets.md"
    tcp_pair "02-tcp-pair.md"
    socket_functions "03-socket-functions.md"
    address_in_use "04-address-in-use.md"
    running_commands "05-running-commands.md"
    sticky_packets "06-sticky-packets.md"
    length_first "07-length-first.md"
    struct_and_header "08-struct-and-header.md"
    udp "09-udp.md"
    socketserver "10-socketserver.md"
    what_std_lacks "11-what-std-lacks.md"
    internet_modules "12-internet-modules.md"
    chat "13-chat.md"
    where_next "where-next.md"
    glossary "glossary.md"
    reference_options "reference-options.md"
    gallery "gallery.md"
    reference_functions "reference-functions.md"
    wiretap "wiretap.md"
    windows "windows.md"
}

/// The folder of the English pages.
pub fn en() -> &'static Path {
    Path::new("docs/en")
}

/// The folder of the Chinese pages.
pub fn zh() -> &'static Path {
    Path::new("docs/zh")
}

/// The pages of the course in one folder.
pub fn of(folder: &Path) -> Vec<Page> {
    let mut pages = all();
    pages.retain(|page| page.path.starts_with(folder));
    pages
}

/// Whether a page, and the comments in its code, are Chinese.
pub fn is_chinese(page: &Page) -> bool {
    page.path.starts_with(zh())
}

/// Whether a page belongs to the course, in either language.
pub fn is_of_the_course(page: &Page) -> bool {
    page.path.starts_with(en()) || page.path.starts_with(zh())
}

/// Whether a page is for maintainers. Its commands build, install and test, so they are not run.
pub fn is_for_maintainers(page: &Page) -> bool {
    page.path.starts_with("docs/dev") || ["CONTRIBUTING.md", "CHANGELOG.md"].contains(&page.name())
}

/// Every Markdown file of the docs, and the top README.
pub fn all() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md")];
    let found = below(Path::new("docs")).map(|found| paths.extend(found));
    let pages = found.and_then(|()| paths.iter().map(|path| Page::open(path)).collect());
    pages.unwrap_or_else(|why| panic!("the docs cannot be read: {why}"))
}

/// The Markdown files below a folder of the workspace, in the order of their names, without the
/// book that mdBook may have built there.
pub fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(workspace().join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if path == Path::new("docs/book") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            found.extend(below(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
