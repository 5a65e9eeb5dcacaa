//! Checks the documentation: every listing, snippet, transcript, table and link.
//!
//! | module | what it is for |
//! |---|---|
//! | [`pages`] | the list of pages |
//! | [`page`] | reads Markdown: headings, fences, tables, links, and the comments above them |
//! | [`form`] | every block of a page is checked, and a chapter has a chapter's sections |
//! | [`comments`] | removes the comments of code, or replaces them by those of another language |
//! | [`listings`] | code that shows a file or a part of one |
//! | [`snippets`] | runs Python snippets; Rust snippets are doctests |
//! | [`transcript`] | reads console blocks as steps at a terminal |
//! | [`play`] | takes those steps, in as many terminals as the page has |
//! | [`terminal`] | one terminal: the running program, its input and its expected output |
//! | [`stage`] | the ports, folders and programs for a page's commands |
//! | [`line_tables`] | tables that show lines of two files side by side |
//! | [`links`] | links and anchors |
//! | [`summary`] | the book's table of contents |
//! | [`twins`] | compares the English and the Chinese page of one name |
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
