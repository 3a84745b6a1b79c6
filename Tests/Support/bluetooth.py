"""Runs fake_bluez.py beside a test and gives it orders."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "fake_bluez.py"


class Bluetooth:
    """A BlueZ on a bus of its own. `environment` leads a program to it."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(SCRIPT), *map(str, options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        word, _, self.address = self.process.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise RuntimeError("the fake BlueZ does not start")
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": self.address}

    def order(self, do, /, **arguments):
        """Waits until the order is done; its names are those of fake_bluez.py."""
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{do}: {answer['error']}")
        return answer

    def members(self):
        """The calls so far, by their members."""
        return [call["member"] for call in self.order("calls")["calls"]]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
