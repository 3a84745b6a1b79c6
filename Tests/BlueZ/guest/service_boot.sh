#!/bin/bash
# The guest of the service lane: installs the package, then becomes systemd, which starts the
# gateway and service_story.py.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
touch /var/lib/dpkg/status /var/lib/dpkg/available
cp -a /lab/program/libraries/. /usr/lib/x86_64-linux-gnu/
ldconfig
# A disk that outlives the machine.
mkdir -p /var/lib/pulsegate
mount -t ext4 /dev/ubda /var/lib/pulsegate
systemd-machine-id-setup > /dev/null 2>&1
# Users and groups of systemd's own, as its package makes them.
systemd-sysusers > /dev/null 2>&1
dpkg --force-all -i /lab/program/pulsegate.deb > /lab/out/install.log 2>&1
# The installed configuration is changed, as a user would: an upgrade must leave it alone.
cat > /etc/pulsegate/pulsegate.conf <<'CONF'
[gateway]
device_id = guest
data = /var/lib/pulsegate
[input]
type = recording
recording = /lab/program/beats.csv
loop = yes
at_end = stay
[ring]
size = 1MiB
lazy_interval = 1s
[sink local]
type = file
CONF
mkdir -p /etc/systemd/system/pulsegate.service.d
# The same limits, sooner.
cat > /etc/systemd/system/pulsegate.service.d/test.conf <<'CONF'
[Service]
WatchdogSec=3s
RestartSec=1s
CONF
cat > /etc/systemd/system/story.service <<'CONF'
[Unit]
Description=What the service lane checks
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /lab/code/guest/service_story.py
ExecStopPost=/bin/sh -c 'journalctl -b --no-pager > /lab/out/journal.log; sync'
ExecStopPost=/usr/bin/busybox poweroff -f
[Install]
WantedBy=multi-user.target
CONF
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -sf /etc/systemd/system/story.service /etc/systemd/system/multi-user.target.wants/
ln -sf /usr/lib/systemd/system/multi-user.target /etc/systemd/system/default.target
# The console on a serial line, for the second machine.
[ -e /lab/out/first ] || ln -sf '/usr/lib/systemd/system/pulsegate-console@.service' \
    /etc/systemd/system/multi-user.target.wants/pulsegate-console@ttyS1.service
umount /proc
exec /usr/lib/systemd/systemd --show-status=0
