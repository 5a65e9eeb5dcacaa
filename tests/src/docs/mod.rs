//! Holds the documentation to what it says: every listing, snippet, transcript, table and link.
//!
//! | module | what it is for |
//! |---|---|
//! | [`pages`] | which pages there are |
//! | [`page`] | reads Markdown: headings, fences, tables, links, and the comments above them |
//! | [`form`] | nothing on a page escapes the checks, and a chapter has a chapter's sections |
//! | [`comments`] | code without its comments, and with those of another language |
//! | [`listings`] | code that is a file, or a part of one |
//! | [`snippets`] | Python that is run; Rust that is a doctest |
//! | [`transcript`] | console blocks, read as the steps of somebody at a terminal |
//! | [`play`] | those steps taken, in as many terminals as the page has |
//! | [`terminal`] | one terminal: what runs in it, what is typed, what must come out |
//! | [`stage`] | the ports, folders and programs that a page's commands find |
//! | [`line_tables`] | tables that set two files side by side, line for line |
//! | [`links`] | links and anchors |
//! | [`summary`] | the book's table of contents |
//! | [`twins`] | the English and the Chinese page of one name |
//! | [`words`] | words that the docs do not use |

pub mod comments;
pub mod form;
pub mod line_tables;
pub mod links;
pub mod listings;
pub mod page;
pub mod pages;
pub mod play;
pub mod snippets;
pub mod stage;
pub mod summary;
pub mod terminal;
pub mod transcript;
pub mod twins;
pub mod words;
