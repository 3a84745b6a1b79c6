"""The reference client: what a Python gateway on bleak does, with sensible recovery.

    bleak_client.py --records FILE.ndjson --sensor NAME=ADDRESS|NAME=name:LOCAL-NAME ...

It proves the lane without Pulsegate, and is the peer for processor time and memory in the same
run. One task a sensor: find it, connect, subscribe, write a record for each measurement; when
the link ends or no value comes for `SILENCE_SECONDS_MAX`, do it again. Records have the keys of
Pulsegate's that the checks read.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import logging
import struct
import sys
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

HEART_RATE_SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
HEART_RATE_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
SCAN_SECONDS_MAX, CONNECT_SECONDS_MAX = 10, 15
SILENCE_SECONDS_MAX, PAUSE_SECONDS = 5, 1
# bleak does not notice a bluetoothd that was killed: its idea of the bus stays as it was. After
# so many vain attempts the program ends, for its supervisor to start it again.
ATTEMPTS_MAX = 4


def decode(value: bytes) -> tuple[int, list[float]]:
    """Beats per minute and RR-Intervals in ms of 0x2A37; a ValueError for anything else."""
    if not value:
        raise ValueError("empty")
    flags, rest = value[0], value[1:]
    width = 2 if flags & 0x01 else 1
    if len(rest) < width:
        raise ValueError("no heart rate in it")
    rate = int.from_bytes(rest[:width], "little")
    rest = rest[width + (2 if flags & 0x08 else 0):]
    intervals = [tick * 1000 / 1024 for (tick,) in struct.iter_unpack(
        "<H", rest[:len(rest) // 2 * 2])] if flags & 0x10 else []
    if not 0 < rate <= 300:
        raise ValueError(f"a heart rate of {rate}")
    return rate, [round(interval, 1) for interval in intervals]


class Sensor:
    """One sensor, for ever."""

    # BlueZ scans or connects, not both: a connection while it scans takes 11 s.
    radio = asyncio.Lock()

    def __init__(self, name: str, wanted: str, records: Any) -> None:
        self.name, self.wanted, self.records = name, wanted, records
        self.sequence = self.failures = 0
        self.last_arrival = 0.0

    def say(self, text: str) -> None:
        print(f"{datetime.datetime.now(datetime.UTC).isoformat()} {self.name}: {text}",
              file=sys.stderr, flush=True)

    def arrived(self, value: bytearray) -> None:
        now = datetime.datetime.now(datetime.UTC)
        self.last_arrival = asyncio.get_running_loop().time()
        try:
            rate, intervals = decode(bytes(value))
        except ValueError as error:
            self.say(f"malformed {value.hex()}: {error}")
            return
        self.records.write(json.dumps({
            "timestamp": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "heart_rate": rate, "sensor": self.name, "seq": self.sequence,
            "rr_ms": intervals}) + "\n")
        self.sequence += 1

    async def find(self) -> BLEDevice | None:
        kind, _, text = self.wanted.partition(":")
        if kind == "name":
            return await BleakScanner.find_device_by_name(
                text, SCAN_SECONDS_MAX, service_uuids=[HEART_RATE_SERVICE])
        return await BleakScanner.find_device_by_address(
            self.wanted, SCAN_SECONDS_MAX, service_uuids=[HEART_RATE_SERVICE])

    async def stream(self) -> None:
        """One link, from finding the sensor to its end."""
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        async with self.radio:
            device = await self.find()
            if device is None:
                raise TimeoutError("not found")
            client = BleakClient(device, lambda _: gone.set(), timeout=CONNECT_SECONDS_MAX)
            await client.connect()
        try:
            self.last_arrival = loop.time()
            await client.start_notify(HEART_RATE_MEASUREMENT, lambda _, value: self.arrived(value))
            self.say("subscribed")
            while not gone.is_set() and loop.time() - self.last_arrival < SILENCE_SECONDS_MAX:
                self.failures = 0
                try:
                    await asyncio.wait_for(gone.wait(), 1)
                except TimeoutError:
                    continue
            self.say("link lost" if gone.is_set() else "silent")
        finally:
            # After a lost link, too: the old client would hand on every value once more.
            await asyncio.wait_for(client.disconnect(), CONNECT_SECONDS_MAX)

    async def run(self) -> None:
        while True:
            try:
                await self.stream()
            except Exception as error:  # Whatever it is, the next attempt is the answer.
                self.failures += 1
                self.say(f"attempt {self.failures} failed: {error!r}")
                if self.failures >= ATTEMPTS_MAX:
                    sys.exit(f"{self.name}: gave up after {ATTEMPTS_MAX} attempts")
                await asyncio.sleep(PAUSE_SECONDS)


async def main() -> None:
    parser = argparse.ArgumentParser(description="Heart rates by bleak, as NDJSON.")
    parser.add_argument("--records", required=True)
    parser.add_argument("--sensor", action="append", required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    with open(options.records, "a", buffering=1) as records:
        await asyncio.gather(*(
            Sensor(*text.partition("=")[::2], records).run() for text in options.sensor))


if __name__ == "__main__":
    asyncio.run(main())
