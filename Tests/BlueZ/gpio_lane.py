#!/usr/bin/env python3
"""The GPIO lane: lamp, buzzer and button on a real GPIO chip of a real kernel (gpio-sim).

    gpio_lane.py [--release bookworm|trixie ...] [--wall-clock]

Boots the kernel of the Bluetooth lane with guest/gpio_story.py in the place of its conductor. In
Debian 12 the release binary runs on libgpiod 1.6. For Debian 13 its objects are linked once more,
with the shim compiled for libgpiod 2 and that library; beside it the shim is tried alone
(guest/shim2.c). Exit status as lane.py's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cache import RELEASES, cache_folder, ensure_kernel, ensure_root
from clients import Pulsegate
from lane import ATTEMPTS_MAX, CANNOT_RUN_STATUS, PANIC, RESULTS, ROOT, boot, explain_no_boot
from packages import Apt, CannotRun

SECONDS_MAX = 400


def ensure_header(cache: Path) -> Path:
    """The folder with the header of libgpiod 2, from Debian 13's package."""
    folder = cache / "libgpiod2-header"
    if not (folder / "usr/include/gpiod.h").exists():
        download = cache / "libgpiod2-download"
        shutil.rmtree(download, ignore_errors=True)
        download.mkdir()
        Apt("trixie", cache).get("-qq", "download", "libgpiod-dev", folder=download)
        package = next(download.glob("libgpiod-dev_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return folder / "usr/include"


def build_shim(root: Path, cache: Path, program: Path) -> None:
    """Compiles the shim against libgpiod 2 of the guest."""
    library = next(root.glob("usr/lib/*/libgpiod.so.3"))
    sources = ROOT / "Sources/Edge/CGPIO"
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", f"-I{ensure_header(cache)}",
         f"-I{sources}/include", sources / "CGPIO.c", ROOT / "Tests/BlueZ/guest/shim2.c",
         library, "-Wl,--unresolved-symbols=ignore-in-shared-libs", "-o", program / "shim2"],
        check=True)


def relink(root: Path, cache: Path, program: Path) -> bool:
    """Links the release build once more, with the shim over libgpiod 2; False where its objects
    are not at hand (another binary is tested)."""
    listed = ROOT / ".build/release/pulsegate.product/Objects.LinkFileList"
    if "PULSEGATE" in os.environ or not listed.exists():
        return False
    sources = ROOT / "Sources/Edge/CGPIO"
    shim = program / "CGPIO.o"
    subprocess.run(
        ["gcc", "-O2", f"-I{ensure_header(cache)}", f"-I{sources}/include", "-c",
         sources / "CGPIO.c", "-o", shim], check=True)
    objects = [line for line in listed.read_text().splitlines() if "CGPIO" not in line]
    (program / "objects").write_text("\n".join([*objects, str(shim)]) + "\n")
    subprocess.run(
        ["swiftc", "-emit-executable", f"@{program / 'objects'}", "-lcurl", "-lssl", "-lcrypto",
         "-lz", "-linih", "-ldbus-1", "-ledit", "-lmicrohttpd",
         next(root.glob("usr/lib/*/libgpiod.so.3")),
         "-Xlinker", "--unresolved-symbols=ignore-in-shared-libs",
         "-Xlinker", "--defsym=main=pulsegate_main", "-o", program / "pulsegate"], check=True)
    return True


def run(release: str, is_simulated: bool) -> bool:
    cache = cache_folder()
    kernel, root = ensure_kernel(cache), ensure_root(cache, release)
    folder = RESULTS / f"{release}-gpio"
    program = RESULTS / f"program-gpio-{release}"
    shutil.rmtree(program, ignore_errors=True)
    shutil.copytree(Pulsegate().program_folder(), program)
    if release == "trixie":
        build_shim(root, cache, program)
        if relink(root, cache, program):
            print("gpio, trixie: the gateway itself is linked to libgpiod 2")
    for _ in range(ATTEMPTS_MAX):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        boot(kernel, root, folder, program, is_simulated, SECONDS_MAX,
             go="/lab/code/guest/gpio_boot.sh")
        if PANIC not in (folder / "console.log").read_text(errors="replace"):
            break
        print("        gpio: the test kernel panicked", flush=True)
    checks = folder / "checks"
    if not checks.exists():
        raise explain_no_boot(folder)
    lines = checks.read_text().splitlines()
    failed = [line for line in lines if line.startswith("not ok")]
    if lines[-1] != "done":
        failed.append("the story did not come to its end: story.log")
    for line in failed:
        print(f"        {line}")
    passed = sum(line.startswith("ok") for line in lines)
    print(f"gpio, {release}: {passed} passed, {len(failed)} failed", flush=True)
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", action="append", choices=RELEASES)
    parser.add_argument("--wall-clock", action="store_true")
    options = parser.parse_args()
    try:
        held = [run(release, not options.wall_clock)
                for release in options.release or ["bookworm", "trixie"]]
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return CANNOT_RUN_STATUS
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
