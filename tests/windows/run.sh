#!/usr/bin/env bash
# What one Linux machine can show of other systems: the workspace checked for five other targets, and
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
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 RUSTFLAGS='-D warnings'
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=/usr/lib/wine/wine64
export WINEPREFIX="$into/wine" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
build_std=(-Z build-std=std,panic_unwind)
windows=x86_64-pc-windows-gnu
cd "$top"

printf '== cargo check for other systems\n'
others=(x86_64-apple-darwin aarch64-apple-darwin x86_64-unknown-freebsd
  aarch64-unknown-linux-gnu x86_64-unknown-linux-musl)
cargo check --locked --quiet "${build_std[@]}" "${others[@]/#/--target=}" \
  --workspace --exclude cross-process --bins --examples

printf '== tests under Wine\n'
# Ends what Wine leaves running.
trap '/usr/lib/wine/wineserver64 -k || true' EXIT
system32="$WINEPREFIX/drive_c/windows/system32"
if [ ! -e "$system32/bcryptprimitives.dll" ]; then
  if ! timeout 300 /usr/lib/wine/wine64 wineboot -i >"$into/wineboot.log" 2>&1; then
    cat "$into/wineboot.log"
    printf 'Wine could not make its folder %s\n' "$WINEPREFIX"
    exit 1
  fi
  x86_64-w64-mingw32-gcc -O2 -shared -nostartfiles -Wl,--entry,0 \
    -o "$system32/bcryptprimitives.dll" tests/windows/bcryptprimitives.c -ladvapi32
fi
# Where Wine differs from Windows, and the tests that see it.
wine=(
  # Shutting down a socket for reading does not wake a blocked read. On Windows it does: std's own
  # test close_read_wakes_up.
  shutdown_wakes_accept_and_ends_the_input_of_idle_handlers
  # A UDP socket gets an ICMP error only at its next send.
  a_connected_socket_learns_that_no_server_is_there
  an_icmp_error_from_a_client_that_left_does_not_stop_the_loop
  the_next_address_is_tried_if_one_refuses
  a_closed_port_is_an_error_at_once
  # A UDP socket is bound to every address, whichever is asked for.
  endpoints_that_cannot_be_bound_are_refused
  of_several_addresses_the_one_in_use_is_chosen
)
# Both by `cargo test`: std would be built again for `cargo build`. The first builds the examples, too.
cargo_test=(cargo test --locked --quiet "${build_std[@]}" --target "$windows" --workspace --exclude cross-process)
"${cargo_test[@]}" --no-run
timeout 1200 "${cargo_test[@]}" --no-fail-fast --lib --bins --tests -- "${wine[@]/#/--skip=}" \
  2>&1 | tee "$into/tests.log"
tests=$(grep -oE '^test result: ok\. [0-9]+' "$into/tests.log" | awk '{ n += $4 } END { print n + 0 }')

printf '== plays: Python on Linux and programs under Wine\n'
python3 tests/windows/play.py "$CARGO_TARGET_DIR/$windows/debug" | tee "$into/plays.log"
plays=$(grep -c '^ok ' "$into/plays.log")

printf '%s tests ran under Wine (%s were skipped, because Wine differs from Windows), %s pairs were played\n' \
  "$tests" "${#wine[@]}" "$plays"
