"""The bluetoothd of fake_bluez.py: its objects, its answers and their times."""

import asyncio
import select

from dbus_fast import ErrorType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from fake_objects import ADAPTER, Objects
from fake_sensor import CHARACTERISTIC, DEVICE

ABSENT_SECONDS = 40.2
SCANNING_CONNECT_SECONDS = 10.8


class Refused(Exception):
    """An error that a call is answered with."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name if "." in name else f"org.bluez.Error.{name}"
        self.text = text


class Answered(Exception):
    """The call has its answer already."""


class PatientSocket:
    """A socket whose writes never fail because it is full: dbus-fast takes that for its end."""

    def __init__(self, socket):
        self._socket = socket

    def __getattr__(self, name):
        return getattr(self._socket, name)

    def send(self, data):
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0  # It is tried again when the socket can be written.

    def sendmsg(self, parts, more):
        select.select([], [self._socket], [], 10)
        return self._socket.sendmsg(parts, more)


class Connection(MessageBus):
    """A connection whose bus may end at any moment: what is sent after that goes nowhere.

    dbus-fast notices the end inside the write that fails, closes the socket, and then still wants
    to wait until the closed socket can be written.
    """

    def send(self, message):
        """Returns a future that is done when the message is written, or will never be."""
        if self.connected:
            try:
                return super().send(message)
            except OSError:
                if self.connected:
                    raise
        nowhere = asyncio.get_running_loop().create_future()
        nowhere.set_result(None)
        return nowhere


async def connect(address):
    bus = Connection(bus_address=address, negotiate_unix_fd=True)
    await bus.connect()
    bus._writer.sock = PatientSocket(bus._writer.sock)
    return bus


class Daemon(Objects):
    """bluetoothd: one adapter, its devices, and the calls it answers."""

    def __init__(self, bus_address, scale, version):
        self.bus_address, self.scale, self.is_new = bus_address, scale, version != "5.66"
        self.sensors = {}
        self.faults = []
        self.calls = []
        self.bus = self.stranger = self.systemd = None
        self.powered, self.present, self.blocked = True, True, False
        self.discovering = None  # the client that started it
        self.tasks = set()

    # --- Life -----------------------------------------------------------------------------

    async def start(self):
        """Takes the name and shows the adapter; devices that were connected are known again."""
        if self.bus:
            return
        self.bus = await connect(self.bus_address)
        self.bus.add_message_handler(self.receive)
        self.watch_clients()
        await self.bus.request_name("org.bluez")
        await self.delay(0.025)
        if self.present:
            self.add(self.adapter_path, {ADAPTER: self.adapter_properties()})
        for sensor in self.sensors.values():
            if sensor.known:
                self.show(sensor)

    def watch_clients(self):
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        self.bus.send(Message(
            destination="org.freedesktop.DBus", path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus", member="AddMatch", signature="s", body=[rule]))

    async def stop(self):
        """SIGTERM: everything is taken down before the name goes."""
        if self.bus:
            for sensor in self.sensors.values():
                if sensor.known:
                    self.lose(sensor)
                    self.hide(sensor)
            self.change_adapter(Powered=False)
            self.remove(self.adapter_path, [ADAPTER])
        await self.kill()

    async def kill(self):
        """SIGKILL: the name goes, and nothing is said."""
        if not self.bus:
            return
        for task in list(self.tasks):
            task.cancel()
        for sensor in self.sensors.values():
            sensor.known = sensor.connected
            sensor.drop()
        self.discovering = None
        bus, self.bus = self.bus, None
        bus.disconnect()
        await bus.wait_for_disconnect()

    async def start_systemd(self):
        """The one unit of systemd that is asked for."""
        self.systemd = await connect(self.bus_address)
        self.stranger = await connect(self.bus_address)
        self.systemd.add_message_handler(self.receive_systemd)
        await self.systemd.request_name("org.freedesktop.systemd1")

    def receive_systemd(self, call):
        if call.message_type is not MessageType.METHOD_CALL or call.member != "RestartUnit":
            return None
        self.note(call)
        fault = self.fault("RestartUnit")
        if fault:
            return self.answer_fault(self.systemd, call, fault)
        if call.body != ["bluetooth.service", "replace"]:
            return Message.new_error(call, "org.freedesktop.systemd1.NoSuchUnit", call.body[0])
        # No task of the daemon, which is to end.
        asyncio.get_running_loop().create_task(self.restart())
        return Message.new_method_return(call, "o", ["/org/freedesktop/systemd1/job/1"])

    async def restart(self):
        await self.stop()
        await self.start()

    # --- Calls ----------------------------------------------------------------------------

    def note(self, call):
        self.calls.append({"path": call.path, "interface": call.interface, "member": call.member,
                           "body": plain(call.body), "sender": call.sender,
                           "auto_start": not call.flags.value & 2})

    def fault(self, member):
        for fault in self.faults:
            if fault["member"] == member and fault["times"] > 0:
                fault["times"] -= 1
                return fault
        return None

    def answer_fault(self, bus, call, fault):
        """The answer that a test wants; True: none at all."""
        if fault["do"] == "hang":
            return True
        if fault["do"] == "fail":
            bus.send(Message.new_error(call, fault["name"], fault.get("text", "")))
        else:
            bus.send(Message.new_method_return(
                call, fault["signature"], with_variants(fault["body"])))
        return True

    def receive(self, message):
        """Every message for the daemon; True: it is dealt with."""
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and not message.body[2]:
                self.client_gone(message.body[0])
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        self.note(message)
        fault = self.fault(message.member)
        if fault:
            return self.answer_fault(self.bus, message, fault)
        self.spawn(self.answer(message))
        return True

    def client_gone(self, name):
        if self.discovering == name:
            self.discovering = None
            self.change_adapter(Discovering=False)
        for sensor in self.sensors.values():
            if sensor.notify_client == name:
                sensor.notifying, sensor.notify_client = False, None

    async def answer(self, call):
        bus = self.bus
        try:
            result = await self.perform(call)
            answer = Message.new_method_return(call, *(result or ()))
        except Answered:
            return
        except Refused as refused:
            answer = Message.new_error(call, refused.name, refused.text)
        if bus is self.bus:
            bus.send(answer)

    async def perform(self, call):
        if call.member == "GetManagedObjects":
            return "a{oa{sa{sv}}}", [self.all_objects()]
        if self.present and call.path == self.adapter_path:
            return await self.perform_on_adapter(call)
        for sensor in self.sensors.values():
            if sensor.known and call.path == sensor.path:
                return await self.perform_on_device(call, sensor)
            if sensor.known and sensor.cached and call.path == sensor.heart_rate_path:
                return await self.perform_on_characteristic(call, sensor)
        raise Refused(ErrorType.UNKNOWN_OBJECT.value,
                      f'Method "{call.member}" with signature "{call.signature}" on interface '
                      f'"{call.interface}" doesn\'t exist')

    def all_objects(self):
        objects = {"/org/bluez": {"org.bluez.AgentManager1": {}}}
        if self.present:
            objects[self.adapter_path] = {ADAPTER: self.adapter_properties()}
        for sensor in self.sensors.values():
            if sensor.known:
                objects.update(sensor.objects())
        return objects

    async def perform_on_adapter(self, call):
        if call.member == "Set":
            return await self.set_powered(call.body[2].value)
        if call.member == "RemoveDevice":
            return await self.remove_device(call.body[0])
        if not self.powered:
            raise Refused("NotReady", "Resource Not Ready")
        await self.delay(0.005)
        if call.member == "StartDiscovery":
            if self.discovering == call.sender:
                raise Refused("InProgress", "Operation already in progress")
            self.discovering = call.sender
            self.change_adapter(Discovering=True)
            for sensor in self.sensors.values():
                self.hear(sensor)
        elif call.member == "StopDiscovery":
            if self.discovering != call.sender:
                raise Refused("Failed", "No discovery started")
            self.discovering = None
            for sensor in self.sensors.values():
                if sensor.known:
                    self.change(sensor.path, DEVICE, {}, ["RSSI"])
                    self.evict_later(sensor)
            self.change_adapter(Discovering=False)
        return None

    async def set_powered(self, is_on):
        if self.blocked and is_on:
            raise Refused("Failed", "Failed")
        await self.delay(0.01)
        if self.powered and not is_on:
            self.power_off()
        elif is_on and not self.powered:
            self.powered = True
            self.change_adapter(Powered=True)
        return None

    def power_off(self):
        for sensor in self.sensors.values():
            if sensor.connected:
                self.lose(sensor)
            elif sensor.known and not sensor.cached:
                self.hide(sensor)
        self.powered, self.discovering = False, None
        self.change_adapter(Powered=False, Discovering=False)

    async def remove_device(self, path):
        for sensor in self.sensors.values():
            if sensor.known and sensor.path == path:
                if sensor.connected:
                    await self.delay(1.8)
                    self.lose(sensor)
                self.hide(sensor)
                return None
        raise Refused("DoesNotExist", "Does Not Exist")

    async def perform_on_device(self, call, sensor):
        if call.member == "Connect":
            return await self.connect(sensor)
        if call.member == "Disconnect":
            return await self.disconnect(sensor)
        raise Refused(ErrorType.UNKNOWN_METHOD.value, f"no {call.member}")

    async def connect(self, sensor):
        if not self.powered:
            raise Refused("Failed", "Input/output error")
        if sensor.connected:
            return
        if sensor.connecting:
            if self.is_new:
                raise Refused("InProgress", "In Progress")
            raise Refused("Failed", "Operation already in progress")
        sensor.connecting = asyncio.get_running_loop().create_future()
        try:
            await self.reach(sensor)
        finally:
            sensor.connecting = None
        sensor.connected = True
        self.change_device(sensor, Connected=True)
        self.spawn(self.resolve(sensor))

    async def reach(self, sensor):
        """Until the sensor answers, is given up or the attempt is cancelled."""
        seconds = SCANNING_CONNECT_SECONDS if self.discovering else 0.2
        if sensor.aborts > 0:
            sensor.aborts -= 1
            await self.delay(0.1)
            self.spawn(self.come_up_all_the_same(sensor))
            raise Refused("Failed", "le-connection-abort-by-local")
        answer = self.delay(seconds) if sensor.advertising else self.come_back(sensor)
        done, pending = await asyncio.wait(
            [asyncio.ensure_future(answer), sensor.connecting],
            timeout=ABSENT_SECONDS * self.scale, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        if sensor.connecting in done:
            raise Refused("Failed", "br-connection-canceled")
        if not done:
            asyncio.get_running_loop().call_later(0.01 * self.scale, self.hide_absent, sensor)
            raise Refused("Failed", "le-connection-abort-by-local")

    async def come_back(self, sensor):
        await sensor.returned.wait()
        await self.delay(0.16)

    async def come_up_all_the_same(self, sensor):
        """The link comes up for a moment after its failure was said."""
        sensor.connected = True
        self.change_device(sensor, Connected=True)
        await self.delay(0.4)
        self.lose(sensor)

    def hide_absent(self, sensor):
        if sensor.known and not sensor.connected:
            self.hide(sensor)

    async def resolve(self, sensor):
        if sensor.never_resolves:
            return
        await self.delay(0.01 if sensor.cached else 0.03)
        if not sensor.connected:
            return
        if not sensor.cached:
            sensor.cached = True
            sensor.resolved = not sensor.resolves_early
            if sensor.resolves_early:
                self.change_device(sensor, ServicesResolved=True)
                await self.delay(0.5)
                sensor.resolved = True
            for path, interfaces in sensor.objects()[1:]:
                self.add(path, interfaces)
        self.add(sensor.path, sensor.battery())
        sensor.resolved = True
        if not sensor.resolves_early:
            self.change(sensor.path, DEVICE, {"UUIDs": Variant("as", sensor.uuids),
                                              "ServicesResolved": Variant("b", True)})

    async def disconnect(self, sensor):
        if sensor.connecting:
            sensor.connecting.set_result(None)
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(self.hide_absent, sensor)
            return
        if not sensor.connected:
            return
        await self.delay(1.8)
        if self.is_new:
            self.lose(sensor)
        elif sensor.resolved:
            sensor.resolved = False
            self.change_device(sensor, ServicesResolved=False)
            asyncio.get_running_loop().call_soon(self.lose, sensor)

    async def perform_on_characteristic(self, call, sensor):
        await self.delay(0.005)
        if call.member == "ReadValue":
            if not sensor.connected:
                raise Refused("Failed", "Not connected")
            return "ay", [sensor.last_value]
        if call.member == "StartNotify":
            return self.start_notify(call, sensor)
        if call.member == "StopNotify":
            if not sensor.notifying:
                raise Refused("Failed", "No notify session started")
            sensor.notifying, sensor.notify_client = False, None
            self.change(call.path, CHARACTERISTIC, {"Notifying": Variant("b", False)})
            return None
        if call.member == "AcquireNotify":
            if sensor.notifying or sensor.socket:
                raise Refused("NotPermitted", "Notify acquired")
            theirs = sensor.open_socket()
            asyncio.get_running_loop().call_later(1, theirs.close)
            reply = Message.new_method_return(call, "hq", [0, 517])
            reply.unix_fds = [theirs.fileno()]
            self.bus.send(reply)
            raise Answered
        raise Refused(ErrorType.UNKNOWN_METHOD.value, f"no {call.member}")

    def start_notify(self, call, sensor):
        if not sensor.connected:
            # The first one is granted all the same (and sends nothing), the second is not.
            if sensor.notify_client:
                raise Refused("InProgress", "In Progress")
            sensor.notify_client = call.sender
            return
        if not sensor.notifying:
            self.change(call.path, CHARACTERISTIC, {"Notifying": Variant("b", True)})
        sensor.notifying, sensor.notify_client = True, call.sender


def plain(value):
    """A message's body as JSON has it."""
    if isinstance(value, Variant):
        return {value.signature: plain(value.value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def with_variants(value):
    """The way back: {"v:SIGNATURE": x} is a variant, {"hex": "00ff"} are bytes."""
    if isinstance(value, list):
        return [with_variants(item) for item in value]
    if isinstance(value, dict):
        if list(value) == ["hex"]:
            return bytes.fromhex(value["hex"])
        if len(value) == 1 and next(iter(value)).startswith("v:"):
            (key, item), = value.items()
            return Variant(key[2:], with_variants(item))
        return {key: with_variants(item) for key, item in value.items()}
    return value
