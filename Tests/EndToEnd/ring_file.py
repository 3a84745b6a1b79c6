"""Reads a ring file by its documented layout, with no code of the gateway's own.

So a test knows what the disk held at the moment of a kill: which records, and how far each sink
had been acknowledged.
"""

import datetime
import functools
import json
import struct
from dataclasses import dataclass

SLOT_BYTES = 128
FIRST_SLOT_OFFSET = 16_384
HEAD_OFFSETS = (4_096, 8_192)
HEAD_BYTES = 1_024
SINKS_OFFSET, SINK_BYTES = 64, 96


def _make_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _make_table()


def crc32c(data):
    """CRC-32C (RFC 3720, appendix B.4)."""
    table, value = _TABLE, 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _is_whole(block):
    return crc32c(block[4:]) == struct.unpack_from("<I", block)[0]


@dataclass(frozen=True)
class SlotRecord:
    """What one slot says, and the line of JSON that it must become."""

    sequence: int
    session: str
    line: bytes


def _timestamp(microseconds):
    time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=microseconds)
    return time.isoformat(timespec="microseconds") + "Z"


def _decode(slot, device):
    """A heart rate as a recording has it (no contact, energy, intervals), a gap, or an alarm."""
    sequence, wall = struct.unpack_from("<Qq", slot, 8)
    session = f"{struct.unpack_from('<I', slot, 48)[0]:08x}"
    clock = "synced" if slot[6] else "unsynced"
    fields = {"timestamp": _timestamp(wall)}
    identity = {"device_id": device, "seq": sequence, "session_id": session}
    if name := slot[53:53 + slot[52]].decode():
        is_sink = slot[5] == 2 or (slot[5] == 9 and slot[76] == 10)
        identity = {"device_id": device, "sink" if is_sink else "sensor": name, **identity}
    if slot[5] == 9:
        fields |= _decode_alarm(slot, identity)
    elif slot[5] == 1:
        assert slot[78] == slot[79] == slot[82] == 0, "a recording has heart rates alone"
        fields |= {"heart_rate": struct.unpack_from("<H", slot, 76)[0], **identity}
    else:
        fields |= {"event": "gap", **identity, **_decode_gap(slot)}
    line = json.dumps(fields | {"clock": clock, "schema": 1}, separators=(",", ":")) + "\n"
    return SlotRecord(sequence, session, line.encode())


ALARMS = {1: "high_heart_rate", 2: "low_heart_rate", 3: "sensor_lost", 4: "off_skin", 5: "frozen",
          6: "battery_low", 7: "ring_full", 8: "ring_failing", 9: "clock_unsynced",
          10: "uplink_down", 11: "test"}


def _decode_alarm(slot, identity):
    condition, state, priority, value, limit, pause = struct.unpack_from("<BBBxHHH", slot, 76)
    fields = {"event": "alarm", "alarm": ALARMS[condition],
              "state": {1: "raised", 2: "cleared", 3: "acknowledged", 4: "sounds_again"}[state],
              "priority": {1: "low", 2: "medium", 3: "high"}[priority], **identity}
    if condition <= 2:
        fields |= {"beats_per_minute": value} if value else {}
        fields |= {"limit": limit}
    return fields | ({"pause_seconds": pause} if pause else {})


def _decode_gap(slot):
    count, first, last, oldest, youngest = struct.unpack_from("<QQQqq", slot, 76)
    reason = {1: "overwritten", 2: "unreadable", 3: "refused"}[slot[116]]
    gap = {"reason": reason, "count": count}
    if reason != "refused":
        gap |= {"first_seq": first, "last_seq": last}
    if oldest and youngest:
        gap |= {"first_timestamp": _timestamp(oldest), "last_timestamp": _timestamp(youngest)}
    return gap


@dataclass(frozen=True)
class Tail:
    """How far a sink is: everything below `sequence`, and what lies behind it in `beyond`."""

    sequence: int
    beyond: frozenset

    def has(self, sequence):
        return sequence < self.sequence or sequence in self.beyond


@dataclass(frozen=True)
class Ring:
    """`records` by sequence; `tails` by sink; `head` is the next sequence after recovery."""

    records: dict
    tails: dict
    head: int


def read_tails(path):
    """Returns (generation, head hint, {sink: Tail}) of the younger head record."""
    with open(path, "rb") as file:
        front = file.read(FIRST_SLOT_OFFSET)
    youngest = (0, 0, {})
    for offset in HEAD_OFFSETS:
        block = front[offset:offset + HEAD_BYTES]
        if len(block) < HEAD_BYTES or not any(block) or not _is_whole(block):
            continue
        generation, head, sinks = struct.unpack_from("<QQI", block, 8)
        tails = {}
        for place in range(SINKS_OFFSET, SINKS_OFFSET + SINK_BYTES * sinks, SINK_BYTES):
            name = block[place + 1:place + 1 + block[place]].decode()
            sequence, = struct.unpack_from("<Q", block, place + 24)
            bits = int.from_bytes(block[place + 32:place + SINK_BYTES], "little")
            tails[name] = Tail(sequence, frozenset(
                sequence + distance for distance in range(bits.bit_length())
                if bits >> distance & 1))
        youngest = max(youngest, (generation, head, tails), key=lambda found: found[0])
    return youngest


@functools.lru_cache(maxsize=100_000)
def _read_slot(slot, device):
    """The record in a slot; None when it is empty or torn. The checksum is slow, so remember."""
    return _decode(slot, device) if any(slot) and _is_whole(slot) else None


def read_ring(path, device):
    """Returns the Ring in the file at `path`."""
    with open(path, "rb") as file:
        content = file.read()
    records = {}
    for offset in range(FIRST_SLOT_OFFSET, len(content) - SLOT_BYTES + 1, SLOT_BYTES):
        record = _read_slot(content[offset:offset + SLOT_BYTES], device)
        if record:
            records[record.sequence] = record
    _, hint, tails = read_tails(path)
    return Ring(records, tails, max([hint, *(sequence + 1 for sequence in records)]))
