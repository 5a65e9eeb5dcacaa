//! Checks a tool's table of flags, for the tool's tests.

use std::ffi::OsString;

use super::flags::Tool;
use super::help::help;
use super::parse::parse;

impl<O: Default> Tool<O> {
    /// Checks the table, for a tool's tests. It looks for names and help texts that break the
    /// conventions, defaults and examples that the parser refuses, and help wider than 80 columns.
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
    let mut names: Vec<String> = vec!["help".into(), "version".into(), "h".into(), "V".into()];
    for flag in tool.flags() {
        let name = flag.name;
        let forms = [Some(name.to_owned()), flag.short.map(String::from)];
        for form in forms.into_iter().flatten() {
            if names.contains(&form) {
                found.push(format!("--{name}: the name {form} is taken"));
            }
            names.push(form);
        }
        if flag.help.is_empty() || flag.help.ends_with('.') {
            found.push(format!(
                "--{name}: its help is empty or ends with a full stop"
            ));
        }
    }
    if let Err(error) = parse(tool, []) {
        found.push(format!("the defaults are not accepted: {error}"));
    }
    for example in tool.working_examples() {
        let mut words = words(example.line).into_iter();
        if words.next().as_deref() != Some(tool.name) {
            found.push(format!(
                "the example {} calls another program",
                example.line
            ));
        }
        if let Err(error) = parse(tool, words.map(OsString::from)) {
            found.push(format!("the example {} fails: {error}", example.line));
        }
    }
    let help = help(tool);
    for line in help.lines().filter(|line| line.chars().count() > 80) {
        found.push(format!("too wide: {line}"));
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
    use super::words;

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
