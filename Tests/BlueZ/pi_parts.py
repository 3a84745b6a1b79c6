"""Makes what the emulated Raspberry Pi 3B boots, once: Debian's arm64 kernel, an initramfs, the
board's device tree and a root file system; and, for each run, an SD card of them.

The kernel is the stock one of Debian 13 (6.12), the root file system Debian 12: what Raspberry Pi
OS combines as well. They lie in the cache of the other lanes, as `pi-KEY/`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import cache
from packages import UNPACKED_NOT, Apt, merge_usr, run, settle, unpack, unpack_all

HERE = Path(__file__).resolve().parent
ARCHITECTURE, KERNEL_RELEASE, ROOT_RELEASE = "arm64", "trixie", "bookworm"
TREE = "broadcom/bcm2837-rpi-3-b.dtb"
# QEMU's firmware has no GPIO expander, and without its reset line the chip's driver gives up
# ("setup of GPIO shutdown failed: -5").
NOT_EMULATED = ("/soc/serial@7e201000/bluetooth", "shutdown-gpios")
PACKAGES = (
    "base-files", "base-passwd", "bash", "bluez", "busybox-static", "coreutils", "dash", "dbus",
    "dpkg", "grep", "kmod", "mount", "ncurses-base", "procps", "rfkill", "sed", "systemd",
    "systemd-sysv", "tar", "udev", "usr-is-merged", "util-linux")
# To make the parts, to make and read cards, and to boot them.
TOOLS = ("cpio", "depmod", "dpkg-deb", "fdtput", "modprobe", "xz", "debugfs", "e2fsck", "mke2fs",
         "qemu-system-aarch64")
# The card and its file system, before there is a root file system to take modules from.
EARLY_MODULES = ("bcm2835", "sdhci_iproc", "mmc_block", "virtio_pci", "virtio_blk", "ext4")
# The Bluetooth chip on its serial line, what BlueZ encrypts with, input devices of BLE, the board's
# USB with a network adapter on it, and the watchdog of the board that has one.
MODULES = ("hci_uart", "btbcm", "bnep", "uhid", "rfkill", "algif_hash", "algif_skcipher", "cmac",
           "ecb", "ccm", "ctr", "ecdh_generic", "phy_generic", "dwc2", "cdc_ether", "i6300esb")
# QEMU's SD card wants a power of two.
CARD = "1024M"
# Increased by hand when the steps below make something else of the same inputs.
RECIPE = 1


def kernel_package(apt: Apt) -> Path:
    """The package behind Debian's name for the newest kernel."""
    meta = apt.newest("linux-image-arm64")
    depends = subprocess.run(["dpkg-deb", "-f", meta, "Depends"], capture_output=True, text=True,
                             check=True).stdout
    return apt.newest(depends.split()[0])


def module_files(kernel: Path, version: str, names: Sequence[str]) -> list[Path]:
    """The files of modules and of what they need, in the order of loading; what is built into
    the kernel has none."""
    found: dict[Path, None] = {}
    for name in names:
        listed = subprocess.run(
            ["modprobe", "-d", kernel, "-S", version, "--show-depends", name],
            capture_output=True, text=True, check=False)
        if listed.returncode != 0:
            raise cache.Broken(f"Debian's kernel has no {name}: {listed.stderr.strip()}")
        for line in listed.stdout.splitlines():
            kind, path, *_ = line.split()
            if kind == "insmod":
                found[Path(path)] = None
    return list(found)


def copy_module(module: Path, target: Path) -> None:
    """Copies a module, unpacked: neither busybox nor Debian 12's kmod must know the packing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if module.suffix == ".xz":
        with open(target.with_suffix(""), "wb") as file:
            subprocess.run(["xz", "-dc", module], stdout=file, check=True)
    else:
        shutil.copyfile(module, target)


def make_initramfs(folder: Path, kernel: Path, version: str, root: Path) -> None:
    """A shell and the modules that reach the card; `guest/pi_initramfs.sh` goes first."""
    work = folder / "initramfs"
    for name in ("bin", "modules", "proc", "dev", "card"):
        (work / name).mkdir(parents=True)
    shutil.copy2(root / "bin/busybox", work / "bin/busybox")
    (work / "bin/sh").symlink_to("busybox")
    for place, module in enumerate(module_files(kernel, version, EARLY_MODULES)):
        copy_module(module, work / f"modules/{place:02}-{module.name}")
    shutil.copy2(HERE / "guest/pi_initramfs.sh", work / "init")
    (work / "init").chmod(0o755)
    run(["bash", "-o", "pipefail", "-c",
         f"cd '{work}' && find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -1 -n "
         f"> '{folder}/initrd'"], folder / "log")
    shutil.rmtree(work)


def build(cache_root: Path, folder: Path) -> None:
    """Makes `folder`: vmlinuz, initrd, board.dtb, root/."""
    cache.require_room(cache_root)
    log, kernel, root = folder / "log", folder / "kernel", folder / "root"
    merge_usr(kernel)
    package = kernel_package(Apt(KERNEL_RELEASE, cache_root, ARCHITECTURE))
    unpack(package, kernel, log)
    package.unlink()
    image = next(kernel.glob("boot/vmlinuz-*"))
    version = image.name.removeprefix("vmlinuz-")
    run(["depmod", "-b", kernel, version], log)
    merge_usr(root)
    unpack_all(Apt(ROOT_RELEASE, cache_root, ARCHITECTURE).fetch_with_dependencies(PACKAGES),
               root, log)
    settle(root)
    modules = Path(f"usr/lib/modules/{version}")
    for module in module_files(kernel, version, MODULES):
        copy_module(module, root / modules / module.relative_to(kernel / "lib/modules" / version))
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copyfile(kernel / modules / name, root / modules / name)
    run(["depmod", "-b", root, version], log)
    make_initramfs(folder, kernel, version, root)
    shutil.move(image, folder / "vmlinuz")
    shutil.move(kernel / f"usr/lib/linux-image-{version}" / TREE, folder / "board.dtb")
    run(["fdtput", "-d", folder / "board.dtb", *NOT_EMULATED], log)
    shutil.rmtree(kernel)


def ensure() -> Path:
    """The folder with the parts, made when they are not there yet."""
    cache.require_tools(*TOOLS, packages="packages-pi.txt")
    cache_root = cache.cache_folder()
    key = cache.digest(RECIPE, PACKAGES, EARLY_MODULES, MODULES, UNPACKED_NOT, NOT_EMULATED,
                       (HERE / "guest/pi_initramfs.sh").read_text())
    return cache.ensure(cache_root, cache_root / f"pi-{key}",
                        "an arm64 kernel and a Debian for the emulated Raspberry Pi", build)


def make_card(parts: Path, card: Path, files: dict[str, Path]) -> None:
    """An SD card as an image builder makes one: the root file system and `files`, by the path
    that each has on it."""
    card.unlink(missing_ok=True)
    log = card.with_suffix(".log")
    log.unlink(missing_ok=True)
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", parts / "root", card, CARD], log)
    commands = ["mkdir /lab", "mkdir /lab/cloud"]
    for path, file in files.items():
        commands.append(f"write {file} {path}")
        mode = 0o100755 if os.access(file, os.X_OK) else 0o100644
        commands.append(f"set_inode_field {path} mode 0{mode:o}")
    script = card.with_suffix(".debugfs")
    script.write_text("\n".join(commands) + "\n")
    run(["debugfs", "-w", "-f", script, card], log)


def recover(card: Path) -> None:
    """Takes in what the file system's own journal holds, as the next mount would: a program that
    reads the card without that finds files as they were some seconds before."""
    ended = subprocess.run(["e2fsck", "-p", card], capture_output=True, text=True, check=False)
    # 1: errors that it has put right (e2fsck(8)).
    if ended.returncode > 1:
        raise cache.Broken(f"{card} is damaged: {ended.stdout}{ended.stderr}")


def read_file(card: Path, path: str, target: Path) -> bool:
    """Copies a file off a card that nothing has mounted; False where there is none."""
    target.unlink(missing_ok=True)
    subprocess.run(["debugfs", "-R", f"dump {path} {target}", card], capture_output=True,
                   check=False)
    return target.exists()
