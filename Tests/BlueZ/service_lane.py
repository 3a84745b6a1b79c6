#!/usr/bin/env python3
"""The service lane: the package under the real systemd of Debian 12, on a kernel of its own.

    service_lane.py [PACKAGE.deb]

Boots the kernel of the Bluetooth lane; the guest installs the package, becomes systemd, and
guest/service_story.py looks at it. Exit status as lane.py's.
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

from cache import cache_folder, ensure_kernel, ensure_root
from lane import CANNOT_RUN_STATUS, RESULTS, ROOT, boot, explain_no_boot
from packages import CannotRun

SECONDS_MAX = 300
GO = "/lab/code/guest/service_boot.sh"
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


class Serial:
    """The other end of the guest's serial line: a person at a terminal, and noise."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.parent, self.child = pty.openpty()
        tty.setraw(self.child)
        self.text = ""
        self.is_over = False
        self.lines: list[str] = []
        threading.Thread(target=self._talk, daemon=True).start()

    @property
    def word(self) -> str:
        """What the kernel is told of it."""
        return f"ssl1=tty:{os.ttyname(self.child)}"

    def _wait(self, text: str, seconds: float) -> bool:
        end, start = time.monotonic() + seconds, len(self.text)
        while text not in self.text[start:] and time.monotonic() < end and not self.is_over:
            if select.select([self.parent], [], [], 0.2)[0]:
                self.text += os.read(self.parent, 4096).decode(errors="replace")
        return text in self.text[start:]

    def _check(self, name: str, holds: bool) -> None:
        self.lines.append(f"{'ok' if holds else 'not ok'} {name}")

    def _talk(self) -> None:
        self._check("the console greets on the serial line", self._wait("pulsegate> ", 60))
        os.write(self.parent, b"version\r")
        self._check("it answers there", self._wait("pulsegate 0.1.0", 10))
        self._wait("pulsegate> ", 10)
        os.write(self.parent, bytes(range(128, 256)) + b"\x00\xff\x13\x1a\x1c\x1b[\x07")
        os.write(self.parent, b"\r\x15version\r")
        self._check("and after noise on the line", self._wait("pulsegate 0.1.0", 20))
        self._ask_why()

    def _answer(self, command: str) -> str:
        start = len(self.text)
        os.write(self.parent, f"\x15{command}\r".encode())
        self._wait("\npulsegate> ", 30)
        return self.text[start:]

    def _ask_why(self) -> None:
        """The gateway has been stopped (guest/service_story.py)."""
        end = time.monotonic() + 120
        while not (self.out / "stopped").exists() and time.monotonic() < end:
            self._wait("\x00", 0.2)
        answer = self._answer("status")
        self._check("a gateway that is down is called so, with what systemd says of it",
                    "the gateway is down" in answer and "ActiveState=inactive" in answer)
        self._check("and its journal is read there",
                    "Stopped pulsegate.service" in self._answer("log"))
        (self.out / "asked").touch()


def power_cut(kernel: Path, root: Path, folder: Path, program: Path, image: Path) -> None:
    """The first machine: it records onto the image until its power is cut."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "first").touch()
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-F", image, "24M"], check=True,
                   stderr=subprocess.DEVNULL)
    boot(kernel, root, folder, program, False, SECONDS_MAX, go=GO, words=[f"ubd0={image}"],
         cut=folder / "cut")
    if not (folder / "cut").exists():
        raise explain_no_boot(folder)


def main() -> int:
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else next(PACKAGES.glob("*_amd64.deb"), None)
    if package is None:
        print("cannot run here: no package; make package", file=sys.stderr)
        return CANNOT_RUN_STATUS
    try:
        cache = cache_folder()
        kernel, root = ensure_kernel(cache), ensure_root(cache, "bookworm")
        folder, program = RESULTS / "bookworm-service", RESULTS / "program-service"
        bring(package, program, root)
        image = RESULTS / "service.img"
        # The real clock: systemd's own limits are under test.
        power_cut(kernel, root, RESULTS / "bookworm-service-cut", program, image)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        serial = Serial(folder)
        boot(kernel, root, folder, program, False, SECONDS_MAX, go=GO,
             words=[f"ubd0={image}", serial.word])
        serial.is_over = True
        (folder / "serial.log").write_text(serial.text)
        checks = folder / "checks"
        if not checks.exists():
            raise explain_no_boot(folder)
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return CANNOT_RUN_STATUS
    lines = serial.lines + checks.read_text().splitlines()
    print("\n".join(lines))
    failed = [line for line in lines if line.startswith("not ok")]
    return 1 if failed or lines[-1] != "done" else 0


if __name__ == "__main__":
    sys.exit(main())
