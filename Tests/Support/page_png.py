#!/usr/bin/env python3
"""Draws the live page as pictures: the real gateway, eight straps that play recordings.

    page_png.py --seconds 330 wall-dark.png desk-light.png phone-light.png

Each name says size and theme. The straps are those of fake_bluez.py, so nothing but Chromium, the
release binary and some minutes is needed.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "Support"), str(ROOT / "Tests" / "EndToEnd")]

from bluetooth import Bluetooth  # noqa: E402
from browser import Browser  # noqa: E402
from gateway import Desk, file_sink, wait_until  # noqa: E402
from page_double import read_rates  # noqa: E402
from pages import READY, SIZES  # noqa: E402
from ports import free_port  # noqa: E402

SCALE = 0.1
# Recording, second at which each strap begins, limit: calm ones, one that crosses its limit, and
# two that may go higher.
STRAPS = [("multisport-7h", 2940, 150), ("run-47min", 1500, 185),
          ("indoor-trainer-38min", 1140, 150),
          ("multisport-7h", 4620, 150), ("multisport-7h", 9000, 150), ("ride-78min", 2700, 185),
          ("multisport-7h", 3420, 150), ("multisport-7h", 5100, 150)]


def stretch(name, first, seconds):
    rates = [rate for rate in read_rates(name) if rate]
    return rates[first:first + seconds + 120]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=330)
    parser.add_argument("pictures", nargs="+", type=Path)
    arguments = parser.parse_args()
    bluetooth, browser = Bluetooth("--scale", SCALE), Browser()
    with tempfile.TemporaryDirectory() as folder:
        desk, port = Desk(folder), free_port()
        try:
            addresses = [f"C0:00:00:00:00:{number:02X}" for number in range(len(STRAPS))]
            for address, (name, first, _) in zip(addresses, STRAPS):
                bluetooth.order("sensor", address=address, name=address, advertising=True)
                bluetooth.order("stream", addresses=[address], hz=SCALE,
                                rates=stretch(name, first, arguments.seconds))
            desk.configure(
                {"type": "bluetooth"}, file_sink("local"), ring={"size": "16MiB"},
                http={"listen": f"127.0.0.1:{port}"}, alarm={"sensor_lost": "10s"},
                **{f"sensor lane-{number + 1}": {"address": address, "high": strap[2],
                                                 "clear": strap[2] - 5}
                   for number, (address, strap) in enumerate(zip(addresses, STRAPS))})
            run = desk.start(**bluetooth.environment)
            run.wait_for_log("http: listens")
            pages = {}
            for path in arguments.pictures:
                size, theme = path.stem.split("-")[-2:]
                pages[path] = browser.open(f"http://127.0.0.1:{port}/", dark=theme == "dark",
                                           **SIZES[size])
            first = next(iter(pages.values()))

            def all_stream():
                for address in addresses:
                    bluetooth.order("sensor", address=address, advertising=True)
                return first.evaluate("document.querySelectorAll('.field:not(.old):not(.none)')"
                                      ".length") == len(addresses)

            wait_until(all_stream, "every strap")
            time.sleep(arguments.seconds - 25)
            bluetooth.order("vanish", address=addresses[4])
            time.sleep(25)
            for path, page in pages.items():
                page.wait(READY)
                page.picture(path)
                print(f"{path}: {path.stat().st_size} bytes, {page.complaints or 'no complaints'}")
        finally:
            browser.stop()
            desk.stop()
            bluetooth.stop()


if __name__ == "__main__":
    main()
