# A Swift SDK bundle around the sysroot, so that `swift build --swift-sdk` does the rest.
# Sourced by cross-compile.sh.
# shellcheck shell=sh

# amd64: the toolchain's own library. arm64: Debian's, whose interfaces are compiled here once,
# because a compiled module is read by the compiler that made it alone.
make_swift_library() {
    rm -rf "$sysroot/usr/lib/swift_static" "$sysroot/usr/lib/swift"
    toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
    if [ "$arch" = amd64 ]; then
        mkdir -p "$sysroot/usr/lib/swift_static"
        cp -a "$toolchain/lib/swift_static/." "$sysroot/usr/lib/swift_static/"
    else
        unpack_debian_swift
    fi
    # The headers of the compiler itself.
    rm -rf "$sysroot/usr/lib/swift_static/clang"
    ln -s "$(find "$toolchain/lib/clang" -mindepth 1 -maxdepth 1 | sort | tail -n 1)" \
        "$sysroot/usr/lib/swift_static/clang"
    ln -s swift_static "$sysroot/usr/lib/swift"
    [ "$arch" = amd64 ] || compile_interfaces
    "$here/board/cross/unretain" "$sysroot"/usr/lib/swift_static/linux/*.a
    # Position-independent and static: the address space is laid out anew at each start.
    sed -i 's/^-static$/-static-pie/' "$sysroot/usr/lib/swift_static/linux/static-executable-args.lnk"
}

unpack_debian_swift() {
    pinned "$arch" swiftlang >"$work/package"
    read -r digest path <"$work/package"
    deb=$(fetch "$path" "$digest") || exit 1
    rm -rf "$work/swiftlang"
    mkdir -p "$work/swiftlang"
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$work/swiftlang" --wildcards './usr/libexec/swift/lib/swift_static/*' \
            './usr/libexec/swift/lib/swift/shims/*'
    from=$work/swiftlang/usr/libexec/swift/lib
    [ -f "$from/swift_static/linux/libswiftCore.a" ] || {
        echo "libswiftCore.a is not where it was in Debian's swiftlang: its layout has changed"
        exit 1
    }
    # The compiled modules are another compiler's.
    find "$from/swift_static" -name '*.swiftmodule' -type f -delete
    cp -a "$from/swift_static" "$sysroot/usr/lib/swift_static"
    [ -d "$sysroot/usr/lib/swift_static/shims" ] ||
        cp -a "$from/swift/shims" "$sysroot/usr/lib/swift_static/shims"
}

compile_interfaces() {
    library=$sysroot/usr/lib/swift_static
    # An interface may import one that comes later in the list: each is asked for again.
    for name in Swift SwiftOnoneSupport _Builtin_float Glibc _Concurrency _StringProcessing \
        Synchronization; do
        interface=$(find "$library/linux/$name.swiftmodule" -name '*.swiftinterface' \
            ! -name '*.private.*' | grep "$swift_cpu" | head -n 1)
        [ -n "$interface" ] || continue
        standard=
        [ "$name" != Swift ] || standard=-parse-stdlib
        swiftc -frontend -compile-module-from-interface "$interface" $standard \
            -module-name "$name" -target "$swift_triple" -sdk "$sysroot" \
            -resource-dir "$library" -o "${interface%.swiftinterface}.swiftmodule"
    done
}

make_bundle() {
    rm -rf "$bundle"
    mkdir -p "$bundle/$swift_triple"
    ln -s "$sysroot" "$bundle/$swift_triple/sysroot"
    cat >"$bundle/info.json" <<JSON
{"schemaVersion": "1.0", "artifacts": {"pulsegate-$arch": {"type": "swiftSDK", "version": "1",
  "variants": [{"path": "$swift_triple"}]}}}
JSON
    cat >"$bundle/$swift_triple/swift-sdk.json" <<JSON
{"schemaVersion": "4.0", "targetTriples": {"$swift_triple": {
  "sdkRootPath": "sysroot", "toolsetPaths": ["toolset.json"],
  "swiftResourcesPath": "sysroot/usr/lib/swift",
  "swiftStaticResourcesPath": "sysroot/usr/lib/swift_static"}}}
JSON
    cp "$here/board/cross/link.ld" "$work/link.ld"
    # -internalize-at-link: as board/cross/unretain, for what is compiled here. -function-sections:
    # so that the linker can tell one function from the next.
    # --pack-dyn-relocs=relr: a static PIE has many relative relocations, and they pack well.
    # --icf=safe: functions that are the same are there once, where no one compares addresses.
    # -O2: the linker's, which lets a string be the end of another.
    # --defsym: what link.ld leaves out is the one way there, so that its tables go too.
    cat >"$bundle/$swift_triple/toolset.json" <<JSON
{"schemaVersion": "1.0", "rootPath": ".",
 "swiftCompiler": {"extraCLIOptions": ["-static-executable", "-use-ld=lld",
   "-Xfrontend", "-internalize-at-link", "-Xfrontend", "-function-sections",
   "-Xcc", "-DPULSEGATE_STATIC", "-lbsd", "-lmd", "-ltinfo",
   "-Xclang-linker", "-rtlib=libgcc", "-Xclang-linker", "-unwindlib=libgcc",
   "-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now",
   "-Xlinker", "-z", "-Xlinker", "noexecstack",
   "-Xlinker", "--pack-dyn-relocs=relr", "-Xlinker", "--icf=safe",
   "-Xlinker", "-O2", "-Xlinker", "--defsym=_swift_stdlib_getScalarName=abort",
   "-Xlinker", "-T", "-Xlinker", "$work/link.ld", "-Xlinker", "-Map=$work/linked.map",
   "-Xlinker", "--build-id=none"]},
 "cCompiler": {"extraCLIOptions": ["-DPULSEGATE_STATIC", "-O2"]}}
JSON
    # The package manager asks pkg-config's files for libdbus, and would find this machine's own.
    mkdir -p "$work/pkgconfig"
    cat >"$work/pkgconfig/dbus-1.pc" <<PC
Name: dbus
Description: D-Bus, for the board
Version: $(version_of libdbus-1-dev)
Libs: -L$sysroot/usr/lib/$debian_triple -ldbus-1 -lsystemd
Cflags: -I$sysroot/usr/include/dbus-1.0 -I$sysroot/usr/lib/$debian_triple/dbus-1.0/include
PC
}
