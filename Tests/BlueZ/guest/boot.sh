#!/bin/bash
# The guest without systemd: mounts, D-Bus, the simulated GPIO chip, then the conductor. Its end
# is the machine's.
export PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8
. /lab/code/guest/mounts.sh
mkdir -p /run/dbus
rm -rf /var/lib/bluetooth && mkdir -m 700 /var/lib/bluetooth
rm -f /etc/machine-id
dbus-uuidgen --ensure=/etc/machine-id
dbus-daemon --system --fork --nopidfile
export PYTHONPATH=/opt/python PYTHONDONTWRITEBYTECODE=1
python3 /lab/code/guest/conductor.py 2> /lab/out/conductor.log
dmesg > /lab/out/dmesg.log
sync
busybox poweroff -f
