//! Reads the flags and operands in a help text.

/// What a help text says of one flag or operand.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// `--count`, or `ENDPOINT`.
    pub name: &'static str,
    /// The one-letter form, `-c`, or empty.
    pub short: &'static str,
    /// What the value is called. Empty for an operand and for a flag without a value.
    pub value: &'static str,
    /// The last line of the text.
    pub text: &'static str,
}

impl Entry {
    /// Reads what comes before the text: `--quiet`, `-c, --count N`, `ENDPOINT`.
    fn new(names: &'static str) -> Self {
        let (short, long) = names.split_once(", ").unwrap_or(("", names));
        let (name, value) = long.split_once(' ').unwrap_or((long, ""));
        Self {
            name,
            short,
            value,
            text: "",
        }
    }

    /// Whether this is a flag, not an operand.
    pub fn is_flag(&self) -> bool {
        self.name.starts_with('-')
    }

    /// The last word, if it is in brackets: `[5m]`, but not `[v6][:port]`.
    pub fn default(&self) -> Option<&'static str> {
        let word = self.text.rsplit(' ').next()?;
        let inner = word.strip_prefix('[')?.strip_suffix(']')?;
        (!inner.contains(['[', ']'])).then_some(inner)
    }

    /// Whether the flag may be given more than once.
    pub fn repeats(&self) -> bool {
        self.text.ends_with("repeated")
    }
}

/// The entries of a help text. An entry begins with two spaces, and its further lines with more.
pub(super) fn entries(help: &'static str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
        let text = if line.starts_with(' ') {
            line
        } else {
            let (names, text) = line.split_once("  ").unwrap_or((line, ""));
            found.push(Entry::new(names));
            text
        };
        if let Some(entry) = found.last_mut() {
            entry.text = text.trim_start();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entry of a text that has only one.
    fn only(help: &'static str) -> Entry {
        let mut found = entries(help);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn names(entry: &Entry) -> [&str; 3] {
        [entry.short, entry.name, entry.value]
    }

    #[test]
    fn the_forms_of_names_are_read() {
        for (line, expected) in [
            ("  ENDPOINT                  where", ["", "ENDPOINT", ""]),
            ("  --quiet                   less", ["", "--quiet", ""]),
            ("  -n, --no-input            none", ["-n", "--no-input", ""]),
            ("  -c, --count N             many", ["-c", "--count", "N"]),
            ("  --rate N/s                fast", ["", "--rate", "N/s"]),
            // The name fills its column.
            (
                "  --handshake-timeout TIME  how",
                ["", "--handshake-timeout", "TIME"],
            ),
        ] {
            assert_eq!(names(&only(line)), expected);
        }
    }

    #[test]
    fn a_name_longer_than_its_column_has_a_line_of_its_own() {
        let entry = only(
            "
  -u, --max-unauthenticated N
                            how many of these may be
                            unauthenticated [32]
",
        );
        assert_eq!(names(&entry), ["-u", "--max-unauthenticated", "N"]);
        assert_eq!(entry.default(), Some("32"));
    }

    /// The entry of a text of one line.
    fn with(text: &'static str) -> Entry {
        let entry = Entry::new("NAME");
        Entry { text, ..entry }
    }

    #[test]
    fn only_one_bracketed_word_at_the_end_is_a_default() {
        for (text, default) in [
            ("where [127.0.0.1:80]", Some("127.0.0.1:80")),
            ("host[:port] or [v6][:port] [a:1]", Some("a:1")),
            ("[5m]", Some("5m")),
            ("host[:port] or [v6][:port]", None),
            ("host[:port]", None),
            ("[none] or a number", None),
            ("how long [never by default]", None),
            ("how long (none: never)", None),
            ("", None),
        ] {
            assert_eq!(with(text).default(), default, "{text}");
        }
    }

    #[test]
    fn a_flag_repeats_if_its_text_ends_so() {
        for (text, repeats) in [
            ("a message; may be repeated", true),
            ("repeated", true),
            ("a repeated message", false),
        ] {
            assert_eq!(with(text).repeats(), repeats, "{text}");
        }
    }

    #[test]
    fn headings_and_sentences_are_no_entries() {
        let found = entries(
            "\
tool: works [a lot]

Usage: tool [OPTIONS] [PLACE]

  PLACE                     where
                            it works [here]

Limits [as numbers]:
  -b, --bytes               as bytes
",
        );
        let read: Vec<_> = found.iter().map(|it| (it.name, it.default())).collect();
        assert_eq!(read, [("PLACE", Some("here")), ("--bytes", None)]);
    }
}
