"""`pulsegate demo`: on a pipe a line a second, on a terminal a live page, a summary at the end."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pytest
from gateway import (BINARY, WAIT_SECONDS_MAX, assert_in_order_and_once, environment,
                     parse_lines)
from recordings import read_recording, recording_names

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
SILENCE_SECONDS = 3


def clock(seconds):
    seconds = int(seconds)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def run_demo(folder, *options):
    """Runs the demo with its output on a pipe; returns (lines, summary)."""
    ended = subprocess.run(
        [BINARY, "demo", "--data", str(folder / "data"), *map(str, options)],
        env=environment(LC_ALL="C.UTF-8"), stdin=subprocess.DEVNULL, capture_output=True,
        timeout=WAIT_SECONDS_MAX)
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"\x1b" not in ended.stdout
    head, _, summary = ended.stdout.decode().partition("\nSession")
    return head.splitlines(), summary


def field(summary, label):
    """The first fact behind a label of the summary."""
    return re.search(rf"^  {label} +(.*)$", summary, re.MULTILINE)[1].rstrip()


def assert_summary(summary, recording):
    rates, seconds = recording.heart_rates, recording.seconds
    gaps = [after - before for before, after in zip(seconds, seconds[1:])
            if after - before > SILENCE_SECONDS]
    assert summary.startswith(f" {recording.path}, {clock(recording.rows[-1][0])} played\n")
    measurements = field(summary, "measurements")
    assert measurements.startswith(f"{len(recording.values):,}, ")
    if gaps:
        plural = "" if len(gaps) == 1 else "s"
        assert f", {len(gaps)} silence{plural} (" in measurements
    else:
        assert measurements.endswith(", no silence")
    alarms = re.findall(r"raised (\S+)  (?:cleared (\S+)|still raised)\s+up to (\d+) bpm", summary)
    assert alarms == [
        (clock(raised), "" if cleared is None else clock(cleared), str(peak))
        for raised, cleared, peak in recording.alarms()]
    assert field(summary, "records") == f"{len(rates):,} stored on this board"
    assert re.search(rf"^ +file +{len(rates):,} +0 +0  ok$", summary, re.MULTILINE), summary
    assert summary.endswith("\nNot a medical device.\n")


@pytest.mark.parametrize("name", recording_names())
def test_a_recording_at_full_speed_ends_with_the_counts_of_its_rows(tmp_path, name):
    recording = read_recording(name)
    _, summary = run_demo(tmp_path, "--recording", recording.path, "--speed", "max")
    assert_summary(summary, recording)
    records = sorted((tmp_path / "data").glob("records.ndjson*"))
    assert [path.name for path in records] == ["records.ndjson"]
    assert_in_order_and_once(parse_lines(records[0].read_bytes()), recording.heart_rates)


def test_the_built_in_session_needs_no_file_and_raises_an_alarm(tmp_path):
    _, summary = run_demo(tmp_path, "--speed", "max")
    assert summary.startswith(" interval session, ")
    text = (tmp_path / "data" / "records.ndjson").read_bytes()
    rates = [record["heart_rate"] for record in parse_lines(text)]
    assert max(rates) > 150
    assert field(summary, "records") == f"{len(rates):,} stored on this board"
    assert re.search(r"raised \S+  cleared \S+  up to \d+ bpm", summary)


def test_a_pipe_gets_a_line_a_second_whose_figures_only_grow(tmp_path, run_47min):
    begun = time.monotonic()
    lines, summary = run_demo(tmp_path, "--recording", run_47min.path, "--speed", 20, "--for", 3)
    elapsed = time.monotonic() - begun
    assert 3 <= elapsed < 3 + 10
    shown = [re.fullmatch(
        r"(\d\d):(\d\d):(\d\d)  (.{13})  (.{32}) \| stored +(\d+) delivered +(\d+) "
        r"waiting +(\d+) lost +(\d+) \| file ok", line) for line in lines]
    assert all(shown), lines
    # One at the start, one each second, one at the end.
    assert 4 <= len(shown) <= elapsed + 3
    times = [int(line[1]) * 3600 + int(line[2]) * 60 + int(line[3]) for line in shown]
    assert times[0] == 0 and times == sorted(times)
    assert all(15 <= after - before <= 60 for before, after in zip(times[:3], times[1:3]))
    for line, seconds in zip(shown, times):
        stored, delivered, waiting, lost = (int(figure) for figure in line.groups()[5:])
        assert stored == delivered + waiting and lost == 0
        assert stored <= sum(at <= seconds for at in run_47min.seconds) + 1
    assert int(shown[-1][6]) == int(shown[-1][7])
    assert field(summary, "records") == f"{int(shown[-1][6])} stored on this board"


def test_a_value_above_the_limit_shows_as_an_alarm_in_the_lines(tmp_path):
    recording = tmp_path / "high.csv"
    rows = [f"{second},{160 if second >= 20 else 90}" for second in range(200)]
    recording.write_text("seconds,beats_per_minute\n" + "\n".join(rows) + "\n")
    lines, summary = run_demo(tmp_path, "--recording", recording, "--speed", 100)
    assert any(re.search(r"160 bpm +ALARM high \(>150\) since 00:00:23", line) for line in lines)
    assert re.search(r"raised 00:00:23  still raised +up to 160 bpm", summary)


@pytest.mark.parametrize("options, words", [
    (["--speed", "fast"], "--speed fast: give a number from 0.1 to 10000, or max"),
    (["--speed", "0"], "--speed 0: give a number from 0.1 to 10000, or max"),
    (["--speed", "nan"], "--speed nan: give a number from 0.1 to 10000, or max"),
    (["--for", "-1"], "--for -1: give seconds, more than 0 and at most 1000000"),
    (["--recording", "none.csv"], "none.csv: No such file or directory"),
])
def test_what_cannot_be_shown_is_refused_in_words(tmp_path, options, words):
    ended = subprocess.run([BINARY, "demo", *options], env=environment(), cwd=tmp_path, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert ended.returncode in (1, 2) and ended.stdout == ""
    assert words in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_ends_the_demo_without_a_complaint(tmp_path, run_47min):
    demo = subprocess.Popen(
        [BINARY, "demo", "--data", str(tmp_path / "data"), "--recording", str(run_47min.path)],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    try:
        assert demo.stdout.readline().startswith(b"00:00:00")
        demo.stdout.close()
        assert demo.wait(WAIT_SECONDS_MAX) == 0
        assert demo.stderr.read() == b""
    finally:
        demo.kill()
        demo.wait()
        demo.stderr.close()


class LiveDemo:
    """The demo on a terminal of its own, which it also has as its controlling one."""

    def __init__(self, folder, *options, rows=40, columns=120):
        self.master, self.slave = pty.openpty()
        self.set_size(rows, columns)
        self.settings = termios.tcgetattr(self.slave)
        self.screen = b""
        self.process = subprocess.Popen(
            [BINARY, "demo", "--data", str(folder / "data"), *map(str, options)],
            env=environment(TERM="xterm-256color", LC_ALL="C.UTF-8"), stdin=self.slave,
            stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def set_size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, condition):
        """Reads the screen until `condition` is true of it."""
        end = time.monotonic() + WAIT_SECONDS_MAX
        while not condition():
            assert time.monotonic() < end, self.screen[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                self.screen += os.read(self.master, 65536)

    def finish(self):
        """Reads to the end of the process; returns its exit status."""
        self.read_until(lambda: self.process.poll() is not None)
        while select.select([self.master], [], [], 0)[0]:
            self.screen += os.read(self.master, 65536)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def assert_terminal_is_restored(self):
        assert self.screen.count(ENTER) == self.screen.count(LEAVE) == 1
        assert self.screen.index(ENTER) < self.screen.index(LEAVE)
        assert self.screen.rindex(HIDE_CURSOR) < self.screen.rindex(SHOW_CURSOR)
        assert termios.tcgetattr(self.slave) == self.settings

    @property
    def behind_the_page(self):
        return self.screen[self.screen.index(LEAVE):].decode().replace("\r\n", "\n")


@pytest.fixture
def live(tmp_path):
    started = []

    def start(*options, **size):
        started.append(LiveDemo(tmp_path, *options, **size))
        return started[-1]

    yield start
    for demo in started:
        demo.close()


def test_ctrl_c_leaves_the_page_shows_the_summary_and_restores_the_terminal(live, run_47min):
    demo = live("--recording", run_47min.path, "--speed", 20)
    demo.read_until(lambda: ENTER in demo.screen and len(demo.screen) > 20_000)
    os.write(demo.master, b"\x03")
    assert demo.finish() == 0
    demo.assert_terminal_is_restored()
    assert f"Session {run_47min.path}, 00:" in demo.behind_the_page
    assert " stored on this board" in demo.behind_the_page
    assert demo.behind_the_page.endswith("\nNot a medical device.\n")


def test_a_page_that_ends_by_itself_restores_the_terminal(live, run_47min):
    demo = live("--recording", run_47min.path, "--speed", "max")
    assert demo.finish() == 0
    demo.assert_terminal_is_restored()
    _, _, summary = demo.behind_the_page.partition("Session")
    assert_summary(summary, run_47min)


@pytest.mark.parametrize("rows, columns", [(24, 80), (10, 40), (5, 20), (1, 1), (200, 500)])
def test_a_page_of_any_size_is_drawn_and_left(live, run_47min, rows, columns):
    demo = live("--recording", run_47min.path, "--speed", 100, "--for", 1,
                rows=rows, columns=columns)
    assert demo.finish() == 0
    demo.assert_terminal_is_restored()


def test_a_window_that_changes_its_size_is_drawn_anew(live, run_47min):
    demo = live("--recording", run_47min.path, "--speed", 20)
    demo.read_until(lambda: len(demo.screen) > 10_000)
    demo.set_size(20, 60)
    length = len(demo.screen)
    demo.read_until(lambda: len(demo.screen) > length + 10_000)
    os.write(demo.master, b"\x03")
    assert demo.finish() == 0
    assert b"\x1b[2J" in demo.screen[length:]
    demo.assert_terminal_is_restored()
