#!/bin/sh
# `cargo run -q -p PACKAGE [--example NAME] [-- ARGS]` in a transcript: the program, which is built
# already. Without a port or an endpoint, a script of the lesson or a tool gets the one that stands
# for its default.

no() {
  echo "a transcript has \`cargo run -q -p PACKAGE [--example NAME] [-- ARGS]\` and no other cargo: $1" >&2
  exit 101
}

# The reader's own package of chapter 13: its source is one of the steps, which are built already.
if [ "$1 $2" = 'new -q' ]; then
  exec mkdir -p "$3/src"
fi
if [ "$*" = 'run -q' ]; then
  for step in "$DIALTONE_TOP"/docs/chat/[1-9]_*.rs; do
    name=${step##*/}
    cmp -s "$step" src/main.rs &&
      exec "$DIALTONE_PROGRAMS/examples/chat_${name%.rs}" "127.0.0.1:$DIALTONE_PORT_8080"
  done
fi

[ "$1 $2 $3" = 'run -q -p' ] || no "$*"
package=$4
shift 4
folder=$DIALTONE_PROGRAMS
name=$package
if [ "$1" = --example ]; then
  name=$2
  folder=$folder/examples
  shift 2
  grep -q "\"$name\"" "tests/Cargo.toml" || [ -f "crates/$package/examples/$name.rs" ] ||
    no "$package has no example $name"
fi
if [ $# -gt 0 ]; then
  [ "$1" = -- ] || no "$1"
  shift
fi

case $name in
  exec* | length* | header*) port=$DIALTONE_PORT_8000 ;;
  *) port=$DIALTONE_PORT_8080 ;;
esac
if [ "$name" != "$package" ]; then
  [ $# -gt 0 ] || [ ! -f "crates/$package/examples/$name.py" ] || set -- "$port"
else
  endpoint=
  for word; do
    case $word in
      *:[0-9]* | unix:*) endpoint=$word ;;
    esac
  done
  [ -n "$endpoint" ] || set -- "$@" "127.0.0.1:$port"
fi
exec "$folder/$name" "$@"
