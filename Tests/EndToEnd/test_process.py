"""Signals, the lock, and how a gateway ends."""

import fcntl
import os
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from gateway import (DEVICE, assert_in_order_and_once, file_sink, hex_lines, kinesis_sink,
                     parse_lines, parse_stream, play, split_gaps, wait_until)
from recordings import as_hex_lines
from ring_file import read_ring

DRAIN_SECONDS = 5
MARGIN_SECONDS = 5
# 1 MiB less 16 KiB in front, at 128 bytes a record.
RING_SLOTS = ((1 << 20) - 16_384) // 128


def away(double):
    """The double's sink at a port where nothing listens."""
    return kinesis_sink(double, endpoint="https://127.0.0.1:1")


def wait_for_slots(desk, count):
    wait_until(lambda: desk.ring.exists() and len(read_ring(desk.ring, DEVICE).records) == count,
               f"{count} records in the ring")


def test_sigterm_delivers_what_there_is_and_ends_with_0(desk, double):
    desk.configure(hex_lines(), kinesis_sink(double, flush="10min"), file_sink(flush="10min"))
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines(range(60, 160)))
    wait_for_slots(desk, 100)
    begun = time.monotonic()
    run.terminate()
    assert run.wait() == 0, run.log
    assert time.monotonic() - begun < DRAIN_SECONDS
    assert_in_order_and_once(parse_stream(double.records()), list(range(60, 160)))
    assert_in_order_and_once(parse_lines(desk.file_bytes()), list(range(60, 160)))


def test_sigterm_ends_after_five_seconds_when_the_cloud_is_away(desk, double):
    desk.configure(hex_lines(drain_timeout="10min"), away(double))
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines([72] * 10))
    run.wait_for_log("not reached")
    begun = time.monotonic()
    run.terminate()
    assert run.wait() == 0, run.log
    assert DRAIN_SECONDS - 1 < time.monotonic() - begun < DRAIN_SECONDS + MARGIN_SECONDS
    assert "sink cloud: 0 delivered, 0 lost, 10 stay in the ring" in run.log

    desk.configure(hex_lines(), kinesis_sink(double))
    assert desk.run(text="").status == 0
    assert_in_order_and_once(parse_stream(double.records()), [72] * 10)


def test_a_second_sigterm_ends_at_once_and_what_was_synced_stays(desk, double):
    desk.configure(hex_lines(), away(double), ring={"sync_interval": "100ms"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines([72] * 10))
    wait_for_slots(desk, 10)
    run.wait_for_log("not reached")
    run.terminate()
    # Two signals of one kind that are pending together are one: the first has to be taken.
    wait_until(lambda: signals_pending(run) == 0, "the first signal to be taken")
    begun = time.monotonic()
    run.terminate()
    assert run.wait() == 1, run.log
    assert time.monotonic() - begun < DRAIN_SECONDS - 2
    assert "10 stay in the ring" in run.log

    desk.configure(hex_lines(), kinesis_sink(double))
    assert desk.run(text="").status == 0
    assert_in_order_and_once(parse_stream(double.records()), [72] * 10)


def signals_pending(run):
    """Bits of the signals that the process has been sent and has not taken (proc(5), ShdPnd)."""
    with open(f"/proc/{run.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1], 16) for line in file if line.startswith("ShdPnd"))


def test_a_gateway_told_to_stay_goes_on_after_its_recording_until_it_is_stopped(
        desk, run_47min):
    desk.configure(play(run_47min.path, at_end="stay"), file_sink())
    run = desk.start()
    wait_until(lambda: desk.file_bytes().count(b"\n") == 2808, "2,808 records in the file")
    assert run.process.poll() is None
    run.terminate()
    assert run.wait() == 0, run.log
    assert_in_order_and_once(parse_lines(desk.file_bytes()), run_47min.heart_rates)


@pytest.mark.parametrize("seconds", ["0s", "1s"])
def test_the_time_to_drain_ends_the_run_with_0_and_says_what_stays(desk, double, seconds):
    desk.configure(hex_lines(drain_timeout=seconds), away(double))
    begun = time.monotonic()
    run = desk.run(text=as_hex_lines([72] * 10))
    assert run.status == 0, run.log
    assert time.monotonic() - begun < 1 + MARGIN_SECONDS
    assert "sink cloud: 0 delivered, 0 lost, 10 stay in the ring" in run.log


def test_what_stays_after_no_time_to_drain_comes_with_the_next_start(desk, double):
    desk.configure(hex_lines(drain_timeout="0s"), away(double))
    run = desk.run(text=as_hex_lines([72] * 10))
    assert "10 stay in the ring" in run.log
    desk.configure(hex_lines(), kinesis_sink(double))
    assert desk.run(text="").status == 0
    assert_in_order_and_once(parse_stream(double.records()), [72] * 10)


def test_no_time_to_drain_is_time_to_write_the_ring(desk, double):
    values = [60 + number % 90 for number in range(RING_SLOTS)]
    desk.configure(hex_lines(drain_timeout="0s"), away(double))
    run = desk.run(text=as_hex_lines(values))
    assert run.status == 0, run.log
    assert f"{RING_SLOTS} stay in the ring" in run.log
    assert len(read_ring(desk.ring, DEVICE).records) == RING_SLOTS


def test_a_second_gateway_on_one_ring_is_refused_and_the_first_goes_on(desk):
    desk.configure(hex_lines(), file_sink())
    first = desk.start(stdin=subprocess.PIPE)
    first.wait_for_log("started: ")
    second = desk.run(text="00 63\n")
    assert second.status == 1
    assert f"{desk.ring}: another pulsegate uses this ring" in second.log
    assert "stop it (systemctl stop pulsegate) or choose another data folder" in second.log
    assert first.process.poll() is None
    first.write("00 48\n00 49\n")
    first.close_input()
    assert first.wait() == 0, first.log
    assert_in_order_and_once(parse_lines(desk.file_bytes()), [72, 73])


def test_the_lock_goes_with_a_killed_gateway(desk):
    desk.configure(hex_lines(), file_sink())
    first = desk.start(stdin=subprocess.PIPE)
    first.wait_for_log("started: ")
    first.kill()
    assert desk.run(text="00 48\n").status == 0
    assert_in_order_and_once(parse_lines(desk.file_bytes()), [72])


def test_sequences_go_on_over_starts_and_each_start_is_a_session_of_its_own(desk):
    desk.configure(hex_lines(), file_sink())
    for value in (70, 71, 72):
        assert desk.run(text=as_hex_lines([value])).status == 0
    records = parse_lines(desk.file_bytes())
    assert_in_order_and_once(records, [70, 71, 72])
    assert len({record["session_id"] for record in records}) == 3


def lost_by_the_log(run):
    return sum(int(line.split(" record")[0].split()[-1]) for line in run.lines
               if " lost: the full ring gave up its oldest" in line)


def test_a_full_ring_gives_up_its_oldest_records_and_says_how_many(desk, double):
    values = [60 + number % 90 for number in range(RING_SLOTS + 1000)]
    desk.configure(hex_lines(drain_timeout="1s"), away(double))
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines(values[:10]))
    run.wait_for_log("not reached")
    run.write(as_hex_lines(values[10:]))
    run.close_input()
    assert run.wait() == 0, run.log
    # The alarm that says so takes a place of its own.
    assert f"0 delivered, 1001 lost, {RING_SLOTS} stay in the ring" in run.log
    assert lost_by_the_log(run) == 1001

    desk.configure(hex_lines(), kinesis_sink(double))
    again = desk.run(text="")
    assert again.status == 0, again.log
    # Each of them once, and a record that says what is missing.
    assert_told_of_the_loss(parse_stream(double.records()), values)


def assert_told_of_the_loss(records, values):
    """Every record that the ring still has, once and in order, a gap that says what is missing,
    and the alarm that was raised when the first was lost. At the second start, before the sink
    works, the alarm is raised for what the first run lost; that record takes a place too."""
    measurements, gaps = split_gaps(records)
    first, count = gaps[0]["last_seq"] + 1, gaps[0]["count"]
    assert [record["heart_rate"] for record in measurements] == values[count:]
    assert sorted(record["seq"] for record in records) == list(range(first, first + len(records)))
    assert count == first and count in (1001, 1002) and gaps[0]["first_seq"] == 0
    assert {"ring_full"} == {record["alarm"] for record in records if "alarm" in record}
    assert [(gap["sink"], gap["reason"]) for gap in gaps] == [("cloud", "overwritten")]


def unread_bytes(run):
    """Bytes in the pipe that the gateway has not read yet."""
    count = fcntl.ioctl(run.process.stdin, termios.FIONREAD, struct.pack("i", 0))
    return struct.unpack("i", count)[0]


def test_a_full_ring_that_refuses_keeps_the_oldest_and_says_how_many_it_refused(
        desk, start_double):
    double = start_double("--seed", 1)
    values = [60 + number % 90 for number in range(RING_SLOTS + 1000)]
    desk.configure(hex_lines(), kinesis_sink(double, timeout="1s", connect_timeout="1s"),
                   ring={"when_full": "refuse"})
    double.server.pause()
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines(values))
    run.wait_for_log("ring: full of records that sinks still want; new ones are refused")
    # All lines have to be taken while there is no room for them.
    wait_until(lambda: unread_bytes(run) == 0, "an empty pipe")
    double.server.resume()
    run.close_input()
    assert run.wait() == 0, run.log
    records, gaps = split_gaps(parse_stream(double.records()))
    by_sequence = {record["seq"]: record["heart_rate"] for record in records}
    assert list(by_sequence.values())[:RING_SLOTS] == values[:RING_SLOTS]
    refused = sum(gap["count"] for gap in {gap["seq"]: gap for gap in gaps}.values())
    assert {gap["reason"] for gap in gaps} == {"refused"}
    # The alarm that says so finds the ring full too.
    assert refused + len(by_sequence) == len(values) + 1


def test_a_healthy_cloud_keeps_the_card_quiet(desk, double):
    desk.configure(hex_lines(), kinesis_sink(double),
                   ring={"sync_interval": "200ms", "lazy_interval": "10min"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines([72] * 10))
    wait_until(lambda: len(double.records()) == 10, "10 records in the cloud")
    # Beyond the interval within which a record is synced that no sink has.
    time.sleep(0.5)
    ring = read_ring(desk.ring, DEVICE)
    assert (ring.records, ring.head) == ({}, 0)
    run.close_input()
    assert run.wait() == 0, run.log
    assert len(read_ring(desk.ring, DEVICE).records) == 10
    assert_in_order_and_once(parse_stream(double.records()), [72] * 10)


def test_a_ring_that_goes_over_a_request_in_flight_counts_each_loss_once(
        desk, start_double):
    double = start_double("--seed", 1)
    values = [60 + number % 90 for number in range(RING_SLOTS + 1000)]
    desk.configure(hex_lines(drain_timeout="1s"), kinesis_sink(double, timeout="10min",
                                                              connect_timeout="10min"))
    double.server.pause()
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines(values))
    run.close_input()
    assert run.wait() == 0, run.log
    double.server.resume()

    desk.configure(hex_lines(), kinesis_sink(double))
    assert desk.run(text="").status == 0
    assert_told_of_the_loss(parse_stream(double.records()), values)
    assert f"{RING_SLOTS} stay in the ring" in run.log


def test_a_gateway_that_waits_takes_no_processor_time(desk, double):
    desk.configure(hex_lines(), kinesis_sink(double))
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines([72]))
    wait_until(lambda: len(double.records()) == 1, "a record in the cloud")
    before = processor_seconds(run)
    time.sleep(1)
    assert processor_seconds(run) - before < 0.1
    run.close_input()
    assert run.wait() == 0, run.log


def processor_seconds(run):
    """Fields 14 and 15 of /proc/PID/stat (proc(5)), behind the name in parentheses."""
    text = Path(f"/proc/{run.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")
