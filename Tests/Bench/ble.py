"""What it costs to listen to a room of straps: Pulsegate beside bleak, in one run.

    make bench-ble

Each program has a BlueZ of its own (Tests/Support/fake_bluez.py) on a real dbus-daemon, with the
same straps: one notification a second each, spread over the second as straps in a room are. Both
run at the same time, so that what else the machine does is the same for both. When every strap
has streamed for a while, the processor time of `--seconds` seconds is taken (the kernel's, to the
nanosecond) and scaled to an hour: the load is the same in every second, so a longer window would
not change the answer, and a faster stream would, because several notifications would share a
wake-up.

bleak is Tests/BlueZ/guest/bleak_client.py: it decodes, and writes a line of JSON a notification.
Pulsegate decodes, judges the alarm, writes and syncs the ring, and writes the same lines.

A third run counts what Pulsegate takes from the heap meanwhile (malloc_callers.c): libdbus for
the messages, everything else by the second, because no notification takes anything.
"""

import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "Support"))

from bluetooth import Bluetooth  # noqa: E402

# BlueZ's own delays are shortened by this, which nobody waits for; the straps keep their second.
SCALE = 0.1
READY_SECONDS_MAX, SETTLE_SECONDS = 240, 5
HOUR_SECONDS = 3600
BLEAK_CLIENT = HERE.parent / "BlueZ" / "guest" / "bleak_client.py"


def address(number):
    return f"C0:00:00:00:00:{number:02X}"


class Room:
    """A BlueZ whose straps send a heart rate a second each, evenly spread."""

    def __init__(self, straps):
        self.straps = straps
        self.bluetooth = Bluetooth("--scale", SCALE)
        for number in range(straps):
            self.bluetooth.order("sensor", address=address(number), name=f"Strap {number + 1}",
                                 advertising=True)
        begun = time.monotonic()
        for number in range(straps):
            time.sleep(max(0, begun + number / straps - time.monotonic()))
            self.bluetooth.order("stream", addresses=[address(number)], hz=SCALE,
                                 rates=[*range(60, 120), *range(120, 60, -1)])

    def advertise(self):
        """All that are not connected are heard once more, where somebody looks for them."""
        for number in range(self.straps):
            self.bluetooth.order("sensor", address=address(number), advertising=True)

    def stop(self):
        self.bluetooth.stop()


class Listener:
    """A program that listens to a room and writes a line of JSON for each notification."""

    name: str

    def __init__(self, room, folder, environment=None):
        self.room, self.folder = room, folder
        self.records = folder / "records.ndjson"
        self.process = subprocess.Popen(
            [str(word) for word in self.command()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=open(folder / "log", "wb"), cwd=folder,
            env={**os.environ, **room.bluetooth.environment, **(environment or {})})

    def lines(self):
        return self.records.read_bytes().splitlines() if self.records.exists() else []

    def wait_until_ready(self):
        """Every strap has been heard."""
        end = time.monotonic() + READY_SECONDS_MAX
        while len({re.search(rb'"sensor": ?"([^"]*)"', line)[1] for line in self.lines()
                   if line.endswith(b"}")}) < self.room.straps:
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{self.name} does not hear every strap: {self.folder}/log:\n"
                         + (self.folder / "log").read_text()[-2000:])
            self.room.advertise()
            time.sleep(0.5)

    def cost(self):
        """Processor seconds until now and memory, KiB."""
        process = Path(f"/proc/{self.process.pid}")
        nanoseconds = sum(int((task / "schedstat").read_text().split()[0])
                          for task in (process / "task").iterdir())
        status = dict(re.findall(r"(VmHWM|RssAnon):\s+(\d+) kB", (process / "status").read_text()))
        private = sum(map(int, re.findall(r"Private_\w+:\s+(\d+) kB",
                                          (process / "smaps_rollup").read_text())))
        return {"cpu_seconds": nanoseconds / 1e9, "peak_rss_kib": int(status["VmHWM"]),
                "own_kib": int(status["RssAnon"]), "unshared_kib": private,
                "values": len(self.lines())}

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        """Ends the program and its room, whatever has happened."""
        try:
            self.process.terminate()
            self.process.wait(30)
        finally:
            self.process.kill()
            self.room.stop()


class Pulsegate(Listener):
    name = "pulsegate"

    def command(self):
        (self.folder / "pulsegate.conf").write_text("\n".join([
            "[gateway]", "device_id = gym-7", f"data = {self.folder / 'data'}",
            "[ring]", "size = 16MiB", "allow_volatile = yes",
            "[input]", "type = bluetooth", "[bluetooth]", f"any = {self.room.straps}",
            "[sink local]", "type = file", f"path = {self.records}", "rotate_size = 1GiB", ""]))
        binary = os.environ.get("PULSEGATE", ROOT / ".build/release/pulsegate")
        return [binary, "run", "--config", self.folder / "pulsegate.conf"]


class Bleak(Listener):
    name = "bleak"

    def command(self):
        python = os.environ.get("PULSEGATE_BLEAK", ROOT / ".build/venv-bleak/bin/python")
        sensors = [word for number in range(self.room.straps)
                   for word in ("--sensor", f"strap-{number + 1}={address(number)}")]
        return [python, BLEAK_CLIENT, "--records", self.records, *sensors]


def measure(straps, seconds, folder):
    """Both at once; returns a row for each."""
    for kind in (Pulsegate, Bleak):
        (folder / kind.name).mkdir(parents=True)
    with (Pulsegate(Room(straps), folder / "pulsegate") as one,
          Bleak(Room(straps), folder / "bleak") as other):
        return compare((one, other), straps, seconds)


def compare(listeners, straps, seconds):
    """What each costs from when all have heard every strap."""
    for listener in listeners:
        listener.wait_until_ready()
    time.sleep(SETTLE_SECONDS)
    before = [(time.monotonic(), listener.cost()) for listener in listeners]
    time.sleep(seconds)
    rows = []
    for listener, (start, first) in zip(listeners, before, strict=True):
        last, wall = listener.cost(), time.monotonic() - start
        values = last["values"] - first["values"]
        if not 0.9 < values / (wall * straps) < 1.1:
            sys.exit(f"{listener.name}: {values} values in {wall:.1f} s of {straps} straps")
        cpu = last["cpu_seconds"] - first["cpu_seconds"]
        rows.append({**last, "program": listener.name, "straps": straps, "values": values,
                     "cpu_seconds_an_hour": cpu / wall * HOUR_SECONDS,
                     "cpu_microseconds_a_value": cpu / values * 1e6})
    return rows


def count_allocations(straps, seconds, folder):
    """The blocks that Pulsegate takes from the heap: libdbus's, all others."""
    library, counts = folder / "malloc_callers.so", folder / "counts"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, HERE / "malloc_callers.c"],
                   check=True)
    folder = folder / "allocations"
    folder.mkdir()
    environment = {"LD_PRELOAD": str(library), "PULSEGATE_MALLOC_COUNTS": str(counts)}
    with Pulsegate(Room(straps), folder, environment) as listener:
        listener.wait_until_ready()
        # What is read about a device once is read by then.
        time.sleep(2 * SETTLE_SECONDS)

        def now():
            return (*struct.unpack("QQ", counts.read_bytes()), len(listener.lines()))

        first = now()
        time.sleep(seconds)
        libdbus, others, values = (
            after - before for after, before in zip(now(), first, strict=True))
    return {"straps": straps, "seconds": seconds, "values": values, "libdbus": libdbus,
            "others": others}


def table(rows, allocations):
    lines = ["", "| straps at 1 Hz | | CPU s an hour | CPU us a value | peak RSS, MiB | of it its "
             "own, MiB | of it not shared, MiB | heap blocks of libdbus a value | of ours a second |",
             "|---:|---|---:|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        base = next(other for other in rows
                    if other["straps"] == row["straps"] and other["program"] == "pulsegate")
        ratio = row["cpu_seconds_an_hour"] / base["cpu_seconds_an_hour"]
        blocks = "- | -"
        if row["program"] == "pulsegate":
            count = allocations[row["straps"]]
            blocks = (f"{count['libdbus'] / count['values']:.3f} | "
                      f"{count['others'] / count['seconds']:.1f}")
        lines.append(
            f"| {row['straps']} | {row['program']} | {row['cpu_seconds_an_hour']:.1f} "
            f"({ratio:.1f}x) | {row['cpu_microseconds_a_value']:.0f} | "
            f"{row['peak_rss_kib'] / 1024:.1f} | {row['own_kib'] / 1024:.1f} | "
            f"{row['unshared_kib'] / 1024:.1f} | {blocks} |")
    return "\n".join([*lines, ""])


def main():
    parser = argparse.ArgumentParser(description="Pulsegate beside bleak on straps at 1 Hz.")
    parser.add_argument("--straps", type=int, nargs="+", default=[8, 50])
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pulsegate-bench-") as folder:
        rows, allocations = [], {}
        for straps in options.straps:
            place = Path(folder) / str(straps)
            place.mkdir()
            print(f"{straps} straps, {options.seconds:g} s", file=sys.stderr, flush=True)
            rows += measure(straps, options.seconds, place)
            allocations[straps] = count_allocations(straps, options.seconds / 2, place)
    print(f"Measured for {options.seconds:g} s of streaming, scaled to an hour.")
    print(table(rows, allocations))
    (ROOT / ".build").mkdir(exist_ok=True)
    (ROOT / ".build" / "bench-ble.json").write_text(json.dumps(
        {"rows": rows, "allocations": list(allocations.values())}, indent=1))


if __name__ == "__main__":
    main()
