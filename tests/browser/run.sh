#!/usr/bin/env bash
# Builds the book, and tests it and wiretap's page in a browser. Where a part is missing it says so and
# tests nothing; with CI=true that is a failure.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DIALTONE_TOOLS=${DIALTONE_TOOLS:-$top/target/tools}

python3 "$top/docs/img/draw.py" --check
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
# Each file has ten minutes: a test that waits for ever fails.
node --test --test-timeout=600000 --test-reporter=spec "${tests[@]}"
