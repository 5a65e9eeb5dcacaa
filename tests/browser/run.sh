#!/usr/bin/env bash
# Builds the book, and tests it and wiretap's page in a browser. Where a part is missing it says so and
# tests nothing; with CI=true that is a failure.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DIALTONE_TOOLS=${DIALTONE_TOOLS:-$top/target/tools}

if command -v python3 >/dev/null; then
  python3 "$top/docs/img/draw.py" --check
elif [ "${CI:-}" = true ]; then
  printf 'no Python 3: the pictures of the book cannot be compared with their script\n' >&2
  exit 1
else
  printf 'skipped, because there is no Python 3: the pictures of the book and their script\n'
fi
if ! "$top/tests/browser/install.sh"; then
  printf 'the book is not tested: not all that its tests need could be installed\n'
  [ "${CI:-}" != true ]
  exit
fi
cargo build --quiet --locked -p wiretap -p tcp-server # the tests of wiretap's page run them
rm -rf "$top/target/book"
"$DIALTONE_TOOLS/bin/mdbook" build "$top/docs" --dest-dir "$top/target/book"
tests=("$top/tests/browser/"*.test.cjs)
[ -z "${DOCS_PAGE:-}" ] || tests=("$top/tests/browser/"{pages,blocks}.test.cjs)
newer_node=$(echo "$DIALTONE_TOOLS"/node/node_modules/node-linux-*/bin)
[ ! -x "$newer_node/node" ] || PATH=$newer_node:$PATH
# A test that waits for ever fails.
timeout 20m node --test --test-reporter=spec "${tests[@]}"
