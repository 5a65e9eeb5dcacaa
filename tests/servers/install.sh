#!/usr/bin/env bash
# Installs the servers of others that the tests of the internet clients talk to: those of
# requirements.txt into a virtual environment of their own, and two of Debian's, which are unpacked
# and not installed, so that none of them becomes a service of this machine.
#
# They come into the folder $DIALTONE_SERVERS, or target/servers. It needs no root, but for what is
# missing on a bare machine. What is already there stays as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${DIALTONE_SERVERS:-$here/../../target/servers}
mkdir -p "$into"
into=$(cd "$into" && pwd)

as_root() {
  if [ "$(id -u)" -ne 0 ]; then
    printf 'this needs root: %s\n' "$*" >&2
    return 1
  fi
  DEBIAN_FRONTEND=noninteractive "$@" >&2
}

python_servers() {
  cmp -s "$here/requirements.txt" "$into/python/installed" && return
  rm -rf "$into/python"
  python3 -c 'import ensurepip' 2>/dev/null ||
    { as_root apt-get update -q && as_root apt-get install -qy --no-install-recommends python3-venv; }
  python3 -m venv "$into/python"
  "$into/python/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps \
    --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$into/python/installed" # last, so that half an environment is none
}

download() {
  (cd "$work" && apt-get -o APT::Sandbox::User=root download -qq "$@" >&2)
}

debian_servers() {
  local package libraries missing=()
  for package in sn gophernicus; do
    [ -e "$into/debian/$package" ] || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # The lists of a machine may be missing or old.
  download "${missing[@]}" || { as_root apt-get update -q && download "${missing[@]}"; }
  for package in "${missing[@]}"; do
    dpkg-deb --extract "$work/${package}"_*.deb "$work/$package"
  done
  libraries=$(ldd "$work"/gophernicus/usr/sbin/gophernicus 2>/dev/null || true)
  if [[ $libraries == *'not found'* ]]; then
    as_root apt-get install -qy --no-install-recommends libwrap0
  fi
  mkdir -p "$into/debian"
  for package in "${missing[@]}"; do
    mv "$work/$package" "$into/debian/"
  done
}

python_servers
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
  debian_servers
else
  printf 'no apt-get here: sn (NNTP) and gophernicus (Gopher) stay out, and their tests are skipped\n' >&2
fi
