"""The console of the real binary: at a terminal, on a slow and noisy line, from a pipe, two at
once, and with the gateway down."""

import random
import re
import socket
import subprocess
import threading
import time

import pytest

from gateway import BINARY, SEED, file_sink, hex_lines, wait_until
from terminal import Screen

PROMPT = "pulsegate> "


@pytest.fixture
def run(desk):
    return start(desk)


def start(desk, **sections):
    desk.configure(hex_lines(drain_timeout="2s"), file_sink(), **sections)
    run = desk.start(stdin=subprocess.PIPE)
    run.wait_for_log("started: ")
    return run


@pytest.fixture
def open_screen(desk):
    """A function that opens a console on a terminal of its own."""
    screens = []

    def opened(**options):
        screen = Screen([BINARY, "console", "--config", desk.configuration], **options)
        screens.append(screen)
        screen.wait_for(PROMPT)
        return screen

    yield opened
    for screen in screens:
        screen.stop()


def piped(desk, text):
    """What the console answers to lines from a pipe."""
    return subprocess.run([BINARY, "console", "--config", desk.configuration], input=text.encode(),
                          capture_output=True, timeout=60, check=True).stdout.decode()


def steady(text):
    """A transcript without the figures that differ from run to run."""
    text = re.sub(r"\d+(\.\d+)? (s|min|h|days)\b", "T", text)
    text = re.sub(r"\d+ KiB", "N KiB", text)
    text = re.sub(r"\d\d:\d\d:\d\d ", "HH:MM:SS ", text)
    return re.sub(r"[\d.]+ (bytes|kB|MB)\b", "N bytes", text)


GOLDEN = """\
> version
pulsegate 0.1.0
> hr
strap-1 72 bpm
> sensors
strap-1: 72 bpm, T ago
> ble
the input is no radio
> net
local: 1 delivered, 0 waiting, 0 lost; idle
error_message: 0 delivered, 0 waiting, 0 lost; idle
> aws
no sink needs a key
> alarm
no alarm
alarm lamp: dark
status lamp: one blink every T
buzzer: silent
> safe-mode
safe mode is off
> restart-reason
first start in this data folder
> uptime
gateway T, machine T
> bogus
no such command: bogus; `help` lists them
"""


def questions():
    return [line[2:] for line in GOLDEN.splitlines() if line.startswith("> ")]


def measured(run, desk):
    run.write("00 48\n")
    wait_until(lambda: desk.file_bytes(), "the record")
    wait_until(lambda: "local: 1 delivered" in piped(desk, "net\n"), "it is acknowledged")


def test_transcript_at_a_terminal(desk, run, open_screen):
    measured(run, desk)
    screen = open_screen()
    transcript = "".join(f"> {line}\n{screen.ask(line)}\n" for line in questions())
    assert steady(transcript) == GOLDEN
    assert max(len(line) for line in screen.text.splitlines()) < 80
    assert "\x1b[3" not in screen.raw.decode()  # No colour.


def test_transcript_at_9600_baud(desk, run, open_screen):
    measured(run, desk)
    screen = open_screen(baud=9600)
    transcript = "".join(f"> {line}\n{screen.ask(line)}\n" for line in questions())
    assert steady(transcript) == GOLDEN


def test_transcript_from_a_pipe(desk, run):
    measured(run, desk)
    answers = piped(desk, "".join(line + "\n" for line in questions()))
    lines = [line for line in GOLDEN.splitlines(True) if not line.startswith("> ")]
    assert steady(answers) == "".join(lines)


def test_status_config_ring_and_mem(desk, open_screen):
    run = start(desk, gateway={"pin": "4711"})
    run.write("00 48\n")
    screen = open_screen()
    wait_until(lambda: "72 bpm" in screen.ask("hr"), "a heart rate")
    wait_until(lambda: "72 bpm, 1 sensor heard, local 0 waiting" in screen.ask("status"), "it is")
    assert "1 of " in screen.ask("ring")
    assert re.search(r"memory: \d+ KiB resident, \d+ KiB its own, budget 65536 KiB, \d+ threads",
                     screen.ask("mem").replace("\n", ""))
    text = screen.ask("config")
    assert "pin = (removed)" in text and "4711" not in text
    assert "started: " in screen.ask("log")


def test_keys_history_and_completion(run, open_screen):
    screen = open_screen()
    screen.type("vers\t\r")
    screen.wait_for("pulsegate 0.1.0")
    screen.wait_for(PROMPT)
    screen.type("\x1b[A\r")
    screen.wait_for("pulsegate 0.1.0")
    screen.wait_for(PROMPT)
    screen.type("s\t")
    screen.wait_for("status  sensors  support  safe-mode")
    screen.type("\x03version\r")
    screen.wait_for("pulsegate 0.1.0")


def test_a_line_of_the_log_does_not_break_the_prompt(run, open_screen):
    screen = open_screen()
    time.sleep(2)  # Two rounds of news: what is new is known from then on.
    screen.type("vers")
    run.write("nonsense\n")
    shown = screen.wait_for(PROMPT + "vers")
    shown += screen.wait_for(PROMPT + "vers") if "input line 1" not in shown else ""
    assert "warning: input line 1" in shown
    screen.type("ion\r")
    screen.wait_for("pulsegate 0.1.0")


def test_what_changes_something_is_asked_for_and_may_need_a_pin(desk, open_screen):
    start(desk, gateway={"pin": "4711"})
    screen = open_screen()
    assert screen.ask("safe-mode on", "(yes/no) ") == "really?"
    assert screen.ask("no") == "nothing was done"
    screen.ask("safe-mode on", "(yes/no) ")
    screen.ask("yes", "PIN: ")
    screen.type("1111\r")
    assert "wrong PIN; 4 more tries" in screen.wait_for(PROMPT)
    screen.ask("safe-mode on", "(yes/no) ")
    screen.ask("yes", "PIN: ")
    screen.type("4711\r")
    assert "nothing is sent" in screen.wait_for(PROMPT)
    assert screen.ask("safe-mode") == "safe mode is on"
    # Silencing an alarm never needs one.
    assert screen.ask("alarm ack") == "no alarm sounds"
    screen.type("\x1b[A\x1b[A\x1b[A")
    screen.read(1)
    assert "1111" not in screen.text and "4711" not in screen.text, "typed, and never shown"


def test_in_safe_mode_nothing_is_sent_and_all_is_kept(desk, run):
    piped(desk, "safe-mode on\nyes\n")
    run.write("00 48\n" * 3)
    wait_until(lambda: "local: 0 delivered, 3 waiting" in piped(desk, "net\n"), "they wait")
    assert desk.file_bytes() == b""
    piped(desk, "safe-mode off\nyes\n")
    wait_until(lambda: len(desk.file_bytes().splitlines()) == 3, "they are sent")


def test_a_gateway_that_is_down_is_explained(desk, run, open_screen):
    screen = open_screen()
    time.sleep(2)
    run.kill()
    screen.wait_for("the gateway is down: nobody listens at its socket", 10)
    assert "the gateway is down: nobody listens" in screen.ask("status")
    assert screen.ask("version") == "pulsegate 0.1.0"
    assert "[gateway]" in screen.ask("config")
    desk.configuration.write_text("[gateway]\nnonsense = 1\n")
    assert "its configuration cannot be used (`check` says why)" in screen.ask("status")
    assert "nonsense" in screen.ask("check")


def test_two_consoles_at_once(desk, run, open_screen):
    one, two = open_screen(), open_screen()
    for _ in range(20):
        one.type("version\r")
        two.type("uptime\r")
        one.wait_for("pulsegate 0.1.0")
        two.wait_for("gateway ")
        one.wait_for(PROMPT)
        two.wait_for(PROMPT)


def test_a_cable_that_is_pulled_ends_the_console_alone(desk, run, open_screen):
    screen = open_screen()
    screen.type("stat")
    screen.close()
    assert run.process.poll() is None
    assert open_screen().ask("version") == "pulsegate 0.1.0"


def test_noise_on_the_line_does_no_harm(desk, run, open_screen):
    """Random bytes, breaks among them, between commands; afterwards all is as before."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    screen = open_screen()
    for _ in range(30):
        noise = bytes(chance.choice([chance.randrange(128, 256), 0, chance.randrange(256)])
                      for _ in range(chance.randrange(1, 200)))
        # ^D on an empty line ends a console, as it should; and nobody types `reboot` by chance.
        screen.type(noise.replace(b"\x04", b"").replace(b"\x1a", b""))
        screen.read(0.05)
    screen.type(b"\x1b\x07\x03\r")
    screen.read(0.5)
    screen.type("\r\x03\r")
    screen.type("\x15version\r")
    screen.wait_for("pulsegate 0.1.0")
    assert run.process.poll() is None


def test_fuzzed_callers_never_disturb_the_gateway(desk, run):
    """The socket gets 400 callers who say anything, some at once; measurements go on."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    words = [b"pin", b"log", b"after", b"alarm", b"safe-mode", b"config", b"\xff\xfe", b"-1",
             b"99999999999999999999", b"\0", b" ", b"\t", b"ring", b"sensors", b"mem", b""]

    def call(payload):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(8)
            caller.connect(str(desk.data / "control"))
            try:
                caller.sendall(payload)
                while caller.recv(4096):
                    pass
            except (OSError, TimeoutError):
                pass

    def payload():
        parts = [chance.choice([*words, chance.randbytes(chance.randrange(40))])
                 for _ in range(chance.randrange(1, 9))]
        return b" ".join(parts) + (b"\n" if chance.random() < 0.9 else b"\n\n\n")

    for _ in range(50):
        callers = [threading.Thread(target=call, args=[payload()]) for _ in range(8)]
        for caller in callers:
            caller.start()
        run.write("00 48\n")
        for caller in callers:
            caller.join()
    wait_until(lambda: len(desk.file_bytes().splitlines()) == 50, "every measurement")
    assert piped(desk, "version\n") == "pulsegate 0.1.0\n"
    assert not any(" error: " in line for line in run.lines), run.log


def test_callers_who_hold_the_socket_hold_up_no_alarm(desk):
    run = start(desk, alarm={"onset_delay": "0s", "high": "150", "self_test": "no"})
    holders = []
    for _ in range(8):
        holder = socket.socket(socket.AF_UNIX)
        holder.connect(str(desk.data / "control"))
        holders.append(holder)
    begun = time.monotonic()
    run.write("00 a0\n")
    run.wait_for_log("ALARM")
    assert time.monotonic() - begun < 1
    for holder in holders:
        holder.close()


def test_heart_rates_are_watched_until_enter(run, open_screen):
    screen = open_screen()
    screen.type("watch\r")
    screen.wait_for("until Enter is pressed")
    for value in ["48", "50"]:
        run.write(f"00 {value}\n")
        screen.wait_for(f"strap-1 {int(value, 16)} bpm")
    screen.type("\r")
    screen.wait_for(PROMPT)
    assert screen.ask("version") == "pulsegate 0.1.0"


def test_the_pin_holds_for_every_way_to_the_socket(desk):
    start(desk, gateway={"pin": "4711"})
    done = subprocess.run([BINARY, "alarm", "test", "--config", desk.configuration],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "locked" in done.stderr
    assert piped(desk, "reboot\nyes\n1111\n") == "error: wrong PIN; 4 more tries\n"
