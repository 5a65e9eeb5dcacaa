#!/bin/sh
# python3 in a transcript. An example without a port gets the one that stands for its default.

case "$# $1" in
  '1 crates/exec-'*/examples/*.py) set -- "$1" "$DIALTONE_PORT_8000" ;;
  '1 crates/'*/examples/*.py) set -- "$1" "$DIALTONE_PORT_8080" ;;
esac
exec "$DIALTONE_PYTHON" "$@"
