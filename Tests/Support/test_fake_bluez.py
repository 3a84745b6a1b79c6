"""The fake BlueZ does what was seen of the real one: the rows of its table, over D-Bus."""

import asyncio
import json
import subprocess
import sys
import time

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from bluetooth import SCRIPT, Bluetooth
from fake_bluez import report
from fake_daemon import connect
from private_bus import PrivateBus

SCALE = 0.02
ADAPTER = "/org/bluez/hci0"
STRAP = "C0:00:00:00:00:00"
DEVICE = ADAPTER + "/dev_C0_00_00_00_00_00"
HEART_RATE = DEVICE + "/service0010/char0011"


class Client:
    """A client of BlueZ that keeps every signal."""

    async def open(self, address):
        self.bus = await MessageBus(bus_address=address, negotiate_unix_fd=True).connect()
        self.signals = []
        self.bus.add_message_handler(self.take)
        await self.bus.call(Message(
            destination="org.freedesktop.DBus", path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus", member="AddMatch", signature="s",
            body=["type='signal',sender='org.bluez'"]))
        return self

    def take(self, message):
        if message.message_type is MessageType.SIGNAL and message.path.startswith("/") \
                and "bluez" in str(message.body):
            self.signals.append(message)

    async def call(self, path, interface, member, signature="", body=()):
        """Returns (error name, text), or (None, body)."""
        answer = await self.bus.call(Message(
            destination="org.bluez", path=path, interface=f"org.bluez.{interface}", member=member,
            signature=signature, body=list(body)))
        if answer.message_type is MessageType.ERROR:
            return answer.error_name.rpartition(".")[2], answer.body[0]
        return None, answer.body

    def said(self, name):
        """The values that signals have given a property, in order."""
        return [message.body[1][name].value for message in self.signals
                if message.member == "PropertiesChanged" and name in message.body[1]]

    async def wait(self, condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, [message.body for message in self.signals]
            await asyncio.sleep(0.002)

    async def find(self):
        await self.call(ADAPTER, "Adapter1", "StartDiscovery")
        await self.wait(lambda: any(message.member == "InterfacesAdded"
                                    for message in self.signals))
        await self.call(ADAPTER, "Adapter1", "StopDiscovery")


@pytest.fixture(params=["5.66", "5.82"])
def bluetooth(request):
    bluetooth = Bluetooth("--sensors", 1, "--scale", SCALE, "--bluez", request.param)
    bluetooth.version = request.param
    yield bluetooth
    bluetooth.stop()


def run(bluetooth, story):
    async def go():
        client = await Client().open(bluetooth.address)
        try:
            await story(client)
        finally:
            client.bus.disconnect()

    asyncio.run(go())


def test_discovery_belongs_to_the_connection(bluetooth):
    async def story(client):
        assert await client.call(ADAPTER, "Adapter1", "StopDiscovery") \
            == ("Failed", "No discovery started")
        assert await client.call(ADAPTER, "Adapter1", "StartDiscovery") == (None, [])
        assert await client.call(ADAPTER, "Adapter1", "StartDiscovery") \
            == ("InProgress", "Operation already in progress")

    run(bluetooth, story)
    run(bluetooth, lambda client: client.wait(lambda: not state(bluetooth)["discovering"]))


def state(bluetooth):
    return bluetooth.order("state")


def test_connect_resolves_and_values_arrive(bluetooth):
    async def story(client):
        await client.find()
        assert await client.call(DEVICE, "Device1", "Connect") == (None, [])
        await client.wait(lambda: client.said("ServicesResolved") == [True])
        assert client.said("Connected") == [True]
        assert await client.call(HEART_RATE, "GattCharacteristic1", "StartNotify") == (None, [])
        bluetooth.order("notify", address=STRAP, hex="0648")
        await client.wait(lambda: client.said("Value") == [b"\x06\x48"])
        assert await client.call(DEVICE, "Device1", "Connect") == (None, [])

    run(bluetooth, story)


def test_second_connect_is_refused_as_the_version_does(bluetooth):
    async def story(client):
        await client.find()
        bluetooth.order("vanish", address=STRAP)
        first = asyncio.ensure_future(client.call(DEVICE, "Device1", "Connect"))
        await asyncio.sleep(0)  # It is sent.
        expected = {"5.66": ("Failed", "Operation already in progress"),
                    "5.82": ("InProgress", "In Progress")}[bluetooth.version]
        assert await client.call(DEVICE, "Device1", "Connect") == expected
        assert await client.call(DEVICE, "Device1", "Disconnect") == (None, [])
        assert await first == ("Failed", "br-connection-canceled")

    run(bluetooth, story)


def test_absent_sensor_is_given_up_after_40_s(bluetooth):
    async def story(client):
        await client.find()
        bluetooth.order("vanish", address=STRAP)
        start = time.monotonic()
        assert await client.call(DEVICE, "Device1", "Connect") \
            == ("Failed", "le-connection-abort-by-local")
        assert time.monotonic() - start > 40 * SCALE
        await client.wait(lambda: client.signals[-1].member == "InterfacesRemoved")

    run(bluetooth, story)


def test_disconnect_takes_its_time_and_tells_as_the_version_does(bluetooth):
    async def story(client):
        await client.find()
        await client.call(DEVICE, "Device1", "Connect")
        await client.wait(lambda: client.said("ServicesResolved") == [True])
        await client.call(DEVICE, "Device1", "Disconnect")
        await client.wait(lambda: client.said("Connected") == [True, False])
        last = [message.body[1] for message in client.signals
                if message.member == "PropertiesChanged" and "Connected" in message.body[1]][-1]
        assert ("ServicesResolved" in last) == (bluetooth.version == "5.82")

    run(bluetooth, story)


def test_killed_daemon_says_nothing(bluetooth):
    async def story(client):
        await client.find()
        del client.signals[:]
        bluetooth.order("kill")
        answer = await client.bus.call(Message(
            destination="org.bluez", path=ADAPTER, interface="org.bluez.Adapter1",
            member="StartDiscovery", flags=2))
        assert answer.error_name == "org.freedesktop.DBus.Error.NameHasNoOwner"
        assert all(message.member == "NameOwnerChanged" for message in client.signals)

    run(bluetooth, story)


def test_power_off_needs_power_on(bluetooth):
    async def power(client, is_on):
        answer = await client.bus.call(Message(
            destination="org.bluez", path=ADAPTER, interface="org.freedesktop.DBus.Properties",
            member="Set", signature="ssv",
            body=["org.bluez.Adapter1", "Powered", Variant("b", is_on)]))
        return answer.error_name

    async def story(client):
        assert await power(client, False) is None
        assert await client.call(ADAPTER, "Adapter1", "StartDiscovery") \
            == ("NotReady", "Resource Not Ready")
        assert await power(client, True) is None
        bluetooth.order("block", blocked=True)
        assert await power(client, True) == "org.bluez.Error.Failed"
        bluetooth.order("block", blocked=False)
        assert state(bluetooth)["powered"]

    run(bluetooth, story)


@pytest.mark.parametrize("order", [
    None,
    {"do": "bus", "running": False},
    {"do": "freeze", "frozen": True},
    # The loop waits: the supervision time-out is 42 s here.
    {"do": "vanish", "address": STRAP},
    # The loop is busy for many seconds.
    {"do": "flood", "address": STRAP, "count": 10_000_000},
])
def test_it_ends_quietly_within_a_second_of_its_input(order, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-B", str(SCRIPT), "--sensors", "1", "--scale", "100"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)})
    process.stdout.readline()
    if order:
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    start = time.monotonic()
    try:
        output, complaints = process.communicate(timeout=10)
    finally:
        process.kill()
    # A second, and what a busy machine takes to start and end processes.
    assert time.monotonic() - start < 3
    assert (process.returncode, complaints) == (0, "")
    assert list(tmp_path.iterdir()) == [], "its folder is gone"


def test_what_is_sent_to_a_bus_that_has_gone_is_no_error(tmp_path):
    async def go():
        asyncio.get_running_loop().set_exception_handler(report)
        bus = PrivateBus(tmp_path)
        bus.start()
        connection = await connect(bus.address)
        bus.stop()
        for _ in range(3):
            connection.send(Message.new_signal("/", "a.b", "C"))
        assert not connection.connected

    asyncio.run(go())
