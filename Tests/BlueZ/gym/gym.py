#!/usr/bin/env python3
"""A gym of one to eight virtual LE straps, behind one virtual Bluetooth controller.

    gym.py vhci --recording FILE.csv --journal FILE.ndjson [--straps N] [--rate HZ] ...

The controller appears as hci0 of the kernel it runs on (or, with another transport of Bumble's
such as unix:SOCKET or serial:/dev/ttyS1, as a chip on a serial line). Commands come over a Unix
socket, one a line, and each is answered with one line, `ok`, an answer, or `error: ...`. I is a
strap from 0.

    vanish I            out of range, without a goodbye
    return I            in range again, advertising
    disconnect I [R]    hangs up, reason R (default 0x13, remote user terminated)
    advertise I on|off  advertises or not
    mute I on|off       connected, but sends nothing
    raw I HEX           sends one notification of these bytes beside the regular ones
    off-skin I on|off   says that there is no contact, with a value all the same
    frozen I on|off     sends the same heart rate for ever, without RR-Intervals
    rssi I DBM          signal strength
    rate I BPM|off      this heart rate from now on, or the recording's again
    rotate I            takes a new private address; answers it
    address I           answers the present address
    die                 the controller is pulled out
    plug                a controller is plugged in
    state               the straps as JSON

The journal is NDJSON: each notification before it is sent, links, subscriptions and commands,
with the time in seconds since 1970 of this kernel's clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import time
from typing import Any

from broadcom import BroadcomRadio
from bumble.transport import open_transport
from controller import Air, Radio
from profiles import PROFILES
from strap import Strap, Wear, read_recording
from vhci import VirtualController

# Prefix of the Raspberry Pi Foundation.
HOST_ADDRESS = "B8:27:EB:00:00:01"
REASON_USER_TERMINATED = 0x13
STRAPS_MAX = 8


class Gym:
    """The controller of the host, the straps, and the commands that steer them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.air = Air()
        # Line by line: a guest that is stopped leaves what was noted until then.
        self._journal = open(options.journal, "w", buffering=1)
        wear = Wear(read_recording(options.recording), options.rate, options.profiles,
                    options.advertising_milliseconds, options.private_addresses)
        self.straps = [Strap(index, self.air, wear, self.note) for index in range(options.straps)]
        for strap in self.straps:
            strap.next_number = options.first_number
        self.transport: Any = None
        self.radio: Radio | None = None

    def note(self, event: str, **facts: Any) -> None:
        self._journal.write(json.dumps({"time": time.time(), "event": event, **facts}) + "\n")

    async def plug(self) -> None:
        """Gives the host a controller."""
        if self.radio is not None:
            raise ValueError("there is a controller already")
        self.transport = (VirtualController() if self.options.transport == "vhci"
                          else await open_transport(self.options.transport))
        kind = BroadcomRadio if self.options.broadcom else Radio
        self.radio = kind("host", host_source=self.transport.source,
                          host_sink=self.transport.sink, link=self.air,
                          public_address=HOST_ADDRESS)

    async def die(self) -> None:
        """Takes the controller away; the straps run into their supervision time-outs."""
        if self.radio is None:
            raise ValueError("there is no controller")
        radio, self.radio = self.radio, None
        radio.is_on = False
        for connection in list(radio.le_connections.values()):
            radio.drop(connection, at_this_end=False)
        radio.host = None
        await self.transport.close()
        self.air.remove_controller(radio)

    async def obey(self, line: str) -> str:
        """Carries out a command; returns the answer."""
        name, *words = line.split()
        if name in ("die", "plug"):
            await getattr(self, name)()
            return "ok"
        if name == "state":
            return json.dumps([{"name": strap.name, "connected": strap.connection is not None,
                                "subscribed": strap.has_subscriber, "sent": strap.next_number}
                               for strap in self.straps])
        strap, word = self.straps[int(words[0])], words[1] if len(words) > 1 else None
        if name == "vanish":
            await strap.vanish()
        elif name == "return":
            await strap.come_back()
        elif name == "disconnect":
            await strap.disconnect(int(word, 0) if word else REASON_USER_TERMINATED)
        elif name == "advertise":
            await strap.advertise(is_on(word))
        elif name in ("mute", "off-skin", "frozen"):
            setattr(strap, {"mute": "is_muted", "off-skin": "is_off_skin",
                            "frozen": "is_frozen"}[name], is_on(word))
        elif name == "raw":
            await strap.send(bytes.fromhex(word or ""), "raw")
        elif name == "rssi":
            strap.radio.rssi_dbm = int(word or "")
        elif name == "rate":
            strap.fixed_rate = None if word == "off" else int(word or "")
        elif name == "rotate":
            return await strap.rotate()
        elif name == "address":
            return str(strap.device.random_address).partition("/")[0]
        else:
            raise ValueError(f"no such command: {name}")
        return "ok"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads commands from one client until it leaves."""
        while line := (await reader.readline()).decode().strip():
            try:
                answer = await self.obey(line)
            except Exception as error:  # Whatever went wrong is the answer; the gym goes on.
                answer = f"error: {error!r}"
            self.note("command", line=line, answer=answer)
            writer.write(f"{answer}\n".encode())
            await writer.drain()
        writer.close()

    async def run(self) -> None:
        """Serves for ever."""
        await self.plug()
        for strap in self.straps:
            await strap.start()
        await asyncio.start_unix_server(self.serve, self.options.socket)
        self.note("ready")
        await asyncio.get_running_loop().create_future()


async def run(options: argparse.Namespace) -> None:
    # Bumble's controllers want the running loop when they are made.
    await Gym(options).run()


def is_on(word: str | None) -> bool:
    if word not in ("on", "off"):
        raise ValueError("on or off?")
    return word == "on"


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Virtual heart-rate straps.")
    parser.add_argument("transport", help="vhci, serial:DEVICE, pty:PATH, ...")
    parser.add_argument("--recording", required=True, help="CSV: seconds,beats_per_minute")
    parser.add_argument("--journal", required=True, help="NDJSON of what was sent and happened")
    parser.add_argument("--socket", default="/run/gym.sock", help="where commands come in")
    parser.add_argument("--straps", type=int, choices=range(1, STRAPS_MAX + 1), default=1)
    parser.add_argument("--rate", type=float, default=1, help="notifications a second")
    parser.add_argument("--profiles", type=lambda text: text.split(","),
                        default=["heart-rate", "battery", "device-information"],
                        help="of " + ", ".join(PROFILES))
    parser.add_argument("--advertising-milliseconds", type=float, default=100)
    parser.add_argument("--private-addresses", action="store_true",
                        help="resolvable private addresses instead of static ones")
    parser.add_argument("--first-number", type=int, default=0,
                        help="the number in the first notification of every strap")
    parser.add_argument("--broadcom", action="store_true",
                        help="the controller is the chip of a Raspberry Pi 3")
    parser.add_argument("--debug", action="store_true", help="everything Bumble says")
    options = parser.parse_args()
    if "heart-rate" not in options.profiles:
        parser.error("a strap without heart-rate is none")
    return options


def main() -> None:
    options = parse_options()
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.WARNING)
    if os.path.exists(options.socket):
        os.unlink(options.socket)
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
