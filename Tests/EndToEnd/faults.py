"""A disk that fails on command, under the gateway's binary (Tests/Support/disk_faults.c)."""

import errno
import re
import shutil
import subprocess
from pathlib import Path

from gateway import skip_without_shims

SOURCE = Path(__file__).resolve().parents[1] / "Support" / "disk_faults.c"


def build_faults(folder):
    """Compiles the library into `folder`; returns its path."""
    library = Path(folder) / "disk_faults.so"
    # Swift brings a clang where there is no other compiler.
    compiler = shutil.which("cc") or "clang"
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC",
                    "-o", library, SOURCE, "-ldl"], check=True)
    return library


class Disk:
    """What the calls on one file do; changed while the program runs."""

    def __init__(self, library, file, folder):
        skip_without_shims()
        self.control = Path(folder) / "faults"
        self.log = Path(f"{self.control}.log")
        self.variables = {"LD_PRELOAD": str(library), "DISK_FAULTS": str(self.control),
                          "DISK_FAULTS_FILE": str(file)}
        self.heal()

    def set(self, *lines):
        """`lines` such as "fdatasync errno 5"; the file is replaced in one step."""
        new = self.control.with_suffix(".new")
        new.write_text("".join(line + "\n" for line in lines))
        new.rename(self.control)

    def fail(self, call, number, how="errno"):
        self.set(f"{call} {how} {getattr(errno, number)}")

    def stall(self, seconds, *calls):
        self.set(*(f"{call} stall {int(seconds * 1000)}" for call in calls))

    def heal(self):
        self.set()

    def count(self, call):
        """How often this call was made to do something."""
        text = self.log.read_text() if self.log.exists() else ""
        return len(re.findall(f"^{call}$", text, re.MULTILINE))
