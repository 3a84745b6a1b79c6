"""Makes what the lane boots, once, outside the checkout: a kernel and root file systems.

    $PULSEGATE_CACHE (default ${XDG_CACHE_HOME:-~/.cache}/pulsegate)
        kernel-KEY/linux    User-Mode Linux with a Bluetooth stack, 11 MB, and how it was made
        root-RELEASE-KEY/   a Debian as plain files; no package's scripts have run in it
        pi-KEY/             what the emulated Raspberry Pi boots (pi_parts.py)
        apt-RELEASE/        apt's lists and downloads for that Debian, beside the machine's own
                            (packages.py)

A KEY is a digest of all that goes in, so a change of the configuration makes a new one and a
second run makes nothing. Whatever fails is a `CannotRun` with a reason to act on. Nothing here
needs root: the files belong to whoever made them, and the guest takes its owner for root.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packages import (
    UNPACKED_NOT, Apt, CannotRun, merge_usr, run, settle, unpack_all)

HERE = Path(__file__).resolve().parent
# What compiling takes, with headroom: sources 1.0 GB, objects 0.2 GB, packages 0.3 GB.
FREE_BYTES_MIN = 3 << 30

# One-line changes of the kernel's source: file, what is there, what to put there, and why.
PATCHES = (
    # Processors with AMX have a floating-point state of 11,008 bytes; with room for 2,696 the
    # first process dies: "ptrace set fp regs failed, errno = 14". Goes with
    # CONFIG_KERNEL_STACK_ORDER=5. Linux 7.2 needs no change.
    ("arch/x86/um/user-offsets.c", "DEFINE_LONGS(HOST_FP_SIZE, 2696);",
     "DEFINE_LONGS(HOST_FP_SIZE, 16384);"),
    # UML marks all its 64 interrupts as taken, so gpio-sim finds none for the edges of an input
    # (gpiomon: ENXIO).
    ("arch/um/include/asm/irq.h", "#define NR_IRQS\t\t\tUM_LAST_SIGNAL_IRQ\n",
     "#define NR_IRQS\t\t\t256\n"),
)
# Parts of the source that no configuration of ours compiles; their Kconfig files stay.
UNUSED_SOURCES = (
    "arch/[!ux]*/*.[chS]", "arch/*.dts*", "Documentation/*.rst", "Documentation/*.yaml",
    "Documentation/*.txt", "drivers/gpu/*.[ch]", "drivers/infiniband/*.[ch]",
    "drivers/media/*.[ch]", "drivers/net/ethernet/*.[ch]", "drivers/net/wireless/*.[ch]",
    "drivers/scsi/*.[ch]", "drivers/staging/*.[ch]", "sound/*.[ch]",
    "tools/testing/*.[ch]", "tools/perf/*",
)

COMMON_PACKAGES = (
    # A shell, the usual commands, D-Bus and BlueZ.
    "bash", "base-files", "base-passwd", "busybox-static", "coreutils", "dash", "grep", "mount",
    "procps", "sed", "usr-is-merged", "util-linux", "bluez", "dbus", "rfkill",
    # The gym, the conductor and the reference client.
    "libpython3-stdlib", "python3-minimal",
    # For lanes with units, udev and GPIO.
    "gpiod", "iproute2", "kmod", "systemd", "systemd-sysv", "udev",
)
# Debian releases by name: the version of BlueZ they bring (it is in the table's heading) and
# the packages whose names differ. Debian 12 is what Pulsegate is built for.
RELEASES = {
    "bookworm": {"bluez": "5.66", "python": "3.11", "packages": (
        "libcurl4", "libgpiod2", "libinih1", "libssl3")},
    "trixie": {"bluez": "5.82", "python": "3.13", "packages": (
        "libcurl4t64", "libgpiod3", "libinih1", "libssl3t64")},
}
# Increased by hand when the steps below make something else of the same inputs.
KERNEL_RECIPE, ROOT_RECIPE = 1, 1


class Broken(Exception):
    """Our own files do not fit each other: a defect to mend, not a machine to excuse."""


# --- The cache ----------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where the lane keeps what it made."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("PULSEGATE_CACHE") or Path(base) / "pulsegate")


def digest(*inputs: object) -> str:
    return hashlib.sha256(repr(inputs).encode()).hexdigest()[:12]


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """One maker at a time; the others wait and then find everything made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / "lock", "w")
    except OSError as error:
        raise CannotRun(f"cannot write to {folder} ({error.strerror}); set PULSEGATE_CACHE to a "
                        "folder of yours") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def require_tools(*names: str, packages: str = "packages-bluez.txt") -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise CannotRun(f"no {', '.join(missing)} here; install what .ci/{packages} names "
                        f"(.ci/setup packages {packages} does)")


def require_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        raise CannotRun(f"{free >> 20} MiB free in {folder}, {FREE_BYTES_MIN >> 20} are needed; "
                        "set PULSEGATE_CACHE to a folder with room")


# --- The kernel ---------------------------------------------------------------------------


def read_pin() -> dict[str, str]:
    """The pinned source of the kernel: package, version, sha256."""
    lines = (HERE / "kernel/kernel.pin").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def fetch_kernel_source(cache: Path, folder: Path) -> Path:
    """Downloads the pinned source package, or, where it is no longer offered, the newest."""
    pin, apt = read_pin(), Apt("bookworm", cache)
    is_pinned = apt.has(pin["package"], pin["version"])
    wanted = f"{pin['package']}={pin['version']}" if is_pinned else pin["package"]
    apt.get("-qq", "download", wanted, folder=folder)
    package = next(folder.glob("linux-source-*.deb"))
    if not is_pinned:
        print(f"{pin['package']} {pin['version']} is no longer offered; took {package.name}, "
              "checked by apt's signature alone; kernel.pin wants an update")
        return package
    with open(package, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != pin["sha256"]:
        raise CannotRun(f"{package.name} has the SHA-256 {found}, kernel.pin says "
                        f"{pin['sha256']}")
    return package


def unpack_kernel_source(package: Path, source: Path, log: Path) -> None:
    """The source without what is never compiled, with our changes."""
    source.mkdir()
    version = package.name.split("_")[0]
    excluded = " ".join(f"'--exclude={version}/{pattern}'" for pattern in UNUSED_SOURCES)
    run(["bash", "-o", "pipefail", "-c",
         f"dpkg-deb --fsys-tarfile '{package}' | tar -xO ./usr/src/{version}.tar.xz"
         f" | tar -xJ --wildcards --strip-components=1 -C '{source}' {excluded}"], log)
    for name, before, after in PATCHES:
        text = (source / name).read_text()
        if before not in text:
            raise Broken(f"{name} of the kernel has no {before!r}: look at PATCHES again")
        (source / name).write_text(text.replace(before, after))


def build_kernel(cache: Path, folder: Path) -> None:
    """Makes `folder`/linux; 3 minutes on two cores that are free."""
    require_tools("bc", "bison", "flex", "gcc", "make", "xz", "dpkg-deb", "apt-get")
    require_room(cache)
    log, source, objects = folder / "log", folder / "source", folder / "objects"
    unpack_kernel_source(fetch_kernel_source(cache, folder), source, log)
    objects.mkdir()
    make = ["nice", "-n", "10", "make", "ARCH=um", f"O={objects}", "-C", source,
            f"-j{os.cpu_count() or 1}"]
    run([*make, "tinyconfig"], log)
    run([source / "scripts/kconfig/merge_config.sh", "-m", "-O", objects, objects / ".config",
         HERE / "kernel/kernel.config"], log)
    run([*make, "olddefconfig"], log)
    refuse_lost_settings((objects / ".config").read_text())
    run([*make, "linux"], log)
    shutil.move(objects / "linux", folder / "linux")
    shutil.move(objects / ".config", folder / "config")
    for rest in (source, objects):
        shutil.rmtree(rest)
    for package in folder.glob("*.deb"):
        package.unlink()


def refuse_lost_settings(made: str) -> None:
    """A setting that the kernel's rules dropped would show up as a puzzle in some test."""
    lines = (HERE / "kernel/kernel.config").read_text().splitlines()
    wanted = [line for line in lines if line.startswith("CONFIG_") and not line.endswith("=n")]
    lost = sorted(set(wanted) - set(made.splitlines()))
    if lost:
        raise Broken("the kernel did not take: " + ", ".join(lost))


def ensure_kernel(cache: Path) -> Path:
    """The kernel's binary, made when it is not there yet."""
    inputs = [(HERE / "kernel" / name).read_text() for name in ("kernel.pin", "kernel.config")]
    folder = cache / f"kernel-{digest(KERNEL_RECIPE, inputs, PATCHES)}"
    return ensure(cache, folder, "the test kernel (about 3 minutes)", build_kernel) / "linux"


def ensure(cache: Path, folder: Path, what: str, build, *more: object) -> Path:
    """Makes `folder` unless it is there; one that is there is whole."""
    if folder.exists():
        return folder
    with lock(cache):
        if folder.exists():
            return folder
        print(f"Making {what}, once, in {folder}", flush=True)
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        build(cache, partial, *more)
        partial.rename(folder)
    return folder


# --- Root file systems --------------------------------------------------------------------


def install_python_packages(root: Path, python: str, log: Path) -> None:
    """The gym's and the reference client's packages, by checksum, and everything compiled:
    Bumble alone is 2 s of a boot otherwise."""
    tags = [word for tag in ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17",
                             "manylinux2014") for word in ("--platform", f"{tag}_x86_64")]
    run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile",
         "--python-version", python, *tags, "--target", root / "opt/python",
         "-r", HERE / "guest/requirements.txt"], log)
    # The guest's interpreter compiles, under its own loader: it may want a newer C library. Two
    # at a time by hand; with -j it would start others without that loader.
    compiler = [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path",
                root / "usr/lib/x86_64-linux-gnu", root / f"usr/bin/python{python}", "-m",
                "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", root,
                "-x", r"/(test|idlelib|lib2to3)/"]
    with concurrent.futures.ThreadPoolExecutor(2) as workers:
        list(workers.map(
            lambda folder: run([*compiler, folder], log,
                               env={**os.environ, "PYTHONHOME": str(root / "usr")}),
            [root / f"usr/lib/python{python}", root / "opt/python"]))


def build_root(cache: Path, folder: Path, release: str) -> None:
    """Makes a root file system in `folder`; half a minute."""
    require_tools("dpkg-deb", "apt-get", "apt-cache", "tar")
    require_room(cache)
    facts, log = RELEASES[release], cache / f"root-{release}.log"
    log.unlink(missing_ok=True)
    merge_usr(folder)
    packages = Apt(release, cache).fetch_with_dependencies(
        [*COMMON_PACKAGES, *facts["packages"]])
    unpack_all(packages, folder, log)
    settle(folder)
    shutil.copy2(HERE / "guest/init.sh", folder / "lane-init")
    install_python_packages(folder, facts["python"], log)


def ensure_root(cache: Path, release: str) -> Path:
    """The root file system of a Debian release, made when it is not there yet."""
    if release not in RELEASES:
        raise CannotRun(f"no release {release!r}; there are {', '.join(RELEASES)}")
    files = [(HERE / "guest" / name).read_text() for name in ("requirements.txt", "init.sh")]
    key = digest(ROOT_RECIPE, COMMON_PACKAGES, RELEASES[release], UNPACKED_NOT, files)
    return ensure(cache, cache / f"root-{release}-{key}",
                  f"a root file system of Debian {release} (half a minute)", build_root, release)
