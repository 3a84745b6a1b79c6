"""The other measurements against decoders written from the specifications alone: in
`pulsegate decode`, and through the gateway into the lines that a sink gets.
"""

import csv
import io
import json
import random
import struct
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import os
import pytest
from gateway import BINARY, SEED, environment, file_sink, hex_lines
from vital_reference import DECODERS, decode

RANDOM_PACKETS = 4000
# Numbers within the ranges of vital signs, as sensors write them.
USUAL = {"pressure": [80, 93, 120, 0xF4B0, 0xF0A0, 0xF06B, 0x1008],
         "rate": [62, 71, 150, 151, 0xF2C7, 300, 301, 0],
         "saturation": [97, 100, 101, 0xF3CF, 0, 88],
         "glucose": [0xB063, 0xC037, 0xC00A, 0xD06E, 0xB014, 0xA3E8],
         "index": [3, 0xE07B, 0, 0x1064]}
SPECIAL = [0x7FE, 0x7FF, 0x800, 0x801, 0x802]


def sfloat(chance, kind):
    raw = chance.choice(USUAL[kind] * 6 + SPECIAL + [chance.randrange(65536)])
    return struct.pack("<H", raw)


def time(chance):
    usual = (2025, 7, 15, 19, 9, 12)
    odd = [(0, 0, 0, 0, 0, 0), (2025, 2, 29, 1, 2, 3), (1582, 1, 1, 0, 0, 0),
           (9999, 12, 31, 23, 59, 59), (2024, 2, 29, 24, 0, 0)]
    return struct.pack("<HBBBBB", *chance.choice([usual] * 5 + odd))


def bits(chance, size):
    """Mostly none or one, now and then any."""
    few = [0, 0, 0, 1 << chance.randrange(8 * size)]
    return chance.choice(few + [chance.randrange(256 ** size)]).to_bytes(size, "little")


def packet_2a35(flags, chance):
    return (b"".join(sfloat(chance, "pressure") for _ in range(3))
            + (time(chance) if flags & 2 else b"")
            + (sfloat(chance, "rate") if flags & 4 else b"")
            + (bytes([chance.choice([0, 1, 254, 255])]) if flags & 8 else b"")
            + (bits(chance, 2) if flags & 16 else b""))


def packet_2a1c(flags, chance):
    usual = [0xFF000171, 0xFE000E65, 0xFF0003DA, 0x00000025, 0xFD0000FF + 36000, 0xFF0001F5]
    special = [0x7FFFFE, 0x7FFFFF, 0x800000, 0x800001, 0x800002, 0]
    raw = chance.choice(usual * 4 + special + [chance.randrange(1 << 32)])
    return (struct.pack("<I", raw) + (time(chance) if flags & 2 else b"")
            + (bytes([chance.randrange(12)]) if flags & 4 else b""))


def end_of_oximetry(flags, chance):
    return ((bits(chance, 2) if flags & 1 else b"") + (bits(chance, 3) if flags & 2 else b"")
            + (sfloat(chance, "index") if flags & 4 else b""))


def pair(chance):
    return sfloat(chance, "saturation") + sfloat(chance, "rate")


def packet_2a5f(flags, chance):
    return (pair(chance) + (pair(chance) if flags & 1 else b"")
            + (pair(chance) if flags & 2 else b"") + end_of_oximetry(flags >> 2, chance))


def packet_2a5e(flags, chance):
    return (pair(chance) + (time(chance) if flags & 1 else b"")
            + end_of_oximetry(flags >> 1, chance))


def packet_2a18(flags, chance):
    offset = chance.choice([0, -90, 45, 32767, -32768, chance.randrange(-32768, 32768)])
    sample = chance.choice([0x11, 0x22, 0xF9, 0x1A, 0x41, chance.randrange(256)])
    return (struct.pack("<H", chance.randrange(65536)) + time(chance)
            + (struct.pack("<h", offset) if flags & 1 else b"")
            + (sfloat(chance, "glucose") + bytes([sample]) if flags & 2 else b"")
            + (bits(chance, 2) if flags & 8 else b""))


PACKETS = {"2A35": packet_2a35, "2A1C": packet_2a1c, "2A5F": packet_2a5f, "2A5E": packet_2a5e,
           "2A18": packet_2a18}


def whole_packet(characteristic, flags, chance):
    return bytes([flags]) + PACKETS[characteristic](flags, chance)


def run_decode(*words):
    return subprocess.run([BINARY, "decode", *words], env=environment(), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def assert_as_specified(case):
    characteristic, packet = case
    expected = decode(characteristic, packet)
    ended = run_decode("--characteristic", characteristic, packet.hex())
    note = characteristic, packet.hex(), ended
    if expected is None:
        assert (ended.returncode, ended.stdout) == (1, ""), note
        assert ended.stderr.startswith("pulsegate: decode: ") and ended.stderr.count("\n") == 1
        return
    assert (ended.returncode, ended.stderr) == (0, ""), note
    # Decimals, so that 120.0 and 120.00 are not the same.
    found = json.loads(ended.stdout, parse_float=Decimal)
    found.pop("because", None)
    assert found == expected, note
    assert [str(value) for value in found.values()] == [
        str(value) for value in expected.values()], note
    assert list(found) == list(expected), note


def assert_all_as_specified(cases):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(assert_as_specified, cases))


@pytest.mark.parametrize("characteristic", DECODERS)
def test_every_combination_of_flags_and_every_truncation_of_it(characteristic):
    print(f"seed {SEED}")
    chance = random.Random(f"{SEED} {characteristic}")
    cases = []
    for flags in range(32):
        packet = whole_packet(characteristic, flags, chance)
        cases += [(characteristic, packet), (characteristic, packet + b"\x00"),
                  (characteristic, packet[:chance.randrange(1, len(packet))])]
    flags = 0x1F
    packet = whole_packet(characteristic, flags, chance)
    cases += [(characteristic, packet[:length]) for length in range(1, len(packet))]
    assert_all_as_specified(cases)


def random_packets(count):
    """Packets as they are, cut, and with bytes behind them."""
    chance = random.Random(SEED)
    packets = []
    for _ in range(count):
        characteristic = chance.choice(list(DECODERS))
        packet = whole_packet(characteristic, chance.randrange(256), chance)
        change = chance.randrange(12)
        if change == 0:
            packet = packet[:chance.randrange(1, len(packet) + 1)]
        elif change == 1:
            packet += chance.randbytes(chance.randrange(1, 20))
        packets.append((characteristic, packet))
    return packets


def test_random_packets_become_the_records_that_they_specify(desk):
    """Through the gateway, the ring's form and the sink's, a process for all of them."""
    print(f"seed {SEED}")
    packets = random_packets(RANDOM_PACKETS)
    outcomes = [decode(*packet) for packet in packets]
    states = Counter(outcome["state"] if outcome else "malformed" for outcome in outcomes)
    assert min(states.values()) > 200 and len(states) == 4, states
    kinds = Counter(outcome["measurement"] for outcome in outcomes
                    if outcome and outcome["state"] == "plausible")
    assert min(kinds.values()) > 50 and len(kinds) == 5, kinds
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="".join(f"{name}={packet.hex()}\n" for name, packet in packets))
    assert run.status == 0, run.log
    expected = [outcome for outcome in outcomes if outcome and outcome["state"] == "plausible"]
    frame = ("timestamp", "device_id", "sensor", "seq", "session_id", "clock", "schema")
    found = [json.loads(line, parse_float=Decimal) for line in desk.file_bytes().splitlines()]
    # What is malformed or implausible takes a sequence too, as an error record.
    errors = [json.loads(line) for line in desk.file_bytes("error_message").splitlines()]
    sequences = [record["seq"] for record in found]
    assert sequences == sorted(sequences)
    assert sorted(sequences + [error["seq"] for error in errors]) \
        == list(range(len(expected) + states["malformed"] + states["implausible"]))
    for record, outcome in zip(found, expected, strict=True):
        assert "heart_rate" not in record
        shown = {key: value for key, value in record.items() if key not in frame}
        assert {**shown, "state": "plausible"} == outcome
    malformed, empty = states["malformed"], states["not_a_value"]
    assert (f"stopped: {RANDOM_PACKETS} notifications, {len(expected)} recorded, "
            f"{len(expected)} of them no heart rates, {malformed} malformed, 0 off skin, "
            f"{empty} without a value, ") in run.log


def test_heart_rates_and_other_measurements_share_the_ring_and_its_dump(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="00 48\n2A35=00 7800 5000 5D00\n2A37=00 49\n2A1C=06 650E00FE "
                        "E907070F13090C 03\n2a5f=00 6100 4700\n")
    assert run.status == 0, run.log
    ring = subprocess.run(
        [BINARY, "ring", "dump", "--config", desk.configuration, "--format", "csv"],
        env=environment(), text=True, capture_output=True, timeout=60, check=True)
    rows = list(csv.DictReader(io.StringIO(ring.stdout)))
    assert [row["heart_rate"] for row in rows] == ["72", "", "73", "", ""]
    assert [row["measurement"] for row in rows] == [
        "", "blood_pressure", "", "body_temperature", "oximetry"]
    lines = [json.loads(line, parse_float=str) for line in desk.file_bytes().splitlines()]
    for row, line in zip(rows, lines, strict=True):
        filled = {key: value for key, value in row.items() if value}
        assert filled == {key: str(value) for key, value in line.items() if key != "schema"}
    assert rows[3]["measured_at"] == "2025-07-15T19:09:12"
    assert rows[3]["timestamp"].endswith("Z")


@pytest.mark.parametrize("line", ["2A19=55", "zz=00 48", "=00 48", "2A3=00 48", "12A37=00 48",
                                  "2B00=00", "00=48"])
def test_a_line_of_what_is_no_measurement_is_named_and_the_next_one_taken(desk, line):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text=f"00 48\n{line}\n00 49\n")
    assert run.status == 0, run.log
    assert 'input line 2: no measurement stands before the "="' in run.log
    assert "stopped: 2 notifications, 2 recorded" in run.log


@pytest.mark.parametrize("characteristic, value, expected", [
    ("2A19", "55", {"battery_percent": 85}), ("2A19", "65", {"battery_percent": None}),
    ("2A38", "01", {"body_sensor_location": "chest"}),
    ("2A38", "07", {"body_sensor_location": "reserved"}),
    ("2A29", b"Polar Electro Oy".hex(), {"manufacturer_name": "Polar Electro Oy"}),
    ("2A24", (b"H10" + b"\0").hex(), {"model_number": "H10"}),
    ("2A25", "Ü\"1".encode().hex(), {"serial_number": "Ü\"1"}),
    ("2A26", "", None), ("2A26", "332e32", {"firmware_revision": "3.2"}),
    ("2A29", "ff", None), ("2A19", "5500", None), ("2A38", "0101", None),
])
def test_what_sensors_say_of_themselves(characteristic, value, expected):
    ended = run_decode("--characteristic", characteristic, *([value] if value else []))
    if expected is None:
        assert ended.returncode == (1 if value else 2), ended
    else:
        assert (ended.returncode, json.loads(ended.stdout)) == (0, expected), ended


@pytest.mark.parametrize("name", ["2A35", "2a35", "0x2A35",
                                  "00002a35-0000-1000-8000-00805f9b34fb"])
def test_characteristics_are_named_in_the_usual_ways(name):
    ended = run_decode("00 7800 5000 5D00", "--characteristic", name)
    assert json.loads(ended.stdout)["blood_pressure_systolic"] == 120.0


@pytest.mark.parametrize("name", ["2A3", "02A35", "2A52", "2B00", "heart", "",
                                  "00002a35-0000-1000-8000-00805f9b34fc"])
def test_an_unknown_characteristic_is_a_use_of_the_command_line(name):
    ended = run_decode("--characteristic", name, "00")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "none of 2A37 2A35 2A1C 2A5F 2A5E 2A18 2A19 2A38 2A24 2A25 2A26 2A29" in ended.stderr


def test_an_unknown_option_is_a_use_of_the_command_line():
    assert run_decode("--kind", "2A35", "00").returncode == 2
