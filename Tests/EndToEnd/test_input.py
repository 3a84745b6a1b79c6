"""Lines of hexadecimal on standard input: what is taken, what is refused and how it is said."""

import subprocess

import pytest
from gateway import assert_in_order_and_once, file_sink, hex_lines, parse_lines, play
from recordings import as_hex_lines

LONG_LINE = "00 " * 3000


def records(desk):
    return parse_lines(desk.file_bytes())


def assert_heart_rates_and_errors(desk, heart_rates, payloads):
    """The records are these heart rates, and the rest became error records in their places."""
    found, errors = records(desk), parse_lines(desk.file_bytes("error_message"))
    assert [record["heart_rate"] for record in found] == heart_rates
    assert [error["payload"] for error in errors] == payloads
    sequences = sorted(record["seq"] for record in found + errors)
    assert sequences == list(range(len(heart_rates) + len(payloads)))


def test_good_lines_become_records_with_everything_they_say(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="00 48\n16480a02\n1E:5A:34:12:00:04:F4:01\n19-2c-01-ff-ff\n")
    assert run.status == 0, run.log
    found = records(desk)
    assert_in_order_and_once(found, [72, 72, 90, 300])
    extra = [{key: record[key] for key in ("contact", "rr_ms", "energy_kj") if key in record}
             for record in found]
    assert extra == [{}, {"contact": True, "rr_ms": [509.8]},
                     {"contact": True, "rr_ms": [1000.0, 488.3], "energy_kj": 4660},
                     {"energy_kj": 65535}]
    assert "stopped: 4 notifications, 4 recorded, 0 malformed, 0 off skin, 0 alarms" in run.log


@pytest.mark.parametrize("line, words", [
    ("zz", "input line 2: 'z' at offset 0 is no hexadecimal digit"),
    ("00 4", "input line 2: 3 hexadecimal digits"),
    ("00x48", "input line 2: 'x' at offset 2 is no hexadecimal digit"),
    ("00 \x00", "input line 2: byte 0x0 at offset 3 is no hexadecimal digit"),
    (LONG_LINE, "input line 2: longer than any notification"),
    ("00" * 600, "input line 2: more than 512 bytes, which no notification has"),
])
def test_a_line_that_is_no_hexadecimal_is_named_and_the_next_one_taken(desk, line, words):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text=f"00 48\n{line}\n00 49\n")
    assert run.status == 0, run.log
    assert words in run.log
    assert_in_order_and_once(records(desk), [72, 73])
    assert "stopped: 2 notifications, 2 recorded" in run.log


@pytest.mark.parametrize("line, words", [
    ("16", "the flags promise a heart rate value, and the packet ends after 1 byte"),
    ("01 48", "the flags promise a heart rate value, and the packet ends after 2 bytes"),
    ("08 48 01", "the flags promise energy expended (2 bytes)"),
    ("10 48 01", "the flags promise RR intervals (2 bytes each)"),
    ("00 48 01", "1 byte follows the last field that the flags name"),
    ("10 48" + " 00 04" * 10, "10 RR intervals: a measurement holds 9 at most"),
])
def test_a_malformed_notification_is_counted_with_its_reason(desk, line, words):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text=f"00 48\n{line}\n00 49\n")
    assert run.status == 0, run.log
    assert f"sensor strap-1: malformed notification: {words}" in run.log
    assert_heart_rates_and_errors(desk, [72, 73], [line.replace(" ", "")])
    assert "stopped: 3 notifications, 2 recorded, 1 malformed" in run.log


def test_blank_lines_and_comments_count_as_lines_and_as_nothing_else(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="# a comment\n\n00 48\r\n\r\n# zz\nzz\n00 49")
    assert run.status == 0, run.log
    assert "input line 6: 'z' at offset 0" in run.log
    assert_in_order_and_once(records(desk), [72, 73])
    assert "stopped: 2 notifications, 2 recorded, 0 malformed" in run.log


def test_off_skin_and_implausible_values_are_never_records(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="00 48\n04 50\n00 00\n01 2d 01\n01 ff ff\n00 49\n")
    assert run.status == 0, run.log
    assert_heart_rates_and_errors(desk, [72, 73], ["012d01", "01ffff"])
    assert "sensor strap-1: off skin" in run.log
    assert "sensor strap-1: 301 bpm is no heart rate; not recorded" in run.log
    assert "sensor strap-1: 65535 bpm is no heart rate; not recorded" in run.log
    assert "sensor strap-1: on skin again" in run.log
    assert "stopped: 6 notifications, 2 recorded, 0 malformed, 2 off skin" in run.log


def test_standard_input_may_be_a_file(desk, run_47min):
    text = desk.folder / "lines"
    text.write_text(as_hex_lines(run_47min.heart_rates))
    desk.configure(hex_lines(), file_sink())
    with text.open("rb") as file:
        run = desk.start(stdin=file)
        assert run.wait() == 0, run.log
    assert_in_order_and_once(records(desk), run_47min.heart_rates)


def test_no_input_at_all_is_a_clean_end(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="")
    assert run.status == 0, run.log
    assert "stopped: 0 notifications, 0 recorded" in run.log
    assert records(desk) == []


def test_a_line_is_taken_when_it_comes_and_not_at_the_end_of_the_input(desk):
    desk.configure(hex_lines(), file_sink(), alarm={"onset_delay": "0s"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write("00 97\n")
    run.wait_for_log("ALARM strap-1: 151 bpm, high heart rate")
    run.write("00 90\n")
    run.wait_for_log("alarm cleared strap-1: 144 bpm")
    run.close_input()
    assert run.wait() == 0


def test_alarms_of_a_recording_are_those_of_its_rows(desk, run_47min):
    expected = run_47min.alarms()
    assert len(expected) == 3
    desk.configure(play(run_47min.path), file_sink(), alarm={"high": "150"})
    run = desk.run()
    raised = [line for line in run.lines if "ALARM strap-1" in line]
    cleared = [line for line in run.lines if "alarm cleared strap-1" in line]
    rate_at = dict(zip(run_47min.seconds, run_47min.heart_rates))
    assert [f"{rate_at[begin]} bpm" in line for line, (begin, _, _) in zip(raised, expected)] \
        == [f"{rate_at[end]} bpm" in line for line, (_, end, _) in zip(cleared, expected)] \
        == [True, True, True]
    assert len(raised) == len(cleared) == 3
    assert "2808 recorded, 0 malformed, 0 off skin, 3 alarms" in run.log


def test_a_recording_stamps_the_past_and_never_the_future(desk, run_47min):
    desk.configure(play(run_47min.path), file_sink())
    run = desk.run()
    stopped = next(line for line in run.lines if "stopped:" in line).split()[0]
    started = next(line for line in run.lines if "started:" in line).split()[0]
    stamps = [record["timestamp"] for record in records(desk)]
    assert stamps == sorted(stamps)
    assert stamps[0] < started and stamps[-1] <= stopped
