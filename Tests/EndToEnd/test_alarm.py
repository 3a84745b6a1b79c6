"""The alarm of the real binary: outputs, the log, the control socket, the board's files."""

import socket
import subprocess
import time

import pytest

from gateway import BINARY, ROOT, file_sink, hex_lines, parse_lines, wait_until

ALARM = {"onset_delay": "0s", "self_test": "no", "pause": "10s", "sensor_lost": "10min"}
OUTPUTS = {"output lamp": {"type": "file", "shows": "alarm"},
           "output buzzer": {"type": "file", "shows": "sound"}}


def command(desk, *words):
    """The status, the output and the errors of `pulsegate alarm ...`."""
    done = subprocess.run([BINARY, "alarm", *words, "--config", desk.configuration],
                          capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def start(desk, alarm=None, **sections):
    desk.configure(hex_lines(drain_timeout="2s"), file_sink(), alarm={**ALARM, **(alarm or {})},
                   **{**OUTPUTS, **sections})
    run = desk.start(stdin=subprocess.PIPE)
    run.wait_for_log("started: ")
    return run


def levels(desk, name):
    """[on or off] of a file output."""
    return [line.split()[0] for line in (desk.data / f"{name}.log").read_text().splitlines()]


def alarms(desk):
    return [(record["alarm"], record["state"]) for record in parse_lines(desk.file_bytes())
            if record.get("event") == "alarm"]


def test_an_alarm_is_seen_heard_acknowledged_and_logged(desk):
    run = start(desk)
    assert command(desk, "status")[1].splitlines()[0] == "no alarm"
    run.write("00 a0\n")
    run.wait_for_log("ALARM strap-1: 160 bpm")
    wait_until(lambda: "on" in levels(desk, "lamp") and "on" in levels(desk, "buzzer"), "light")
    assert "high sensor strap-1: high heart rate" in command(desk, "status")[1]
    assert command(desk, "ack") == (0, "1 alarm acknowledged\n", "")
    assert "pauses for 10 s" in command(desk, "status")[1]
    assert command(desk, "ack") == (0, "no alarm sounds\n", "")
    assert levels(desk, "buzzer")[-1] == "off"
    run.wait_for_log("alarm sounds again")
    run.write("00 50\n")
    run.wait_for_log("alarm cleared strap-1: 80 bpm")
    run.close_input()
    assert run.wait() == 0
    assert levels(desk, "lamp")[-1] == "off"
    assert alarms(desk) == [("high_heart_rate", state) for state in
                            ("raised", "acknowledged", "sounds_again", "cleared")]
    status, text, _ = command(desk, "log")
    assert status == 0
    assert text.encode() == b"".join(
        line + b"\n" for line in desk.file_bytes().splitlines() if b'"event":"alarm"' in line)


def test_a_test_takes_the_way_of_an_alarm_and_ends(desk):
    run = start(desk)
    assert command(desk, "test")[0] == 0
    run.wait_for_log("alarm raised, high priority: test of lamp and buzzer")
    run.wait_for_log("alarm cleared: test of lamp and buzzer")
    wait_until(lambda: levels(desk, "buzzer").count("on") == 10, "ten pulses")
    run.close_input()
    run.wait()
    assert ("test", "raised") in alarms(desk)


def test_every_output_is_tried_at_the_start(desk):
    run = start(desk, {"self_test": "yes"})
    wait_until(lambda: levels(desk, "buzzer").count("on") == 10, "ten pulses")
    run.terminate()
    run.wait()
    assert levels(desk, "lamp")[-1] == "off"


def test_outputs_are_tried_without_a_gateway(desk):
    desk.configure(hex_lines(), file_sink(), alarm=ALARM, **OUTPUTS)
    desk.data.mkdir()
    status, text, _ = command(desk, "test")
    assert (status, text) == (0, "no gateway runs: lamp and buzzer are tried from here\n")
    assert levels(desk, "buzzer").count("on") == 10
    status, _, error = command(desk, "ack")
    assert status == 1
    assert error.startswith("pulsegate: alarm ack: no gateway of this configuration runs")


def test_a_gateway_without_its_chip_goes_on(desk):
    lines = {"type": "gpio", "shows": "alarm", "chip": "no-such-chip", "line": "17"}
    run = start(desk, **{"output pi": lines,
                         "button": {"chip": "no-such-chip", "line": "23"}})
    line = run.wait_for_log("error: output pi: ")
    assert "alarms are shown everywhere else" in line
    run.wait_for_log("error: button: ")
    run.write("00 a0\n")
    run.wait_for_log("ALARM")
    wait_until(lambda: "on" in levels(desk, "lamp"), "the lamp")
    assert "output pi: no GPIO chip" in command(desk, "status")[1]
    assert run.log.count("error: output pi: ") == 1


def test_a_silent_sensor_is_an_alarm(desk):
    run = start(desk, {"sensor_lost": "3s"})
    run.write("00 50\n")
    run.wait_for_log("alarm raised, medium priority: sensor strap-1: lost")
    run.write("00 50\n")
    run.wait_for_log("alarm cleared: sensor strap-1: lost")


def test_callers_who_say_nothing_or_nonsense_hold_up_nobody(desk):
    run = start(desk)
    callers = []
    for text in [b"", b"x" * 1000, b"\xff\xfe\n", b"alarm\n", b"alarm ack now\n"]:
        caller = socket.socket(socket.AF_UNIX)
        caller.settimeout(10)
        caller.connect(str(desk.data / "control"))
        caller.sendall(text)
        callers.append(caller)
    begun = time.monotonic()
    assert command(desk, "status")[0] == 0
    assert time.monotonic() - begun < 2
    assert callers[3].recv(100) == b"error: not a command: alarm\n"
    # Those who say nothing are dropped after five seconds.
    assert callers[0].recv(100) == b""
    run.write("00 a0\n")
    run.wait_for_log("ALARM")


@pytest.mark.parametrize("path", sorted((ROOT / "board").glob("*.conf")), ids=lambda p: p.stem)
def test_the_files_of_the_boards_are_good(desk, path):
    desk.configure(hex_lines(), file_sink())
    folder = desk.folder / f"{desk.configuration.name}.d"
    folder.mkdir()
    (folder / path.name).write_text(path.read_text())
    done = subprocess.run([BINARY, "check", "--config", desk.configuration], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("words", "text"), [
    ([], "alarm: say which: test, ack, status, log; `pulsegate help` shows what alarm takes"),
    (["off"], "alarm: off is none of test, ack, status, log; `pulsegate help` shows what alarm "
              "takes"),
    (["ack", "now"], "alarm ack: now is one word too many; `pulsegate help` shows what alarm takes"),
    (["ack"], "alarm ack: say which configuration, as in `alarm ack --config FILE`"),
])
def test_a_command_that_is_not_understood_is_said(words, text):
    done = subprocess.run([BINARY, "alarm", *words], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr == f"pulsegate: {text}\n"
