"""Runs in the guest of the service lane: the package under the real systemd. One line a check goes
to /lab/out/checks."""

import http.server
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

CHECKS = open("/lab/out/checks", "w", buffering=1, encoding="utf-8")
OUT = Path("/lab/out")
RING = Path("/var/lib/pulsegate/ring")


def check(name, holds, seen=""):
    seen = "; ".join(str(seen).split("\n"))
    CHECKS.write(f"{'ok' if holds else 'not ok'} {name}: {seen}\n")


def shown(name, unit="pulsegate.service"):
    return subprocess.run(["systemctl", "show", unit, "--property", name, "--value"],
                          capture_output=True, text=True, check=False).stdout.strip()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.2)
    return condition()


def console(text):
    return subprocess.run(["pulsegate", "console"], input=text, capture_output=True, text=True,
                          check=False, timeout=30).stdout


def journal():
    return subprocess.run(["journalctl", "-u", "pulsegate", "--no-pager"], capture_output=True,
                          text=True, check=False).stdout


def until_the_cut():
    """The first machine: it records, and then its power is cut."""
    wait_for(lambda: re.search(r"sequences 0 to ([89]|\d\d)", console("ring\n")))
    (OUT / "cut").touch()
    time.sleep(60)


def start_and_life():
    active = wait_for(lambda: shown("ActiveState") == "active")
    check("it is started at boot and says when it is ready", active, shown("ActiveState"))
    status = wait_for(lambda: "bpm, 1 sensor heard" in shown("StatusText") and shown("StatusText"))
    check("the status line lives", bool(status), shown("StatusText"))
    reason = console("restart-reason\n").strip()
    check("it says that the power was cut", reason.startswith("power cut"), reason)
    found = re.search(r"ring: (\d+) records? found", journal())
    # The first machine was cut off when it had recorded 8, and 1 s of them may be lost.
    check("what was on the card is read back", found and int(found[1]) >= 5,
          found[0] if found else "none")
    check("nothing on it is damaged", "damaged" not in journal())
    pid = shown("MainPID")
    owner = os.stat(f"/proc/{pid}").st_uid if pid.isdigit() and pid != "0" else None
    names = Path("/etc/passwd").read_text().split("\n")
    user = next((line.split(":")[0] for line in names if f":x:{owner}:" in line), owner)
    check("it runs as its own user", user == "pulsegate", user)
    check("it may gain no privilege",
          "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text(), pid)
    status = Path(f"/proc/{pid}/status").read_text()
    check("its system calls are filtered", "Seccomp:\t2" in status, pid)
    answer = console("version\nring\n")
    check("the console reaches it", "pulsegate 0." in answer and "slots" in answer,
          answer.replace("\n", "; "))


def watchdog():
    pid, before = int(shown("MainPID")), shown("NRestarts")
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    wait_for(lambda: shown("MainPID") not in ("0", str(pid)) and shown("ActiveState") == "active")
    took = time.monotonic() - begun
    check("a hung process is killed by the watchdog and started again",
          shown("NRestarts") == str(int(before) + 1) and shown("ActiveState") == "active",
          f"{took:.1f} s")
    reason = wait_for(lambda: console("restart-reason\n"))
    check("the next start says so", "killed or crashed" in reason, reason.strip())
    check("the ring is read back", "slots" in console("ring\n"), console("ring\n").split("\n")[0])


def down():
    """It is stopped; whoever sits at the serial line asks why nothing comes (service_lane.py)."""
    subprocess.run(["systemctl", "stop", "pulsegate.service"], check=False)
    (OUT / "stopped").touch()
    asked = wait_for(lambda: (OUT / "asked").exists(), 60)
    check("somebody asked at the serial line", asked)
    subprocess.run(["systemctl", "start", "pulsegate.service"], check=False)
    check("it is started again", wait_for(lambda: shown("ActiveState") == "active"))


CONFIGURATION = """\
[gateway]
device_id = guest
data = /var/lib/pulsegate
[input]
type = bluetooth
[output lamp]
type = gpio
shows = status
chip = pinctrl-bcm2835
line = 17
[ring]
size = 1MiB
allow_volatile = yes
[sink web]
type = http
url = http://127.0.0.1:8099/records
allow_http = yes
"""


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes records and remembers how often it was asked."""

    posts = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Collector.posts += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def sandbox():
    """GPIO, D-Bus and the network work from within it."""
    server = http.server.HTTPServer(("127.0.0.1", 8099), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = subprocess.run(["/lab/code/guest/gpio.sh"], capture_output=True, text=True,
                          check=False)
    line = Path(made.stdout.strip()) / "sim_gpio17/value"
    chip = Path("/dev/gpiochip0")
    check("udev gives the chip to its group", wait_for(
        lambda: chip.exists() and chip.group() == "gpio", 10), made.stderr)
    if chip.exists() and chip.group() != "gpio":
        shutil.chown(chip, group="gpio")
        chip.chmod(0o660)
    # What it records before the change is sent after it.
    kept = Path("/etc/pulsegate/pulsegate.conf")
    kept.write_text(CONFIGURATION)
    subprocess.run(["systemctl", "start", "dbus.service"], check=False)
    subprocess.run(["systemctl", "restart", "pulsegate.service"], check=False)
    check("it starts with radio, lamp and collector", wait_for(
        lambda: shown("ActiveState") == "active"), shown("StatusText"))
    check("the lamp of the sandboxed gateway lights", wait_for(
        lambda: line.exists() and line.read_text().strip() == "1", 20),
        console("alarm status\n").replace("\n", "; "))
    pid = shown("MainPID")
    names = subprocess.run(["busctl", "list", "--no-pager", "--no-legend"], capture_output=True,
                           text=True, check=False).stdout
    check("it is on the system bus", any(
        row.split()[1] == pid for row in names.splitlines() if len(row.split()) > 1), pid)
    check("records leave by the network", wait_for(lambda: Collector.posts, 20),
          console("net\n").split("\n")[0])
    denied = [row for row in journal().splitlines() if "denied" in row.lower()
              or "not permitted" in row.lower()]
    check("nothing was denied", not denied, "; ".join(denied)[:300])


def upgrade():
    configuration = Path("/etc/pulsegate/pulsegate.conf").read_text()
    done = subprocess.run(["dpkg", "--force-all", "-i", "/lab/program/pulsegate-next.deb"],
                          capture_output=True, text=True, check=False)
    check("an upgrade is installed", done.returncode == 0, done.returncode)
    check("it leaves configuration and ring alone", RING.exists()
          and Path("/etc/pulsegate/pulsegate.conf").read_text() == configuration)
    wait_for(lambda: shown("ActiveState") == "active")
    check("the new version runs, on trial", shown("ActiveState") == "active"
          and Path("/var/lib/pulsegate-upgrade/trial").exists())
    subprocess.run(["/usr/lib/pulsegate/accept"], check=False)
    check("it is accepted", not Path("/var/lib/pulsegate-upgrade/trial").exists())


def rollback():
    good = Path("/usr/bin/pulsegate").stat().st_size
    subprocess.run(["dpkg", "--force-all", "-i", "/lab/program/pulsegate-broken.deb"],
                   capture_output=True, check=False)
    broken = Path("/usr/bin/pulsegate").stat().st_size
    back = wait_for(lambda: Path("/usr/bin/pulsegate").stat().st_size == good, 90)
    check("an upgrade that does not start is rolled back", bool(back), f"{broken} -> {good} bytes")
    active = wait_for(lambda: shown("ActiveState") == "active", 60)
    check("and the old version runs again", bool(active), shown("StatusText"))


def removal():
    subprocess.run(["dpkg", "--force-all", "-r", "pulsegate"], capture_output=True, check=False)
    check("a removal leaves the records", RING.exists()
          and not Path("/usr/bin/pulsegate").exists())
    subprocess.run(["dpkg", "--force-all", "-P", "pulsegate"], capture_output=True, check=False)
    check("a purge takes them", not RING.exists())


if (OUT / "first").exists():
    until_the_cut()
for part in [start_and_life, watchdog, down, sandbox, upgrade, rollback, removal]:
    try:
        part()
    except Exception as error:  # The next parts say more than an end here would.
        check(part.__name__, False, repr(error))
CHECKS.write("done\n")
