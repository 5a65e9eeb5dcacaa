//! Checks a tool's help text, for the tool's tests.

use std::ffi::{OsStr, OsString};

use super::parse::parse;
use super::tool::Tool;

impl<O: Default> Tool<O> {
    /// Checks the help text, for a tool's tests. It looks for names and texts that break the
    /// conventions, flags that `set` does not know, defaults and examples that the parser refuses,
    /// and lines wider than 80 columns.
    ///
    /// # Panics
    ///
    /// With a line for each fault.
    pub fn debug_assert(&self) {
        let faults = faults(self);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

fn faults<O: Default>(tool: &Tool<O>) -> Vec<String> {
    let mut found = Vec::new();
    let mut names = vec!["--help", "--version", "-h", "-V"];
    let mut usage = format!("Usage: {} [OPTIONS]", tool.name);
    for entry in tool.entries() {
        let name = entry.name;
        for form in [name, entry.short] {
            if names.contains(&form) {
                found.push(format!("{name}: the name {form} is taken"));
            }
            names.extend((!form.is_empty()).then_some(form));
        }
        if entry.text.is_empty() || entry.text.ends_with('.') {
            found.push(format!(
                "{name}: its text is empty or ends with a full stop"
            ));
        }
        let is_switch = entry.is_flag() && entry.value.is_empty();
        if is_switch && entry.default().is_some() {
            found.push(format!("{name}: a default, but no value"));
        }
        if !entry.is_flag() {
            usage = format!("{usage} [{name}");
        }
        // `set` panics if it does not know the name.
        let done = (tool.set)(&mut O::default(), name, OsStr::new(""));
        if is_switch && done.is_err() {
            found.push(format!("{name}: {done:?}"));
        }
    }
    if tool.usage().replace(" ...", "").replace(']', "") != usage.replace(']', "") {
        found.push("the usage line shows other operands than the text".into());
    }
    if let Err(error) = parse(tool, []) {
        found.push(format!("the defaults are not accepted: {error}"));
    }
    let examples = tool.examples();
    let lines = examples.lines().filter_map(|line| line.strip_prefix("  "));
    for line in lines.filter(|line| !line.starts_with(' ')) {
        let mut words = words(line).into_iter();
        if words.next().as_deref() != Some(tool.name) {
            found.push(format!("the example {line} calls another program"));
        }
        if let Err(error) = parse(tool, words.map(OsString::from)) {
            found.push(format!("the example {line} fails: {error}"));
        }
    }
    let help = tool.help();
    for line in help.lines().filter(|line| line.chars().count() > 80) {
        found.push(format!("too wide: {line}"));
    }
    for line in tool.help.concat().lines() {
        let name_or_text = line.rfind("  ").map(|spaces| spaces + 2);
        if name_or_text.is_some_and(|column| ![2, 28].contains(&column)) {
            found.push(format!("not in column 28: {line}"));
        }
    }
    found
}

/// The words of the first program in a shell line whose only quotes are single ones.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        for word in part.split_whitespace() {
            match word {
                // Skips `printf ... |` before the tool and everything after the tool.
                "|" if words.first().is_some_and(|w: &String| w == "printf") => words.clear(),
                "|" | "<" | ">" | "&" => return words,
                _ => words.push(word.to_owned()),
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(_: &mut (), name: &str, value: &OsStr) -> Result<(), String> {
        match (name, value.to_str()) {
            ("HOST", Some("here" | "")) | ("--bytes", _) | ("--size", Some("7" | "9")) => Ok(()),
            _ => Err("refused".into()),
        }
    }

    /// A tool whose help ends with `more`.
    fn tool(usage: &'static str, more: &'static str, examples: &'static str) -> Tool<()> {
        let flags = "
  HOST                      where [here]
  -b, --bytes               as bytes
  --size N                  how many [7]
";
        let help = Box::leak(Box::new([usage, flags, more]));
        Tool {
            examples,
            ..Tool::new("tool", help, set)
        }
    }

    const USAGE: &str = "Usage: tool [OPTIONS] [HOST]\n";
    const WIDE: &str =
        "  --size N                  eighty-one columns wide, eighty-one columns wide, eig";

    #[test]
    fn every_fault_is_found() {
        let good = "\nExamples:\n  tool --size 9 here\n      do it\n";
        assert_eq!(faults(&tool(USAGE, "", good)), [""; 0]);
        for (more, fault) in [
            (
                "  -b, --size N              how many\n",
                "--size: the name --size is taken",
            ),
            (
                "  -b, --size N              how many\n",
                "--size: the name -b is taken",
            ),
            (
                "  -h, --size N              how many\n",
                "--size: the name -h is taken",
            ),
            ("  --size N                  how many.\n", "full stop"),
            ("  --size N\n", "--size: its text is empty"),
            (
                "  --bytes                   as bytes [7]\n",
                "--bytes: a default, but no value",
            ),
            (
                "  --quiet                   less\n",
                "--quiet: Err(\"refused\")",
            ),
            (
                "  --size N                  how many [8]\n",
                "the defaults are not accepted: --size",
            ),
            ("  PORT                      what\n", "the usage line shows"),
            (
                "  --size N                   how many\n",
                "not in column 28:   --size N",
            ),
            (
                "  --size N\n                           how many\n",
                "not in column 28:    ",
            ),
            (WIDE, "too wide:   --size"),
        ] {
            let found = faults(&tool(USAGE, more, ""));
            assert!(found.iter().any(|it| it.contains(fault)), "{more}{found:?}");
        }
        for (line, fault) in [
            ("  other --size 9\n", "calls another program"),
            ("  tool --size 8\n", "fails: --size: refused"),
            ("  tool here there\n", "fails: unexpected argument"),
        ] {
            let found = faults(&tool(USAGE, "", line));
            assert!(found.iter().any(|it| it.contains(fault)), "{line}{found:?}");
        }
        let found = faults(&tool("Usage: tool [OPTIONS]\n", "", ""));
        assert_eq!(found, ["the usage line shows other operands than the text"]);
    }

    #[test]
    fn a_line_is_split_as_a_shell_would() {
        assert_eq!(
            words("tool --send 'a b' x < file"),
            ["tool", "--send", "a b", "x"]
        );
        assert_eq!(words("tool a | wc"), ["tool", "a"]);
        assert_eq!(words("printf 'a b' | tool x"), ["tool", "x"]);
    }
}
