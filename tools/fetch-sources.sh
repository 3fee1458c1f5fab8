#!/usr/bin/env bash
# Get the pinned MicroPython source tree, the three libraries that the rp2 port
# needs and the bitmap font of the screen, without touching the machine's own
# apt configuration.
#
#   tools/fetch-sources.sh [DEST]
#   (default DEST: $XDG_CACHE_HOME/onecard/src, ~/.cache/onecard/src)
#
# In DEST afterwards:
#   micropython-1.25.0/   upstream v1.25.0, lib/mbedtls and lib/tinyusb filled in
#   pico-sdk/             2.1.1 (a plain tree; PICO_NO_PICOTOOL=1 builds without picotool)
#   unifont.hex           GNU Unifont 15.1.01 (GPL-2+ with font exception), glyphs as text
#   env.sh                MICROPY_DIR, PICO_SDK_PATH: source it
#   VERSIONS              what was got, with sha256
#
# Where the sources come from, in this order:
#   1. $MICROPY_DIR, if set: a v1.25.0 tree of the caller's (PICO_SDK_PATH too,
#      or the tree's own lib/pico-sdk). Nothing is downloaded.
#   2. Debian: source and arch-all packages of FETCH_SUITE (trixie) on whatever
#      Debian mirror this machine's own /etc/apt names, read with a private
#      apt state under DEST. No mirror is named here.
#   3. git: the upstream tag, its commit id checked ($MICROPY_GIT_URL).
# FETCH_FROM=dir|debian|git forces one of them.
#
# What is checked: apt checks the suite's InRelease against Debian's archive
# keyring (and nothing else), the index by the InRelease, each file by the
# index; on top of that the files that must never vary are compared with the
# sha256 below. mbedtls moves with Debian's security updates, so it has a
# version pattern, no hash.
set -euo pipefail

MPY_VER=1.25.0
MPY_DEB=1.25.0+ds-1
MPY_TAR=micropython_1.25.0+ds.orig.tar.xz
MPY_SHA=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
MPY_COMMIT=f498a16c7db6d4b2de200b3e0856528dfe0613c3
SDK_DEB=2.1.1-1
SDK_SHA=507a3ca37636641bc90239d7c04dc9dc28c5008087a8162102ea94d2273153d3
FONT_DEB=1:15.1.01-1
FONT_SHA=71f15b20ca65e6b1ce5e09e2500a3751cef2847fd027e9e2262c076bebfc18a4
TUSB_DEB=0.18.0+dfsg-1
TUSB_SHA=01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e
MBEDTLS_RE='^3\.6\.'
FETCH_SUITE=${FETCH_SUITE:-trixie}
KEYRING=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
MICROPY_GIT_URL=${MICROPY_GIT_URL:-https://github.com/micropython/micropython.git}

DEST=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/onecard/src}
DEST=$(mkdir -p "$DEST" && cd "$DEST" && pwd)
STAMP="$DEST/VERSIONS"
FROM=${FETCH_FROM:-}
say() { printf '%s\n' "fetch-sources: $*" >&2; }
die() { say "$*"; exit 1; }

check_tree() { # is $1 a v1.25.0 tree?
    local f="$1/py/mpconfig.h"
    [ -f "$f" ] || return 1
    [ "$(awk '/^#define MICROPY_VERSION_(MAJOR|MINOR|MICRO|PRERELEASE) /{printf "%s.", $3}' "$f")" = "${MPY_VER}.0." ]
}

write_env() { # MICROPY_DIR PICO_SDK_PATH
    {   printf 'export MICROPY_DIR=%q\n' "$1"
        printf 'export PICO_SDK_PATH=%q\n' "$2"
        printf 'export UNIFONT_HEX=%q\n' "${UNIFONT_HEX:-$DEST/unifont.hex}"
    } > "$DEST/env.sh.tmp"
    mv "$DEST/env.sh.tmp" "$DEST/env.sh"
}

from_dir() {
    check_tree "$MICROPY_DIR" || die "MICROPY_DIR=$MICROPY_DIR is not a MicroPython $MPY_VER tree"
    local m sdk
    m=$(cd "$MICROPY_DIR" && pwd)
    sdk=${PICO_SDK_PATH:-$m/lib/pico-sdk}
    [ -f "$sdk/pico_sdk_init.cmake" ] || { say "no pico-sdk at $sdk: the rp2 port will not build"; sdk=; }
    write_env "$m" "$sdk"
    printf 'source: directory\nmicropython %s\n' "$MPY_VER" > "$STAMP"
}

# One deb822 stanza from the machine's own apt sources: the URIs of every
# source that carries this release of Debian itself, for another suite.
derive_sources() { # SUITE KEYRING
    python3 - "$1" "$2" <<'PY'
import glob, re, sys
suite, keyring = sys.argv[1:3]
osr = dict(l.rstrip("\n").replace('"', "").split("=", 1) for l in open("/etc/os-release") if "=" in l)
if osr.get("ID") != "debian":
    sys.exit("not Debian")
have = {osr.get("VERSION_CODENAME", "?"), suite, "stable", "testing", "unstable", "sid"}
uris = []
def add(us, suites, comps):
    if have & {s.strip("/") for s in suites} and "main" in comps:
        uris.extend(u for u in us if not u.startswith("cdrom:") and u not in uris)
for f in sorted(glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*.list")):
    for l in open(f, errors="replace"):
        m = re.match(r"\s*deb(?:-src)?\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", l)
        if m:
            add([m[1]], [m[2]], m[3].split())
for f in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
    text = "\n".join(l for l in open(f, errors="replace").read().split("\n") if not l.startswith("#"))
    for para in re.split(r"\n\s*\n", text):
        d = {k.lower(): v.split() for k, v in re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", para)}
        if d.get("enabled", ["yes"])[0].lower() not in ("no", "false", "0"):
            add(d.get("uris", []), d.get("suites", []), d.get("components", []))
if not uris:
    sys.exit("no Debian mirror in /etc/apt")
print("Types: deb deb-src\nURIs:", " ".join(uris), "\nSuites:", suite, "\nComponents: main\nSigned-By:", keyring)
PY
}

from_debian() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { say "no apt-get/dpkg-deb here"; return 1; }
    [ -r "$KEYRING" ] || { say "no $KEYRING (package debian-archive-keyring)"; return 1; }
    local a="$DEST/apt" dl="$DEST/dl" t="$DEST/tmp"
    rm -rf "$t"; mkdir -p "$a/lists/partial" "$a/cache/archives/partial" "$a/empty" "$dl" "$t"
    : > "$a/status"
    derive_sources "$FETCH_SUITE" "$KEYRING" > "$a/debian.sources" || { say "no Debian mirror found in /etc/apt"; return 1; }
    # Command-line options win over every file under /etc/apt; proxies and
    # credentials that the machine has set there still apply.
    local -a o=(-q -o "Dir::State=$a" -o "Dir::State::status=$a/status" -o "Dir::State::lists=$a/lists"
        -o "Dir::Cache=$a/cache" -o "Dir::Etc::sourcelist=$a/debian.sources" -o "Dir::Etc::sourceparts=$a/empty"
        -o "Dir::Etc::preferences=/dev/null" -o "Dir::Etc::preferencesparts=$a/empty"
        -o "Dir::Etc::trusted=/dev/null" -o "Dir::Etc::trustedparts=$a/empty"
        -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false
        -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any)
    [ "$(id -u)" != 0 ] || o+=(-o APT::Sandbox::User=root)
    say "reading the $FETCH_SUITE index"
    apt-get "${o[@]}" update >"$a/update.log" 2>&1 || { tail -n 3 "$a/update.log" | sed 's#//[^/ ]*#//(mirror)#g' >&2; return 1; }
    local mb
    mb=$(apt-cache "${o[@]}" showsrc mbedtls | awk '/^Version:/{print $2}' | grep -E "$MBEDTLS_RE" | sort -V | tail -n 1)
    [ -n "$mb" ] || { say "$FETCH_SUITE has no mbedtls that fits $MBEDTLS_RE"; return 1; }
    say "downloading micropython $MPY_DEB, mbedtls $mb, pico-sdk $SDK_DEB, tinyusb $TUSB_DEB, unifont $FONT_DEB"
    ( cd "$dl"
      apt-get "${o[@]}" source --download-only --only-source "micropython=$MPY_DEB" "mbedtls=$mb"
      apt-get "${o[@]}" download "pico-sdk-source=$SDK_DEB" "tinyusb-source=$TUSB_DEB" "unifont=$FONT_DEB"
    ) >"$a/download.log" 2>&1 || { tail -n 3 "$a/download.log" | sed 's#//[^/ ]*#//(mirror)#g' >&2; return 1; }
    local mbtar sdkdeb tusbdeb fontdeb
    mbtar=$(ls "$dl/mbedtls_${mb%-*}.orig.tar."* | grep -v '\.asc$')
    sdkdeb=$(ls "$dl/pico-sdk-source_$SDK_DEB"_all.deb)
    tusbdeb=$(ls "$dl/tinyusb-source_$TUSB_DEB"_all.deb)
    fontdeb=$(ls "$dl"/unifont_*"${FONT_DEB#*:}"_*.deb)
    printf '%s  %s\n' "$FONT_SHA" "$fontdeb" "$MPY_SHA" "$dl/$MPY_TAR" "$SDK_SHA" "$sdkdeb" "$TUSB_SHA" "$tusbdeb" | sha256sum --quiet -c - \
        || die "a downloaded file differs from the pinned sha256"
    # The .orig tarball alone: it is upstream's tree (Debian took out one cc3200
    # binary). Debian's own patches would link the system's mbedtls: not wanted.
    tar -C "$t" -xf "$dl/$MPY_TAR"
    local m="$t/micropython-$MPY_VER"
    check_tree "$m" || die "the tarball is not MicroPython $MPY_VER"
    mkdir -p "$m/lib/mbedtls" "$t/x"
    tar -C "$m/lib/mbedtls" --strip-components=1 -xf "$mbtar"
    dpkg-deb -x "$sdkdeb" "$t/x"; dpkg-deb -x "$tusbdeb" "$t/x"; dpkg-deb -x "$fontdeb" "$t/x"
    cp -a "$t/x/usr/src/tinyusb/." "$m/lib/tinyusb/"
    # micropython-lib is not packaged; this file makes the build's own check pass.
    echo "placeholder: micropython-lib is not here, no require() in manifests" > "$m/lib/micropython-lib/README.md"
    mv "$t/x/usr/share/unifont/unifont.hex" "$DEST/unifont.hex"
    rm -rf "$DEST/micropython-$MPY_VER" "$DEST/pico-sdk"
    mv "$m" "$DEST/"; mv "$t/x/usr/src/pico-sdk" "$DEST/pico-sdk"; rm -rf "$t"
    write_env "$DEST/micropython-$MPY_VER" "$DEST/pico-sdk"
    { echo "source: debian $FETCH_SUITE"; (cd "$dl" && sha256sum "$MPY_TAR" "$(basename "$mbtar")" "$(basename "$sdkdeb")" "$(basename "$tusbdeb")" "$(basename "$fontdeb")"); } > "$STAMP"
}

from_git() {
    local m="$DEST/micropython-$MPY_VER"
    rm -rf "$m.tmp"
    export GIT_TERMINAL_PROMPT=0
    git -c advice.detachedHead=false clone --quiet --depth 1 --branch "v$MPY_VER" "$MICROPY_GIT_URL" "$m.tmp" || return 1
    [ "$(git -C "$m.tmp" rev-parse HEAD)" = "$MPY_COMMIT" ] || die "tag v$MPY_VER is not commit $MPY_COMMIT"
    check_tree "$m.tmp" || die "not MicroPython $MPY_VER"
    local -a sub
    read -ra sub <<<"${MICROPY_SUBMODULES-lib/mbedtls lib/tinyusb lib/pico-sdk lib/micropython-lib}"
    if [ ${#sub[@]} -gt 0 ]; then # MICROPY_SUBMODULES= : none (unix and qemu ports need none)
        git -C "$m.tmp" submodule --quiet update --init --depth 1 "${sub[@]}" || die "a submodule could not be had"
    fi
    [ -e "$m.tmp/lib/micropython-lib/README.md" ] || echo "placeholder" > "$m.tmp/lib/micropython-lib/README.md"
    rm -rf "$m"; mv "$m.tmp" "$m"
    [ -f "${UNIFONT_HEX:-}" ] || die "the git way needs UNIFONT_HEX: a unifont.hex of GNU Unifont 15"
    write_env "$m" "$m/lib/pico-sdk"
    printf 'source: git\n%s micropython\n' "$MPY_COMMIT" > "$STAMP"
}

if [ -z "$FROM" ] && [ -n "${MICROPY_DIR:-}" ]; then FROM=dir; fi
if [ "$FROM" = dir ]; then [ -n "${MICROPY_DIR:-}" ] || die "FETCH_FROM=dir needs MICROPY_DIR"; from_dir; cat "$STAMP" "$DEST/env.sh"; exit 0; fi
if [ -z "${FETCH_FORCE:-}" ] && [ -f "$STAMP" ] && [ -f "$DEST/env.sh" ] && [ -f "$DEST/unifont.hex" ] && check_tree "$DEST/micropython-$MPY_VER" \
   && { [ -z "$FROM" ] || grep -q "^source: $FROM" "$STAMP"; }; then
    say "already there"; cat "$DEST/env.sh"; exit 0
fi
case "$FROM" in
    debian) from_debian || die "Debian $FETCH_SUITE could not be used" ;;
    git)    from_git || die "git clone failed" ;;
    "")     from_debian || { say "falling back to git"; from_git || die "neither Debian $FETCH_SUITE nor git: set MICROPY_DIR"; } ;;
    *)      die "FETCH_FROM must be dir, debian or git" ;;
esac
cat "$STAMP" "$DEST/env.sh"
