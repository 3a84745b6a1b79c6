#!/bin/busybox sh
# The initramfs of the emulated Raspberry Pi: from the kernel to its SD card.
export PATH=/bin
busybox mount -t devtmpfs devtmpfs /dev
busybox mount -t proc proc /proc
for module in /modules/*; do
    busybox insmod "$module"
done
tries=0
while [ ! -b /dev/mmcblk0 ] && [ "$tries" -lt 200 ]; do
    busybox sleep 0.1
    tries=$((tries + 1))
done
busybox mount -t ext4 /dev/mmcblk0 /card || echo "no card: /dev/mmcblk0" > /dev/console
busybox mount --move /dev /card/dev
busybox umount /proc
exec busybox switch_root /card /lab/boot.sh
