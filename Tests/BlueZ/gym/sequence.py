"""A number in every Heart Rate Measurement, so that a test can tell that none is lost or twice.

The number is written as two RR-Intervals, digits in base 1024, each between 0.5 s and 1.5 s: a
heart could have them, so nothing on the way has a reason to drop them. RR-Interval has a
resolution of 1/1024 s (Heart Rate Service 1.0, section 3.1.1.4).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

BASE = 1024
OFFSET = 512
NUMBER_LIMIT = BASE * BASE
# Flags (section 3.1.1.1): bit 0 value of 16 bits, bits 1 and 2 contact detected and supported,
# bit 4 RR-Intervals present.
FLAG_WIDE, FLAG_CONTACT, FLAG_CONTACT_SUPPORTED, FLAG_INTERVALS = 0x01, 0x02, 0x04, 0x10


def encode(number: int, beats_per_minute: int, contact: bool = True) -> bytes:
    """The bytes of characteristic 0x2A37 that carry `number` (below 1,048,576)."""
    if not 0 <= number < NUMBER_LIMIT:
        raise ValueError(f"no number of a measurement: {number}")
    flags = FLAG_CONTACT_SUPPORTED | FLAG_INTERVALS | (FLAG_CONTACT if contact else 0)
    digits = struct.pack("<HH", OFFSET + number // BASE, OFFSET + number % BASE)
    if beats_per_minute > 0xFF:
        return bytes([flags | FLAG_WIDE]) + struct.pack("<H", beats_per_minute) + digits
    return bytes([flags, beats_per_minute]) + digits


def intervals_milliseconds(value: bytes) -> list[float]:
    """The RR-Intervals of a measurement that `encode` made, as records show them."""
    ticks = struct.unpack("<HH", value[-4:])
    return [round(tick * 1000 / 1024, 1) for tick in ticks]


def decode(milliseconds: Sequence[float]) -> int | None:
    """The number in a record's `rr_ms`; None when there is none in it."""
    if len(milliseconds) != 2:
        return None
    high, low = (round(interval * 1.024) - OFFSET for interval in milliseconds)
    return high * BASE + low if 0 <= high < BASE and 0 <= low < BASE else None
