"""BlueZ as a client sees it, on a dbus-daemon of its own, with sensors that tests steer.

    python fake_bluez.py [--scale 0.01] [--bluez 5.66|5.82] [--sensors N]

It starts a private bus, writes one line `ready ADDRESS` and then obeys: one JSON object a line on
standard input, one JSON object a line in answer. It ends within a second of its input's end,
whatever it is doing then. What it does, in which order and how long it takes is what bluetoothd 5.66 and 5.82 do on Linux 6.12; `--scale`
multiplies every delay. No radio, kernel or BlueZ is needed.

    {"do": "sensor", "address": A, "name": N, "advertising": true, ...}   adds one or changes it
    {"do": "notify", "address": A, "hex": "0650"}        one value
    {"do": "stream", "addresses": [A], "rates": [72, 73], "hz": 1}        for ever, or `count`
    {"do": "stream", "addresses": [A], "recording": "run-47min", "hz": 1}
    {"do": "vanish" | "return" | "hang-up", "address": A}
    {"do": "fail", "member": "Connect", "name": E, "text": T, "times": N}
    {"do": "hang", "member": "Connect", "times": N}      the call is never answered
    {"do": "answer", "member": M, "signature": S, "body": B, "times": N}  an odd answer
    {"do": "signal", "path": P, "interface": I, "member": M, "signature": S, "body": B,
     "as": "stranger", "to": ":1.5"}      any signal; a variant is {"v:s": "text"}, bytes
                                          are {"hex": "06"}; `to` goes around the match rules
    {"do": "stop" | "kill" | "start"}                    the daemon, politely or not
    {"do": "adapter", "present": false}                  the controller is pulled
    {"do": "block", "blocked": true}                     rfkill
    {"do": "end-acquired", "address": A}                 closes the socket of AcquireNotify
    {"do": "bus", "running": false} | {"do": "freeze", "frozen": true}    the bus itself
    {"do": "calls"}                                      the calls so far, in order
    {"do": "state"}
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from dbus_fast import Message, MessageType

from fake_daemon import Daemon, with_variants
from fake_sensor import Sensor
from private_bus import PrivateBus

RECORDINGS = Path(__file__).resolve().parent / "Recordings"
# From the end of the input: what was ordered may still be done, and then everything is left.
FINISH_SECONDS_MAX, END_SECONDS_MAX = 0.3, 0.8


class Control:
    """Does what the lines on standard input say."""

    def __init__(self, bus, daemon):
        self.bus, self.daemon = bus, daemon

    async def obey(self, order):
        """Returns the answer to one order; the name of a method is its `do` with _ for -."""
        name = order["do"].replace("-", "_")
        return await getattr(self, f"do_{name}")(order) or {"ok": True}

    def sensor(self, order):
        return self.daemon.sensors[order["address"]]

    async def do_sensor(self, order):
        values = {key: value for key, value in order.items() if key not in ("do", "address")}
        sensor = self.daemon.sensors.get(order["address"])
        if sensor is None:
            sensor = Sensor(order["address"], len(self.daemon.sensors))
            self.daemon.sensors[order["address"]] = sensor
        for key, value in values.items():
            if not hasattr(sensor, key):
                raise ValueError(f"a sensor has no {key}")
            setattr(sensor, key, value)
        self.daemon.hear(sensor)

    async def do_notify(self, order):
        sensor = self.sensor(order)
        sensor.last_value = bytes.fromhex(order["hex"])
        self.daemon.notify(sensor, sensor.last_value)

    async def do_stream(self, order):
        asyncio.get_running_loop().create_task(self.stream(order))

    async def stream(self, order):
        """Sends the rates in turn, as long as there are sensors that take them."""
        sensors = [self.daemon.sensors[address] for address in order["addresses"]]
        count = order.get("count")
        rates = order.get("rates") or read_rates(order["recording"])
        index = 0
        while count is None or index < count:
            for sensor in sensors:
                sensor.last_value = bytes([0x06, rates[index % len(rates)]])
                self.daemon.notify(sensor, sensor.last_value)
            index += 1
            await self.daemon.delay(1 / order.get("hz", 1))

    async def do_vanish(self, order):
        sensor = self.sensor(order)
        sensor.leave()
        await self.daemon.delay(0.42)  # the supervision time-out
        self.daemon.lose(sensor)

    async def do_return(self, order):
        sensor = self.sensor(order)
        sensor.come()
        self.daemon.hear(sensor)

    async def do_hang_up(self, order):
        self.daemon.lose(self.sensor(order))

    async def do_evict(self, order):
        self.daemon.hide(self.sensor(order))

    async def do_fail(self, order):
        self.daemon.faults.append({"times": 1, **order})

    do_hang = do_answer = do_fail

    async def do_signal(self, order):
        message = Message(
            message_type=MessageType.SIGNAL, path=order["path"], interface=order["interface"],
            member=order["member"], signature=order["signature"],
            body=with_variants(order["body"]), destination=order.get("to"))
        stranger = order.get("as") == "stranger"
        await (self.daemon.stranger if stranger else self.daemon.bus).send(message)

    async def do_flood(self, order):
        """Battery levels, one after the other: `count` of them."""
        for index in range(order["count"]):
            self.daemon.change(self.sensor(order).path, "org.bluez.Battery1",
                               with_variants({"Percentage": {"v:y": index % 100}}))

    async def do_stop(self, order):
        await self.daemon.stop()

    async def do_kill(self, order):
        await self.daemon.kill()

    async def do_start(self, order):
        await self.daemon.start()

    async def do_adapter(self, order):
        self.daemon.set_present(order["present"])

    async def do_block(self, order):
        self.daemon.set_blocked(order["blocked"])

    async def do_end_acquired(self, order):
        self.sensor(order).close_socket()

    async def do_bus(self, order):
        if not order["running"]:
            self.bus.stop()
            self.daemon.bus = self.daemon.systemd = self.daemon.stranger = None
        else:
            self.bus.start()
            await self.daemon.start_systemd()
            await self.daemon.start()

    async def do_freeze(self, order):
        self.bus.send_signal(signal.SIGSTOP if order["frozen"] else signal.SIGCONT)

    async def do_calls(self, order):
        return {"calls": self.daemon.calls}

    async def do_state(self, order):
        return {"discovering": self.daemon.discovering is not None,
                "powered": self.daemon.powered,
                "sensors": {address: sensor.state()
                            for address, sensor in self.daemon.sensors.items()}}


def read_rates(name):
    """The heart rates of a recording beside this file."""
    lines = (RECORDINGS / f"{name}.csv").read_text().splitlines()[1:]
    return [int(rate) for rate in (line.split(",")[1] for line in lines) if rate]


class Input(threading.Thread):
    """The lines of standard input, for the loop; b"" is their end.

    A thread of its own sees the end while the loop is busy or waits for a bus that does not
    answer, and sees to it that the process ends then: a test that died leaves nothing behind.
    """

    def __init__(self, bus, folder):
        super().__init__(daemon=True)
        self.bus, self.folder = bus, folder
        self.loop, self.lines = asyncio.get_running_loop(), asyncio.Queue()
        self.ended = asyncio.Event()

    def run(self):
        for line in sys.stdin.buffer:
            self.tell(self.lines.put_nowait, line)
        self.tell(self.lines.put_nowait, b"")
        self.tell(self.ended.set)
        time.sleep(END_SECONDS_MAX)
        self.bus.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    def tell(self, function, *arguments):
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            pass  # The loop has ended before.


async def obey_all(control, lines):
    """Carries out one order after the other, to the end of the input."""
    while line := await lines.get():
        try:
            answer = await control.obey(json.loads(line))
        except Exception as error:  # The test is told, whatever it is.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def report(loop, context):
    """A bus that ends makes its readers fail; that is what tests want."""
    if not isinstance(context.get("exception"), (EOFError, ConnectionError)):
        loop.default_exception_handler(context)


async def serve(options, folder):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    bus = PrivateBus(folder)
    bus.start()
    try:
        orders = Input(bus, folder)
        orders.start()
        daemon = Daemon(bus.address, options.scale, options.bluez)
        for number in range(options.sensors):
            address = f"C0:00:00:00:{number // 256:02X}:{number % 256:02X}"
            daemon.sensors[address] = Sensor(address, number)
        await daemon.start_systemd()
        await daemon.start()
        print(f"ready {bus.address}", flush=True)
        obeying = loop.create_task(obey_all(Control(bus, daemon), orders.lines))
        await orders.ended.wait()
        await asyncio.wait([obeying], timeout=FINISH_SECONDS_MAX)
    finally:
        # What is still under way fails in as many ways as there are when its bus goes.
        loop.set_exception_handler(lambda *_: None)
        bus.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--bluez", choices=["5.66", "5.82"], default="5.66")
    parser.add_argument("--sensors", type=int, default=0)
    with tempfile.TemporaryDirectory(prefix="pulsegate-bus-") as folder:
        asyncio.run(serve(parser.parse_args(), folder))


if __name__ == "__main__":
    main()
