"""One sensor of fake_bluez.py and what BlueZ knows of it."""

import asyncio
import socket

from dbus_fast import Variant

DEVICE = "org.bluez.Device1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
SERVICE = "org.bluez.GattService1"


def uuid(number):
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


class Sensor:
    """A heart rate strap. A test may set any of the values of `__init__` by their names."""

    def __init__(self, address, number):
        self.address = address
        self.path = "/org/bluez/hci0/dev_" + address.replace(":", "_")
        self.heart_rate_path = f"{self.path}/service0010/char0011"
        self.name = f"Strap {number + 1}"
        self.address_type = "random"
        self.identity = address  # another one for a bonded sensor with a changing address
        self.rssi = -60
        self.battery_level = 95
        self.uuids = [uuid(0x180D), uuid(0x180F)]
        self.advertising = True
        self.aborts = 0  # attempts that end with abort-by-local and come up all the same
        self.never_resolves = False
        self.resolves_early = False  # ServicesResolved before the attributes are there
        # What BlueZ has of it: an object, a link, its attributes.
        self.known = self.connected = self.resolved = self.cached = False
        self.connecting = None
        self.notifying, self.notify_client = False, None
        self.last_value = b""
        self.socket = None
        self.epoch = 0
        self.returned = asyncio.Event()

    def leave(self):
        self.advertising = False
        self.returned.clear()

    def come(self):
        self.advertising = True
        self.returned.set()

    def forget(self):
        self.cached = self.notifying = False
        self.notify_client = None
        self.connected = self.resolved = False
        self.close_socket()

    def drop(self):
        """bluetoothd has gone: the link, the sessions, but not what is stored of the device."""
        self.connected = self.resolved = self.notifying = False
        self.notify_client = None
        self.close_socket()

    def open_socket(self):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.setblocking(False)
        return theirs

    def close_socket(self):
        if self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
            self.socket = None

    def battery(self):
        return {"org.bluez.Battery1": {"Percentage": Variant("y", self.battery_level),
                                       "Source": Variant("s", "GATT Battery Service")}}

    def properties(self):
        found = {
            "Address": Variant("s", self.identity), "AddressType": Variant("s", self.address_type),
            "Name": Variant("s", self.name), "Alias": Variant("s", self.name),
            "Paired": Variant("b", False), "Trusted": Variant("b", False),
            "Connected": Variant("b", self.connected), "UUIDs": Variant("as", self.uuids),
            "ServicesResolved": Variant("b", self.resolved),
            "Adapter": Variant("o", "/org/bluez/hci0"),
            "ManufacturerData": Variant("a{qv}", {0x006B: Variant("ay", b"\x01\x02")}),
        }
        if not self.connected:
            found["RSSI"] = Variant("n", self.rssi)
        return found

    def objects(self):
        """The object of the device and, where they are known, those of its attributes."""
        found = [(self.path, {DEVICE: self.properties()})]
        if self.resolved:
            found[0][1].update(self.battery())
        if not self.cached:
            return found
        found.append((f"{self.path}/service0010", {SERVICE: {
            "UUID": Variant("s", uuid(0x180D)), "Primary": Variant("b", True),
            "Device": Variant("o", self.path), "Includes": Variant("ao", [])}}))
        for handle, number, flags in [("0011", 0x2A37, ["notify"]), ("0014", 0x2A38, ["read"])]:
            path = f"{self.path}/service0010/char{handle}"
            content = {"UUID": Variant("s", uuid(number)), "Flags": Variant("as", flags),
                       "Service": Variant("o", f"{self.path}/service0010"),
                       "Value": Variant("ay", self.last_value)}
            if "notify" in flags:
                content["Notifying"] = Variant("b", self.notifying)
                content["NotifyAcquired"] = Variant("b", self.socket is not None)
            found.append((path, {CHARACTERISTIC: content}))
        found.append((f"{self.path}/service0010/char0011/desc0013", {
            "org.bluez.GattDescriptor1": {
                "UUID": Variant("s", uuid(0x2902)),
                "Characteristic": Variant("o", f"{self.path}/service0010/char0011")}}))
        return found

    def state(self):
        return {"known": self.known, "connected": self.connected, "notifying": self.notifying,
                "acquired": self.socket is not None}
