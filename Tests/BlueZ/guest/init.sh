#!/bin/bash
# Pid 1 of the guest. Its root is a folder of the host, read only: an overlay in memory goes on
# top, so every run starts clean and leaves nothing. The folders of the run come beside it:
# /lab/code (Tests/BlueZ), /lab/program (what is tested, with its libraries) and /lab/out, which
# is what the host reads afterwards. Then goes `lane.go`, or the conductor.
export PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
read -r -a words < /proc/cmdline
for word in "${words[@]}"; do
    case $word in
    lane.code=*) code=${word#*=} ;;
    lane.program=*) program=${word#*=} ;;
    lane.out=*) out=${word#*=} ;;
    lane.go=*) go=${word#*=} ;;
    esac
done
mount -t tmpfs -o mode=755,size=256m tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mkdir -p /mnt/root/lab/code /mnt/root/lab/program /mnt/root/lab/out
# busybox's mount: the one of Debian 13 speaks to hostfs in another way.
busybox mount -t hostfs -o "$code",ro none /mnt/root/lab/code ||
    busybox mount -t hostfs -o "$code" none /mnt/root/lab/code
busybox mount -t hostfs -o "$program" none /mnt/root/lab/program
busybox mount -t hostfs -o "$out" none /mnt/root/lab/out
umount /proc
exec switch_root /mnt/root "${go:-/lab/code/guest/boot.sh}"
