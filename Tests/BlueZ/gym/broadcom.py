"""The Bluetooth chip of a Raspberry Pi 3 (BCM43438), as far as Linux's driver asks it.

The driver (`drivers/bluetooth/btbcm.c`, `hci_bcm.c`) sends commands of its maker before the host
gets to see a controller, checks how long each answer is, and gives up when none comes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bumble import hci
from controller import Radio

# The group of commands that belong to the maker (Core 5.4, volume 4, part E, section 5.4.1).
VENDOR_GROUP = 0x3F
# What each answer holds behind its status of 0; a command that is not here answers that alone:
# the speed of the line, the clock, sleep modes, the address.
ANSWERS = {
    # Verbose configuration: chip 94, and five bytes of target and build that nobody reads.
    0xFC79: bytes([94, 0, 0, 0, 0, 0]),
    # Features of the controller.
    0xFC6E: bytes(8),
    # Maker and product on USB: none.
    0xFC5A: bytes(4),
}


class BroadcomRadio(Radio):
    """A radio that answers its maker's commands with success."""

    def on_hci_command_packet(self, command: Any) -> None:
        if command.op_code >> 10 != VENDOR_GROUP:
            super().on_hci_command_packet(command)
            return
        answer = bytes([hci.HCI_SUCCESS]) + ANSWERS.get(command.op_code, b"")
        # Command Complete (7.7.14): one more command may come.
        event = bytes([hci.HCI_EVENT_PACKET, hci.HCI_COMMAND_COMPLETE_EVENT, 3 + len(answer), 1])
        event += command.op_code.to_bytes(2, "little") + answer
        asyncio.get_running_loop().call_soon(self._answer, event)

    def _answer(self, event: bytes) -> None:
        if self.host is not None:
            self.host.on_packet(event)
