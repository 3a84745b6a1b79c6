"""A strap: plays a recording as numbered heart-rate notifications, and fails on command."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import sequence
from bumble import hci
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic
from bumble.host import Host
from controller import Air, Radio
from profiles import PROFILES, Extra

Journal = Callable[..., None]
# Rows apart at which the straps of a gym enter a recording, so that they differ.
ENTRY_ROWS = 60


def read_recording(path: str | Path) -> list[int | None]:
    """The beats per minute of a recording, one row a second; None where the sensor was silent."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    rates: list[int | None] = []
    for row in rows:
        rates += [None] * (int(float(row["seconds"])) - len(rates))
        rates.append(int(row["beats_per_minute"]) if row["beats_per_minute"] else None)
    if not any(rates):
        raise ValueError(f"no heart rate in {path}")
    return rates


@dataclasses.dataclass
class Wear:
    """What every strap of a gym has in common."""

    recording: list[int | None]
    notifications_per_second: float
    profiles: list[str]
    advertising_milliseconds: float
    private_addresses: bool


class Strap:
    """One sensor: its radio, its GATT server and what it is told to do wrong.

    Invariant: `next_number` counts, from where it began, the regular notifications that were
    handed to a live link with a subscriber; each is in the journal before it is sent.
    """

    def __init__(self, index: int, air: Air, wear: Wear, journal: Journal) -> None:
        self.index, self.wear, self.journal = index, wear, journal
        self.name = f"Strap {index + 1}"
        self.next_number, self.row = 0, index * ENTRY_ROWS
        self.beats_per_minute = 60
        self.fixed_rate: int | None = None
        self.is_muted = self.is_off_skin = self.is_frozen = False
        self.wants_advertising = True
        self.connection: Connection | None = None
        self.frozen_rate = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.radio = Radio(f"strap-{index + 1}", link=air,
                           public_address=f"00:22:D0:00:00:{index + 1:02X}")
        self.device = Device(host=Host(self.radio, self.radio), config=DeviceConfiguration(
            name=self.name, address=hci.Address(f"C0:00:00:00:00:{index + 1:02X}"),
            identity_address_type=hci.Address.RANDOM_DEVICE_ADDRESS,
            irk=bytes([index + 1] * 16), le_privacy_enabled=wear.private_addresses))
        made = [PROFILES[name](self) for name in wear.profiles]
        self.extras: list[Extra] = [extra for profile in made for extra in profile.extras]
        self.device.add_services([profile.service for profile in made])
        uuids = b"".join(profile.uuid.to_bytes(2, "little") for profile in made)
        self.device.advertising_data = bytes(AdvertisingData([
            (AdvertisingData.FLAGS, bytes([0x06])),
            (AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, uuids),
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode())]))
        self.device.on("connection", self._connected)
        self.measurement.on("subscription", self._subscribed)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` beside the rest; the event loop alone would not keep it alive."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def start(self) -> None:
        await self.device.power_on()
        await self.advertise(True)
        self.spawn(self._beat())

    # --- Links --------------------------------------------------------------------------------

    def _connected(self, connection: Connection) -> None:
        self.connection = connection
        self.journal("connected", strap=self.index, peer=str(connection.peer_address))
        connection.on("disconnection", self._disconnected)

    def _disconnected(self, reason: int) -> None:
        self.connection = None
        self.journal("disconnected", strap=self.index, reason=reason)
        if self.wants_advertising and self.radio.is_on:
            self.spawn(self.advertise(True))

    def _subscribed(self, connection: Connection, notify: bool, indicate: bool) -> None:
        self.journal("subscribed" if notify else "unsubscribed", strap=self.index)

    @property
    def has_subscriber(self) -> bool:
        return self.is_subscribed(self.measurement)

    def is_subscribed(self, characteristic: Characteristic) -> bool:
        subscriptions = self.device.gatt_server.subscribers.get(self.connection, {})
        return bool(self.connection and any(subscriptions.get(characteristic.handle, b"")))

    async def advertise(self, on: bool) -> None:
        self.wants_advertising = on
        if not on:
            await self.device.stop_advertising()
        elif self.connection is None and not self.device.is_advertising:
            await self.device.start_advertising(
                own_address_type=hci.OwnAddressType.RANDOM,
                advertising_interval_min=self.wear.advertising_milliseconds,
                advertising_interval_max=self.wear.advertising_milliseconds)

    # --- Values -------------------------------------------------------------------------------

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        period, due = 1 / self.wear.notifications_per_second, loop.time()
        while True:
            # Deadlines, not pauses: the pace holds however long a beat takes.
            due = max(due + period, loop.time())
            await asyncio.sleep(due - loop.time())
            rate = self.fixed_rate or self.wear.recording[self.row % len(self.wear.recording)]
            self.row += 1
            if rate is not None:
                self.beats_per_minute = rate
                await self._send_regular()
                await self._send_extras()

    async def _send_regular(self) -> None:
        if self.is_muted or not self.radio.is_on or not self.has_subscriber:
            return
        if self.is_frozen:
            # As stuck sensors do: their last heart rate, without RR-Intervals.
            self.frozen_rate = self.frozen_rate or self.beats_per_minute
            await self.send(bytes([0x06, self.frozen_rate & 0xFF]), "frozen")
            return
        self.frozen_rate = 0
        if self.is_off_skin:
            await self.send(bytes([0x04, self.beats_per_minute & 0xFF]), "off-skin")
            return
        value = sequence.encode(self.next_number, self.beats_per_minute)
        number, self.next_number = self.next_number, self.next_number + 1
        await self.send(value, "value", number)

    async def _send_extras(self) -> None:
        for extra in self.extras:
            if self.is_muted or not self.radio.is_on or not self.is_subscribed(
                    extra.characteristic):
                continue
            number, extra.next_number = extra.next_number, extra.next_number + 1
            value = extra.value(number)
            self.journal("sent", strap=self.index, kind="vital", number=number,
                         value=value.encoded.hex(), means=value.means)
            send = (self.device.indicate_subscribers if extra.is_indicated
                    else self.device.notify_subscribers)
            await send(extra.characteristic, value.encoded)

    async def send(self, value: bytes, kind: str, number: int | None = None) -> None:
        """Sends one notification, noted first: what is not in the journal was never sent."""
        self.journal("sent", strap=self.index, kind=kind, number=number, value=value.hex(),
                     heart_rate=self.beats_per_minute)
        await self.device.notify_subscribers(self.measurement, value)

    # --- Faults -------------------------------------------------------------------------------

    async def vanish(self) -> None:
        """Out of range: nobody says goodbye, both ends run into the supervision time-out."""
        self.radio.is_on = False
        for connection in list(self.radio.le_connections.values()):
            self.radio.drop(connection)

    async def come_back(self) -> None:
        self.radio.is_on = True
        await self.advertise(True)

    async def disconnect(self, reason: int) -> None:
        if self.connection is None:
            raise ValueError(f"{self.name} is not connected")
        await self.connection.disconnect(reason)

    async def rotate(self) -> str:
        """Takes a new resolvable private address, as sensors do every 15 minutes or so."""
        await self.device.stop_advertising()
        self.device.random_address = hci.Address.generate_private_address(self.device.irk)
        await self.device.send_sync_command(hci.HCI_LE_Set_Random_Address_Command(
            random_address=self.device.random_address))
        await self.advertise(True)
        return str(self.device.random_address).partition("/")[0]
