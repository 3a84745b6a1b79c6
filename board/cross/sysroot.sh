# The files of Debian that a program is linked with: C library, kernel headers, compiler runtime.
# Sourced by cross-compile.sh.
# shellcheck shell=sh

binaries="libc6-dev linux-libc-dev libgcc-14-dev libstdc++-14-dev libdbus-1-dev libgpiod-dev
    libinih-dev libedit-dev libbsd-dev libmd-dev libncurses-dev zlib1g-dev"

make_sysroot() {
    rm -rf "$sysroot"
    mkdir -p "$sysroot/usr/lib"
    # As on Debian itself: packages of either layout land in /usr.
    ln -s usr/lib "$sysroot/lib"
    [ "$arch" = arm64 ] || ln -s usr/lib64 "$sysroot/lib64"
    for package in $binaries; do
        pinned "$arch" "$package" >"$work/package"
        read -r digest path <"$work/package"
        deb=$(fetch "$path" "$digest") || exit 1
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$sysroot" --keep-directory-symlink
    done
    for needed in "usr/lib/$debian_triple/libc.a" "usr/lib/$debian_triple/rcrt1.o" \
        "usr/lib/$debian_triple/libdbus-1.a" "usr/lib/$debian_triple/libgpiod.a" \
        "usr/lib/$debian_triple/libz.a" usr/include/stdio.h; do
        [ -e "$sysroot/$needed" ] || {
            echo "$needed is in none of the packages: their layout has changed"
            exit 1
        }
    done
    rm -rf "$sysroot/usr/share"
    # A static program must not find the dynamic library first.
    find "$sysroot/usr/lib" -name '*.so' -delete
    # libdbus's server side asks systemd for sockets, which a client never has.
    cat >"$work/stubs.c" <<'C'
__attribute__((weak)) int sd_listen_fds(int unset) { (void)unset; return 0; }
__attribute__((weak)) int sd_is_socket(int fd, int family, int type, int listening) {
    (void)fd, (void)family, (void)type, (void)listening;
    return 0;
}
C
    $cc -O2 -fPIC -c "$work/stubs.c" -o "$work/stubs.o"
    llvm-ar rcs "$sysroot/usr/lib/$debian_triple/libsystemd.a" "$work/stubs.o"
}
