"""Who listens to the sensors: Pulsegate, or the reference client on bleak.

A client is a command in the guest that writes NDJSON records, and the manners that are asked of
it. `--client` of lane.py names it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import checks
import scenarios
from packages import CannotRun
from scenarios import Scenario

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GUEST_OUT = "/lab/out"
# What the guest has itself, and what must match its kernel's loader.
OWN_LIBRARIES = ("ld-linux-x86-64.so", "libc.so", "libm.so", "libpthread.so", "libdl.so",
                 "librt.so", "libresolv.so", "linux-vdso.so")
# All others are brought, so that a guest of another Debian runs the binary as it was built.


def record_lines(paths: list[Path]) -> list[dict[str, Any]]:
    """The whole records of these files, in order, without the alarm log."""
    lines = []
    for path in paths:
        if path.exists():
            text = path.read_bytes()
            lines += text[:text.rfind(b"\n") + 1].splitlines()
    return [record for record in map(json.loads, lines) if record.get("event") != "alarm"]


class Client:
    """What the lane asks of a client."""

    name: str
    manners: checks.Manners

    def plan(self, scenario: Scenario, folder: Path) -> dict[str, Any]:
        """The conductor's plan for it: command, environment, where the records appear."""
        raise NotImplementedError

    def program_folder(self) -> Path:
        """A folder of the host that becomes /lab/program."""
        return HERE

    def records(self, folder: Path) -> list[dict[str, Any]]:
        raise NotImplementedError


class Bleak(Client):
    """The reference client."""

    name, manners = "bleak", checks.BLEAK

    def plan(self, scenario: Scenario, folder: Path) -> dict[str, Any]:
        command = ["python3", "/lab/code/guest/bleak_client.py", "--records",
                   f"{GUEST_OUT}/records.ndjson"]
        for index in range(scenario.straps):
            wanted = (f"name:{scenarios.local_name(index)}" if scenario.by_name
                      else scenarios.address(index))
            command += ["--sensor", f"{scenarios.sensor(index)}={wanted}"]
        return {"command": command, "records": f"{GUEST_OUT}/records.ndjson"}

    def records(self, folder: Path) -> list[dict[str, Any]]:
        return record_lines([folder / "records.ndjson"])


class Pulsegate(Client):
    """The release binary, with the shared libraries it was linked to."""

    name, manners = "pulsegate", checks.PULSEGATE

    def __init__(self) -> None:
        self.binary = Path(os.environ.get("PULSEGATE", ROOT / ".build/release/pulsegate"))

    def program_folder(self) -> Path:
        """Copies the binary and what ldd names, when the binary is newer than the last copy."""
        if not self.binary.exists():
            raise CannotRun(f"no {self.binary}; make release builds it")
        folder = ROOT / ".build/bluez/program"
        copy = folder / "pulsegate"
        if copy.exists() and copy.stat().st_mtime == self.binary.stat().st_mtime:
            return folder
        said = subprocess.run(["ldd", str(self.binary)], capture_output=True, text=True,
                              check=False).stdout
        if "not found" in said:
            raise CannotRun("libraries of the binary are missing: "
                            + ", ".join(re.findall(r"(\S+) => not found", said)))
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "lib").mkdir(parents=True)
        for name, path in re.findall(r"(\S+) => (/\S+)", said):
            if not name.startswith(OWN_LIBRARIES):
                shutil.copy2(path, folder / "lib" / name)
        shutil.copy2(self.binary, copy)
        return folder

    def configuration(self, scenario: Scenario) -> str:
        """The gateway's configuration: the adapter, the sensors, a small ring, a file sink."""
        lines = ["[gateway]", "device_id = gym-7", f"data = {GUEST_OUT}/data", "log = debug", "",
                 "[ring]", "size = 16MiB", "allow_volatile = yes", "",
                 "[input]", "type = bluetooth", "", "[bluetooth]", "adapter = hci0",
                 f"frozen = {scenarios.FROZEN_SECONDS}s"]
        if scenario.rssi_limit_dbm is not None:
            lines.append(f"rssi = {scenario.rssi_limit_dbm}")
        if not scenario.switches_on:
            lines.append("power_on = no")
        lines.append("")
        for index in range(scenario.straps):
            match = (f"name = {scenarios.local_name(index)}" if scenario.by_name
                     else f"address = {scenarios.address(index)}")
            lines += [f"[sensor {scenarios.sensor(index)}]", match]
            if scenario.services:
                lines.append(f"service = {scenario.services[index]}")
            lines.append("")
        return "\n".join([*lines, "[sink local]", "type = file", "flush = 100ms", ""])

    def plan(self, scenario: Scenario, folder: Path) -> dict[str, Any]:
        (folder / "pulsegate.conf").write_text(self.configuration(scenario))
        return {"command": ["/lab/program/pulsegate", "run", "--config",
                            f"{GUEST_OUT}/pulsegate.conf"],
                "environment": {"LD_LIBRARY_PATH": "/lab/program/lib"},
                "records": f"{GUEST_OUT}/data/local.ndjson"}

    def records(self, folder: Path) -> list[dict[str, Any]]:
        """Of all the sink's files, those it put aside first."""
        first = folder / "data/local.ndjson"
        aside = sorted(first.parent.glob(f"{first.name}.*"), key=lambda path: -int(path.suffix[1:]))
        return record_lines([*aside, first])


CLIENTS: dict[str, type[Client]] = {"pulsegate": Pulsegate, "bleak": Bleak}
