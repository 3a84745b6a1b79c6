"""The recordings that the tests play, and what has to come out of them.

Everything here is worked out from the CSV file alone, so that it can contradict the gateway.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "Support" / "Recordings"


@dataclass(frozen=True)
class Recording:
    """`rows` is [(seconds, beats per minute or None)]."""

    path: Path
    rows: tuple

    @cached_property
    def values(self):
        return [value for _, value in self.rows if value is not None]

    @cached_property
    def heart_rates(self):
        """Values that a heart can have: the gateway records these and no others."""
        return [value for value in self.values if 1 <= value <= 300]

    @cached_property
    def seconds(self):
        """When each heart rate came."""
        return [seconds for seconds, value in self.rows if value and value <= 300]

    def alarms(self, high=150, clear=145, onset=3, silence=10):
        """Returns [(raised, cleared or None, highest while raised)], the times in seconds."""
        alarms, since, last, raised, peak = [], None, None, None, 0
        for seconds, value in zip(self.seconds, self.heart_rates):
            if raised is not None:
                peak = max(peak, value)
                if value < clear:
                    alarms.append((raised, seconds, peak))
                    raised = since = None
            elif value > high:
                if since is None or seconds - last > silence:
                    since = seconds
                if seconds - since >= onset:
                    raised, peak = seconds, value
            else:
                since = None
            last = seconds
        if raised is not None:
            alarms.append((raised, None, peak))
        return alarms


def read_recording(name):
    path = FOLDER / f"{name}.csv"
    with path.open(newline="") as file:
        rows = [(float(row["seconds"]),
                 int(row["beats_per_minute"]) if row["beats_per_minute"].strip() else None)
                for row in csv.DictReader(line for line in file if not line.startswith("#"))]
    return Recording(path, tuple(rows))


def recording_names():
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def as_hex_lines(values):
    """The notifications of these heart rates, one a line, u8 where the value fits."""
    return "".join(f"00 {value:02x}\n" if value < 256 else
                   f"01 {value & 255:02x} {value >> 8:02x}\n" for value in values)
