"""From the last byte of a notification to the lamp's line, while nothing else works.

    make bench-alarm

The real binary and a GPIO library that keeps the time of every level (Tests/Support/fake_gpiod.c)
where the kernel's ioctl would be. Values above and below the limit in turn, one pair each 4 ms;
10,000 alarms, 2,000 a run: a card that hangs for ten seconds and a ring that is full are alarms
themselves, and a lamp that is on already does not rise. In the second half every pwrite and fdatasync of the ring takes five seconds
(Tests/Support/disk_faults.c), and the service accepts connections and never says a word.

A busy machine is late by itself: the first run says by how much. Ends with status 1 when the 99th
percentile beside a hanging card and network is more than 1 ms and more than 1 ms above the first
run's.
"""

import argparse
import mmap
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "Support"), str(ROOT / "Tests" / "EndToEnd")]

from faults import Disk, build_faults  # noqa: E402
from gateway import Desk, file_sink, hex_lines, wait_until  # noqa: E402

PAIR_SECONDS = 0.004
ALARMS_PER_RUN = 2_000
STALL_SECONDS = 5
SLACK_SECONDS = 0.001


def build_fake(folder):
    library = Path(folder) / "fake_gpiod.so"
    compiler = shutil.which("cc") or "clang"
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o",
                    library, ROOT / "Tests/Support/fake_gpiod.c"], check=True)
    return library


class SilentService:
    """Accepts and says nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            self.held.append(self.socket.accept()[0])


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def read_levels(path):
    """[(seconds, level)] of the fake chip, in order."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as levels:
        count = struct.unpack_from("Q", levels, 0)[0]
        return [((word >> 1) / 1e9, word & 1)
                for word in struct.unpack_from(f"{count}Q", levels, 8)]


def measure(folder, faults, fake, count, hangs):
    desk = Desk(folder)
    disk = Disk(faults, desk.ring, desk.folder)
    levels = Path(folder) / "levels"
    service = SilentService()
    cloud = ("cloud", {"type": "kinesis", "stream": "s", "region": "eu-central-1",
                       "endpoint": service.endpoint, "allow_http": "yes", "timeout": "10min"})
    desk.configure(
        hex_lines(drain_timeout="0s"), *([cloud] if hangs else [file_sink()]),
        ring={"sync_interval": "100ms", "lazy_interval": "1s"}, gateway={"log": "error"},
        alarm={"onset_delay": "0s", "self_test": "no"},
        **{"output lamp": {"type": "gpio", "shows": "alarm", "chip": "fake", "line": 17}})
    variables = {**disk.variables, "FAKE_GPIOD": str(levels),
                 "LD_PRELOAD": f"{disk.variables['LD_PRELOAD']}:{fake}"}
    run = desk.start(stdin=subprocess.PIPE, **variables)
    wait_until(levels.exists, "the lamp")
    if hangs:
        disk.stall(STALL_SECONDS, "pwrite", "fdatasync")
    sent = []
    pipe = run.process.stdin.fileno()
    due = time.monotonic()
    for _ in range(count):
        due += PAIR_SECONDS
        time.sleep(max(0, due - PAIR_SECONDS / 2 - time.monotonic()))
        sent.append(time.monotonic())
        os.write(pipe, b"00 b4\n")
        time.sleep(max(0, due - time.monotonic()))
        os.write(pipe, b"00 46\n")
    wait_until(lambda: sum(level for _, level in read_levels(levels)) >= count, "every alarm")
    hung = disk.count("pwrite") + disk.count("fdatasync")
    if hangs and not (hung and service.held):
        sys.exit("neither card nor service hung: nothing was measured")
    found = read_levels(levels)
    run.process.kill()
    run.wait()
    rises = [moment for moment, level in found if level]
    delays, place = [], 0
    for moment in sent:
        while place < len(rises) and rises[place] < moment:
            place += 1
        if place == len(rises):
            sys.exit(f"alarm {len(delays)} did not reach the lamp: {run.log}")
        delays.append(rises[place] - moment)
    return sorted(delays), hung


def report(count):
    with tempfile.TemporaryDirectory() as folder:
        faults, fake = build_faults(folder), build_fake(folder)
        print(f"{count} alarms each, notification to lamp, ms{'':10}p50      p99      max")
        usual = 0.0
        for name, hangs in [("all works", False), ("card and network hang", True)]:
            delays, hung = [], 0
            for number in range(0, count, ALARMS_PER_RUN):
                place = Path(folder) / f"{'hangs' if hangs else 'works'}-{number}"
                place.mkdir()
                more, calls = measure(
                    place, faults, fake, min(ALARMS_PER_RUN, count - number), hangs)
                delays, hung = sorted(delays + more), hung + calls
            figures = (percentile(delays, 0.5), percentile(delays, 0.99), delays[-1])
            print(f"  {name:40}" + "".join(f"{1000 * value:9.3f}" for value in figures)
                  + (f"; {hung} calls hung" if hangs else ""), flush=True)
            if not hangs:
                usual = figures[1]
            elif figures[1] > max(SLACK_SECONDS, usual + SLACK_SECONDS):
                sys.exit(f"p99 is {1000 * figures[1]:.2f} ms, {1000 * usual:.2f} ms without")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alarms", type=int, default=10_000)
    report(parser.parse_args().alarms)
