"""What the bluetoothd of fake_bluez.py shows on the bus: its objects and their signals."""

import asyncio

from dbus_fast import Message, Variant

from fake_sensor import CHARACTERISTIC, DEVICE

ADAPTER = "org.bluez.Adapter1"
MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
EVICTION_SECONDS = 30


class Objects:
    """The adapter, the devices and their attributes, as signals tell of them."""

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        if self.bus:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return task

    async def delay(self, seconds):
        await asyncio.sleep(seconds * self.scale)

    # --- Signals --------------------------------------------------------------------------

    adapter_path = "/org/bluez/hci0"

    def send(self, path, interface, member, signature, body):
        if self.bus:
            self.bus.send(Message.new_signal(path, interface, member, signature, body))

    def change(self, path, interface, changed, invalidated=()):
        self.send(path, PROPERTIES, "PropertiesChanged", "sa{sv}as",
                  [interface, changed, list(invalidated)])

    def add(self, path, interfaces):
        self.send("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def remove(self, path, interfaces):
        self.send("/", MANAGER, "InterfacesRemoved", "oas", [path, interfaces])

    def adapter_properties(self):
        return {"Address": Variant("s", "00:11:22:33:44:55"), "AddressType": Variant("s", "public"),
                "Name": Variant("s", "gateway"), "Powered": Variant("b", self.powered),
                "Discovering": Variant("b", self.discovering is not None),
                "Roles": Variant("as", ["central", "peripheral"]),
                "UUIDs": Variant("as", [])}

    def change_adapter(self, **changed):
        self.change(self.adapter_path, ADAPTER,
                    {name: Variant("b", value) for name, value in changed.items()})

    def show(self, sensor):
        """The device's object appears, and its attributes where they are in the cache."""
        sensor.known = True
        for path, interfaces in sensor.objects():
            self.add(path, interfaces)

    def hide(self, sensor):
        """The device's object and all below it go."""
        for path, interfaces in reversed(sensor.objects()):
            self.remove(path, list(interfaces))
        sensor.known = False
        sensor.forget()

    def change_device(self, sensor, **changed):
        self.change(sensor.path, DEVICE, {
            name: Variant({"RSSI": "n"}.get(name, "b"), value) for name, value in changed.items()})

    def notify(self, sensor, value):
        """A value of the heart rate characteristic arrives over the air."""
        if not sensor.connected or not sensor.known:
            return
        if sensor.socket:
            try:
                sensor.socket.send(value)
            except OSError:
                sensor.close_socket()
        elif sensor.notifying:
            self.change(sensor.heart_rate_path, CHARACTERISTIC, {"Value": Variant("ay", value)})

    # --- The air --------------------------------------------------------------------------

    def hear(self, sensor):
        """An advertisement while discovery runs."""
        if not (self.bus and self.discovering and sensor.advertising and not sensor.connected):
            return
        if not sensor.known:
            self.show(sensor)
        else:
            self.change_device(sensor, RSSI=sensor.rssi)

    def lose(self, sensor):
        """The link has ended: one signal, the battery goes, the attributes stay."""
        if not sensor.connected:
            return
        was_resolved, sensor.connected = sensor.resolved, False
        sensor.resolved = False
        if was_resolved:
            self.change_device(sensor, ServicesResolved=False, Connected=False)
            self.remove(sensor.path, ["org.bluez.Battery1"])
        else:
            self.change_device(sensor, Connected=False)
        sensor.close_socket()
        self.evict_later(sensor)

    def evict_later(self, sensor):
        """Unpaired devices that nobody is connected to are forgotten after 30 s."""
        sensor.epoch += 1
        epoch = sensor.epoch

        async def evict():
            await self.delay(EVICTION_SECONDS)
            if sensor.known and not sensor.connected and sensor.epoch == epoch \
                    and not sensor.connecting and not self.discovering:
                self.hide(sensor)

        self.spawn(evict())

    def set_present(self, is_present):
        """The controller is pulled, or put in: a new one has the same name."""
        if is_present == self.present:
            return
        if is_present:
            self.present = self.powered = True
            self.add(self.adapter_path, {ADAPTER: self.adapter_properties()})
            return
        self.power_off()
        for sensor in self.sensors.values():
            if sensor.known:
                self.hide(sensor)
        self.present = False
        self.remove(self.adapter_path, [ADAPTER])

    def set_blocked(self, is_blocked):
        """rfkill: as Powered, and power comes back by itself."""
        self.blocked = is_blocked
        if is_blocked and self.powered:
            self.power_off()
        elif not is_blocked and not self.powered:
            self.powered = True
            self.change_adapter(Powered=True)
