#!/usr/bin/env python3
"""The package on an emulated Raspberry Pi 3B: the last gate before a release.

    pi_lane.py [PACKAGE.deb]

QEMU's raspi3b boots Debian from an SD card; the static arm64 binary, installed there from its
package, takes a virtual strap's values through the board's Bluetooth UART and bluetoothd, drives
lamp and buzzer on the board's GPIO chip, talks on its serial console, and sends what it has to a
Kinesis endpoint on this machine whenever its network cable is in. All that is known of it comes
over the serial line, from the pins, from that endpoint, and from the card once the plug has been
pulled; twice. Then the same binary on a board whose watchdog counts (pi_watchdog.py). Exit status
as lane.py's.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pi_parts
import pi_watchdog
from lane import CANNOT_RUN_STATUS, RECORDING, RESULTS, ROOT, read_lines
from packages import CannotRun
from pi_checks import Checks, judge
from pi_cloud import Cloud
from pi_machine import RASPBERRY_PI_3, Machine

HERE = Path(__file__).resolve().parent
PACKAGES = ROOT / ".build/package"
# GPIO numbers of board/raspberry-pi-3.conf.
LAMP, BUZZER = 17, 22
RECORDS = "/var/lib/pulsegate/local.ndjson"
CALM, HIGH = 80, 165
# [alarm] onset_delay, a value a second, and an emulated processor.
ALARM_SECONDS_MAX = 3 + 1 + 6
# A file sink's batch waits for 1 s; the sync on this card, and what was on its way, are the rest.
LOST_SECONDS_MAX = 3
# A request takes its time on an emulated processor, above all the first one with its handshake.
UNSENT_SECONDS_MAX = 15
# The numbers of the second power-on, so that none is of both.
SECOND_NUMBER = 100_000


class Story(Checks):
    """A gateway in use, and what is left of it."""

    def up(self, machine: Machine, what: str) -> None:
        """From the plug to the first heart rate."""
        self.greets(machine, what)
        streams = self.wait(machine, "sensors", r"(\d+) bpm, .*streaming", 180)
        self.check(f"{what}: a strap streams through the board's radio and bluetoothd", streams,
                   f"{machine.seconds:.0f} s; {machine.ask('sensors')}")

    def alarm(self, machine: Machine, journal: Path) -> None:
        """Above the limit and below it again, seen at the pins."""
        self.check("below the limit the alarm lamp is dark",
                   machine.stays_low(LAMP, 2))
        begin = time.time()
        machine.steer(f"rate 0 {HIGH}")
        lit = machine.wait_for_level(LAMP, True, 60)
        lit_at = time.time()
        first = next((entry["time"] for entry in read_lines(journal)
                      if entry["time"] >= begin and entry.get("heart_rate") == HIGH), begin)
        self.check("above it the lamp lights", lit
                   and lit_at - first < ALARM_SECONDS_MAX,
                   f"{lit_at - first:.1f} s after the first value, 3 s of them [alarm] onset_delay")
        self.check("and the buzzer sounds", machine.wait_for_level(BUZZER, True, 20))
        self.check("it is acknowledged at the console",
                   "acknowledged" in (said := machine.ask("alarm ack")), said)
        machine.wait_for_level(BUZZER, False, 5)
        self.check("then the buzzer is silent and the lamp goes on",
                   machine.stays_low(BUZZER, 8) and machine.wait_for_level(LAMP, True, 5))
        machine.steer(f"rate 0 {CALM}")
        cleared = self.wait(machine, "alarm status", "high heart rate, cleared", 30)
        self.check("below the limit again it clears", cleared
                   and machine.stays_low(LAMP, 2),
                   machine.ask("alarm status"))

    def away(self, machine: Machine) -> None:
        """Out of range and back."""
        machine.steer("vanish 0")
        gone = self.wait(machine, "sensors", r"absent|looked for|connecting|recovering", 30)
        self.check("a strap out of range is told", gone, machine.ask("sensors"))
        machine.steer("return 0")
        begin = time.monotonic()
        back = self.wait(machine, "sensors", r"bpm, .*streaming", 120)
        self.check("and streams again when it is back", back,
                   f"{time.monotonic() - begin:.0f} s")

    def delivers(self, machine: Machine, what: str) -> None:
        """Nothing but the newest values waits."""
        sent = self.wait(machine, "net", r"cloud: [1-9]\d* delivered, \d waiting, 0 lost", 180)
        self.check(what, sent, machine.ask("net"))

    def figures(self, machine: Machine) -> None:
        """Memory, and what the program finds wrong."""
        memory = machine.ask("mem")
        used = re.search(r"(\d+) KiB resident, (\d+) KiB its own, budget (\d+)", memory)
        self.check("its memory is within its budget",
                   used and int(used[1]) < int(used[3]), memory)
        findings = machine.ask("doctor", 120)
        errors = [line for line in findings.splitlines() if re.search(r"^.{17} error ", line)]
        self.check("the doctor finds no error", findings and not errors,
                   "; ".join(errors) or findings.splitlines()[-1])
        log = machine.ask("log 200")
        self.check("no error in the log", log and not re.search(r"\d error: ", log),
                   "; ".join(re.findall(r"error: .*", log)))

    def card(self, card: Path, folder: Path, cuts: Sequence[float]) -> None:
        """What is on the card after the second cut."""
        records_file = folder / "local.ndjson"
        pi_parts.recover(card)
        self.check("the records are on the card",
                   pi_parts.read_file(card, RECORDS, records_file))
        self.arrivals("on the card", read_lines(records_file), folder, cuts, LOST_SECONDS_MAX)

    def arrivals(self, where: str, records: Sequence[dict[str, Any]], folder: Path,
                 cuts: Sequence[float], seconds_max: float) -> None:
        """Holds records against what both gyms sent."""
        for place, cut in enumerate(cuts):
            journal = read_lines(folder / str(place + 1) / "journal.ndjson")
            sent = [entry for entry in journal
                    if entry["event"] == "sent" and entry["kind"] == "value"]
            found = judge(sent, records)
            lost = max((cut - entry["time"] for entry in found.missing), default=0)
            self.check(f"power-on {place + 1}: every value is {where}, as it was sent and in order, "
                       f"but for the last {seconds_max} s", found.sent and not found.faults
                       and lost <= seconds_max,
                       f"{found.sent} sent, {len(found.missing)} lost in the last {lost:.1f} s, "
                       f"{found.repeated} repeated" + "".join(f"; {fault}" for fault in
                                                              found.faults[:3]))

    def looks(self, card: Path, folder: Path) -> None:
        """What `pulsegate board detect` and the doctor said as root, at the second boot."""
        if pi_parts.read_file(card, "/lab/board.txt", folder / "board.txt"):
            said = (folder / "board.txt").read_text()
            self.check("the board is recognised", "Raspberry Pi 3" in said
                       and "pinctrl-bcm2835" in said, said.splitlines()[0] if said else "")
        else:
            self.check("the board is recognised", False, "no board.txt")
        if pi_parts.read_file(card, "/lab/doctor.json", folder / "doctor.json"):
            text = (folder / "doctor.json").read_text()
            self.check("the doctor's JSON is JSON", json.loads(text), f"{len(text)} bytes")


def run(story: Story, package: Path, folder: Path) -> None:
    parts, card, cloud = pi_parts.ensure(), folder / "card.img", Cloud(folder / "cloud")
    try:
        tell(story, parts, package, card, folder, cloud)
    finally:
        cloud.stop()


def tell(story: Story, parts: Path, package: Path, card: Path, folder: Path, cloud: Cloud) -> None:
    """Both power-ons, and what is left of them."""
    pi_parts.make_card(parts, card, {
        "/lab/boot.sh": HERE / "guest/pi_boot.sh", "/lab/pulsegate.deb": package, **cloud.files})
    cuts = []
    for place in (1, 2):
        own = folder / str(place)
        own.mkdir()
        machine = Machine(RASPBERRY_PI_3, parts, card, own, [
            "--recording", str(RECORDING), "--first-number",
            str(SECOND_NUMBER if place == 2 else 0)])
        try:
            machine.steer(f"rate 0 {CALM}")
            story.up(machine, f"power-on {place}")
            story.delivers(machine, f"power-on {place}: what it has is in the cloud")
            if place == 1:
                machine.plug(False)
                story.alarm(machine, own / "journal.ndjson")
                story.away(machine)
                waits = story.wait(machine, "net", r"cloud: .* \d\d+ waiting", 60)
                story.check("all that was without a network; the records wait", waits,
                            machine.ask("net"))
                machine.plug(True)
                story.delivers(machine, "with the cable in again they are sent")
                story.figures(machine)
            else:
                reason = machine.ask("restart-reason")
                story.check("it says that the power was cut", "power" in reason, reason)
                found = re.search(r"sequences (\d+) to (\d+)", machine.ask("ring"))
                story.check("the ring goes on where it was", found and int(found[2]) > 0,
                            found[0] if found else "")
                time.sleep(20)
                story.delivers(machine, "the cloud has what both power-ons recorded")
        finally:
            cuts.append(time.time())
            machine.cut()
    story.card(card, folder, cuts)
    story.arrivals("in the cloud", cloud.records(), folder, cuts, UNSENT_SECONDS_MAX)
    cloud.check(story, [folder / place / "journal.ndjson" for place in "12"])
    story.looks(card, folder)
    if not story.failed:
        card.unlink()


def main() -> int:
    package = (Path(sys.argv[1]) if len(sys.argv) > 1
               else next(PACKAGES.glob("pulsegate_*_arm64.deb"), None))
    if package is None:
        print("cannot run here: no arm64 package; make package ARCH=arm64", file=sys.stderr)
        return CANNOT_RUN_STATUS
    folder = RESULTS / "raspberry-pi-3"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    story = Story()
    try:
        run(story, package, folder)
        pi_watchdog.run(story, package, folder)
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return CANNOT_RUN_STATUS
    print(f"{story.passed} held, {story.failed} failed; logs and journals: {folder}")
    return 1 if story.failed else 0


if __name__ == "__main__":
    sys.exit(main())
