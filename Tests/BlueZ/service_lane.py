#!/usr/bin/env python3
"""The service lane: the package under the real systemd of Debian 12, on a kernel of its own.

    service_lane.py [PACKAGE.deb]

Boots the kernel of the Bluetooth lane; the guest installs the package, becomes systemd, and
guest/service_story.py looks at it. Exit status as lane.py's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cache import CannotRun, cache_folder, ensure_kernel, ensure_root
from lane import CANNOT_RUN_STATUS, RESULTS, ROOT, boot, explain_no_boot

SECONDS_MAX = 400
PACKAGES = ROOT / ".build/package"
RECORDING = ROOT / "Sources/pulsegate/Recordings/interval-session.csv"


def repack(package: Path, target: Path, version: str, is_broken: bool) -> None:
    """The same package as another version, with a program that ends at once if asked for."""
    folder = target.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN/control"
    lines = [f"Version: {version}" if line.startswith("Version: ") else line
             for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    if is_broken:
        program = folder / "usr/bin/pulsegate"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", folder, target],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder)


def bring(package: Path, program: Path, root: Path) -> None:
    """The packages, the recording, and the libraries that the guest does not have."""
    shutil.rmtree(program, ignore_errors=True)
    (program / "libraries").mkdir(parents=True)
    repack(package, program / "pulsegate.deb", "0.1.0", False)
    repack(package, program / "pulsegate-next.deb", "0.1.1", False)
    repack(package, program / "pulsegate-broken.deb", "0.1.2", True)
    shutil.copy(RECORDING, program / "beats.csv")
    unpacked = program / "unpacked"
    subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    listed = subprocess.run(["ldd", unpacked / "usr/bin/pulsegate"], capture_output=True,
                            text=True, check=True).stdout
    shutil.rmtree(unpacked)
    for line in listed.splitlines():
        words = line.split()
        if "=>" in words and len(words) > 2 and words[2].startswith("/"):
            if not (root / "usr/lib/x86_64-linux-gnu" / words[0]).exists():
                shutil.copy(words[2], program / "libraries" / words[0])


def main() -> int:
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else next(PACKAGES.glob("*.deb"), None)
    if package is None:
        print("cannot run here: no package; make package", file=sys.stderr)
        return CANNOT_RUN_STATUS
    try:
        cache = cache_folder()
        kernel, root = ensure_kernel(cache), ensure_root(cache, "bookworm")
        folder, program = RESULTS / "bookworm-service", RESULTS / "program-service"
        bring(package, program, root)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # The real clock: systemd's own limits are under test.
        boot(kernel, root, folder, program, False, SECONDS_MAX,
             go="/lab/code/guest/service_boot.sh")
        checks = folder / "checks"
        if not checks.exists():
            raise explain_no_boot(folder)
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return CANNOT_RUN_STATUS
    lines = checks.read_text().splitlines()
    print("\n".join(lines))
    failed = [line for line in lines if line.startswith("not ok")]
    return 1 if failed or lines[-1] != "done" else 0


if __name__ == "__main__":
    sys.exit(main())
