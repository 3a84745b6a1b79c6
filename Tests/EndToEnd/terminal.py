"""A terminal as a person or a serial line has it: a pty of 80 columns and 24 rows, with a program
at its other end."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from gateway import environment

# What a terminal of 1978 understands (vt102), and no colour.
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78()][AB0]?")


class Screen:
    """A program on a terminal. With `baud` nothing is typed or read faster than that."""

    def __init__(self, command, baud=None, **variables):
        self.parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=child, stdout=child, stderr=child, start_new_session=True,
            env={**environment(**variables), "TERM": "vt102"})
        os.close(child)
        self.seconds_a_byte = 10 / baud if baud else 0
        self.raw = b""

    @property
    def text(self):
        """What was shown, without controls; a line that was cleared begins again."""
        text = self.raw.decode(errors="replace").replace("\r\r\n", "\n").replace("\r\n", "\n")
        return CONTROLS.sub("", text)

    def read(self, seconds):
        """Reads what comes within so many seconds; False at the end."""
        ready, _, _ = select.select([self.parent], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.parent, 16 if self.seconds_a_byte else 4096)
        except OSError:
            return False
        if self.seconds_a_byte:
            time.sleep(len(data) * self.seconds_a_byte)
        self.raw += data
        return bool(data)

    def wait_for(self, text, seconds=30):
        """Waits for a text after what was waited for before."""
        end = time.monotonic() + seconds
        start = getattr(self, "seen", 0)
        while text not in self.text[start:]:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.text[start:]}"
            if not self.read(0.2) and text not in self.text[start:]:
                raise AssertionError(f"ended without {text!r}:\n{self.text[start:]}")
        self.seen = self.text.index(text, start) + len(text)
        return self.text[start:self.seen]

    def type(self, keys):
        keys = keys if isinstance(keys, bytes) else keys.encode()
        if not self.seconds_a_byte:
            return os.write(self.parent, keys)
        for key in keys:
            os.write(self.parent, bytes([key]))
            time.sleep(self.seconds_a_byte)

    def ask(self, line, prompt="pulsegate> "):
        """Types a line; returns what is answered before the next prompt."""
        self.type(line + "\r")
        self.wait_for(line)
        answer = self.wait_for(prompt)
        return answer[:-len(prompt)].strip("\n \r")

    def close(self):
        """The cable is pulled: the terminal is gone."""
        os.close(self.parent)
        return self.process.wait(10)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
