"""`pulsegate decode` against a decoder written from the specification alone.

Heart Rate Service 1.0, section 3.1.1: flags, value u8 or u16, energy expended u16, RR intervals
u16 in 1/1024 s; little endian.
"""

import json
import os
import random
import struct
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal

import pytest
from gateway import BINARY, SEED, environment, file_sink, hex_lines, parse_lines

RANDOM_PACKETS = 2000
INTERVALS_MAX = 9


def decode(packet):
    """What must be printed for `packet`; None when it is no measurement."""
    if not packet:
        return None
    flags, rest = packet[0], packet[1:]
    value = {}
    try:
        layout = "<H" if flags & 1 else "<B"
        value["heart_rate"], = struct.unpack_from(layout, rest)
        rest = rest[struct.calcsize(layout):]
        if flags & 4:
            value["contact"] = bool(flags & 2)
        energy = None
        if flags & 8:
            energy, = struct.unpack_from("<H", rest)
            rest = rest[2:]
        intervals = []
        if flags & 16:
            if len(rest) > 2 * INTERVALS_MAX:
                return None
            intervals = [raw for raw, in struct.iter_unpack("<H", rest)]
            rest = b""
    except struct.error:
        return None
    if rest:
        return None
    if intervals:
        value["rr_ms"] = [float((Decimal(raw * 1000) / 1024).quantize(
            Decimal("0.1"), ROUND_HALF_UP)) for raw in intervals]
    if energy is not None:
        value["energy_kj"] = energy
    if value.get("contact") is False or value["heart_rate"] == 0:
        value["state"] = "off_skin"
    else:
        value["state"] = "heart_rate" if value["heart_rate"] <= 300 else "implausible"
    return value


def run_decode(*words):
    return subprocess.run([BINARY, "decode", *words], env=environment(), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def assert_as_specified(packet):
    expected = decode(packet)
    ended = run_decode(packet.hex())
    if expected is None:
        assert (ended.returncode, ended.stdout) == (1, ""), (packet.hex(), ended)
        assert ended.stderr.startswith("pulsegate: decode: ") and ended.stderr.count("\n") == 1
    else:
        assert (ended.returncode, ended.stderr) == (0, ""), (packet.hex(), ended)
        assert ended.stdout.endswith("}\n") and ended.stdout.count("\n") == 1
        assert json.loads(ended.stdout) == expected, packet.hex()
        assert list(json.loads(ended.stdout)) == list(expected)


def assert_all_as_specified(packets):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(assert_as_specified, packets))


def whole_packet(flags, chance):
    """A packet of these flags with random values, now and then at their ends."""
    wide = chance.choice([0, 1, 255, 256, 300, 301, 65535, chance.randrange(65536)])
    packet = bytes([flags])
    packet += struct.pack("<H", wide) if flags & 1 else bytes([wide & 255])
    if flags & 8:
        packet += struct.pack("<H", chance.choice([0, 65535, chance.randrange(65536)]))
    if flags & 16:
        for _ in range(chance.randrange(INTERVALS_MAX + 1)):
            packet += struct.pack("<H", chance.randrange(65536))
    return packet


@pytest.mark.parametrize("flags", range(32))
def test_every_combination_of_flags_and_every_truncation_of_it(flags):
    print(f"seed {SEED}")
    packet = whole_packet(flags, random.Random(SEED + flags))
    lengths = range(1, len(packet) + 1)
    assert_all_as_specified([packet[:length] for length in lengths] + [packet + b"\x01"])


def random_packets(count):
    """Packets as they are, cut, and with bytes behind them."""
    chance = random.Random(SEED)
    packets = []
    for _ in range(count):
        packet = whole_packet(chance.randrange(256), chance)
        change = chance.randrange(4)
        if change == 0:
            packet = packet[:chance.randrange(1, len(packet) + 1)]
        elif change == 1:
            packet += chance.randbytes(chance.randrange(1, 20))
        packets.append(packet)
    return packets


def test_random_packets_decode_as_specified():
    print(f"seed {SEED}")
    packets = random_packets(200)
    # The reference itself has to meet every outcome.
    assert {(decode(packet) or {}).get("state") for packet in packets} == {
        "heart_rate", "off_skin", "implausible", None}
    assert_all_as_specified(packets)


def test_random_packets_become_the_records_that_they_specify(desk):
    """The same decoder within the gateway, a process for all of them."""
    print(f"seed {SEED}")
    packets = random_packets(RANDOM_PACKETS)
    outcomes = [decode(packet) for packet in packets]
    states = Counter(outcome["state"] if outcome else "malformed" for outcome in outcomes)
    assert min(states.values()) > 100, states
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="".join(packet.hex() + "\n" for packet in packets))
    assert run.status == 0, run.log
    expected = [outcome for outcome in outcomes if outcome and outcome["state"] == "heart_rate"]
    fields = ("heart_rate", "contact", "rr_ms", "energy_kj")
    found = [{name: record[name] for name in fields if name in record}
             for record in parse_lines(desk.file_bytes())]
    assert found == [{name: outcome[name] for name in fields if name in outcome}
                     for outcome in expected]
    assert (f"stopped: {RANDOM_PACKETS} notifications, {states['heart_rate']} recorded, "
            f"{states['malformed']} malformed, {states['off_skin']} off skin") in run.log


def test_random_bytes_are_a_measurement_or_a_reason():
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    assert_all_as_specified([chance.randbytes(chance.randrange(1, 40)) for _ in range(100)])


@pytest.mark.parametrize("words", [
    ("1648 0a02",), ("16", "48", "0a", "02"), ("16:48:0A:02",), ("16-48-0a-02",),
    ("0x16480A02",),
])
def test_bytes_may_be_separated_in_the_usual_ways(words):
    ended = run_decode(*words)
    assert ended.returncode == 0, ended
    assert json.loads(ended.stdout) == {
        "heart_rate": 72, "contact": True, "rr_ms": [509.8], "state": "heart_rate"}


@pytest.mark.parametrize("text, words", [
    ("0g48", "'g' at offset 1 is no hexadecimal digit (0-9, a-f)"),
    ("004", "3 hexadecimal digits: a byte has two, so one is missing"),
    ("00" * 513, "more than 512 bytes, which no notification has"),
    ("é0", "no hexadecimal digit"),
])
def test_what_is_no_hexadecimal_is_said_with_its_place(text, words):
    ended = run_decode(text)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert words in ended.stderr


def test_nothing_to_decode_is_a_use_of_the_command_line_and_not_a_packet():
    assert run_decode().returncode == 2
    assert run_decode("").returncode == 1
