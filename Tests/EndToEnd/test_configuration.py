"""What cannot work is refused before anything is made: the file, the line, the key, the remedy."""

import subprocess

import pytest
from gateway import BINARY, environment, file_sink, hex_lines, kinesis_sink, play

GOOD = """\
[gateway]
device_id = gym-7
data = {data}
[input]
type = stdin
"""
CLOUD = GOOD + """\
[sink cloud]
type = kinesis
stream = pulse
region = eu-central-1
"""


def refuse(desk, text, **variables):
    """Runs a configuration that must be refused; returns what was said."""
    desk.configuration.write_text(text.format(data=desk.data))
    run = desk.run(**variables)
    assert run.status == 1, run.log
    assert run.output == b""
    assert not desk.data.exists()
    return run.log


@pytest.mark.parametrize("text, words", [
    (GOOD + "colour = red\n",
     ":6: [input] colour = red: is not a key of this section"),
    (GOOD + "[alarm]\nhihg = 160\n",
     ":7: [alarm] hihg = 160: is not a key of this section; did you mean `high`?"),
    (GOOD + "[alarm]\nhigh = 1500\n",
     ":7: [alarm] high = 1500: is above the range; write a number from 30 to 300"),
    (GOOD + "[alarm]\nhigh = 140\nclear = 141\n", ":8: [alarm] clear = 141: is above `high`"),
    (GOOD + "[alarm]\nonset_delay = 3\n", ":7: [alarm] onset_delay = 3: "),
    (GOOD + "[ring]\nsize = 10\n", ":7: [ring] size = 10: "),
    (GOOD + "[rign]\nsize = 64MiB\n", ":6: [rign]: is not a section; did you mean `[ring]`?"),
    (GOOD.replace("stdin", "radio"),
     ":5: [input] type = radio: "),
    (GOOD.replace("type = stdin", "type = recording"),
     ":4: [input] recording: is missing; add `recording = FILE` to [input]"),
    ("[gateway]\n[input]\ntype = stdin\n", ":1: [gateway] data: is missing; add `data = "),
    (GOOD + "type = stdin\n", ":6: "),
    (GOOD + "what is this\n", ":6: "),
    (GOOD + "[sink cloud\n", ":6: "),
    (GOOD + "[sink one]\ntype = s3\n", ":7: [sink one] type = s3: "),
    (CLOUD + "endpoint = http://127.0.0.1:4566\n",
     ":10: [sink cloud] endpoint = http://127.0.0.1:4566: is not encrypted; write `https://`"),
    (CLOUD + "endpoint = http://kinesis.example.com\nallow_http = yes\n",
     ":10: [sink cloud] endpoint = http://kinesis.example.com: "),
    (CLOUD + "batch_records = 501\n", ":10: [sink cloud] batch_records = 501: is above the"),
    (CLOUD.replace("stream = pulse\n", ""),
     ":6: [sink cloud] stream: is missing; add `stream = "),
])
def test_a_key_that_cannot_be_is_named_with_its_line_and_remedy(desk, text, words):
    log = refuse(desk, text)
    assert f"{desk.configuration}{words}" in log
    assert all(";" in line for line in log.splitlines()), f"a line without a remedy: {log}"


def test_all_mistakes_are_said_at_once(desk):
    log = refuse(desk, GOOD + "colour = red\n[alarm]\nhigh = 1500\n[rign]\n")
    assert [line.split(":")[1] for line in log.splitlines()] == ["6", "8", "9"]


def test_a_drop_in_is_read_after_the_file_and_named_by_its_own_path(desk):
    folder = desk.folder / "pulsegate.conf.d"
    folder.mkdir()
    (folder / "10-alarm.conf").write_text("[alarm]\nhigh = 160\n")
    (folder / "20-alarm.conf").write_text("[alarm]\n\nclear = 161\n")
    log = refuse(desk, GOOD + "[alarm]\nhigh = 170\n")
    assert f"{folder / '20-alarm.conf'}:3: [alarm] clear = 161: is above `high`" in log


def test_a_configuration_that_is_not_there_is_named(desk):
    run = desk.run()
    assert run.status == 1
    assert f"{desk.configuration}: cannot be read: No such file or directory" in run.log


@pytest.mark.parametrize("content, words", [
    ("", "line 1: there is no header; begin the file with \"seconds,beats_per_minute\""),
    ("time,rate\n0,72\n", "line 1, column seconds: missing from the header"),
    ("seconds,beats_per_minute\n", "line 1: no row follows the header"),
    ("seconds,beats_per_minute\n0,72\n1,abc\n", "line 3, column beats_per_minute: \"abc\""),
    ("seconds,beats_per_minute\n0,72\n1,99999\n", "line 3, column beats_per_minute: \"99999\""),
    ("seconds,beats_per_minute\n0,72\n1,-5\n", "line 3, column beats_per_minute: \"-5\""),
    ("seconds,beats_per_minute\nInfinity,72\n", "line 2, column seconds: \"Infinity\""),
    ("seconds,beats_per_minute\n0\n", "line 2, column beats_per_minute: the row \"0\" ends"),
])
def test_a_recording_that_cannot_be_played_is_named_with_line_and_column(desk, content, words):
    recording = desk.folder / "bad.csv"
    recording.write_text(content)
    desk.configure(play(recording), file_sink())
    run = desk.run()
    assert run.status == 1, run.log
    assert f"{recording}: {words}" in run.log
    assert not desk.data.exists()


def test_a_recording_that_is_not_there_is_named(desk):
    desk.configure(play(desk.folder / "none.csv"), file_sink())
    run = desk.run()
    assert run.status == 1, run.log
    path = desk.folder / "none.csv"
    line = desk.configuration.read_text().splitlines().index(f"recording = {path}") + 1
    assert (f"{desk.configuration}:{line}: [input] recording = {path}: No such file or directory; "
            "write the path of a recording that can be read") in run.log
    assert not desk.data.exists()


def test_a_bad_recording_is_refused_at_its_last_line_before_the_first_is_played(
        desk, run_47min):
    recording = desk.folder / "late.csv"
    recording.write_text(run_47min.path.read_text() + "9999,x\n")
    desk.configure(play(recording), file_sink())
    run = desk.run()
    assert run.status == 1, run.log
    assert "column beats_per_minute: \"x\" is not a heart rate" in run.log
    assert not desk.data.exists()


def test_a_file_that_is_no_ring_is_left_alone(desk):
    desk.data.mkdir()
    desk.ring.write_bytes(b"diary\n" * 1000)
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="00 48\n")
    assert run.status == 1, run.log
    assert f"{desk.ring}: not a ring file; move it away or choose another data folder" in run.log
    assert desk.ring.read_bytes() == b"diary\n" * 1000


def test_a_ring_that_was_cut_is_refused_with_both_lengths(desk):
    desk.configure(hex_lines(), file_sink())
    assert desk.run(text="00 48\n").status == 0
    with desk.ring.open("r+b") as file:
        file.truncate(500_000)
    run = desk.run(text="00 49\n")
    assert run.status == 1, run.log
    assert f"{desk.ring}: 500000 bytes long, and its header says 1048576" in run.log


def test_an_authority_file_that_is_not_there_is_named(desk, double):
    desk.configure(hex_lines(drain_timeout="1s"),
                   kinesis_sink(double, ca_file=desk.folder / "none.pem"))
    run = desk.run(text="00 48\n")
    assert f"{desk.folder}/none.pem" in run.log
    assert double.stats()["requests"] == 0


@pytest.mark.parametrize("words, text", [
    ([], "pulsegate run --config FILE"),
    (["unknown"], "unknown is no command; `pulsegate help` lists them"),
    (["run"], "run: say which configuration, as in `run --config FILE`"),
    (["run", "--config"], "run: "),
    (["run", "--config", "x", "y"], "run: y is one word too many"),
    (["run", "--verbose", "x"], "run: "),
    (["decode"], "decode: no bytes; say `pulsegate decode 16 48 0A 02`"),
    (["demo", "x"], "demo: x is one word too many"),
    (["demo", "--speed"], "demo: --speed"),
])
def test_a_command_line_that_is_not_understood_ends_with_2(desk, words, text):
    ended = subprocess.run([BINARY, *words], env=environment(), cwd=desk.folder, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert ended.returncode == 2, ended
    assert text in ended.stdout + ended.stderr
    assert list(desk.folder.iterdir()) == []
