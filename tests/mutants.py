#!/usr/bin/env python3
"""Asks whether the tests would notice: changes the code in many small ways, and runs the tests on each.

    tests/mutants.py PART [--list] [--jobs N] [--only NUMBER ...]

PART is a name of PARTS below. A mutant is one line with one change: an operator, a number, a `true`,
a condition turned round, a statement left out. All mutants of a part are compiled into one copy of the
workspace, in target/mutants, where the variable DIALTONE_MUTANT chooses one of them when a program
starts. So nothing is compiled for each mutant. Changes that do not compile are dropped.

A mutant survives if all tests of its part pass. tests/mutants.accepted lists the survivors that are as
they should be, each with the reason. The exit status is 1 if there are others.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PLACE = TOP / "target" / "mutants"
ACCEPTED = TOP / "tests" / "mutants.accepted"

# The files of a part, and the tests that know it: package, kind, filters. The quick ones come first.
PARTS = {
    "net": (
        "crates/proto/src/net/*.rs",
        [
            ("proto", ["--lib"], ["net::", "socketserver::"]),
            ("cross-process", ["--test", "cross_process"],
             ["tcp::", "udp::", "exec_session::leaving", "exec_session::lost_clients", "exec_session::unix",
              "anywhere::"]),
        ],
    ),
    "token": (
        "crates/proto/src/token/*.rs",
        [
            ("proto", ["--lib"], ["token::"]),
            ("cross-process", ["--test", "cross_process"], ["exec_session::token_file", "anywhere::"]),
        ],
    ),
    "session": (
        "crates/proto/src/wire/session/*.rs",
        [
            ("proto", ["--lib"], ["wire::"]),
            ("proto", ["--test", "wire"], []),
            ("cross-process", ["--test", "cross_process"], ["codecs::", "exec_session::"]),
        ],
    ),
    "engine": (
        "crates/exec-server/src/engine/*.rs",
        [
            ("exec-server", ["--bin", "exec-server"], ["engine::"]),
            ("cross-process", ["--test", "cross_process"], ["exec_session::", "exec_lesson::"]),
        ],
    ),
}

SWAPS = [
    (" == ", " != "), (" != ", " == "), (" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "),
    (" && ", " || "), (" || ", " && "), (" + ", " - "), (" - ", " + "), (" * ", " / "), (" & ", " | "),
    ("true", "false"), ("false", "true"), (".min(", ".max("), (".max(", ".min("), (".is_ok()", ".is_err()"),
    (".is_err()", ".is_ok()"), (".is_some()", ".is_none()"), (".is_none()", ".is_some()"),
    (".is_ok_and(", ".is_err_and("), (".is_some_and(", ".is_none_or("), (".is_none_or(", ".is_some_and("),
    (".any(", ".all("), (".all(", ".any("), (".is_empty()", ".len() == 1"),
]
TEXT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|//.*')
MUTANT_MODULE = """
#[doc(hidden)]
#[allow(missing_docs, clippy::all)]
pub mod mutant {
    pub fn on() -> u32 {
        static ON: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
            std::env::var("DIALTONE_MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
        });
        *ON
    }
}
"""


def balanced(code):
    bare = TEXT.sub("", code)
    return all(bare.count(a) == bare.count(b) for a, b in ("()", "[]", "{}"))


def variants(code):
    """The same code with one small change, in every way that SWAPS and numbers offer."""
    texts = [match.span() for match in TEXT.finditer(code)]

    def outside(at):
        return not any(start <= at < end for start, end in texts)

    for old, new in SWAPS:
        word = r"\b" if old.isalpha() else ""
        for match in re.finditer(word + re.escape(old) + word, code):
            if outside(match.start()):
                yield code[: match.start()] + new + code[match.end():]
    for match in re.finditer(r"(?<![\w.])(\d+)(?![\w.]|\.\d)", code):
        if outside(match.start()):
            yield code[: match.start()] + str(int(match[1]) + 1) + code[match.end():]
    for match in re.finditer(r"(?<![\w)!])!(?=[\w(])", code):
        if outside(match.start()) and not code[match.end():].startswith("("):
            yield code[: match.start()] + code[match.end():]


def shapes(line, following):
    """How a line can be changed: what stands before and after its code, the code, and its changes."""
    text = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if not text or text.startswith(("//", "#", "use ", "pub", "fn ", "impl", "const ", "static ", "type ",
                                    "mod ", "struct ", "enum ", "trait ", "where", ".", "|", "match ")):
        return
    if match := re.fullmatch(r"(}? ?(?:else )?(?:if|while) )(.+)( \{)", text):
        before, code, after = match.groups()
        if not re.search(r"\blet\b", code) and balanced(code):
            yield indent + before, code, after, [f"!({code})", *variants(code)]
    elif match := re.fullmatch(r"((?:let (?:mut )?[^=]+ = |return ))(.+)(;)", text):
        before, code, after = match.groups()
        if balanced(code):
            yield indent + before, code, after, list(variants(code))
    elif match := re.fullmatch(r"([\w*(][^{}]*);", text):
        code = match[1]
        if balanced(code) and not code.startswith(("let ", "return", "break", "continue")):
            yield indent, code, ";", ["()", *variants(code)]
    elif match := re.fullmatch(r"([^=]+ => )([^{}]+)(,)", text):
        before, code, after = match.groups()
        if balanced(code) and balanced(before):
            yield indent + before, code, after, list(variants(code))
    elif balanced(text) and text[-1] not in ";,{}|" and following.strip().startswith("}"):
        yield indent, text, "", [f"!({text})", *variants(text)]


class Mutant:
    """One change of one line."""

    def __init__(self, number, name, at, shape, change):
        self.number, self.name, self.at, self.change = number, name, at, change
        self.before, self.code, self.after, _ = shape

    def __str__(self):
        return f"{self.name}: {self.code} => {self.change}"


def mutants_of(name, lines, first):
    """All changes of a file, without its tests."""
    found = []
    tests = next((n for n, line in enumerate(lines) if re.match(r"#\[cfg\(.*\btest\b", line)), len(lines))
    previous = ";"
    for at, line in enumerate(lines[:tests]):
        # Not where it goes on with the line before.
        begins = previous.endswith((";", "{", "}", ","))
        if line.strip() and not line.strip().startswith("//"):
            previous = line.strip()
        if not begins:
            continue
        following = lines[at + 1] if at + 1 < len(lines) else ""
        for shape in shapes(line, following):
            for change in dict.fromkeys(shape[3]):
                found.append(Mutant(first + len(found), name, at, shape, change))
    return found


def with_mutants(lines, mutants):
    """The file with these mutants in it, and for each of its lines the numbers of its mutants."""
    crate = "crate" if mutants and "crates/proto/" in mutants[0].name else "proto"
    made, owners = [], []
    for at, line in enumerate(lines):
        here = [mutant for mutant in mutants if mutant.at == at]
        if not here:
            made.append(line)
            owners.append([])
            continue
        all_here = [mutant.number for mutant in here]
        one = here[0]
        made.append(f"{one.before}match {crate}::mutant::on() {{")
        owners.append(all_here)
        for mutant in here:
            made.append(f"{mutant.number} => {{ {mutant.change} }}")
            owners.append([mutant.number])
        unit = ";" if one.after == ";" and not one.before.strip() else ""
        made.append(f"_ => {{ {one.code}{unit} }} }}{one.after}")
        owners.append(all_here)
    return made, owners


def cargo(tree, *words, **more):
    environment = os.environ | {"CARGO_TARGET_DIR": str(PLACE / "target"), "CARGO_PROFILE_DEV_DEBUG": "0"}
    return subprocess.run(["cargo", *words], cwd=tree, env=environment, text=True, capture_output=True, **more)


def messages(text):
    return (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def prepare(part):
    """Makes the copy with all mutants that compile; gives them."""
    pattern, tests = PARTS[part]
    tree = PLACE / part
    shutil.rmtree(tree, ignore_errors=True)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True, text=True)
    for name in filter(None, tracked.stdout.split("\0")):
        if (TOP / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, tree / name)
    with open(tree / "crates/proto/src/lib.rs", "a") as lib:
        lib.write(MUTANT_MODULE)
    original, mutants, dropped = {}, [], set()
    for path in sorted(tree.glob(pattern)):
        if "tests" not in path.stem and not path.stem.startswith("no_"):  # no_*.rs is for Windows
            name = str(path.relative_to(tree))
            original[name] = path.read_text().splitlines()
            mutants += mutants_of(name, original[name], len(mutants) + 1)
    for _ in range(30):
        owners = {}
        for name, lines in original.items():
            here = [m for m in mutants if m.name == name and m.number not in dropped]
            made, owners[name] = with_mutants(lines, here)
            (tree / name).write_text("\n".join(made) + "\n")
        checked = cargo(tree, "check", "-p", tests[0][0], "--message-format", "json")
        before = len(dropped)
        for message in messages(checked.stdout):
            if message["reason"] == "compiler-message" and message["message"]["level"] == "error":
                # What an error is about may stand some lines below its cause, and one about a whole
                # `match` names the change as its second place.
                causes = []
                for span in message["message"]["spans"]:
                    above = owners.get(span["file_name"], [])[: span["line_start"]]
                    causes.append(next((numbers for numbers in reversed(above) if numbers), []))
                dropped.update(min(filter(None, causes), key=len, default=[]))
        if checked.returncode == 0 or len(dropped) == before:
            break
    if checked.returncode != 0:
        sys.exit(f"the copy does not compile:\n{checked.stderr}")
    kept = [mutant for mutant in mutants if mutant.number not in dropped]
    print(f"{part}: {len(kept)} mutants; {len(dropped)} more do not compile", flush=True)
    return tree, kept


def executables(tree, tests):
    commands = []
    for package, kind, filters in tests:
        built = cargo(tree, "test", "--no-run", "-p", package, *kind, "--message-format", "json")
        found = [m["executable"] for m in messages(built.stdout)
                 if m["reason"] == "compiler-artifact" and m["profile"]["test"] and m["executable"]]
        if not found:
            sys.exit(f"no test of {package} could be built:\n{built.stderr}")
        folder = tree / ("tests" if package == "cross-process" else f"crates/{package}")
        commands.append(([found[-1], *filters, "--test-threads", "8"], folder))
    return commands


def failure(command, folder, number, within):
    """The test of one command that fails with this mutant, if any does. The first one ends the others,
    and tests that do not end in time have failed."""
    environment = os.environ | {"DIALTONE_MUTANT": str(number), "CARGO_TARGET_DIR": str(PLACE / "target"),
                                "CARGO_PROFILE_DEV_DEBUG": "0", "RUST_BACKTRACE": "0"}
    running = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    timer = threading.Timer(within, running.kill)
    timer.start()
    failed = next((line.strip() for line in running.stdout if line.endswith("FAILED\n")), None)
    timer.cancel()
    if failed:
        running.kill()  # What it has started ends with it.
    ended = running.wait()
    return failed or (f"exit status {ended}" if ended else None)


def accepted():
    """The accepted survivors: `FILE: CODE => CHANGE`, each below the reason, which begins with #."""
    lines = ACCEPTED.read_text().splitlines() if ACCEPTED.exists() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    parser.add_argument("--jobs", type=int, default=2, help="how many to try at a time")
    parser.add_argument("--only", type=int, nargs="+", help="try these numbers alone")
    words = parser.parse_args()
    tree, mutants = prepare(words.part)

    if words.only:
        mutants = [mutant for mutant in mutants if mutant.number in words.only]
    if words.list:
        for mutant in mutants:
            print(mutant.number, f"line {mutant.at + 1}", mutant)
        return
    commands = executables(tree, PARTS[words.part][1])
    limits = []
    for command, folder in commands:
        start = time.monotonic()
        if failed := failure(command, folder, 0, 1800):
            sys.exit(f"without any mutant: {failed}")
        limits.append(20 + 3 * (time.monotonic() - start))

    def survives(mutant):
        return not any(failure(*command, mutant.number, within)
                       for command, within in zip(commands, limits, strict=True))

    survivors, known = [], accepted()
    with concurrent.futures.ThreadPoolExecutor(words.jobs) as pool:
        runs = [(m, pool.submit(survives, m)) for m in mutants]
        for mutant, run in runs:
            if run.result():
                survivors.append(mutant)
                note = "accepted" if str(mutant) in known else "SURVIVES"
                print(f"{note} {mutant.number} line {mutant.at + 1} {mutant}", flush=True)
    new = [mutant for mutant in survivors if str(mutant) not in known]
    caught = len(mutants) - len(survivors)
    print(f"{caught} of {len(mutants)} caught, {len(survivors) - len(new)} accepted, {len(new)} not accepted")
    sys.exit(1 if new else 0)


if __name__ == "__main__":
    main()
