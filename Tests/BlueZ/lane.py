#!/usr/bin/env python3
"""The Bluetooth lane: a real bluetoothd on a real kernel stack, with virtual LE sensors.

    lane.py [--client pulsegate|bleak ...] [--release bookworm|trixie ...] [SCENARIO ...]
    lane.py --day [--seed N] [--hours H]      a simulated day with seeded faults
    lane.py --make                            only makes what the lane boots
    lane.py --list

Each scenario boots its own kernel (User-Mode Linux: a process, no root, no virtualisation), in
simulated time unless --wall-clock: the clock jumps over what nobody computes through. Exit
status 0: everything held; 1: something did not; 77: it cannot run here, the reason is said.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Sequence

import checks
import report
import scenarios
from cache import RELEASES, cache_folder, ensure_kernel, ensure_root
from clients import CLIENTS, Client
from packages import CannotRun
from scenarios import SCENARIOS, Scenario

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = ROOT / ".build" / "bluez"
RECORDING = ROOT / "Sources/pulsegate/Recordings/interval-session.csv"
CANNOT_RUN_STATUS = 77
MEMORY = "512M"
MEMORY_BYTES = 512 << 20
# Seconds of the host that a scenario may take, whatever its clock says.
SCENARIO_SECONDS_MAX, DAY_SECONDS_MAX = 240, 3600
# Forking under User-Mode Linux 6.12 panics about once in a hundred boots: a fork that the kernel
# gives up half-way leaves entries that flush_tlb_mm takes for mappings. No program's fault, so
# the scenario begins anew; every time is said.
PANIC, ATTEMPTS_MAX = "Kernel panic", 3


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of an NDJSON file; nothing where there is none."""
    if not path.exists():
        return []
    text = path.read_bytes()
    return [json.loads(line) for line in text[:text.rfind(b"\n") + 1].splitlines()]


def memory_folder(results: Path) -> Path:
    """Where the guest's memory lies as a file: in memory where there is room, else on disk."""
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK):
        if shutil.disk_usage(shared).free > 2 * MEMORY_BYTES:
            return shared
    return results


def boot(kernel: Path, root: Path, folder: Path, program: Path, is_simulated: bool,
         seconds_max: float, go: str | None = None, words: Sequence[str] = (),
         cut: Path | None = None) -> None:
    """Runs the guest to its end; its console goes to `folder`/console.log. `go` is what it runs
    in the place of the conductor, `words` are more of the kernel's command. As soon as there is a
    file `cut` the power is cut: the kernel is killed with all that it has not written."""
    command = [
        kernel, f"mem={MEMORY}", "root=/dev/root", "rootfstype=hostfs", f"rootflags={root}", "ro",
        "quiet", "init=/lane-init", f"lane.code={HERE}", f"lane.program={program}",
        f"lane.out={folder}", "con0=fd:0,fd:1", "con=null", "ssl=null"]
    if go:
        command.append(f"lane.go={go}")
    command += words
    if is_simulated:
        # The jitter of a simulated clock is no entropy, and looking for it takes 11 s.
        command += ["time-travel", "initcall_blacklist=jent_mod_init"]
    with open(folder / "console.log", "wb") as console:
        # A session of its own: at its end the kernel ends every process of its group.
        guest = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=console,
            stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "TMPDIR": str(memory_folder(folder))})
        try:
            if cut:
                end = time.monotonic() + seconds_max
                while not cut.exists() and guest.poll() is None and time.monotonic() < end:
                    time.sleep(0.05)
            else:
                guest.wait(seconds_max)
        except subprocess.TimeoutExpired:
            (folder / "timed-out").write_text(f"{seconds_max} s\n")
        finally:
            # Its helpers may outlive it; a signal to nobody is no error.
            try:
                os.killpg(guest.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            guest.wait()


def explain_no_boot(folder: Path) -> CannotRun:
    """Why a guest did not even start its first program."""
    said = (folder / "console.log").read_text(errors="replace").strip()
    last = "\n    ".join(said.splitlines()[-6:]) or "(nothing)"
    hint = ""
    if "ptrace" in said.lower():
        hint = "; this machine does not let a process trace its children (container settings?)"
    elif "memory" in said.lower() or "ENOSPC" in said:
        hint = f"; {MEMORY} of memory are needed in /dev/shm or {folder}"
    return CannotRun(f"the test kernel did not start{hint}. Its last words:\n    {last}")


class Lane:
    """One kernel and one root file system; runs scenarios with clients."""

    def __init__(self, release: str, is_simulated: bool, is_debugged: bool) -> None:
        cache = cache_folder()
        self.release, self.is_simulated, self.is_debugged = release, is_simulated, is_debugged
        self.kernel, self.root = ensure_kernel(cache), ensure_root(cache, release)

    def run(self, scenario: Scenario, client: Client,
            seconds_max: float = SCENARIO_SECONDS_MAX) -> report.Row:
        """Boots the guest for one scenario and judges what it left."""
        folder = RESULTS / f"{self.release}-{client.name}" / scenario.name
        for attempt in range(1, ATTEMPTS_MAX + 1):
            wall = self.attempt(scenario, client, folder, seconds_max)
            has_panicked = PANIC in (folder / "console.log").read_text(errors="replace")
            if not has_panicked:
                break
            print(f"        {scenario.name}: the test kernel panicked, attempt {attempt} of "
                  f"{ATTEMPTS_MAX}", flush=True)
        events = read_lines(folder / "events.ndjson")
        if not events and not has_panicked:
            raise explain_no_boot(folder)
        verdict = checks.judge(
            read_lines(folder / "journal.ndjson"), client.records(folder), events,
            scenario.straps, scenario.loses, client.manners)
        if has_panicked:
            verdict.offences = ["the test kernel panicked every time: console.log"]
        # An exception that Bumble's event loop swallowed would pass for a quiet sensor.
        gym_log = folder / "gym.log"
        if gym_log.exists() and "Traceback" in gym_log.read_text(errors="replace"):
            verdict.offences.append("the gym itself failed: gym.log")
        if (folder / "timed-out").exists():
            verdict.offences.append(f"stopped after {seconds_max} s of wall time")
        guest_seconds = events[-1]["time"] - events[0]["time"] if events else 0
        return report.Row(scenario.name, scenario.title, client.name, self.release, wall,
                          guest_seconds, verdict, folder, self.is_simulated)

    def attempt(self, scenario: Scenario, client: Client, folder: Path,
                seconds_max: float) -> float:
        """One boot, into an empty folder; returns the seconds it took."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copyfile(RECORDING, folder / "recording.csv")
        plan = {
            "steps": scenario.steps, "debug": self.is_debugged,
            "client": {"may_end": not client.manners.judges, **client.plan(scenario, folder)},
            "gym": ["--straps", str(scenario.straps), "--rate", str(scenario.rate_hz),
                    *scenario.gym]}
        (folder / "plan.json").write_text(json.dumps(plan, indent=1))
        start = time.monotonic()
        boot(self.kernel, self.root, folder, client.program_folder(), self.is_simulated,
             seconds_max)
        return time.monotonic() - start


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Bluetooth scenarios with a real bluetoothd.")
    parser.add_argument("scenario", nargs="*", help="all when none is named")
    parser.add_argument("--client", action="append", choices=CLIENTS)
    parser.add_argument("--release", action="append", choices=RELEASES)
    parser.add_argument("--wall-clock", action="store_true", help="real time in the guest")
    parser.add_argument("--debug", action="store_true",
                        help="every message of the bus, the gym and bluetoothd in their logs")
    parser.add_argument("--day", action="store_true")
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--seed", type=int,
                        default=int(os.environ.get("PULSEGATE_SEED", "20250715")))
    parser.add_argument("--make", action="store_true", help="make kernel and root, run nothing")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    for name in options.scenario:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name!r}; --list names them")
    return options


def run_all(options: argparse.Namespace) -> bool:
    """Runs what was asked for; returns whether everything held."""
    chosen = ([scenarios.day(options.seed, options.hours)] if options.day
              else [scenarios.make(name) for name in options.scenario or SCENARIOS])
    rows = []
    print(f"seed {options.seed}")
    for release in options.release or ["bookworm"]:
        lane = Lane(release, not options.wall_clock, options.debug)
        if options.make:
            continue
        for scenario in chosen:
            for name in options.client or ["pulsegate"]:
                if scenario.for_gateway and not CLIENTS[name].manners.judges:
                    print(f"left    {scenario.name:20}{name:11}it cannot do that")
                    continue
                row = lane.run(scenario, CLIENTS[name](),
                               DAY_SECONDS_MAX if options.day else SCENARIO_SECONDS_MAX)
                rows.append(row)
                print(report.line(row), flush=True)
    if rows:
        print(report.table(rows))
        (RESULTS / "results.json").write_text(report.as_json(rows))
        held = sum(not row.verdict.offences for row in rows)
        print(f"bluez: {held} passed, {len(rows) - held} failed")
    return all(not row.verdict.offences for row in rows)


def main() -> int:
    options = parse_options()
    if options.list:
        for name in SCENARIOS:
            print(f"{name:20}{scenarios.make(name).title}")
        return 0
    try:
        return 0 if run_all(options) else 1
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return CANNOT_RUN_STATUS


if __name__ == "__main__":
    sys.exit(main())
