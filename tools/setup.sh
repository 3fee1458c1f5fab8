#!/usr/bin/env bash
# Everything a fresh Debian 12 machine needs: Debian packages, the virtual environment with the C
# core, the pinned sources, the firmware of $BOARDS (default: unix). FOR=tests: also what the tests
# need; FOR=scale: PostgreSQL and Spark. Each step looks first whether it is done already.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/onecard
mkdir -p "$cache" build
total=4
step() { printf '\033[1m[%s/%s]\033[0m %s\n' "$1" "$total" "$2"; }
quietly() { # run a command, show its output only if it fails
    local log=build/setup.log
    "$@" >"$log" 2>&1 || { tail -n 20 "$log"; echo "failed: $* (whole log: $log)"; exit 1; }
}

has_headers() { "$1" -c 'import os, sysconfig; raise SystemExit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))'; }

step 1 "Debian packages"
packages=()
need() { command -v "$1" >/dev/null || packages+=("${@:2}"); }
need python3 python3
need gcc gcc libc6-dev
need make make
need git git
need cmake cmake
need ninja ninja-build
need xz xz-utils
need bzip2 bzip2
need arm-none-eabi-gcc gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib
[ -f /usr/include/stdio.h ] || packages+=(libc6-dev)
if command -v python3 >/dev/null; then
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
    has_headers python3 || packages+=(python3-dev)
else
    packages+=(python3-venv python3-dev)
fi
need nfc-list libnfc-bin
need nfc-poll libnfc-examples
[ -d /usr/include/newlib ] || packages+=(libnewlib-arm-none-eabi)
ls /usr/lib/arm-none-eabi/newlib/libstdc++.a >/dev/null 2>&1 || packages+=(libstdc++-arm-none-eabi-newlib)
if [ "${FOR:-}" = tests ]; then # other cores, fuzzing, the constant-time check
    need riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf
    need qemu-system-arm qemu-system-arm
    need qemu-system-riscv32 qemu-system-misc
    need valgrind valgrind
    need clang clang
    need openssl openssl
    need pcsc_scan pcsc-tools # a list of real cards' ATRs
    need pcscd pcscd
    [ -x /usr/sbin/mosquitto ] || packages+=(mosquitto) # started by tests alone
    need opensc-tool opensc
    need vicc vsmartcard-vpicc
    need chromium chromium # the bench's page
    [ -d /usr/share/fonts/truetype/wqy ] || packages+=(fonts-wqy-microhei)
    [ -f /etc/reader.conf.d/vpcd ] || packages+=(vsmartcard-vpcd)
    [ -f /usr/lib/python3/dist-packages/smartcard/ATR.py ] || packages+=(python3-pyscard)
    [ -d /usr/lib/picolibc/riscv64-unknown-elf ] || packages+=(picolibc-riscv64-unknown-elf)
    ls /usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 || packages+=(libclang-rt-14-dev)
    # for the 32-bit unix port; without multilib -m32 still names the 64-bit libgcc: only a link tells
    echo '#include <stdio.h>
int main(void) { return puts(""); }' | gcc -m32 -xc - -o /dev/null 2>/dev/null || packages+=(gcc-multilib)
fi
if [ "${FOR:-}" = scale ]; then
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
    need java openjdk-17-jre-headless
    need setpriv util-linux
fi
if [ ${#packages[@]} -gt 0 ]; then
    echo "      installing: ${packages[*]}"
    command -v apt-get >/dev/null || { echo "no apt-get here: install these by hand, then run again"; exit 1; }
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    export DEBIAN_FRONTEND=noninteractive
    quietly $sudo apt-get update
    quietly $sudo apt-get install -y --no-install-recommends "${packages[@]}"
else
    echo "      all there"
fi

step 2 "virtual environment"
stamp=build/venv.stamp
state=$(cat pyproject.toml requirements.lock setup.py native/cpython/*.[cp]* native/*/oc_*.[ch] | sha256sum)
if [ -x .venv/bin/onecard ] && [ "$(cat $stamp 2>/dev/null)" = "$state" ]; then
    echo "      up to date"
else
    [ -x .venv/bin/python ] || quietly python3 -m venv .venv
    echo "      installing the packages of pyproject.toml and compiling the C core"
    pip=(.venv/bin/python -m pip --disable-pip-version-check install)
    quietly "${pip[@]}" --require-hashes -r requirements.lock
    quietly "${pip[@]}" --no-deps --no-build-isolation -e .
    echo "$state" >$stamp
fi

also() { # a folder's own list of packages, each without what it depends on
    [ "$(cat ".venv/$1.stamp" 2>/dev/null)" = "$(sha256sum <"tests/$1/requirements.txt")" ] && return
    quietly .venv/bin/python -m pip --disable-pip-version-check install --require-hashes --no-deps "${@:2}" -r "tests/$1/requirements.txt"
    sha256sum <"tests/$1/requirements.txt" >".venv/$1.stamp"
}
case ${FOR:-} in
tests) also peers ;;
scale) also scale --no-build-isolation ;; # Spark is a source archive: its build uses the locked setuptools
esac

step 3 "pinned sources (MicroPython 1.25.0, pico-sdk, GNU Unifont)"
quietly tools/fetch-sources.sh "$cache/src"
sed -n 's/^source: /      from /p' "$cache/src/VERSIONS"

step 4 "firmware"
for board in ${BOARDS:-unix}; do
    .venv/bin/onecard build "$board" | sed 's/^/      /'
done
