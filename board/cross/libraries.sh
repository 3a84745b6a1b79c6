# OpenSSL, libcurl and libmicrohttpd from Debian's sources, without what a gateway never speaks.
# Debian's own static ones bring Kerberos, LDAP, SSH and HTTP/3, and some of those have no static
# library at all. Sourced by cross-compile.sh.
# shellcheck shell=sh

# TLS 1.2 and 1.3 with AES-GCM, ChaCha20, ECDHE, RSA and ECDSA: what AWS speaks.
openssl_without="no-shared no-module no-legacy no-engine no-dso no-tests no-docs no-apps
    no-ssl3 no-tls1 no-tls1_1 no-dtls no-quic no-srp no-psk no-srtp no-ocsp no-ct no-cms no-ts
    no-cmp no-rfc3779 no-comp no-zlib no-zstd no-brotli no-ktls no-sctp no-afalgeng no-capieng
    no-aria no-bf no-blake2 no-camellia no-cast no-des no-dh no-dsa no-gost no-idea no-md4 no-mdc2
    no-ml-dsa no-ml-kem no-slh-dsa no-ocb no-rc2 no-rc4 no-rmd160 no-scrypt no-seed no-siphash
    no-siv no-sm2 no-sm3 no-sm4 no-whirlpool no-ec2m no-ui-console no-argon2 no-ssl-trace
    no-autoload-config no-http no-filenames"

make_openssl() {
    unpack_source openssl "$work/openssl"
    cd "$work/openssl"
    # Where Debian keeps its authorities; the path is the only file that TLS needs on a board.
    # shellcheck disable=SC2086
    CC="$cc" AR=llvm-ar RANLIB=llvm-ranlib CFLAGS="$(echo $cflags)" perl ./Configure "$openssl_target" \
        --prefix=/usr --libdir="lib/$debian_triple" --openssldir=/usr/lib/ssl $openssl_without
    # It would write the compiler's whole command line, with the folders of this machine, into the
    # library.
    sed -i 's/mkbuildinf.pl "[^"]*"/mkbuildinf.pl clang/' Makefile
    make -j"$jobs" build_libs
    make DESTDIR="$sysroot" install_dev
}

# HTTP over TLS, through a proxy that tunnels; names by the C library in a thread of libcurl's own.
# It reads `Date` (curl_getdate) and wakes the loop when a name is there: both stay in.
curl_with="--enable-http --enable-proxy --enable-ipv6 --enable-threaded-resolver --with-openssl
    --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt --disable-shared --enable-static
    --enable-get-easy-options=no --enable-optimize --disable-debug"
curl_without="--disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp
    --disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb
    --disable-smtp --disable-gopher --disable-mqtt --disable-manual --disable-docs
    --disable-ipfs --disable-websockets --disable-cookies --disable-alt-svc --disable-hsts
    --disable-netrc --disable-doh --disable-mime --disable-form-api
    --disable-progress-meter --disable-ntlm --disable-negotiate-auth --disable-kerberos-auth
    --disable-aws --disable-tls-srp --disable-unix-sockets
    --disable-libcurl-option --disable-bindlocal --disable-headers-api
    --without-libpsl --without-libidn2 --without-nghttp2 --without-nghttp3 --without-ngtcp2
    --without-brotli --without-zstd --without-zlib --without-librtmp --without-libssh2
    --without-libgsasl --without-gssapi"

make_curl() {
    unpack_source curl "$work/curl"
    cd "$work/curl"
    # shellcheck disable=SC2086
    CC="$cc" AR=llvm-ar RANLIB=llvm-ranlib CFLAGS="$(echo $cflags)" LDFLAGS="-fuse-ld=lld -static" \
        LIBS="-lssl -lcrypto" PKG_CONFIG=/bin/false \
        ./configure --host="$debian_triple" --prefix=/usr --libdir="/usr/lib/$debian_triple" \
        --with-openssl="$sysroot/usr" $curl_with $curl_without
    make -j"$jobs" -C lib
    make -C lib DESTDIR="$sysroot" install-libLTLIBRARIES
    make -C include DESTDIR="$sysroot" install
}

# The poll loop asks it, so it needs no thread; TLS is a reverse proxy's business.
make_microhttpd() {
    unpack_source libmicrohttpd "$work/microhttpd"
    cd "$work/microhttpd"
    CC="$cc" AR=llvm-ar RANLIB=llvm-ranlib CFLAGS="$(echo $cflags)" LDFLAGS="-fuse-ld=lld -static" \
        ./configure --host="$debian_triple" --prefix=/usr --libdir="/usr/lib/$debian_triple" \
        --disable-shared --enable-static --disable-https --disable-bauth --disable-dauth \
        --disable-doc --disable-examples --disable-tools --disable-curl --disable-httpupgrade
    make -j"$jobs" -C src/microhttpd libmicrohttpd.la
    make -C src/microhttpd DESTDIR="$sysroot" install-libLTLIBRARIES
    make -C src/include DESTDIR="$sysroot" install
}
