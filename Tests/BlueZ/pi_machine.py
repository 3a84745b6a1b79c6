"""An emulated board as somebody has it on the bench: a serial line to its console, the levels of
its pins, a plug to pull; and the gym, whose radio is the chip on its other serial line.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from packages import CannotRun

HERE = Path(__file__).resolve().parent
PROMPT = "pulsegate> "
# GPLEV0, the levels of GPIO0 to GPIO31 (BCM2835 ARM Peripherals, section 6.1, at the Pi 3's base).
LEVELS_REGISTER = 0x3F200034
# The kernel's own lines stay off the console but for its end; then it starts anew at once.
COMMAND_LINE = "loglevel=1 panic=-1"


@dataclasses.dataclass(frozen=True)
class Board:
    """What QEMU is told; {parts} and {card} are put in."""

    words: tuple[str, ...]
    console: str
    # What is on its serial lines, in their order.
    serial: tuple[str, ...]


# The name of the network adapter at QEMU, for a cable to be pulled. Behind it this machine's
# 127.0.0.1 is HOST (QEMU's user network).
NETWORK, HOST = "net", "10.0.2.2"
# The watchdog of this one is none: QEMU resets the machine as soon as it is opened. Its network
# adapter is on USB, as on the board, though another one.
RASPBERRY_PI_3 = Board(
    ("-M", "raspi3b", "-no-reboot", "-dtb", "{parts}/board.dtb",
     "-drive", "file={card},format=raw,if=sd",
     "-netdev", f"user,id={NETWORK}", "-device", f"usb-net,netdev={NETWORK}"),
    "ttyS1,115200", ("radio", "console"))
# A board with a watchdog that counts: the kernel, the binary and the card are the same.
WITH_WATCHDOG = Board(
    ("-M", "virt", "-cpu", "cortex-a53", "-m", "768", "-nic", "none",
     "-drive", "file={card},format=raw,if=none,id=card", "-device", "virtio-blk-pci,drive=card",
     "-device", "i6300esb", "-action", "watchdog=reset"), "ttyAMA0", ("console",))


def connect(path: Path, process: subprocess.Popen[bytes], seconds: float = 20) -> socket.socket:
    """A connection to a socket that a program has just begun to serve."""
    end = time.monotonic() + seconds
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
            return client
        except OSError as error:
            client.close()
            if time.monotonic() > end or process.poll() is not None:
                raise CannotRun(f"{process.args[0]} does not serve {path} ({error.strerror})"
                                ) from error
            time.sleep(0.05)


def printed(text: str) -> str:
    """What a terminal would have shown, without its escape sequences."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", text).strip()


class Machine:
    """One power-on, from the plug's going in to `cut`."""

    def __init__(self, board: Board, parts: Path, card: Path, folder: Path,
                 gym_options: list[str] | None = None) -> None:
        # Paths of sockets are short.
        self.sockets = Path(tempfile.mkdtemp(prefix="pi-"))
        self.text, self.heard = "", threading.Condition()
        self.events: list[str] = []
        self.began = time.monotonic()
        self.console_log = open(folder / "console.log", "wb")
        lines = [word for name in board.serial for word in (
            "-chardev", f"socket,id={name},path={self.sockets}/{name},server=on,wait=off",
            "-serial", f"chardev:{name}")]
        self.board = subprocess.Popen(
            # One thread for the cores: with more, those that wait spin (46 s for a boot).
            ["qemu-system-aarch64", "-accel", "tcg,thread=single", "-nographic", "-monitor", "none",
             "-qmp", f"unix:{self.sockets}/monitor,server=on,wait=off", *lines,
             "-kernel", str(parts / "vmlinuz"), "-initrd", str(parts / "initrd"),
             "-append", f"console={board.console} {COMMAND_LINE}",
             *(word.format(parts=parts, card=card) for word in board.words)],
            stdin=subprocess.DEVNULL, stdout=open(folder / "qemu.log", "wb"),
            stderr=subprocess.STDOUT)
        self.gym: subprocess.Popen[bytes] | None = None
        self.console: socket.socket | None = None
        try:
            self.console = connect(self.sockets / "console", self.board)
            self.monitor = connect(self.sockets / "monitor", self.board).makefile("rw")
            self._monitor("qmp_capabilities")
            if gym_options is not None:
                self._start_gym(folder, gym_options)
            threading.Thread(target=self._listen, daemon=True).start()
        except BaseException:
            self.cut()
            raise

    def _start_gym(self, folder: Path, options: list[str]) -> None:
        self.gym = subprocess.Popen(
            [os.environ.get("GYM_PYTHON", sys.executable), str(HERE / "gym/gym.py"), "--broadcom",
             f"unix:{self.sockets}/radio", "--journal", str(folder / "journal.ndjson"),
             "--socket", f"{self.sockets}/gym", *options],
            stdin=subprocess.DEVNULL, stdout=open(folder / "gym.log", "wb"),
            stderr=subprocess.STDOUT)
        self.steering = connect(self.sockets / "gym", self.gym)

    @property
    def seconds(self) -> float:
        """Since the power came."""
        return time.monotonic() - self.began

    # --- The serial line ----------------------------------------------------------------------

    def _listen(self) -> None:
        """Takes whatever comes, at once: a byte is a packet of the socket, and after some 300 of
        them that nobody has taken the whole board stands still."""
        try:
            while data := self.console.recv(4096):
                self.console_log.write(data)
                self.console_log.flush()
                with self.heard:
                    self.text += data.decode("ascii", "replace")
                    self.heard.notify()
        except OSError:
            pass  # The plug has been pulled.

    def wait(self, text: str, seconds: float) -> bool:
        """Until the console says `text`; what came before it is done with."""
        with self.heard:
            if not self.heard.wait_for(lambda: text in self.text, seconds):
                return False
            self.text = self.text.partition(text)[2]
            return True

    def ask(self, command: str, seconds: float = 60) -> str:
        """What the console answers, without its echo; warnings that come meanwhile are in it."""
        echo = command + "\r\n"
        with self.heard:
            self.text = ""
            self.console.sendall(command.encode() + b"\r")
            self.heard.wait_for(
                lambda: echo in self.text and self.text.endswith(PROMPT), seconds)
            answer = self.text.partition(echo)[2]
        return printed(answer.removesuffix(PROMPT))

    # --- The pins -----------------------------------------------------------------------------

    def levels(self) -> int:
        """The levels of GPIO0 to GPIO31, a bit each, as somebody with a meter sees them."""
        said = self._monitor("human-monitor-command",
                             {"command-line": f"xp /1wx {LEVELS_REGISTER:#x}"})
        return int(re.search(r": (0x[0-9a-f]{8})", said)[1], 16)

    def is_high(self, line: int) -> bool:
        return bool(self.levels() >> line & 1)

    def wait_for_level(self, line: int, is_high: bool, seconds: float) -> bool:
        """Until a pin has a level."""
        end = time.monotonic() + seconds
        while self.is_high(line) != is_high:
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def stays_low(self, line: int, seconds: float) -> bool:
        """Looks at a pin ten times a second."""
        for _ in range(round(seconds * 10)):
            if self.is_high(line):
                return False
            time.sleep(0.1)
        return True

    # --- QEMU's machine protocol --------------------------------------------------------------

    def wait_for_event(self, name: str, seconds: float) -> bool:
        """Until QEMU tells of an event, as WATCHDOG."""
        end = time.monotonic() + seconds
        # Each answer brings the events that came before it.
        while name not in self.events and time.monotonic() < end:
            self._monitor("query-status")
            time.sleep(0.2)
        return name in self.events

    def plug(self, is_in: bool) -> None:
        """Puts the network's cable in, or pulls it."""
        self._monitor("set_link", {"name": NETWORK, "up": is_in})

    def _monitor(self, command: str, arguments: dict[str, Any] | None = None) -> Any:
        """A command; the events that come before its answer are kept."""
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
        self.monitor.flush()
        while "return" not in (said := json.loads(self.monitor.readline())):
            if "error" in said:
                raise RuntimeError(f"{command}: {said['error']['desc']}")
            self.events.append(said.get("event", ""))
        return said["return"]

    # --- The gym and the plug -----------------------------------------------------------------

    def steer(self, command: str) -> str:
        """A command of the gym; its answer."""
        self.steering.settimeout(10)
        self.steering.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.steering.recv(4096)
        return answer.decode().strip()

    def cut(self) -> None:
        """Pulls the plug: what the board has not written is lost."""
        for process in (self.board, self.gym):
            if process is not None:
                process.kill()
                process.wait()
        if self.console is not None:
            self.console.close()
        shutil.rmtree(self.sockets, ignore_errors=True)
