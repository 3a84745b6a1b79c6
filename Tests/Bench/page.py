"""What the live page costs the gateway, and how late it shows a value.

    make bench-page

Eight straps at 1 Hz on a BlueZ without a radio (Tests/Support/fake_bluez.py), one gateway, one
headless Chromium. The processor time of `--seconds` seconds is taken twice, with the page closed
and with it open, and the memory at the end of each. Ends with status 1 when the page open costs
more than 1 % of a core or 1 MiB more.

Then the latency: a line written to the gateway's standard input until the frame in which the
number is drawn (the page notes each in `pulsegateView.painted`), both by this machine's clock.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Support"), str(HERE.parent / "EndToEnd")]

from ble import SETTLE_SECONDS, Pulsegate, Room  # noqa: E402
from browser import Browser, browser_path  # noqa: E402
from gateway import Desk, file_sink, hex_lines, wait_until  # noqa: E402
from pages import READY  # noqa: E402
from ports import free_port  # noqa: E402

CPU_SHARE_MAX, MEMORY_KIB_MAX = 0.01, 1024


class Served(Pulsegate):
    """A gateway with the page."""

    def __init__(self, room, folder):
        self.port = free_port()
        super().__init__(room, folder)

    def command(self):
        command = super().command()
        with open(self.folder / "pulsegate.conf", "a") as configuration:
            configuration.write(f"[http]\nlisten = 127.0.0.1:{self.port}\n")
        return command


def measure(gateway, seconds):
    """(share of a core, own KiB, KiB of code and data) over the seconds."""
    time.sleep(SETTLE_SECONDS)
    before, begun = gateway.cost(), time.monotonic()
    time.sleep(seconds)
    after, passed = gateway.cost(), time.monotonic() - begun
    heard = (after["values"] - before["values"]) / passed
    status = (Path("/proc") / str(gateway.process.pid) / "status").read_text()
    resident = int(status.partition("VmRSS:")[2].split()[0])
    return (after["cpu_seconds"] - before["cpu_seconds"]) / passed, after["own_kib"], resident, heard


def cost(browser, straps, seconds):
    with tempfile.TemporaryDirectory() as folder, Served(Room(straps), Path(folder)) as gateway:
        gateway.wait_until_ready()
        figures = {"closed": measure(gateway, seconds)}
        page = browser.open(f"http://127.0.0.1:{gateway.port}/", width=1920, height=1080)
        page.wait(READY)
        figures["open"] = measure(gateway, seconds)
        assert page.complaints == [], page.complaints
        fields = page.evaluate("document.querySelectorAll('.field:not(.old):not(.none)').length")
        if fields != straps:
            sys.exit(f"the page shows {fields} of {straps} straps")
        page.close()
    print(f"{straps} straps at 1 Hz, {seconds} s each{'':6}CPU      own memory   resident   values/s")
    for name, (share, own, resident, heard) in figures.items():
        print(f"  page {name:25}{100 * share:6.2f} %  {own:8} KiB  {resident:6} KiB  {heard:6.2f}")
    share = figures["open"][0] - figures["closed"][0]
    memory = figures["open"][1] - figures["closed"][1]
    print(f"  the page costs {100 * share:.2f} % of a core and {memory} KiB")
    return share <= CPU_SHARE_MAX and memory <= MEMORY_KIB_MAX


def latency(browser, count):
    with tempfile.TemporaryDirectory() as folder:
        desk, port = Desk(folder), free_port()
        desk.configure(hex_lines(), file_sink(), http={"listen": f"127.0.0.1:{port}"})
        run = desk.start(stdin=subprocess.PIPE)
        try:
            run.wait_for_log("http: listens")
            run.write("00 3b\n")
            page = browser.open(f"http://127.0.0.1:{port}/", width=1920, height=1080)
            page.wait(READY)
            delays = []
            pipe = run.process.stdin.fileno()
            for number in range(count):
                rate = 60 + number % 80
                time.sleep(0.2)
                sent = time.time()
                os.write(pipe, f"00 {rate:02x}\n".encode())
                painted = wait_until(lambda: page.evaluate(
                    f"pulsegateView.painted.find((one) => one.rate === {rate} && one.at >= "
                    f"{1000 * sent - 1})?.at"), "a measurement on the screen")
                delays.append(painted - 1000 * sent)
            page.close()
        finally:
            desk.stop()
    delays.sort()
    part = [delays[min(count - 1, int(count * one))] for one in (0.5, 0.99, 1)]
    print(f"notification to screen, {count} values, ms: p50 {part[0]:.1f}, p99 {part[1]:.1f}, "
          f"max {part[2]:.1f}")
    return part[2] <= 250


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--straps", type=int, default=8)
    parser.add_argument("--values", type=int, default=300)
    arguments = parser.parse_args()
    if browser_path() is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    one_browser = Browser()
    try:
        is_quick = latency(one_browser, arguments.values)
        is_cheap = cost(one_browser, arguments.straps, arguments.seconds)
    finally:
        one_browser.stop()
    sys.exit(0 if is_quick and is_cheap else 1)
