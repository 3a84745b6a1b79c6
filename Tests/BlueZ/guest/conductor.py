"""Runs one scenario inside the guest: the gym, bluetoothd, the client, and faults against time.

Reads /lab/out/plan.json, which the host wrote (see scenarios.py for the steps), and leaves in
/lab/out: events.ndjson (what was done and seen, when), journal.ndjson (the gym's), the client's
records and log, and the logs of the daemons. All times are of this kernel's clock, so they can
be compared, in simulated time too.
"""

from __future__ import annotations

import collections
import contextlib
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "gym"))
import sequence  # noqa: E402

OUT = Path("/lab/out")
GYM_SOCKET = "/run/gym.sock"
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
ADAPTER = ("org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1")
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10
ON_ITS_WAY_SECONDS = 0.05
# systemd's RestartSec for the client.
RESTART_SECONDS = 1
# How often a pause looks whether the client is alive.
WATCH_SECONDS, WATCH_SECONDS_LONG = 1, 10
# How often a condition is looked at; rarer when nothing has happened for a while, so that
# simulated days do not go by in polls.
POLL_SECONDS, POLL_SECONDS_LATER, POLL_LATER_AFTER_SECONDS = 0.02, 0.25, 15


class Failure(Exception):
    """The scenario cannot go on; the text says why."""


def until(condition, seconds: float, what: str) -> Any:
    """The first true answer of `condition`; a Failure that names `what` when none comes."""
    start = time.monotonic()
    while not (answer := condition()):
        waited = time.monotonic() - start
        if waited > seconds:
            raise Failure(f"{seconds:g} s went by without {what}")
        time.sleep(POLL_SECONDS if waited < POLL_LATER_AFTER_SECONDS else POLL_SECONDS_LATER)
    return answer


def bus_call(*words: str) -> Any:
    """The one value that a call on the bus returns."""
    said = subprocess.run(["busctl", "--json=short", "call", *words], capture_output=True,
                          text=True, check=False)
    if said.returncode:
        raise Failure(f"busctl call {' '.join(words)}: {said.stderr.strip()}")
    return json.loads(said.stdout)["data"][0]


def matches_of(pid: int) -> list[str]:
    """The match rules of a program's connections to the bus."""
    bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus")
    rules = bus_call(*bus, "org.freedesktop.DBus.Debug.Stats", "GetAllMatchRules")
    found = []
    for owner in rules:
        # Who asked for the rules has gone by now.
        with contextlib.suppress(Failure):
            if pid == bus_call(*bus, "org.freedesktop.DBus", "GetConnectionUnixProcessID", "s",
                               owner):
                found += rules[owner]
    return found


def describe(interfaces: dict[str, dict[str, Any]]) -> str:
    """The states of an object of BlueZ that a client brings about."""
    said = {name: value["data"] for values in interfaces.values()
            for name, value in values.items()}
    return " ".join(f"{name}={said[name]}".lower() for name in (
        "Discovering", "Connected", "ServicesResolved", "Notifying") if name in said)


class Records:
    """The client's records as they appear: NDJSON that somebody else is writing, and now and then
    puts aside to begin a new file at the same path."""

    def __init__(self, path: Path) -> None:
        self.path, self.begun = path, b""
        self.file: BinaryIO | None = None

    def new_bytes(self) -> bytes:
        """What was written since the last time, to the end of the last whole line."""
        text = self.begun + (self.file.read() if self.file else b"")
        with contextlib.suppress(FileNotFoundError):
            if self.file is None or not os.path.samestat(
                    os.fstat(self.file.fileno()), os.stat(self.path)):
                # Nobody writes to the old one any more: what it has now is all.
                text += self.file.read() if self.file else b""
                self.file = open(self.path, "rb")
                text += self.file.read()
        end = text.rfind(b"\n") + 1
        self.begun = text[end:]
        return text[:end]

    def read(self) -> list[dict[str, Any]]:
        """The lines that are new, as records with `number` and `time`."""
        text = self.new_bytes()
        records = [record for record in map(json.loads, text.splitlines())
                   if record.get("event") != "alarm"]
        for record in records:
            record["time"] = datetime.datetime.fromisoformat(record["timestamp"]).timestamp()
            # Vital signs other than the heart rate carry theirs in their values.
            record["number"] = (0 if "measurement" in record
                                else sequence.decode(record.get("rr_ms", [])))
        return [record for record in records if "sensor" in record]


class Conductor:
    """The programs of the guest and the plan that they follow."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.events = open(OUT / "events.ndjson", "w", buffering=1)
        self.marks: dict[str, float] = {}
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.records = Records(Path(plan["client"]["records"]))
        # For each sensor, the records that no step has looked at yet.
        self.unseen: dict[str, list[dict[str, Any]]] = {}

    def note(self, event: str, **facts: Any) -> float:
        now = time.time()
        self.events.write(json.dumps({"time": now, "event": event, **facts}) + "\n")
        return now

    # --- Programs -----------------------------------------------------------------------------

    def start(self, name: str, command: list[str], **environment: str) -> None:
        with open(OUT / f"{name}.log", "ab") as log:
            self.programs[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **environment})
        self.note("started", program=name, pid=self.programs[name].pid)

    def start_gym(self) -> None:
        self.start("gym", [
            sys.executable, "/lab/code/gym/gym.py", "vhci", "--journal",
            str(OUT / "journal.ndjson"), "--recording", str(OUT / "recording.csv"),
            "--socket", GYM_SOCKET, *self.plan["gym"],
            *(["--debug"] if self.plan.get("debug") else [])])
        until(lambda: os.path.exists(GYM_SOCKET) or self.programs["gym"].poll() is not None,
              START_SECONDS_MAX, "a gym that listens")
        if self.programs["gym"].poll() is not None:
            raise Failure("the gym ended as it started: gym.log")

    def start_bluetoothd(self) -> None:
        self.start("bluetoothd", [BLUETOOTHD, "-n", *(["-d"] if self.plan.get("debug") else [])])

    def adapter_is_powered(self) -> bool:
        said = subprocess.run(["busctl", "get-property", *ADAPTER, "Powered"],
                              capture_output=True, check=False)
        return said.stdout.strip() == b"b true"

    def start_client(self) -> None:
        client = self.plan["client"]
        self.start("client", client["command"], **client.get("environment", {}))

    def stop(self, name: str) -> None:
        program = self.programs.pop(name, None)
        if program is None:
            return
        program.terminate()
        try:
            program.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            self.note("would-not-stop", program=name)
        self.note("stopped", program=name, status=program.returncode)

    def note_costs(self) -> None:
        """What the client and bluetoothd have used until now."""
        for name in ("client", "bluetoothd"):
            program = self.programs.get(name)
            if program is None or program.poll() is not None:
                continue
            process = Path(f"/proc/{program.pid}")
            sizes = dict(re.findall(r"(VmHWM|RssAnon):\s+(\d+) kB",
                                    (process / "status").read_text()))
            # utime and stime, the 14th and 15th field; the 2nd may hold anything.
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks = int(fields[11]) + int(fields[12])
            self.note("cost", program=name, cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
                      peak_rss_kib=int(sizes["VmHWM"]), own_kib=int(sizes["RssAnon"]))

    def count_holdings(self, name: str) -> None:
        """Everything that the client holds at this moment, and that BlueZ holds for it: what a
        program that leaks has more of later."""
        pid = self.programs["client"].pid
        process = Path(f"/proc/{pid}")
        descriptors: collections.Counter[str] = collections.Counter()
        for entry in os.scandir(process / "fd"):
            with contextlib.suppress(FileNotFoundError):
                # Inode numbers are new at every opening.
                descriptors[re.sub(r"\[\d+\]", "", os.readlink(entry.path))] += 1
        status = dict(re.findall(r"(Threads|RssAnon):\s+(\d+)", (process / "status").read_text()))
        matches = matches_of(pid)
        if not matches:
            raise Failure("the client has no match rule, or the bus does not say so")
        objects = bus_call("org.bluez", "/", "org.freedesktop.DBus.ObjectManager",
                           "GetManagedObjects")
        self.note("holdings", name=name, own_kib=int(status["RssAnon"]), counts={
            "threads": int(status["Threads"]),
            **{f"descriptors {kind}": count for kind, count in descriptors.items()},
            **{f"matches {rule}": matches.count(rule) for rule in matches},
            **{f"object {path} {said}": 1 for path, interfaces in objects.items()
               for said in [describe(interfaces)]}})

    # --- Steps --------------------------------------------------------------------------------

    def gym(self, line: str) -> str:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(STOP_SECONDS_MAX)
            client.connect(GYM_SOCKET)
            client.sendall(f"{line}\n".encode())
            answer = client.makefile().readline().strip()
        if answer.startswith("error"):
            raise Failure(f"the gym answered {line!r} with {answer}")
        return answer

    def bluetoothd(self, what: str) -> None:
        if what == "start":
            self.start_bluetoothd()
            return
        program = self.programs.pop("bluetoothd")
        program.send_signal({"kill": signal.SIGKILL, "stop": signal.SIGTERM}[what])
        program.wait()

    def adapter(self, what: str) -> None:
        subprocess.run(["busctl", "set-property", *ADAPTER, "Powered", "b",
                        "true" if what == "on" else "false"], check=False)

    def radio(self, what: str) -> None:
        """rfkill: as an operator or another program blocks it."""
        subprocess.run(["rfkill", what, "bluetooth"], check=True)

    def expect_apart(self, index: int) -> None:
        """Strap `index` must not be connected at this moment."""
        if json.loads(self.gym("state"))[index]["connected"]:
            raise Failure(f"strap {index + 1} is connected, and should be left alone")

    def expect_off(self) -> None:
        """The adapter must be off at this moment."""
        if self.adapter_is_powered():
            raise Failure("the adapter is on, and should be left off")

    def await_value(self, step: dict[str, Any]) -> None:
        """Waits for a value of each sensor that arrived after the mark; notes how long it took.

        In simulated time a value may leave and arrive in the moment of the mark itself: what
        was on its way then does not count.
        """
        since, wanted = self.marks[step["since"]], set(step["sensors"])

        def all_seen() -> bool:
            for record in self.records.read():
                self.unseen.setdefault(record["sensor"], []).append(record)
            for sensor in list(wanted):
                late = [record["time"] for record in self.unseen.pop(sensor, [])
                        if record["time"] > since + ON_ITS_WAY_SECONDS
                        and record["number"] is not None]
                if late:
                    wanted.discard(sensor)
                    self.note("value-after", since=step["since"], mark_time=since,
                              sensor=sensor, seconds=min(late) - since)
            self.watch_client()
            return not wanted

        until(all_seen, step["within"], f"a value of {', '.join(sorted(wanted))} after "
                                        f"{step['since']!r}")

    def watch_client(self) -> None:
        """A client that ends by itself is started again, as systemd would do, if it may."""
        program = self.programs.get("client")
        if program is None or program.poll() is None:
            return
        self.note("client-ended", status=program.returncode)
        if not self.plan["client"]["may_end"]:
            raise Failure(f"the client ended by itself with {program.returncode}: client.log")
        time.sleep(RESTART_SECONDS)
        self.start_client()

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        # Every look costs as much as a value; a simulated day has many quiet hours.
        pause = WATCH_SECONDS if seconds < 10 * WATCH_SECONDS_LONG else WATCH_SECONDS_LONG
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, pause))
            self.watch_client()

    def carry_out(self, step: dict[str, Any]) -> None:
        what = step["do"]
        now = self.note("step", **step)
        if "mark" in step:
            self.marks[step["mark"]] = now
        if what in ("gym", "bluetoothd", "adapter", "radio"):
            getattr(self, what)(step["what"])
        elif what == "sleep":
            self.sleep(step["seconds"])
        elif what == "await":
            self.await_value(step)
        elif what == "start-client":
            self.start_client()
        elif what == "expect-apart":
            self.expect_apart(step["strap"])
        elif what == "expect-off":
            self.expect_off()
        elif what == "holdings":
            self.count_holdings(step["name"])
        elif what == "signal-client":
            self.programs["client"].send_signal(getattr(signal, step["what"]))
        else:
            raise Failure(f"no such step: {what}")

    def run(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.note("booted", seconds=float(Path("/proc/uptime").read_text().split()[0]))
        if self.plan.get("debug"):
            self.start("bus", ["dbus-monitor", "--system"])
        self.start_gym()
        self.start_bluetoothd()
        until(self.adapter_is_powered, START_SECONDS_MAX, "a powered adapter")
        self.note("adapter-ready")
        try:
            for step in self.plan["steps"]:
                self.carry_out(step)
            self.note_costs()
        finally:
            # What the sensors send from here on is not asked for.
            self.note("stopping")
            self.stop("client")


def main() -> None:
    conductor = Conductor(json.loads((OUT / "plan.json").read_text()))
    try:
        conductor.run()
        conductor.note("done")
    except Exception as error:  # The report shows it, whatever it is.
        conductor.note("failed", reason=str(error) or repr(error))
        if not isinstance(error, Failure):
            raise
    finally:
        for name in ("bluetoothd", "gym", "bus"):
            conductor.stop(name)


if __name__ == "__main__":
    main()
