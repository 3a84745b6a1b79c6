#!/bin/sh
# Builds the Debian package of what `make install` has put into a folder.
# Usage: make-package.sh ROOT BINARY OUTPUT-FOLDER [ARCHITECTURE OF A STATIC BINARY]
set -eu
root=$1
binary=$2
output=$3
here=$(cd "$(dirname "$0")" && pwd)

version=$(sed -n 's/^let programVersion = "\(.*\)"$/\1/p' "$here/../Sources/pulsegate/main.swift")
architecture=${4:-$(dpkg --print-architecture)}
mkdir -p "$root/DEBIAN" "$output"

# Who needs which library is what the binary says, not what somebody remembers.
libraries=$(readelf --dynamic --wide "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p')
depends=$(for library in $libraries; do
    # The package's own path may be another than the loader's, where /lib is a link to /usr/lib.
    dpkg -S "*/$library" 2>/dev/null | head -1 | cut -d: -f1
done | sort -u | paste -sd, | sed 's/,/, /g')

cat > "$root/DEBIAN/control" <<CONTROL
Package: pulsegate
Version: $version
Architecture: $architecture
Maintainer: Pulsegate <pulsegate@localhost>
Section: net
Priority: optional
Depends: ${depends:+$depends, }adduser
Recommends: bluez, dbus, polkitd, ca-certificates
Description: heart rate gateway
 Takes heart rates from Bluetooth straps, raises alarms, keeps records through power cuts and
 sends them to Kinesis, Firehose or OpenSearch. Not a medical device.
CONTROL
printf '%s\n' /etc/pulsegate/pulsegate.conf > "$root/DEBIAN/conffiles"
for script in preinst postinst prerm postrm; do
    install -m 755 "$here/debian/$script" "$root/DEBIAN/$script"
done
# The same bytes from the same files, whenever.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1735689600} dpkg-deb --build --root-owner-group "$root" \
    "$output/pulsegate_${version}_${architecture}.deb" > /dev/null
echo "$output/pulsegate_${version}_${architecture}.deb"
