#!/usr/bin/env bash
# Installs what builds the book and what tests it in a browser, into $DIALTONE_TOOLS or target/tools:
# mdBook in one version, and the npm packages of package-lock.json. Chromium and the Chinese fonts are
# Debian's packages. What is already there stays as it is.
set -euo pipefail
mdbook=0.5.4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${DIALTONE_TOOLS:-$here/../../target/tools}
mkdir -p "$into"
into=$(cd "$into" && pwd)

debian() {
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    printf 'missing, and only root on Debian can install it here: %s\n' "$*" >&2
    return 1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >&2 ||
    { apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >&2; }
}

if [ "$("$into/bin/mdbook" --version 2>/dev/null || true)" != "mdbook v$mdbook" ]; then
  cargo install mdbook --version "$mdbook" --locked --quiet --no-default-features --features search --root "$into"
fi
[ "${1:-}" != mdbook ] || exit 0 # all that a writer needs

command -v npm >/dev/null || debian nodejs npm
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then # Debian 12 has 18
  npm install --prefix "$into/node" --silent --no-audit --no-fund "node-linux-$(node -p process.arch)@20" >&2
fi
command -v chromium >/dev/null || debian chromium
[[ $(fc-list) == *'Noto Sans CJK SC'* ]] || debian fontconfig fonts-noto-cjk
[[ $(fc-list) == *'DejaVu Sans Mono'* ]] || debian fonts-dejavu-core
if ! cmp -s "$here/package-lock.json" "$into/browser/installed"; then
  mkdir -p "$into/browser"
  cp "$here/package.json" "$here/package-lock.json" "$into/browser/"
  npm ci --prefix "$into/browser" --silent --no-audit --no-fund >&2
  cp "$here/package-lock.json" "$into/browser/installed" # last, so that half of them are none
fi
