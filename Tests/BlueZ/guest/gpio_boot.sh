#!/bin/bash
# The guest of the GPIO lane: no D-Bus, no radio, one simulated chip, then gpio_story.py. Its end is
# the machine's.
export PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
. /lab/code/guest/mounts.sh
python3 /lab/code/guest/gpio_story.py > /lab/out/story.log 2>&1
dmesg > /lab/out/dmesg.log
sync
busybox poweroff -f
