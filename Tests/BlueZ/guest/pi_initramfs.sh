#!/bin/busybox sh
# The initramfs of the emulated boards: from the kernel to the card, which is an SD card or a
# virtual disk.
export PATH=/bin
busybox mount -t devtmpfs devtmpfs /dev
busybox mount -t proc proc /proc
for module in /modules/*; do
    busybox insmod "$module"
done
tries=0
while [ "$tries" -lt 200 ]; do
    for card in /dev/mmcblk0 /dev/vda; do
        [ ! -b "$card" ] || break 2
    done
    busybox sleep 0.1
    tries=$((tries + 1))
done
busybox mount -t ext4 "$card" /card || echo "no card: $card" > /dev/console
busybox mount --move /dev /card/dev
busybox umount /proc
exec busybox switch_root /card /lab/boot.sh
