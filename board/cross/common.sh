# What every step of cross-compile.sh uses. Sourced, never run: needs $here and $cache.
# shellcheck shell=sh

pins=$here/board/cross/pins
snapshot=http://snapshot.debian.org/archive

fail() {
    printf 'cross-compile.sh: %s\n' "$*" >&2
    exit 1
}

say() { printf '%s\n' "$*"; }

# Every tool is asked for before the first download.
require() {
    for tool; do
        command -v "$tool" >/dev/null || missing="${missing:-} $tool"
    done
    [ -z "${missing:-}" ] || fail "not found on the PATH:$missing;" \
        "on Debian: apt-get install curl dpkg-dev make patch perl binutils xz-utils," \
        "and the Swift 6.3 toolchain of swift.org"
}

# fetch PATH SHA-256: prints the file in the cache that holds what the pin names.
fetch() {
    file=$cache/downloads/${1##*/}
    if [ ! -f "$file" ]; then
        mkdir -p "$cache/downloads"
        part=$file.part
        say "  fetching ${1##*/}" >&2
        curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 \
            --output "$part" "${DEBIAN_MIRROR:-http://deb.debian.org}/$1" 2>"$part.log" ||
            from_snapshot "$1" "$part" ||
            fail "could not fetch $1: $(tail -n 1 "$part.log"); is the network up? DEBIAN_MIRROR" \
                "names another archive; a package that is gone for good needs board/cross/update-pins"
        got=$(sha256sum "$part" | cut -d' ' -f1)
        [ "$got" = "$2" ] || {
            rm -f "$part"
            fail "$1 has SHA-256 $got, board/cross/pins says $2: a broken download (run again)" \
                "or another file than the one that was pinned (do not use it)"
        }
        rm -f "$part.log"
        mv "$part" "$file"
    fi
    printf '%s\n' "$file"
}

# An archive keeps the newest version alone; every one is kept under the day of the pins.
from_snapshot() {
    day=$(sed -n 's/^date //p' "$pins")
    curl --fail --silent --show-error --location --retry 1 --connect-timeout 20 --output "$2" \
        "$snapshot/${1%%/*}/$day/${1#*/}" 2>>"$2.log"
}

# pinned ARCHITECTURE PACKAGE: prints `SHA-256 PATH`, a line a file.
pinned() {
    awk -v arch="$1" -v name="$2" '$1 == arch && $2 == name { print $4, $5 }' "$pins" |
        grep . || fail "board/cross/pins names no $2 for $1; run board/cross/update-pins"
}

version_of() { awk -v name="$1" '$2 == name { print $3; exit }' "$pins"; }

# stage NAME KEY FUNCTION: runs it unless NAME was made with this KEY. A step that is stopped
# half-way leaves no stamp, and is done again from its beginning.
stage() {
    stamp=$work/$1.stamp
    key=$(printf '%s' "$2" | sha256sum | cut -c1-32)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ] && return 0
    rm -f "$stamp"
    begin=$(date +%s)
    say "$arch: $1"
    log=$work/$1.log
    # In the background: `set -e` means nothing within a command whose status is asked at once.
    (set -eu; "$3") >"$log" 2>&1 &
    wait $! || {
        tail -n 15 "$log" >&2
        fail "$1 failed; all of it is in $log"
    }
    printf '%s' "$key" >"$stamp"
    say "  $(($(date +%s) - begin)) s"
}

# unpack_source PACKAGE FOLDER: the Debian source with Debian's patches.
unpack_source() {
    description=
    rm -rf "$2" "$2.files"
    mkdir -p "$2.files"
    pinned source "$1" >"$2.list"
    while read -r digest path; do
        file=$(fetch "$path" "$digest") || exit 1
        ln -sf "$file" "$2.files/"
        case $file in *.dsc) description=$2.files/${file##*/} ;; esac
    done <"$2.list"
    # Its parts are as pinned, so their signature says nothing more.
    dpkg-source --no-check -x "$description" "$2"
}
