#!/bin/bash
# The guest of the GPIO lane: no D-Bus, no radio, one simulated chip, then gpio_story.py. Its end is
# the machine's.
export PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t configfs configfs /sys/kernel/config
ip link set lo up
python3 /lab/code/guest/gpio_story.py > /lab/out/story.log 2>&1
dmesg > /lab/out/dmesg.log
sync
busybox poweroff -f
