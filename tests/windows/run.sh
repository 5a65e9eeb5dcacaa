#!/usr/bin/env bash
# What one Linux machine can show of other systems: the workspace checked for six other targets, and
# the tools built for Windows and run under Wine, their tests and plays against the Python scripts.
#
# It takes Debian's Rust, which comes with the sources of std, so that std can be built for any
# target. Where the packages are missing and cannot be installed, it says so and is skipped; with
# CI=true that is a failure.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
into=${DIALTONE_WINDOWS:-$top/target/windows}
mkdir -p "$into"
into=$(cd "$into" && pwd)

packages=(rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64-win32 wine wine64)

install() {
  dpkg -s "${packages[@]}" >/dev/null 2>&1 && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    printf 'missing, and only root on Debian can install it here: %s\n' "${packages[*]}"
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -qy --no-install-recommends "${packages[@]}" >"$into/apt.log" 2>&1 ||
    { apt-get update -q && apt-get install -qy --no-install-recommends "${packages[@]}"; } >"$into/apt.log" 2>&1
}

if ! install; then
  printf 'SKIPPED: nothing was built for other systems, and nothing was run under Wine\n'
  [ "${CI:-}" != true ]
  exit
fi

# Debian's Rust and not another that a PATH may name first. The variable lets it build std.
export PATH=/usr/bin:/bin CARGO_TARGET_DIR="$into/target" RUSTC_BOOTSTRAP=1
unset RUSTUP_TOOLCHAIN RUSTC CARGO
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=/usr/lib/wine/wine64
export WINEPREFIX="$into/wine" WINEDEBUG=-all
build_std=(-Z build-std=std,panic_unwind)
windows=x86_64-pc-windows-gnu
cd "$top"

printf '== cargo check for other systems\n'
others=(x86_64-apple-darwin aarch64-apple-darwin x86_64-unknown-freebsd
  aarch64-unknown-linux-gnu x86_64-unknown-linux-musl)
RUSTFLAGS='-D warnings' cargo check --locked --quiet "${build_std[@]}" "${others[@]/#/--target=}" \
  --workspace --exclude cross-process --bins --examples

printf '== tests under Wine\n'
if [ ! -e "$into/wine/drive_c/windows/system32/bcryptprimitives.dll" ]; then
  /usr/lib/wine/wine64 wineboot -i >/dev/null 2>&1
  x86_64-w64-mingw32-gcc -O2 -shared -nostartfiles -Wl,--entry,0 -ladvapi32 \
    -o "$into/wine/drive_c/windows/system32/bcryptprimitives.dll" tests/windows/bcryptprimitives.c -ladvapi32
fi
# One command for tests, tools and examples: Cargo builds std again where what it builds changes.
cargo test --locked --no-fail-fast "${build_std[@]}" --target "$windows" --workspace \
  --exclude cross-process 2>&1 | tee "$into/tests.log"
tests=$(grep -oE '^test result: ok\. [0-9]+' "$into/tests.log" | awk '{ n += $4 } END { print n + 0 }')

printf '== plays: Python on Linux and programs under Wine\n'
python3 tests/windows/play.py "$into/target/$windows/debug" | tee "$into/plays.log"
plays=$(grep -c '^ok ' "$into/plays.log")

printf '%s tests ran under Wine, %s pairs were played\n' "$tests" "$plays"
