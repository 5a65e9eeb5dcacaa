//! Parses a command line into options, by the tool's table.

use std::ffi::{OsStr, OsString};

use super::flags::{Effect, Flag, Set, Tool};
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
    let mut options = defaults(tool)?;
    let mut given: Vec<&str> = Vec::new();
    let mut operands = tool.operands;
    let mut only_operands = false;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" && !only_operands {
            only_operands = true;
            continue;
        }
        let in_rest = operands.first().is_some_and(|operand| operand.rest);
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
            match operand.rest {
                true => only_operands = true,
                false => operands = later,
            }
            set(&mut options, operand.name, operand.set, &word)?;
            continue;
        }
        if word == "--help" || word == "-h" {
            return Ok(Asked::Help);
        }
        if word == "--version" || word == "-V" {
            return Ok(Asked::Version);
        }
        let (flag, joined) = find(tool, &word)?;
        if !flag.repeats && given.contains(&flag.name) {
            return Err(format!("--{} was given twice", flag.name));
        }
        given.push(flag.name);
        match (&flag.effect, joined) {
            (Effect::Switch(turn_on), None) => turn_on(&mut options),
            (Effect::Switch(_), Some(value)) => {
                let value = shown(&value);
                return Err(format!("--{} takes no value, and got {value}", flag.name));
            }
            (Effect::Value { name, set: store }, joined) => {
                let Some(value) = joined.or_else(|| words.next()) else {
                    return Err(format!("--{} needs its {name}", flag.name));
                };
                set(&mut options, &format!("--{}", flag.name), *store, &value)?;
            }
        }
    }
    Ok(Asked::Work(options))
}

fn set<O>(options: &mut O, name: &str, set: Set<O>, value: &OsStr) -> Result<(), String> {
    set(options, value).map_err(|why| format!("{name}: {why}"))
}

/// Sets the defaults with the same functions as a user's values, so that the table is their only
/// place.
fn defaults<O: Default>(tool: &Tool<O>) -> Result<O, String> {
    let mut options = O::default();
    let flags = tool.flags().filter_map(|flag| match flag.effect {
        Effect::Value { set, .. } => Some((flag.name, flag.default, set)),
        Effect::Switch(_) => None,
    });
    let operands = tool.operands.iter().map(|it| (it.name, it.default, it.set));
    for (name, default, store) in flags.chain(operands) {
        if let Some(text) = default {
            set(&mut options, name, store, OsStr::new(text))?;
        }
    }
    Ok(options)
}

/// The flag that a word names, and the value after its `=`.
fn find<O>(tool: &Tool<O>, word: &OsStr) -> Result<(&'static Flag<O>, Option<OsString>), String> {
    let bytes = word.as_encoded_bytes();
    let found = if let Some(long) = bytes.strip_prefix(b"--") {
        let (name, value) = match long.iter().position(|&b| b == b'=') {
            Some(at) => {
                let value = without_start(word, "--=".len() + at);
                let value = value.ok_or_else(|| not_unicode(word))?;
                (&long[..at], Some(value))
            }
            None => (long, None),
        };
        tool.flags()
            .find(|flag| flag.name.as_bytes() == name)
            .map(|flag| (flag, value))
    } else {
        tool.flags()
            .find(|flag| flag.short.is_some_and(|c| bytes[1..] == [c as u8]))
            .map(|flag| (flag, None))
    };
    found.ok_or_else(|| format!("unknown flag {}", shown(word)))
}

#[cfg(test)]
mod tests {
    use super::super::flags::{Group, Operand};
    use super::*;

    #[derive(Default, Debug, PartialEq)]
    struct Options {
        loud: bool,
        size: usize,
        names: Vec<String>,
        place: String,
        rest: Vec<String>,
    }

    fn text(value: &OsStr) -> String {
        value.to_string_lossy().into_owned()
    }

    const FLAGS: &[Flag<Options>] = &[
        Flag::switch("loud", "say more", |o: &mut Options| o.loud = true).short('l'),
        Flag::value("size", "N", "how much", |o: &mut Options, v| {
            o.size = text(v)
                .parse()
                .map_err(|_| format!("{} is odd", shown(v)))?;
            Ok(())
        })
        .default("7"),
        Flag::value("name", "TEXT", "who", |o: &mut Options, v| {
            o.names.push(text(v));
            Ok(())
        })
        .repeats(),
    ];

    const PLACE: Operand<Options> = Operand {
        name: "PLACE",
        default: Some("here"),
        rest: false,
        help: "where",
        set: |o, v| {
            o.place = text(v);
            Ok(())
        },
    };

    const REST: Operand<Options> = Operand {
        name: "WORD",
        default: None,
        rest: true,
        help: "what",
        set: |o, v| {
            o.rest.push(text(v));
            Ok(())
        },
    };

    const ONE: Tool<Options> = Tool {
        name: "tool",
        about: "tries",
        operands: &[PLACE],
        groups: &[Group {
            title: "All",
            flags: FLAGS,
        }],
        examples: &[],
        failure_status: 1,
    };

    const WITH_REST: Tool<Options> = Tool {
        operands: &[PLACE, REST],
        ..ONE
    };

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
}
