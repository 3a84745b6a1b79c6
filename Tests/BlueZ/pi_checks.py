"""What the stories on emulated boards have in common: checks, a line each, and the judgement of
what is on a card."""

from __future__ import annotations

import dataclasses
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pi_machine import PROMPT, Machine

sys.path.insert(0, str(Path(__file__).resolve().parent / "gym"))
import sequence  # noqa: E402


@dataclasses.dataclass
class Arrivals:
    """What became of the values that were sent."""

    sent: int
    missing: list[dict[str, Any]]
    repeated: int
    faults: list[str]


def judge(sent: Sequence[dict[str, Any]], records: Sequence[dict[str, Any]]) -> Arrivals:
    """Holds the records on the card against the gym's journal: each value once, or again with the
    same id (a power cut may repeat what was written and not yet acknowledged), unchanged, and in
    order where it comes for the first time."""
    wanted = {entry["number"]: entry for entry in sent}
    first: dict[int, dict[str, Any]] = {}
    repeated, faults, highest = 0, [], -1
    for record in records:
        number = sequence.decode(record.get("rr_ms", []))
        if number is None or number not in wanted:
            continue
        if number in first:
            repeated += 1
            if record != first[number]:
                faults.append(f"value {number} came again as another record")
            continue
        first[number] = record
        if record["heart_rate"] != wanted[number]["heart_rate"]:
            faults.append(f"value {number} arrived as {record['heart_rate']} bpm")
        if number < highest:
            faults.append(f"value {number} came after {highest}")
        highest = max(highest, number)
    missing = [entry for number, entry in sorted(wanted.items()) if number not in first]
    return Arrivals(len(wanted), missing, repeated, faults)


class Checks:
    """The checks, a line each."""

    def __init__(self) -> None:
        self.passed, self.failed = 0, 0

    def check(self, name: str, holds: object, seen: object = "") -> None:
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        words = "; ".join(str(seen).splitlines())
        print(f"{'ok' if holds else 'not ok'} {name}{': ' if words else ''}{words}", flush=True)

    def wait(self, machine: Machine, question: str, pattern: str, seconds: float
             ) -> re.Match[str] | None:
        """Asks at the console until the answer has `pattern`."""
        end = time.monotonic() + seconds
        while True:
            answer = machine.ask(question)
            if (found := re.search(pattern, answer)) or time.monotonic() > end:
                return found
            time.sleep(1)

    def greets(self, machine: Machine, what: str) -> None:
        """The console's first prompt."""
        self.check(f"{what}: the console greets on the serial line", machine.wait(PROMPT, 300),
                   f"{machine.seconds:.0f} s after power-on")
