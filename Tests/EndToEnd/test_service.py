"""The real binary as a service: what it tells the manager, when it stops feeding the watchdog, and
what the unit lets it do."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from faults import Disk, build_faults
from gateway import BINARY, ROOT, file_sink, hex_lines, wait_until

UNIT = ROOT / "systemd" / "pulsegate.service"


class Manager:
    """The end of the notify socket that systemd has."""

    def __init__(self, name):
        self.name = name
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                self.lines += self.socket.recv(4096).decode().split("\n")
            except OSError:
                return

    def count(self, line):
        return self.lines.count(line)

    @property
    def status(self):
        return next((line[7:] for line in reversed(self.lines) if line.startswith("STATUS=")), "")


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@pulsegate-{os.getpid()}"
    manager = Manager(name)
    yield manager
    manager.socket.close()


def start(desk, manager, watchdog_seconds=0.6, **sections):
    desk.configure(hex_lines(drain_timeout="2s"), file_sink(), **sections)
    run = desk.start(stdin=subprocess.PIPE, NOTIFY_SOCKET=manager.name,
                     WATCHDOG_USEC=str(int(watchdog_seconds * 1e6)))
    wait_until(lambda: manager.count("READY=1"), "READY=1")
    return run


def test_the_manager_hears_of_start_life_and_end(desk, manager):
    run = start(desk, manager)
    run.write("00 48\n")
    wait_until(lambda: "72 bpm, 1 sensor heard, local 0 waiting" in manager.status, "its status")
    wait_until(lambda: manager.count("WATCHDOG=1") > 2, "the watchdog is fed")
    run.close_input()
    assert run.wait() == 0
    assert manager.count("READY=1") == 1
    wait_until(lambda: manager.count("STOPPING=1") == 1, "STOPPING=1")


def test_a_gateway_without_a_manager_runs_as_before(desk):
    desk.configure(hex_lines(), file_sink())
    assert desk.run("00 48\n").status == 0


def test_a_card_that_hangs_stops_the_feed_and_is_named(desk, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    disk = Disk(build_faults(tmp_path), desk.ring, tmp_path)
    desk.configure(hex_lines(drain_timeout="2s"), file_sink(), watchdog={"ring": "1s"})
    run = desk.start(stdin=subprocess.PIPE, NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="300000",
                     **disk.variables)
    wait_until(lambda: manager.count("WATCHDOG=1") > 2, "the watchdog is fed")
    disk.stall(5, "fdatasync", "pwrite")
    run.write("00 48\n")
    line = run.wait_for_log("watchdog: not fed: ring hangs for")
    assert "(limit 1.0 s)" in line
    fed = manager.count("WATCHDOG=1")
    disk.heal()
    run.wait_for_log("watchdog: ring gets on again")
    wait_until(lambda: manager.count("WATCHDOG=1") > fed, "it is fed again")
    run.close_input()
    assert run.wait() == 0


def test_a_process_that_the_watchdog_ends_says_where_it_was(desk, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    run = start(desk, manager)
    wait_until(lambda: manager.count("WATCHDOG=1") > 1, "the loop has turned")
    run.process.send_signal(signal.SIGABRT)
    assert run.wait() == -signal.SIGABRT
    assert re.search("aborted .* while busy with: nothing: it waits", run.log)


def test_the_next_start_says_how_the_last_run_ended(desk, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    run = start(desk, manager)
    run.wait_for_log("last end: first start in this data folder")
    run.kill()
    run = start(desk, manager)
    run.wait_for_log("last end: the last run was killed or crashed")
    run.close_input()
    run.wait()
    run = start(desk, manager)
    run.wait_for_log("last end: clean stop: asked to")
    run.kill()
    state = desk.data / "run-state"
    state.write_text("running 0123456789abcdef\n")
    run = start(desk, manager)
    run.wait_for_log("last end: power cut, or a reboot without a clean stop")
    run.kill()
    state.write_bytes(b"\xff\x00")
    run = start(desk, manager)
    run.wait_for_log("last end: not known: ")


def test_more_memory_than_the_budget_ends_it_in_good_order(desk, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    run = start(desk, manager, gateway={"memory": "8MiB"})
    assert run.wait() == 1
    assert "more than the 8192 KiB of [gateway] memory" in run.log
    run = start(desk, manager)
    run.wait_for_log("last end: clean stop: over the budget of memory")


def test_memory_stays_flat(desk):
    """What 20,000 more records add to what the process itself has taken: next to nothing."""
    desk.configure(hex_lines(drain_timeout="20s"), file_sink(), ring={"size": "16MiB"})
    run = desk.start(stdin=subprocess.PIPE)
    run.wait_for_log("started: ")

    def own(records):
        for _ in range(0, records, 500):
            run.write("00 48\n" * 500)
            owned["sent"] += 500
            wait_until(lambda: len(desk.file_bytes().splitlines()) >= owned["sent"], "all records")
        status = open(f"/proc/{run.process.pid}/status", encoding="ascii").read()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1])

    owned = {"sent": 0}
    first, second, third = own(5_000), own(10_000), own(10_000)
    print(f"RssAnon after 5,000, 15,000 and 25,000 records: {first}, {second}, {third} KiB")
    assert third - second < 512


def test_memory_stays_flat_through_an_outage(desk):
    """Nothing is sent while 5,000 records come, and then everything: twice."""
    desk.configure(hex_lines(drain_timeout="20s"), file_sink(), ring={"size": "16MiB"})
    run = desk.start(stdin=subprocess.PIPE)
    run.wait_for_log("started: ")

    def console(text):
        return subprocess.run([BINARY, "console", "--config", desk.configuration],
                              input=text.encode(), capture_output=True, timeout=60,
                              check=True).stdout.decode()

    def own(sent):
        console("safe-mode on\nyes\n")
        for count in range(500, 5_001, 500):
            # No more at once than the window over the card holds.
            run.write("00 48\n" * 500)
            wait_until(lambda: f" {count} waiting" in console("net\n"), "all wait")
        console("safe-mode off\nyes\n")
        wait_until(lambda: len(desk.file_bytes().splitlines()) >= sent, "all records")
        status = open(f"/proc/{run.process.pid}/status", encoding="ascii").read()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1])

    first, second, third = own(5_000), own(10_000), own(15_000)
    print(f"RssAnon after three outages of 5,000 records: {first}, {second}, {third} KiB")
    assert third - second < 512


def test_journal_lines_have_priorities(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run("nonsense\n", JOURNAL_STREAM="8:1")
    assert any(line.startswith("<4>input line 1") for line in run.lines)
    assert all(re.match("<[3-7]>", line) for line in run.lines), run.log


def test_a_flood_of_warnings_is_cut_and_counted(desk):
    desk.configure(hex_lines(drain_timeout="2s"), file_sink())
    run = desk.start(stdin=subprocess.PIPE, JOURNAL_STREAM="8:1")
    run.write("nonsense\n" * 2_000)
    run.close_input()
    assert run.wait() == 0
    assert sum("input line" in line for line in run.lines) < 400


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")


@needs_systemd
@pytest.mark.parametrize("unit", ["pulsegate.service", "pulsegate-console@.service"])
def test_the_units_are_exposed_to_little(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", UNIT.parent / unit],
        capture_output=True, text=True, timeout=60, check=False)
    score = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    print(f"systemd-analyze security: {unit} {score[1]}")
    assert float(score[1]) <= 2.0


@needs_systemd
@pytest.mark.parametrize("unit", ["pulsegate.service", "pulsegate-console@.service",
                                  "pulsegate-rollback.service", "pulsegate-accept.service",
                                  "pulsegate-accept.timer"])
def test_systemd_understands_the_units(unit, tmp_path):
    for file in UNIT.parent.glob("pulsegate*"):
        text = file.read_text()
        for program in ["/usr/bin/pulsegate", "/usr/lib/pulsegate/rollback",
                        "/usr/lib/pulsegate/accept"]:
            text = text.replace(f"={program}", "=/bin/true")
        (tmp_path / file.name).write_text(text)
    name = unit.replace("@", "@ttyS0")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
                          capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    own = [line for line in done.stderr.splitlines() if "pulsegate" in line]
    assert own == []


def test_what_the_gateway_needs_stays_open():
    text = UNIT.read_text()
    for needed in ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
                   "DeviceAllow=char-gpiochip rw", "DeviceAllow=/dev/rfkill rw",
                   "SupplementaryGroups=gpio", "Restart=on-failure", "Type=notify"]:
        assert needed in text.splitlines()
    # Neither a network nor the right time is waited for.
    orders = [line for line in text.splitlines() if line.startswith(("After=", "Requires="))]
    assert not re.search("network-online|time-sync|time-set", " ".join(orders))


def test_the_units_memory_is_the_budget_and_its_margin():
    megabytes = int(re.search(r"^MemoryMax=(\d+)M$", UNIT.read_text(), re.MULTILINE)[1])
    reference = subprocess.run([BINARY, "config"], capture_output=True, text=True, check=True)
    budget = int(re.search(r"`memory` \| `(\d+)MiB`", reference.stdout)[1])
    assert megabytes == budget + 32


# --- An upgrade that does not start -------------------------------------------------------


@pytest.fixture
def installed(tmp_path):
    """A root with a new binary on trial and the one that it replaced."""
    for folder in ["usr/bin", "usr/lib/pulsegate", "var/lib/pulsegate-upgrade"]:
        (tmp_path / folder).mkdir(parents=True)
    for name, text in [("usr/bin/pulsegate", "new"), ("usr/lib/pulsegate/pulsegate.previous",
                                                      "old")]:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "var/lib/pulsegate-upgrade/trial").write_text("2\n")
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/calls\n"
                         f"[ \"$1\" != is-active ] || cat {tmp_path}/active\n")
    systemctl.chmod(0o755)
    return tmp_path


def script(root, name):
    return subprocess.run([ROOT / "systemd" / name], capture_output=True, text=True, check=False,
                          env={**os.environ, "PREFIX": str(root),
                               "SYSTEMCTL": str(root / "systemctl")})


def test_an_upgrade_that_does_not_start_is_rolled_back(installed):
    done = script(installed, "rollback")
    assert (done.returncode, (installed / "usr/bin/pulsegate").read_text()) == (0, "old")
    assert "the previous binary is back" in done.stderr
    assert (installed / "calls").read_text().splitlines() == [
        "reset-failed pulsegate.service", "--no-block start pulsegate.service"]
    # The old one fails too: that is no upgrade's fault, and nothing goes round in circles.
    done = script(installed, "rollback")
    assert done.returncode == 0 and "another cause" in done.stderr
    assert len((installed / "calls").read_text().splitlines()) == 2


def test_an_upgrade_that_runs_is_accepted_and_stays(installed):
    (installed / "active").write_text("activating\n")
    script(installed, "accept")
    assert (installed / "var/lib/pulsegate-upgrade/trial").exists()
    (installed / "active").write_text("active\n")
    script(installed, "accept")
    done = script(installed, "rollback")
    assert "no upgrade is on trial" in done.stderr
    assert (installed / "usr/bin/pulsegate").read_text() == "new"


def test_without_a_previous_binary_nothing_is_broken_further(installed):
    (installed / "usr/lib/pulsegate/pulsegate.previous").unlink()
    done = script(installed, "rollback")
    assert done.returncode == 1
    assert (installed / "usr/bin/pulsegate").read_text() == "new"
