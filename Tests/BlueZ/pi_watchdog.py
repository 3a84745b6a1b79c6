"""A board that stands still: systemd's first process is stopped for good, and the board's watchdog,
which nobody feeds any more, starts the machine anew.

QEMU's Raspberry Pi has no watchdog that counts, so this is its `virt` board with an i6300esb; the
kernel, the card and the binary are the same.
"""

from __future__ import annotations

import re
from pathlib import Path

import pi_parts
from lane import RECORDING
from pi_checks import Checks
from pi_machine import WITH_WATCHDOG, Machine

HERE = Path(__file__).resolve().parent
# Recorded heart rates, for ever: no radio is needed to stand still.
CONFIGURATION = """\
[gateway]
device_id = bench
data = /var/lib/pulsegate
[input]
type = recording
recording = /lab/beats.csv
loop = yes
[ring]
size = 1MiB
[sink local]
type = file
"""


def run(checks: Checks, package: Path, folder: Path) -> None:
    own = folder / "watchdog"
    own.mkdir()
    (own / "pulsegate.conf").write_text(CONFIGURATION)
    (own / "freeze").touch()
    parts, card = pi_parts.ensure(), own / "card.img"
    pi_parts.make_card(parts, card, {
        "/lab/boot.sh": HERE / "guest/pi_boot.sh", "/lab/pulsegate.deb": package,
        "/lab/pulsegate.conf": own / "pulsegate.conf", "/lab/freeze": own / "freeze",
        "/lab/beats.csv": RECORDING})
    machine = Machine(WITH_WATCHDOG, parts, card, own)
    try:
        checks.greets(machine, "with a watchdog")
        beats = checks.wait(machine, "ring", r"sequences 0 to [1-9]\d", 120)
        checks.check("it records", beats, beats[0] if beats else "")
        findings = machine.ask("doctor", 120)
        dog = re.search(r"^hardware watchdog .*", findings, re.MULTILINE)
        checks.check("the doctor sees a watchdog that is fed", dog and " ok " in dog[0],
                     dog[0] if dog else findings)
        before = machine.seconds
        reset = machine.wait_for_event("WATCHDOG", 240)
        checks.check("systemd stands still, and the watchdog starts the machine anew", reset,
                     f"{machine.seconds - before:.0f} s later")
        checks.greets(machine, "after that")
        reason = checks.wait(machine, "restart-reason", "power cut, or a reboot", 120)
        checks.check("it says so", reason, reason[0] if reason else "")
        ring = checks.wait(machine, "ring", r"sequences 0 to [1-9]\d", 60)
        checks.check("what was recorded before is in the ring", ring, ring[0] if ring else "")
    finally:
        machine.cut()
    if not checks.failed:
        card.unlink()
