"""`pulsegate doctor` on simulated systems, and `pulsegate support`."""

import base64
import io
import json
import re
import subprocess
import tarfile

import pytest

from gateway import BINARY, file_sink, hex_lines, wait_until

HEALTHY = {
    "/proc/sys/kernel/osrelease": "6.1.0-40-arm64\n",
    "/proc/cmdline": "console=tty1\n",
    "/proc/meminfo": "MemTotal:         945264 kB\n",
    "/proc/self/mountinfo": "22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n",
    "/proc/net/route": "Iface\tDestination\neth0\t00000000\n",
    "/etc/passwd": "pulsegate:x:990:990::/:/usr/sbin/nologin\n",
    "/etc/group": "gpio:x:986:pulsegate\n",
    "/etc/resolv.conf": "nameserver 192.168.1.1\n",
    "/etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----\n",
    "/etc/bluetooth/main.conf": "[Policy]\nAutoEnable=true\n",
    "/etc/systemd/system.conf": "[Manager]\nRuntimeWatchdogSec=10s\n",
    "/sys/class/watchdog/watchdog0/identity": "Broadcom BCM2835 Watchdog timer\n",
    "/sys/class/rfkill/rfkill0/type": "bluetooth\n",
    "/sys/class/rfkill/rfkill0/soft": "0\n",
    "/sys/class/rfkill/rfkill0/hard": "0\n",
    "/sys/class/bluetooth/hci0/address": "B8:27:EB:00:00:00\n",
    "/usr/lib/systemd/system/pulsegate.service": "[Service]\nWatchdogSec=60s\nMemoryMax=96M\n",
    "/var/lib/dpkg/status": "Package: bluez\nStatus: install ok installed\nVersion: 5.66-1\n",
    "/run/dbus/system_bus_socket": "", "/run/systemd/timesync/synchronized": "",
    "/dev/gpiochip0": "", "/usr/lib/polkit-1/polkitd": "",
    "/etc/pulsegate/pulsegate.conf": """\
[gateway]
device_id = gym-7
data = /var/lib/pulsegate
[input]
type = bluetooth
[output lamp]
type = gpio
shows = alarm
chip = pinctrl-bcm2835
line = 17
[sink cloud]
type = http
url = https://collector.example/v1
""",
}

# What is written instead, or taken away (None), and what is said then.
BROKEN = [
    ({"/var/lib/dpkg/status": ""}, "bluez", "error", "apt install bluez"),
    ({"/usr/lib/polkit-1/polkitd": None}, "polkit", "warning", "polkitd"),
    ({"/run/dbus/system_bus_socket": None}, "bus", "error", "apt install dbus"),
    ({"/sys/class/bluetooth/hci0/address": None}, "adapter", "error", "dmesg"),
    ({"/sys/class/rfkill/rfkill0/soft": "1\n"}, "rfkill", "warning", "rfkill unblock"),
    ({"/sys/class/rfkill/rfkill0/hard": "1\n"}, "rfkill", "error", "at the case"),
    ({"/etc/bluetooth/main.conf": "ControllerMode=bredr\n"}, "bluez settings", "error", "dual"),
    ({"/proc/self/mountinfo": "22 1 0:2 / / rw - overlay overlay rw\n"}, "disk", "error",
     "partition"),
    ({"/proc/self/mountinfo": "22 1 0:2 / / ro - ext4 /dev/x ro\n"}, "disk", "error", "replace"),
    ({"/etc/group": "gpio:x:986:\n"}, "account", "error", "adduser"),
    ({"/dev/gpiochip0": None}, "gpio", "error", "board detect"),
    ({"/etc/systemd/system.conf": "RuntimeWatchdogSec=1min\n"}, "hardware watchdog", "error",
     "RuntimeWatchdogSec=10s"),
    ({"/sys/class/watchdog/watchdog0/identity": None}, "hardware watchdog", "warning",
     "dtparam=watchdog=on"),
    ({"/usr/lib/systemd/system/pulsegate.service": "MemoryMax=64M\n"}, "service", "error", "96M"),
    ({"/run/systemd/timesync/synchronized": None}, "time sync", "warning", "set-ntp"),
    ({"/proc/net/route": "Iface\n"}, "route", "error", "ip route"),
    ({"/etc/resolv.conf": ""}, "dns", "error", "resolvectl"),
    ({"/etc/pulsegate/pulsegate.conf": HEALTHY["/etc/pulsegate/pulsegate.conf"]
      + "ca_file = /etc/pulsegate/ca.pem\n"}, "tls", "error", "ca_file"),
    ({"/etc/ssl/certs/ca-certificates.crt": None}, "tls", "error", "ca-certificates"),
    ({"/etc/pulsegate/pulsegate.conf": "[gateway]\n"}, "configuration", "error",
     "pulsegate check"),
]


def simulate(root, changes=()):
    for path, text in {**HEALTHY, **dict(changes)}.items():
        if text is not None:
            file = root / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    if ("/sys/class/bluetooth/hci0/address", None) in dict(changes).items():
        assert not (root / "sys/class/bluetooth").exists()
    return root


def doctor(root, *options):
    return subprocess.run([BINARY, "doctor", "--root", str(root), *options], capture_output=True,
                          text=True, timeout=60, check=False)


def test_a_healthy_system(tmp_path):
    done = doctor(simulate(tmp_path))
    print(done.stdout)
    assert done.returncode == 0
    assert done.stdout.endswith("all is well\n")
    findings = json.loads(doctor(tmp_path, "--json").stdout)
    assert {finding["verdict"] for finding in findings} == {"ok"}
    assert len(findings) >= 20


@pytest.mark.parametrize("changes, check, verdict, remedy", BROKEN)
def test_a_broken_system(tmp_path, changes, check, verdict, remedy):
    done = doctor(simulate(tmp_path, changes), "--json")
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert findings[check]["verdict"] == verdict
    assert remedy in findings[check]["remedy"]
    assert done.returncode == (verdict == "error")
    text = doctor(tmp_path).stdout
    assert re.search(f"^{check} +{verdict} ", text, re.MULTILINE)
    assert f"-> {findings[check]['remedy']}" in text


def test_a_network_of_its_own_needs_no_way_out(tmp_path):
    """A collector beside the board: its name in /etc/hosts, its own authority."""
    configuration = HEALTHY["/etc/pulsegate/pulsegate.conf"] + "ca_file = /etc/pulsegate/ca.pem\n"
    done = doctor(simulate(tmp_path, {
        "/etc/pulsegate/pulsegate.conf": configuration, "/etc/resolv.conf": None,
        "/proc/net/route": None, "/etc/ssl/certs/ca-certificates.crt": None,
        "/etc/hosts": "192.168.1.20 collector.example\n",
        "/etc/pulsegate/ca.pem": "-----BEGIN CERTIFICATE-----\n"}), "--json")
    findings = json.loads(done.stdout)
    assert [one["check"] for one in findings if one["verdict"] != "ok"] == ["route"]
    assert done.returncode == 0


def test_an_empty_system_is_all_wrong_and_no_crash(tmp_path):
    done = doctor(tmp_path)
    assert done.returncode == 1
    assert "nothing" not in done.stderr


def test_this_machine_is_looked_at(desk):
    desk.configure(hex_lines(), file_sink())
    done = subprocess.run([BINARY, "doctor", "--config", desk.configuration], capture_output=True,
                          text=True, timeout=60, check=False)
    assert re.search(r"^kernel +(ok|warning) +\d", done.stdout, re.MULTILINE)


# --- One file for whoever helps -----------------------------------------------------------

def support(desk, *options, **variables):
    done = subprocess.run(
        [BINARY, "support", "--config", desk.configuration, *options], capture_output=True,
        timeout=60, check=False, cwd=desk.folder, env={"PATH": "/usr/bin:/bin", **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout


def unpacked(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {name.split("/")[1]: tar.extractfile(name).read().decode()
                for name in tar.getnames()}


@pytest.fixture
def measured(desk):
    desk.configure(hex_lines(drain_timeout="2s"), file_sink(), gateway={"pin": "4711"},
                   alarm={"high": "150", "onset_delay": "0s", "self_test": "no"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write("00 a7\n")
    run.wait_for_log("ALARM")
    return run


def test_the_support_file_has_no_secret_and_no_health_data(desk, measured):
    text = support(desk)
    assert b"pulsegate-support.tar: " in text
    files = unpacked((desk.folder / "pulsegate-support.tar").read_bytes())
    assert {"README", "config", "check", "doctor", "status", "ring", "net", "log",
            "restart-reason", "mem"} <= set(files)
    everything = "\n".join(files.values())
    assert "4711" not in everything
    assert "167" not in files["status"] + files["log"] and "sensors" not in files
    assert " slots, sequences 0 to " in files["ring"]
    files = unpacked(support(desk, "--output", "-", "--health-data"))
    assert "167 bpm" in files["sensors"] and "ALARM" in files["log"]


def test_the_support_file_goes_over_a_serial_line_and_on_from_a_line(desk, measured, tmp_path):
    lines = support(desk, "--base64", RUNTIME_DIRECTORY=str(tmp_path)).decode().splitlines()
    again = support(desk, "--base64", "--from", "7",
                    RUNTIME_DIRECTORY=str(tmp_path)).decode().splitlines()
    assert again == lines[6:]
    assert max(len(line) for line in lines) < 100
    archive = b"".join(base64.b64decode(line.split()[1]) for line in lines)
    assert "config" in unpacked(archive)
    assert lines[-1].split()[0] == f"{len(lines)}/{len(lines)}"


def test_a_gateway_that_is_down_has_a_support_file(desk, measured):
    measured.kill()
    wait_until(lambda: measured.process.poll() is not None, "its end")
    files = unpacked(support(desk, "--output", "-"))
    assert "the gateway is down" in files["status"]
    assert "[gateway]" in files["config"]
