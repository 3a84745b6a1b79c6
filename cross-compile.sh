#!/bin/sh
# Builds pulsegate as one static binary for a board: nothing is installed on the board, neither a
# Swift runtime nor a library. Runs on x86_64 Debian with the Swift 6.3 toolchain, without root.
#
#   ./cross-compile.sh [--relay] [arm64|amd64] …        (arm64 without an argument)
#
# The result is .build-cross/ARCH/pulsegate, with --relay the cloud's functions in
# .build-cross/ARCH/relay. All that is fetched or built on the way lies in
# $PULSEGATE_CROSS_CACHE (~/.cache/pulsegate-cross without it); the next run begins from there.
# How the parts are made: board/cross/*.sh. Which versions: board/cross/pins.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${PULSEGATE_CROSS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pulsegate-cross}
jobs=$(nproc)
# The same bytes from the same sources, whoever builds and when.
export SOURCE_DATE_EPOCH=1735689600 ZERO_AR_DATE=1 LC_ALL=C TZ=UTC

. "$here/board/cross/common.sh"
. "$here/board/cross/sysroot.sh"
. "$here/board/cross/libraries.sh"
. "$here/board/cross/sdk.sh"

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "$0"
    exit "$1"
}

choose() {
    arch=$1
    case $arch in
    arm64) swift_cpu=aarch64 openssl_target=linux-aarch64 ;;
    amd64) swift_cpu=x86_64 openssl_target=linux-x86_64 ;;
    armhf | armv6 | armv7 | armel)
        fail "$arch: Debian has no Swift for 32 bits; a Raspberry Pi Zero 2 W, 3, 4 or 5 with a" \
            "64-bit system takes arm64" ;;
    *) fail "$arch is no architecture that is built for: arm64 or amd64" ;;
    esac
    swift_triple=$swift_cpu-unknown-linux-gnu
    debian_triple=$swift_cpu-linux-gnu
    work=$cache/$arch
    sysroot=$work/sysroot
    bundle=$work/pulsegate-$arch.artifactbundle
    mkdir -p "$work"
    cc="clang --target=$debian_triple --sysroot=$sysroot"
    # For size: what is slow in OpenSSL is in assembler. No tables for unwinding: C throws nothing.
    cflags="-Os -fPIC -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
        -fno-unwind-tables -ffile-prefix-map=$work=."
}

check_toolchain() {
    require curl dpkg-deb dpkg-source make patch perl readelf sha256sum swift swiftc tar xz clang \
        ld.lld llvm-ar llvm-objcopy
    version=$(swiftc --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    case $version in
    6.[3-9] | 6.[1-9][0-9] | [7-9].*) ;;
    *) fail "Swift ${version:-?} is on the PATH; pulsegate needs 6.3 (swift.org, Debian 12)" ;;
    esac
}

# A step is done again when its pins, its script or the compiler have changed.
pins_of() { awk -v list=" $* " 'index(list, " " $2 " ")' "$pins"; }

make_sdk() {
    compiler=$(swiftc --version 2>/dev/null | head -n 1)
    base="$(cat "$here/board/cross/common.sh" "$here/board/cross/sysroot.sh")
$(pins_of $binaries | grep "^$arch ") $cache"
    stage sysroot "$base" make_sysroot
    built="$base $(cat "$here/board/cross/libraries.sh") $compiler"
    stage openssl "$built $(pins_of openssl)" make_openssl
    stage curl "$built $(pins_of openssl curl)" make_curl
    stage microhttpd "$built $(pins_of libmicrohttpd)" make_microhttpd
    library="$base $(cat "$here/board/cross/sdk.sh" "$here/board/cross/unretain" \
        "$here/board/cross/link.ld") $(pins_of swiftlang) $compiler"
    stage swift "$library" make_swift_library
    stage bundle "$library" make_bundle
}

build() {
    out=$here/.build-cross/$arch
    mkdir -p "$out"
    say "$arch: $product"
    scratch=$here/.build-cross/$arch-build
    # The package manager does not look into the SDK, and the compiler keeps an object that other
    # flags have made: with another SDK all is built from its beginning.
    cat "$work"/*.stamp | cmp -s - "$scratch/sdk" || rm -rf "$scratch"
    mkdir -p "$scratch"
    cat "$work"/*.stamp >"$scratch/sdk"
    linked=$scratch/$swift_triple/release/$product
    [ -f "$work/$product.map" ] || rm -f "$linked"
    rm -f "$work/linked.map"
    # $ORIGIN paths have no sense in a static program, and the C library stumbles over them.
    PKG_CONFIG_PATH=$work/pkgconfig \
        swift build --package-path "$here" --scratch-path "$scratch" \
        --configuration release --product "$product" --swift-sdks-path "$work" \
        --swift-sdk "pulsegate-$arch" --disable-local-rpath \
        -Xswiftc -file-prefix-map -Xswiftc "$here=." \
        -Xcc "-ffile-prefix-map=$here=." >"$work/$product.log" 2>&1 || {
        grep -E 'error|warning' "$work/$product.log" | head -n 20 >&2
        fail "the build failed; all of it is in $work/$product.log"
    }
    # What is linked already is not linked again, and its map is there from the time when it was.
    [ ! -f "$work/linked.map" ] || mv "$work/linked.map" "$work/$product.map"
    llvm-objcopy --strip-all --strip-non-alloc "$linked" "$out/$product"
    "$here/board/cross/check" "$arch" "$out/$product"
}

product=pulsegate
[ "${1:-}" != --relay ] || { product=relay && shift; }
[ $# -gt 0 ] || set -- arm64
case $1 in -h | --help) usage 0 ;; -*) usage 2 >&2 ;; esac
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
    fail "this is $(uname -s) on $(uname -m); it is tried on x86_64 Debian alone"
check_toolchain
for arch; do choose "$arch"; done
for arch; do
    choose "$arch"
    make_sdk
    build
done
