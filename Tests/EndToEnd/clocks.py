"""A wall clock that is wrong, under the gateway's binary (Tests/Support/clock_shim.c)."""

import shutil
import struct
import subprocess
import time
from pathlib import Path

from gateway import skip_without_shims

SOURCE = Path(__file__).resolve().parents[1] / "Support" / "clock_shim.c"
HOUR = 3_600
YEAR = 365 * 24 * HOUR


def build_shim(folder):
    library = Path(folder) / "clock_shim.so"
    compiler = shutil.which("cc") or "clang"
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC",
                    "-o", library, SOURCE, "-ldl"], check=True)
    return library


class WrongClock:
    """The clock of one machine; `variables` go into the environment of its programs."""

    def __init__(self, library, folder):
        skip_without_shims()
        self.control = Path(folder) / "clock-shim"
        self.control.write_bytes(bytes(16))
        self.variables = {"LD_PRELOAD": str(library), "CLOCK_SHIM": str(self.control)}

    def be_ahead(self, seconds, is_set=False):
        """Steps the clock to `seconds` ahead of the right time."""
        with self.control.open("r+b") as file:
            file.write(struct.pack("<q?", int(seconds * 1e9), is_set))

    def say(self, seconds, is_set=False):
        """Steps the clock to this many seconds after 1970."""
        self.be_ahead(seconds - time.time(), is_set)
