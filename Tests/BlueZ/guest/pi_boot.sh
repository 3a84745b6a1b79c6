#!/bin/bash
# The first program of the emulated boards. At its first boot it does what an image builder
# and a technician do: the package, the board's profile, a console on the serial line. Then, as at
# every boot, it becomes systemd.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
units=/etc/systemd/system
# The board's watchdog, fed by systemd; and one time that systemd itself stands still.
freeze() {
    mkdir -p /etc/systemd/system.conf.d
    printf '[Manager]\nRuntimeWatchdogSec=10s\n' > /etc/systemd/system.conf.d/watchdog.conf
    cat > $units/freeze.service <<'UNIT'
[Unit]
After=pulsegate.service
ConditionPathExists=/lab/freeze
[Service]
ExecStart=/bin/sh -c 'sleep 45; rm /lab/freeze; sync; kill -SEGV 1'
[Install]
WantedBy=multi-user.target
UNIT
    systemctl enable freeze.service
}
# A cable to the network, a collector on it, and the key for that where the unit looks for it.
network() {
    mkdir -p /etc/systemd/network /etc/credstore
    printf '[Match]\nDriver=cdc_ether\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n' \
        > /etc/systemd/network/wired.network
    echo "10.0.2.2 collector.example" >> /etc/hosts
    cp /lab/cloud/cloud.conf /etc/pulsegate/pulsegate.conf.d/
    install -m 644 /lab/cloud/ca.pem /etc/pulsegate/ca.pem
    install -m 600 /lab/cloud/keys /etc/credstore/pulsegate.aws
    systemctl enable systemd-networkd.service
}
prepare() {
    mount -t proc proc /proc
    mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers /var/log/journal
    touch /var/lib/dpkg/status /var/lib/dpkg/available
    systemd-machine-id-setup > /dev/null 2>&1
    systemd-sysusers
    dpkg --force-all -i /lab/pulsegate.deb || echo "not installed: $?"
    mkdir -p /etc/pulsegate/pulsegate.conf.d
    if [ -e /lab/pulsegate.conf ]; then
        cat /lab/pulsegate.conf > /etc/pulsegate/pulsegate.conf
    else
        cp /usr/share/doc/pulsegate/board/raspberry-pi-3.conf /etc/pulsegate/pulsegate.conf.d/
    fi
    line=$(sed 's/.*console=\([^, ]*\).*/\1/' /proc/cmdline)
    systemctl enable "pulsegate-console@$line.service"
    # What the scripts of Debian's packages, of which none has run, would have done.
    ln -sf /usr/lib/systemd/system/bluetooth.service $units/dbus-org.bluez.service
    mkdir -p $units/bluetooth.target.wants
    ln -sf /usr/lib/systemd/system/bluetooth.service $units/bluetooth.target.wants/
    ln -sf /usr/lib/systemd/system/multi-user.target $units/default.target
    for name in systemd-resolved systemd-timesyncd e2scrub_reap fstrim; do
        ln -sf /dev/null $units/$name.service
    done
    # What the program says of the board and of everything between strap and card.
    cat > $units/looks.service <<'UNIT'
[Unit]
After=pulsegate.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'pulsegate board detect > /lab/board.txt; pulsegate doctor --json > /lab/doctor.json; sync'
[Install]
WantedBy=multi-user.target
UNIT
    systemctl enable looks.service
    [ ! -e /lab/freeze ] || freeze
    [ ! -e /lab/cloud ] || network
    umount /proc
}
if [ ! -e /lab/install.log ]; then
    prepare > /lab/install.log 2>&1
    sync
fi
exec /usr/lib/systemd/systemd --show-status=0
