"""The virtual controller's side of /dev/vhci, a file that is a controller to this kernel.

Bumble has a transport for it, on asyncio's pipes. That one closes the device for good at the
first write that fails, and writes do fail: the kernel answers ENXIO while the host has the
controller switched off (adapter off, rfkill), and a sensor may be heard in that very moment.
Here such an event is lost, as it would be by a chip whose host does not listen.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import Any

VENDOR_PACKET = 0xFF
# Configures the device: a primary controller (drivers/bluetooth/hci_vhci.c).
CREATE_DEVICE = bytes([VENDOR_PACKET, 0x00])
PACKET_BYTES_MAX = 4096


class VirtualController:
    """An open /dev/vhci; source and sink of whole HCI packets at once."""

    def __init__(self, path: str = "/dev/vhci") -> None:
        self._device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._receiver: Any = None
        self.lost = 0
        os.write(self._device, CREATE_DEVICE)
        asyncio.get_running_loop().add_reader(self._device, self._read)

    @property
    def source(self) -> VirtualController:
        return self

    @property
    def sink(self) -> VirtualController:
        return self

    def set_packet_sink(self, receiver: Any) -> None:
        """Where the host's packets go: the radio."""
        self._receiver = receiver

    def on_packet(self, packet: bytes) -> None:
        """Hands an event or data to the host."""
        try:
            os.write(self._device, packet)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            self.lost += 1

    def _read(self) -> None:
        packet = os.read(self._device, PACKET_BYTES_MAX)
        # The first one only tells the number of the new device.
        if packet and packet[0] != VENDOR_PACKET:
            self._receiver.on_packet(packet)

    async def close(self) -> None:
        """Pulls the controller out."""
        asyncio.get_running_loop().remove_reader(self._device)
        os.close(self._device)
