//! Checks the tables that show lines of two files side by side.

use std::fs;

use crate::artifacts::workspace;
use crate::docs::page::{Page, Table, code_spans};

/// Finds code in the line tables of a page that is not in the named files.
pub fn check(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for table in &page.tables {
        let claims = table.rows[0].starts_with(&["Python".to_owned(), "Rust".to_owned()]);
        let comment = table.comment.as_deref().unwrap_or_default();
        match (claims, comment.strip_prefix("lines:")) {
            (true, Some(names)) => findings.extend(check_table(page, table, names)),
            (false, None) => {}
            _ => {
                let what = "a line table has <!-- lines: a.py b.rs --> above | Python | Rust |";
                findings.push(page.finding(table.line, what));
            }
        }
    }
    findings
}

fn check_table(page: &Page, table: &Table, names: &str) -> Vec<String> {
    let names: Vec<&str> = names.split_whitespace().collect();
    let [python, rust] = names[..] else {
        return vec![page.finding(table.line, "not two files: lines: a.py b.rs")];
    };
    let mut findings = Vec::new();
    for (column, path) in [python, rust].into_iter().enumerate() {
        let Ok(text) = fs::read_to_string(workspace().join(path)) else {
            findings.push(page.finding(table.line, format!("{path} cannot be read")));
            continue;
        };
        for (number, row) in table.rows.iter().enumerate().skip(1) {
            let cell = row.get(column).map_or("", String::as_str);
            for code in code_spans(cell) {
                if !text.contains(&code) {
                    // Skips the line of dashes between the header and the first row.
                    let line = table.line + number + 1;
                    findings.push(page.finding(line, format!("{path} has no {code:?}")));
                }
            }
        }
    }
    findings
}
