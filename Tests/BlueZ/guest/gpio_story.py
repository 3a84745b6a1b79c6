"""What a room sees of an alarm, on a GPIO chip of the kernel (gpio-sim): runs inside the guest.

Reads the levels of the lines while an alarm is raised, acknowledged, paused, sounds again and is
cleared; presses the button from outside; kills the gateway; pulls the chip. Each check is a line
`ok NAME` or `not ok NAME: WHY` in /lab/out/checks; the last line says `done`.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

OUT = Path("/lab/out")
PROGRAM = "/lab/program/pulsegate"
CHIP = Path("/sys/kernel/config/gpio-sim/pi")
LAMP, STATUS, BUZZER, BUTTON, HOGGED = 17, 27, 22, 23, 4
LABEL = "pinctrl-bcm2835"
PAUSE_SECONDS = 10
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": "/lab/program/lib"}


def checks(line):
    with open(OUT / "checks", "a") as file:
        print(line, file=file)


def check(name, holds, why=""):
    checks(f"ok {name}" if holds else f"not ok {name}: {why}")


def lines_folder():
    """Where the levels of the simulated lines are."""
    device = (CHIP / "dev_name").read_text().strip()
    chip = (CHIP / "bank0/chip_name").read_text().strip()
    return Path(f"/sys/devices/platform/{device}/{chip}")


def level(line):
    try:
        return int((lines_folder() / f"sim_gpio{line}/value").read_text())
    except OSError:
        return None


def watch(seconds, *lines):
    """The levels of the lines every 10 ms: {line: [level]}."""
    seen = {line: [] for line in lines}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in lines:
            seen[line].append(level(line))
        time.sleep(0.01)
    return seen


def rises(levels):
    return sum(1 for one, next_one in zip(levels, levels[1:]) if not one and next_one)


def press():
    """The button to ground, for a tenth of a second."""
    pull = lines_folder() / f"sim_gpio{BUTTON}/pull"
    pull.write_text("pull-down")
    time.sleep(0.1)
    pull.write_text("pull-up")


def gpio(name, shows, line, chip=LABEL):
    return f"[output {name}]\ntype = gpio\nshows = {shows}\nchip = {chip}\nline = {line}\n"


class Gateway:
    """One run of the gateway; heart rates go to its standard input."""

    def __init__(self, outputs, self_test="no"):
        self.path = OUT / "pulsegate.conf"
        self.path.write_text(
            f"[gateway]\ndevice_id = gym-7\ndata = /tmp/data\nlog = debug\n"
            "[ring]\nsize = 1MiB\nallow_volatile = yes\n"
            "[input]\ntype = stdin\nsensor = strap-1\ndrain_timeout = 0s\n"
            f"[alarm]\npause = {PAUSE_SECONDS}s\nself_test = {self_test}\n"
            "[sink local]\ntype = file\nflush = 100ms\n" + outputs
            + f"[button]\nchip = {LABEL}\nline = {BUTTON}\n")
        self.log = OUT / "gateway.log"
        self.file = open(self.log, "ab")
        self.start = self.log.stat().st_size
        self.process = subprocess.Popen(
            [PROGRAM, "run", "--config", self.path], stdin=subprocess.PIPE, stderr=self.file,
            env=ENVIRONMENT)
        self.wait_for("started: ")

    def text(self):
        return self.log.read_bytes()[self.start:].decode()

    def wait_for(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.text():
            if time.monotonic() > end:
                checks(f"not ok waiting: {seconds} s without {text!r}")
                return False
            time.sleep(0.02)
        return True

    def feed(self, rate, seconds):
        """One value a second, the first at once."""
        for _ in range(seconds):
            self.process.stdin.write(f"00 {rate:02x}\n".encode())
            self.process.stdin.flush()
            time.sleep(1)

    def command(self, *words):
        done = subprocess.run(
            [PROGRAM, "alarm", *words, "--config", self.path], env=ENVIRONMENT,
            capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


LAMPS = gpio("lamp", "alarm", LAMP) + gpio("status", "status", STATUS) + gpio(
    "buzzer", "sound", BUZZER)


def a_shift(gateway):
    """Raise, acknowledge, pause, sound again, clear."""
    seen = watch(6, STATUS, LAMP)
    check("no sensor is two flashes", rises(seen[STATUS]) in (4, 5, 6), rises(seen[STATUS]))
    check("no alarm is dark", not any(seen[LAMP]))
    gateway.feed(80, 2)
    seen = watch(8.5, STATUS)
    check("all well is a blink in four seconds", rises(seen[STATUS]) == 2, rises(seen[STATUS]))
    gateway.feed(160, 3)
    check("lamp is dark before the delay is over", level(LAMP) == 0 and level(BUZZER) == 0)
    gateway.process.stdin.write(b"00 a0\n")
    gateway.process.stdin.flush()
    gateway.wait_for("ALARM")
    check("lamp and buzzer are on with the alarm", level(LAMP) == 1 and level(BUZZER) == 1,
          f"{level(LAMP)} {level(BUZZER)}")
    seen = watch(4, LAMP, BUZZER)
    check("high flashes twice a second", 7 <= rises(seen[LAMP]) <= 9, rises(seen[LAMP]))
    check("a burst has ten pulses", rises(seen[BUZZER]) == 9, rises(seen[BUZZER]))
    press()
    gateway.wait_for("alarm acknowledged")
    seen = watch(4, LAMP, BUZZER)
    check("acknowledged is silent", not any(seen[BUZZER]))
    check("acknowledged winks twice in two seconds", rises(seen[LAMP]) in (4, 5),
          rises(seen[LAMP]))
    check("one press counts once", gateway.text().count("alarm acknowledged") == 1)
    check("status counts the pause down", "sound pauses for" in gateway.command("status"))
    gateway.feed(160, PAUSE_SECONDS)
    check("it sounds again after the pause", "alarm sounds again" in gateway.text())
    seen = watch(8, BUZZER)
    check("the burst is repeated", rises(seen[BUZZER]) >= 9, rises(seen[BUZZER]))
    said = gateway.command("ack")
    check("the console acknowledges", "acknowledged" in said, said)
    gateway.feed(80, 1)
    seen = watch(4, LAMP, BUZZER)
    check("cleared is dark and silent", not any(seen[LAMP]) and not any(seen[BUZZER]))
    gateway.command("test")
    seen = watch(4, BUZZER)
    check("a test plays ten pulses and ends", rises(seen[BUZZER]) >= 9 and seen[BUZZER][-1] == 0,
          rises(seen[BUZZER]))


def a_crash(gateway):
    """kill -9 while the lamp is on; the next start raises what is still there."""
    gateway.feed(160, 4)
    gateway.wait_for("ALARM")
    while level(LAMP) != 1:
        time.sleep(0.01)
    gateway.kill()
    time.sleep(0.2)
    check("the kernel lets go of the lines after kill -9", level(LAMP) == 0 and level(BUZZER) == 0)
    gateway = Gateway(LAMPS, self_test="yes")
    seen = watch(3.5, BUZZER, LAMP)
    check("the test of the start is a burst", rises([0, *seen[BUZZER]]) >= 9, rises(seen[BUZZER]))
    time.sleep(3)
    gateway.feed(160, 4)
    gateway.wait_for("ALARM")
    check("the alarm is raised again", level(LAMP) is not None and "ALARM" in gateway.text())
    return gateway


def a_pulled_chip(gateway):
    """The chip goes while its lines are held, and comes back."""
    (CHIP / "live").write_text("0")
    gateway.wait_for("has gone with line")
    check("a pulled chip is said", "has gone with line" in gateway.text())
    gateway.feed(80, 2)
    gateway.feed(160, 4)
    check("the alarm goes on without the chip", gateway.text().count("ALARM") == 2,
          gateway.text().count("ALARM"))
    (CHIP / "live").write_text("1")
    gateway.wait_for("output lamp: works again")
    gateway.wait_for("button: works again")
    seen = watch(3, LAMP, BUZZER)
    check("lamp and buzzer come back with the chip", any(seen[LAMP]))
    press()
    check("the button comes back", gateway.wait_for("alarm acknowledged"))
    status = gateway.stop()
    check("the end is clean", status == 0, status)
    check("lines are low at the end", level(LAMP) == 0 and level(BUZZER) == 0)


REFUSALS = {
    "held": (gpio("held", "alarm", HOGGED),
             f"output held: line 4 of {LABEL} is held by another-driver; end that, take its "
             "overlay out of config.txt, or choose another line"),
    "far": (gpio("far", "alarm", 54),
            f"output far: chip {LABEL} has no line 54: its lines are 0 to 53"),
    "named": (gpio("named", "alarm", "LAMP"),
              f"output named: chip {LABEL} has no line named LAMP; `pulsegate board detect` lists "
              "its lines"),
    "label": (gpio("label", "alarm", 17, "pinctrl-rp1"),
              "output label: no GPIO chip is called pinctrl-rp1; there is pinctrl-bcm2835 "
              "(gpiochip0); write `chip = ` with one of them"),
}


def the_refusals():
    gateway = Gateway("".join(text for text, _ in REFUSALS.values())
                      + gpio("byname", "alarm", "GPIO5"))
    gateway.feed(160, 4)
    for name, (_, words) in REFUSALS.items():
        check(f"refusal {name}", words in gateway.text(), gateway.text())
    check("the other output works", "ALARM" in gateway.text() and any(watch(1, 5)[5]))
    second = subprocess.run(
        ["gpiodetect"], capture_output=True, text=True, check=False)
    check("the kernel knows the chip", LABEL in second.stdout, second.stderr)
    gateway.stop()
    os.chmod("/dev/gpiochip0", 0o600)
    os.chmod(OUT, 0o777)
    path = OUT / "nobody.conf"
    path.write_text("[gateway]\ndevice_id = g\ndata = /tmp/nobody\n[input]\ntype = stdin\n"
                    + gpio("lamp", "alarm", LAMP))
    denied = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM, "alarm", "test",
         "--config", path], env=ENVIRONMENT, capture_output=True, text=True, timeout=60,
        check=False)
    check("refusal permission", "no permission for /dev/gpiochip0; add the user to the group"
          in denied.stderr, denied.stderr)
    board = subprocess.run([PROGRAM, "board", "detect"], env=ENVIRONMENT, capture_output=True,
                           text=True, check=False)
    if Path("/lab/program/objects").exists():
        check("the gateway runs on libgpiod 2", "libgpiod: 2." in board.stdout, board.stdout)
    check("board detect prints sections", f"chip = {LABEL}\nline = 17" in board.stdout,
          board.stdout)


def the_log():
    text = subprocess.run(
        [PROGRAM, "alarm", "log", "--data", "/tmp/data"], env=ENVIRONMENT, capture_output=True,
        text=True, check=False).stdout
    states = [(record["alarm"], record["state"]) for record in map(json.loads, text.splitlines())]
    for state in ("raised", "acknowledged", "sounds_again", "cleared"):
        check(f"the log has {state}", ("high_heart_rate", state) in states, states)


def the_shim():
    """The same shim over libgpiod 2, where the lane has brought it."""
    program = Path("/lab/program/shim2")
    if not program.exists():
        return
    (lines_folder() / f"sim_gpio{BUTTON}/pull").write_text("pull-up")
    done = subprocess.Popen([program, "/dev/gpiochip0", str(LAMP), str(BUTTON), str(HOGGED)],
                            stdout=subprocess.PIPE, text=True)
    said = [done.stdout.readline().strip()]
    check("libgpiod 2: the lamp is on", level(LAMP) == 1, said)
    press()
    said += [line.strip() for line in done.stdout]
    check("libgpiod 2: the shim holds", done.wait(10) == 0, said)
    check("libgpiod 2: version", said[0].startswith("2."), said)
    check("libgpiod 2: the lamp is off at the end", level(LAMP) == 0)


def main():
    subprocess.run(["bash", "/lab/code/guest/gpio.sh"], check=True)
    (lines_folder() / f"sim_gpio{BUTTON}/pull").write_text("pull-up")
    the_shim()
    gateway = Gateway(LAMPS)
    a_shift(gateway)
    gateway = a_crash(gateway)
    a_pulled_chip(gateway)
    the_refusals()
    the_log()
    checks("done")


if __name__ == "__main__":
    main()
