"""How long an alarm takes while the card hangs: the real binary, with and without a stall.

    make bench-stall

Two runs of the same input: values above and below the limit in turn, one each 5 ms. In the second
one every pwrite and every fdatasync of the ring takes five seconds (Tests/Support/disk_faults.c),
so the card answers nothing for the whole run. Measured from outside: from the moment the
notification is written to the gateway's standard input until the time that stands in its alarm's
line, and until that line has arrived here. From inside: how long the turns of the poll loop
worked, that is, for how long whatever comes next had to wait.

A busy machine is late by itself: the run without a stall says by how much. Ends with status 1 when
the longest delay beside a card that hangs is 50 ms or more above that; waiting for one call of the
card would add up to five seconds.
"""

import argparse
import datetime
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "Support"), str(ROOT / "Tests" / "EndToEnd")]

from faults import Disk, build_faults  # noqa: E402
from gateway import Desk, file_sink, hex_lines, wait_until  # noqa: E402

INTERVAL_SECONDS = 0.005
STALL_SECONDS = 5
ADDED_MILLISECONDS_MAX = 50


def percentiles(seconds):
    """(p50, p99, max) in milliseconds."""
    ordered = sorted(seconds)
    places = [len(ordered) // 2, len(ordered) * 99 // 100, len(ordered) - 1]
    return tuple(1000 * ordered[place] for place in places)


class Stamped(list):
    """Lines with the time at which they were appended."""

    def append(self, line):
        super().append((time.time(), line))


def measure(folder, library, seconds, stalls):
    """Returns ({name: (p50, p99, max)}, jobs that hung, the gateway's own line)."""
    desk = Desk(folder)
    disk = Disk(library, desk.ring, desk.folder)
    desk.configure(hex_lines(drain_timeout="0s"), file_sink(),
                   ring={"sync_interval": "100ms", "lazy_interval": "1s"},
                   alarm={"onset_delay": "0s"}, gateway={"log": "info"})
    run = desk.start(stdin=subprocess.PIPE, **disk.variables)
    run.wait_for_log("started: ")
    lines = run.lines = Stamped()
    if stalls:
        disk.stall(STALL_SECONDS, "pwrite", "fdatasync")
    sent = []
    due = time.monotonic()
    for number in range(int(seconds / INTERVAL_SECONDS)):
        due += INTERVAL_SECONDS
        time.sleep(max(0, due - time.monotonic()))
        if number % 2 == 0:
            sent.append(time.time())
        run.process.stdin.write(b"00 b4\n" if number % 2 == 0 else b"00 46\n")
        run.process.stdin.flush()
    wait_until(lambda: sum("ALARM" in line for _, line in list(lines)) == len(sent), "the alarms")
    alarms = [(arrival, line) for arrival, line in lines if "ALARM" in line]
    hung = disk.count("pwrite") + disk.count("fdatasync")
    disk.heal()
    run.terminate()
    run.wait()
    own = next(line for _, line in lines if ": alarm: decided" in line)
    stamps = [datetime.datetime.fromisoformat(line.split()[0]).timestamp() for _, line in alarms]
    return ({"alarm": percentiles([stamp - at for stamp, at in zip(stamps, sent, strict=True)]),
             "line": percentiles([at - begun for (at, _), begun in zip(alarms, sent)])},
            hung, re.sub(".* notice: alarm: ", "", own))


def report(seconds):
    with tempfile.TemporaryDirectory() as folder:
        library = build_faults(folder)
        print(f"{int(seconds / INTERVAL_SECONDS / 2)} alarms each; milliseconds"
              f"{'':14}p50      p99      max")
        usual = 0
        for name, stalls in [("card works", False), (f"card hangs {STALL_SECONDS} s a call", True)]:
            place = Path(folder) / ("hangs" if stalls else "works")
            place.mkdir()
            figures, hung, own = measure(place, library, seconds, stalls)
            for what, values in figures.items():
                words = {"alarm": "until the alarm", "line": "until its line is here"}[what]
                print(f"  {name:22} {words:24}" + "".join(f"{value:9.2f}" for value in values))
            print(f"  {'':22} gateway: {own}" + (f"; {hung} calls hung" if stalls else ""))
            if stalls and not hung:
                sys.exit("the card did not hang: nothing was measured")
            longest = figures["alarm"][2]
            if not stalls:
                usual = longest
            elif longest >= usual + ADDED_MILLISECONDS_MAX:
                sys.exit(f"an alarm took {longest:.1f} ms, and {usual:.1f} ms without a stall")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    report(parser.parse_args().seconds)
