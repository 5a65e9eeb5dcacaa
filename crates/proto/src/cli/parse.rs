//! Parses a command line into options, by the tool's help text.

use std::ffi::{OsStr, OsString};

use super::entry::Entry;
use super::tool::Tool;
use super::values::{not_unicode, shown};
use crate::sys::without_start;

/// What a command line asks for.
#[derive(Debug)]
pub(super) enum Asked<O> {
    /// Do the work with these options.
    Work(O),
    /// Show the help.
    Help,
    /// Show the version.
    Version,
}

/// Parses the arguments, without the program's name. An error names the flag and the value.
pub(super) fn parse<O: Default>(
    tool: &Tool<O>,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Asked<O>, String> {
    let mut options = O::default();
    let entries = tool.entries();
    for entry in &entries {
        if let Some(default) = entry.default() {
            set(tool, &mut options, entry, default.as_ref())?;
        }
    }
    let (flags, operands): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|e| e.is_flag());
    let mut operands = operands.as_slice();
    let mut given: Vec<&str> = Vec::new();
    let mut only_operands = false;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" && !only_operands {
            only_operands = true;
            continue;
        }
        let in_rest = operands
            .first()
            .is_some_and(|entry| takes_rest(tool, entry));
        let is_flag =
            !in_rest && !only_operands && word.len() > 1 && word.as_encoded_bytes()[0] == b'-';
        if !is_flag {
            let Some((operand, later)) = operands.split_first() else {
                let hint = match word.to_str().map(str::parse::<u16>) {
                    Some(Ok(_)) => " (host and port are one word, HOST:PORT)",
                    _ => "",
                };
                return Err(format!("unexpected argument {}{hint}", shown(&word)));
            };
            match in_rest {
                true => only_operands = true,
                false => operands = later,
            }
            given.push(operand.name);
            set(tool, &mut options, operand, &word)?;
            continue;
        }
        if word == "--help" || word == "-h" {
            return Ok(Asked::Help);
        }
        if word == "--version" || word == "-V" {
            return Ok(Asked::Version);
        }
        let (name, joined) = split(&word)?;
        let flag = flags
            .iter()
            .find(|flag| [flag.name, flag.short].map(str::as_bytes).contains(&name))
            .ok_or_else(|| format!("unknown flag {}", shown(&word)))?;
        if !flag.repeats() && given.contains(&flag.name) {
            return Err(format!("{} was given twice", flag.name));
        }
        given.push(flag.name);
        let value = match (flag.value, joined) {
            ("", None) => OsString::new(),
            ("", Some(value)) => {
                let value = shown(&value);
                return Err(format!("{} takes no value, and got {value}", flag.name));
            }
            (_, Some(value)) => value,
            (value, None) => words
                .next()
                .ok_or_else(|| format!("{} needs its {value}", flag.name))?,
        };
        set(tool, &mut options, flag, &value)?;
    }
    if let Some(check) = tool.check {
        check(&options, &given)?;
    }
    Ok(Asked::Work(options))
}

fn set<O>(tool: &Tool<O>, options: &mut O, entry: &Entry, value: &OsStr) -> Result<(), String> {
    (tool.set)(options, entry.name, value).map_err(|why| format!("{}: {why}", entry.name))
}

/// Whether the usage line shows that an operand takes all remaining words.
fn takes_rest<O>(tool: &Tool<O>, operand: &Entry) -> bool {
    tool.usage().contains(&format!("{} ...", operand.name))
}

/// The name in a word that begins with a dash, and the value after its `=`.
fn split(word: &OsStr) -> Result<(&[u8], Option<OsString>), String> {
    let bytes = word.as_encoded_bytes();
    match bytes.iter().position(|&b| b == b'=') {
        Some(at) if bytes.starts_with(b"--") => {
            let value = without_start(word, at + 1).ok_or_else(|| not_unicode(word))?;
            Ok((&bytes[..at], Some(value)))
        }
        _ => Ok((bytes, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Debug, PartialEq)]
    struct Options {
        loud: bool,
        size: usize,
        names: Vec<String>,
        place: String,
        rest: Vec<String>,
    }

    fn set(options: &mut Options, name: &str, value: &OsStr) -> Result<(), String> {
        let text = value.to_string_lossy().into_owned();
        match name {
            "--loud" => options.loud = true,
            "--size" => options.size = text.parse().map_err(|_| format!("{text:?} is odd"))?,
            "--name" => options.names.push(text),
            "PLACE" => options.place = text,
            "WORD" => options.rest.push(text),
            _ => unreachable!("{name}"),
        }
        Ok(())
    }

    const PLACE: &str = "\
Usage: tool [OPTIONS] [PLACE]

  PLACE                     where [here]
";
    const PLACE_AND_WORDS: &str = "\
Usage: tool [OPTIONS] [PLACE [WORD ...]]

  PLACE                     where [here]
  WORD                      what
";
    const FLAGS: &str = "
Flags:
  -l, --loud                say more
  --size N                  how much [7]
  --name TEXT               who; may be repeated
";
    const ONE: Tool<Options> = Tool::new("tool", &[PLACE, FLAGS], set);
    const WITH_REST: Tool<Options> = Tool::new("tool", &[PLACE_AND_WORDS, FLAGS], set);

    fn parsed(tool: &Tool<Options>, words: &[&str]) -> Result<Options, String> {
        match parse(tool, words.iter().map(OsString::from)) {
            Ok(Asked::Work(options)) => Ok(options),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error),
        }
    }

    #[test]
    fn defaults_apply_unless_a_value_is_given() {
        let options = parsed(&ONE, &[]).unwrap();
        assert_eq!((options.size, options.place.as_str()), (7, "here"));
        let options = parsed(
            &ONE,
            &["--size=9", "-l", "there", "--name", "a", "--name=b"],
        );
        let options = options.unwrap();
        assert_eq!((options.size, options.loud), (9, true));
        assert_eq!(options.place, "there");
        assert_eq!(options.names, ["a", "b"]);
    }

    #[test]
    fn errors_name_the_flag_and_the_value() {
        for (words, error) in [
            (&["--size"][..], "--size needs its N"),
            (&["--size", "x"], "--size: \"x\" is odd"),
            (&["--size", "1", "--size", "2"], "--size was given twice"),
            (&["-l", "--loud"], "--loud was given twice"),
            (&["--loud=yes"], "--loud takes no value, and got \"yes\""),
            (&["--nope"], "unknown flag \"--nope\""),
            (&["-x"], "unknown flag \"-x\""),
            (&["a", "b\n"], r#"unexpected argument "b\n""#),
            (
                &["a", "80"],
                r#"unexpected argument "80" (host and port are one word, HOST:PORT)"#,
            ),
        ] {
            assert_eq!(parsed(&ONE, words).unwrap_err(), error);
        }
    }

    #[test]
    fn values_and_operands_after_double_dash_may_begin_with_a_dash() {
        assert_eq!(parsed(&ONE, &["--name", "-l"]).unwrap().names, ["-l"]);
        assert_eq!(parsed(&ONE, &["--", "--loud"]).unwrap().place, "--loud");
        assert_eq!(parsed(&ONE, &["-"]).unwrap().place, "-");
    }

    #[test]
    fn the_rest_operand_takes_flags_too() {
        let options = parsed(&WITH_REST, &["-l", "host", "ls", "--size", "-l", "--help"]).unwrap();
        assert_eq!(options.place, "host");
        assert_eq!(options.rest, ["ls", "--size", "-l", "--help"]);
        assert_eq!(options.size, 7);
        // The first `--` ends our flags, even after the first operand; a later one belongs to the
        // command.
        for (words, rest) in [
            (&["host", "--", "-l"][..], &["-l"][..]),
            (&["host", "--", "--", "x"], &["--", "x"]),
            (&["host", "ls", "--", "x"], &["ls", "--", "x"]),
            (&["--", "host", "--"], &["--"]),
        ] {
            assert_eq!(parsed(&WITH_REST, words).unwrap().rest, rest);
        }
    }

    #[test]
    fn help_and_version_win_over_what_follows() {
        assert_eq!(parsed(&ONE, &["--help", "--nope"]).unwrap_err(), "Help");
        assert_eq!(parsed(&ONE, &["-V"]).unwrap_err(), "Version");
    }

    #[test]
    fn the_check_gets_the_names_that_were_given() {
        let tool = Tool {
            check: Some(|o: &Options, given| Err(format!("{} {given:?}", o.size))),
            ..WITH_REST
        };
        for (words, error) in [
            (&[][..], "7 []"),
            (&["-l", "--size=7"], r#"7 ["--loud", "--size"]"#),
            (
                &["--name=a", "here", "x"],
                r#"7 ["--name", "PLACE", "WORD"]"#,
            ),
        ] {
            assert_eq!(parsed(&tool, words).unwrap_err(), error);
        }
    }
}
