"""A card that fails, lies or falls silent under the real binary: the alarm and the sinks go on.

Every test ends with the card in order again, and the ring on it complete: each record that the
gateway took lies in its slot, and `pulsegate ring fsck` finds nothing.
"""

import os
import shutil
import subprocess
import time

import pytest
from faults import Disk, build_faults
from gateway import (BINARY, DEVICE, assert_in_order_and_once, environment, file_sink, hex_lines,
                     kinesis_sink, parse_stream, split_gaps, wait_until)
from recordings import as_hex_lines
from ring_file import read_ring
from test_process import signals_pending

# The alarm is raised by the first value above the limit, so that each test has it at once.
AT_ONCE = {"onset_delay": "0s"}
RING = {"sync_interval": "100ms", "lazy_interval": "1s"}


@pytest.fixture(scope="session")
def fault_library(tmp_path_factory):
    return build_faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def disk(desk, fault_library):
    return Disk(fault_library, desk.ring, desk.folder)


def start(desk, double, disk=None, **ring):
    desk.configure(hex_lines(), kinesis_sink(double), ring={**RING, **ring}, alarm=AT_ONCE)
    run = desk.start(stdin=subprocess.PIPE, **(disk.variables if disk else {}))
    run.wait_for_log("started: ")
    return run


def count(run, text):
    return sum(text in line for line in list(run.lines))


def feed(run, *values):
    run.write(as_hex_lines(values))


def wait_for_records(double, total):
    def measurements():
        return sum("heart_rate" in record for record in parse_stream(double.records()))

    wait_until(lambda: measurements() >= total, f"{total} records in the cloud")


def in_ring(desk):
    """The measurements in the ring, numbered; an odd answer where a record is missing. What the
    alarm log has lies between them."""
    records = read_ring(desk.ring, DEVICE).records
    if sorted(records) != list(range(len(records))):
        return sorted(records)
    return list(range(sum(b'"heart_rate"' in record.line for record in records.values())))


def wait_for_ring(desk, total):
    wait_until(lambda: in_ring(desk) == list(range(total)), f"{total} records in the ring")


def wait_for_quiet(desk, total):
    """Until the ring has the records and the cloud's tail: nothing is written before the next."""
    wait_for_ring(desk, total)

    def is_quiet():
        ring = read_ring(desk.ring, DEVICE)
        return ring.tails["cloud"].sequence == len(ring.records)

    wait_until(is_quiet, "a tail")


def assert_alarm_at_once(run, value=180):
    """A value above the limit and one below: the alarm's two lines come, and soon."""
    raised, cleared = count(run, "ALARM strap-1"), count(run, "alarm cleared")
    begun = time.monotonic()
    feed(run, value)
    wait_until(lambda: count(run, "ALARM strap-1") > raised, "the alarm", 5)
    assert time.monotonic() - begun < 1, "the alarm waits"
    feed(run, 70)
    wait_until(lambda: count(run, "alarm cleared") > cleared, "the alarm's end", 5)


def fsck(desk):
    return subprocess.run([BINARY, "ring", "fsck", "--data", str(desk.data)],
                          capture_output=True, text=True, env=environment())


def assert_clean(desk):
    checked = fsck(desk)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def end(desk, double, run, values):
    """The input ends: everything is with the cloud and in the ring, in order and once."""
    run.close_input()
    assert run.wait() == 0, run.log
    assert_in_order_and_once(parse_stream(double.records()), values)
    assert in_ring(desk) == list(range(len(values)))
    assert_clean(desk)


@pytest.mark.parametrize("call, number, how, words", [
    ("pwrite", "ENOSPC", "errno", "No space left on device (errno 28)"),
    ("pwrite", "ENOSPC", "short", "No space left on device (errno 28)"),
    ("pwrite", "EIO", "errno", "Input/output error (errno 5)"),
    ("pwrite", "EROFS", "errno", "Read-only file system (errno 30)"),
    ("fdatasync", "EIO", "errno", "Input/output error (errno 5)"),
    ("fdatasync", "EIO", "drop", "Input/output error (errno 5)"),
    ("fdatasync", "ENOSPC", "drop", "No space left on device (errno 28)"),
    ("fdatasync", "EROFS", "errno", "Read-only file system (errno 30)"),
])
def test_a_call_that_fails_is_named_survived_and_healed(
        desk, double, disk, call, number, how, words):
    run = start(desk, double, disk)
    feed(run, *[70] * 10)
    wait_for_ring(desk, 10)
    disk.fail(call, number, how)
    feed(run, *[71] * 10)
    line = run.wait_for_log(f"{call} {desk.ring}: {words}")
    assert "in memory alone and a power cut would take them" in line
    assert "tried again in 1.0 s, later at least every 30.0 s" in line
    remedy = {"ENOSPC": "make room on the file system", "EIO": "replace it",
              "EROFS": "mount it writable"}[number]
    assert remedy in line
    assert_alarm_at_once(run)
    wait_for_records(double, 22)
    # More than one try, and one line for all of them.
    wait_until(lambda: disk.count(call) >= 2, "two tries")
    assert count(run, words) == 1 and count(run, "works again") == 0
    disk.heal()
    healed = run.wait_for_log("works again after ")
    assert "nothing is missing from it" in healed
    wait_for_ring(desk, 22)
    assert_alarm_at_once(run)
    end(desk, double, run, [70] * 10 + [71] * 10 + [180, 70] * 2)


def test_what_one_failed_sync_dropped_is_written_again(desk, double, disk):
    """The kernel forgets dirty pages with the error, and the next fdatasync says that all is well.

    The cloud is away, so the ring alone answers for the records; then the process is killed.
    """
    away = kinesis_sink(double, endpoint="https://127.0.0.1:1")
    desk.configure(hex_lines(), away, ring=RING, alarm=AT_ONCE)
    run = desk.start(stdin=subprocess.PIPE, **disk.variables)
    run.wait_for_log("started: ")
    feed(run, *[70] * 10)
    wait_for_ring(desk, 10)
    disk.fail("fdatasync", "EIO", "drop")
    feed(run, *[71] * 10)
    run.wait_for_log("fdatasync ")
    disk.heal()
    run.wait_for_log("works again after ")
    assert in_ring(desk) == list(range(20))
    run.kill()
    assert_clean(desk)
    desk.configure(hex_lines(), kinesis_sink(double), ring=RING)
    assert desk.run(text="").status == 0
    assert_in_order_and_once(parse_stream(double.records()), [70] * 10 + [71] * 10)


def test_a_ring_that_fails_to_the_end_says_what_ends_with_the_process(desk, double, disk):
    run = start(desk, double, disk)
    disk.fail("fdatasync", "EIO")
    feed(run, *[70] * 3)
    run.wait_for_log("fdatasync ")
    wait_for_records(double, 3)
    # The drain waits for the card; whoever has no time for that says so twice.
    run.terminate()
    wait_until(lambda: signals_pending(run) == 0, "the first signal to be taken")
    run.terminate()
    assert run.wait() == 1, run.log
    assert "ring: still fails (Input/output error): 3 records in memory alone" in run.log
    assert_in_order_and_once(parse_stream(double.records()), [70] * 3)


def test_a_signal_has_a_healed_card_tried_at_once(desk, double, disk):
    """The wait between two tries has grown; the end of the process does not wait for it."""
    run = start(desk, double, disk)
    disk.fail("pwrite", "EIO")
    feed(run, *[70] * 3)
    wait_until(lambda: disk.count("pwrite") >= 4, "four tries: the next wait has 8 s")
    disk.heal()
    begun = time.monotonic()
    run.terminate()
    assert run.wait() == 0, run.log
    assert time.monotonic() - begun < 5
    assert "works again after" in run.log
    assert in_ring(desk) == [0, 1, 2]
    assert_clean(desk)


def test_a_card_that_stays_silent_is_named_and_holds_up_neither_alarm_nor_cloud(
        desk, double, disk):
    run = start(desk, double, disk)
    disk.stall(13, "fdatasync")
    feed(run, *[70] * 3)
    wait_until(lambda: disk.count("fdatasync") == 1, "a sync that hangs")
    disk.heal()
    assert_alarm_at_once(run)
    wait_for_records(double, 5)
    line = run.wait_for_log("the card has not answered for 10.0 s")
    assert "in memory alone" in line
    assert_alarm_at_once(run)
    wait_for_records(double, 7)
    run.wait_for_log("works again after 13.")
    end(desk, double, run, [70] * 3 + [180, 70] * 2)


def test_a_stall_delays_no_alarm(desk, double, disk):
    """`make bench-stall` measures the same for longer and says the figures."""
    run = start(desk, double, disk)
    disk.stall(5, "pwrite", "fdatasync")
    feed(run, 70)
    wait_until(lambda: disk.count("pwrite") == 1, "a write that hangs")
    delays = []
    for number in range(400):
        before = count(run, "ALARM strap-1")
        begun = time.monotonic()
        feed(run, 180, 70)
        wait_until(lambda: count(run, "ALARM strap-1") > before, "the alarm")
        delays.append(time.monotonic() - begun)
    delays.sort()
    print(f"p50 {delays[200] * 1000:.1f} ms, p99 {delays[396] * 1000:.1f} ms, "
          f"max {delays[-1] * 1000:.1f} ms")
    # A busy machine is late without a stall; an alarm that waited for the card would be by seconds.
    assert delays[200] < 0.05 and delays[-1] < 1
    disk.heal()
    end(desk, double, run, [70] + [180, 70] * 400)


def test_the_live_lines_say_that_the_ring_fails(desk, fault_library):
    data = desk.folder / "demo"
    disk = Disk(fault_library, data / "ring", desk.folder)
    demo = subprocess.Popen(
        [BINARY, "demo", "--data", str(data), "--speed", "2"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment(LC_ALL="C.UTF-8", **disk.variables))
    try:
        assert " | ring fails" not in demo.stdout.readline()
        disk.fail("pwrite", "EIO")
        line = next(line for line in demo.stdout if " | ring fails" in line)
        assert line.rstrip().endswith(" not synced")
        assert " | ring fails: Input/output error, " in line
        disk.heal()
        assert any(" | ring fails" not in line for line in demo.stdout)
    finally:
        demo.kill()
        demo.wait()


# --- The file itself ------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 10, 4096, 16_384 + 128 * 5, (1 << 20) - 128])
def test_a_ring_that_is_cut_gets_its_length_and_its_records_back(desk, double, length):
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_quiet(desk, 20)
    os.truncate(desk.ring, length)
    feed(run, 80)
    line = run.wait_for_log("somebody cut it")
    assert f"{desk.ring}: somebody cut it to {length} bytes" in line
    run.wait_for_log("laid anew: the last 21 records are written again from memory")
    wait_for_ring(desk, 21)
    assert desk.ring.stat().st_size == 1 << 20
    # No hole that a full disk could keep from being filled.
    assert desk.ring.stat().st_blocks * 512 >= 1 << 20
    assert_alarm_at_once(run)
    end(desk, double, run, [*range(60, 81), 180, 70])


def test_a_ring_that_somebody_appended_to_is_cut_back(desk, double):
    run = start(desk, double)
    feed(run, 60)
    wait_for_ring(desk, 1)
    with desk.ring.open("ab") as file:
        file.write(b"who writes here?\n")
    feed(run, 61)
    run.wait_for_log(f"somebody made it {(1 << 20) + 17} bytes long")
    wait_until(lambda: desk.ring.stat().st_size == 1 << 20, "its own length")
    end(desk, double, run, [60, 61])


@pytest.mark.parametrize("how", ["deleted", "folder deleted", "moved"])
def test_a_ring_that_loses_its_name_is_put_back_with_every_record(desk, double, how):
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_ring(desk, 20)
    node = desk.ring.stat().st_ino
    moved = desk.data / "elsewhere"
    if how == "deleted":
        desk.ring.unlink()
    elif how == "moved":
        desk.ring.rename(moved)
    else:
        shutil.rmtree(desk.data)
    feed(run, 80)
    run.wait_for_log(f"{desk.ring}: deleted, moved or replaced while it was open; put back with")
    wait_for_ring(desk, 21)
    if how == "moved":
        assert moved.stat().st_ino == node, "what was moved stays as it is"
    # It is locked as the first one was.
    second = subprocess.run([BINARY, "run", "--config", str(desk.configuration)],
                            stdin=subprocess.DEVNULL, capture_output=True, env=environment())
    assert b"another pulsegate uses this ring" in second.stderr
    assert_alarm_at_once(run)
    end(desk, double, run, [*range(60, 81), 180, 70])
    assert sorted(path.name for path in desk.data.glob("ring*")) == ["ring"]


def test_a_ring_that_another_one_replaces_is_put_back_and_the_other_is_kept(desk, double):
    other = desk.folder / "other"
    desk.configure(hex_lines(), file_sink(path=desk.folder / "other.ndjson"),
                   gateway={"data": other}, ring=RING)
    assert desk.run(text=as_hex_lines([99] * 5)).status == 0
    content = (other / "ring").read_bytes()
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_ring(desk, 20)
    (other / "ring").rename(desk.ring)
    feed(run, 80)
    line = run.wait_for_log("put back with all its records")
    assert f"the ring that lay there is {desk.ring}.1 now" in line
    wait_for_ring(desk, 21)
    assert (desk.data / "ring.1").read_bytes() == content
    end(desk, double, run, list(range(60, 81)))


def test_what_is_no_ring_is_left_alone_until_it_is_moved_away(desk, double):
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_ring(desk, 20)
    letter = desk.folder / "letter"
    letter.write_text("Dear ring,\n")
    letter.rename(desk.ring)
    feed(run, 80)
    line = run.wait_for_log("rename ")
    assert "something else lies at" in line and "move it away, and the ring is put back" in line
    assert_alarm_at_once(run)
    wait_for_records(double, 23)
    assert desk.ring.read_text() == "Dear ring,\n"
    desk.ring.rename(letter)
    run.wait_for_log("put back with all its records")
    run.wait_for_log("works again after ")
    wait_for_ring(desk, 23)
    end(desk, double, run, [*range(60, 81), 180, 70])


def test_a_ring_that_another_process_uses_is_left_alone(desk, double):
    other = desk.folder / "other"
    run = start(desk, double)
    feed(run, 60)
    wait_for_ring(desk, 1)
    desk.configure(hex_lines(), file_sink(path=desk.folder / "other.ndjson"),
                   gateway={"data": other}, ring=RING)
    second = desk.start(stdin=subprocess.PIPE)
    second.wait_for_log("started: ")
    (other / "ring").rename(desk.ring)
    feed(run, 61)
    line = run.wait_for_log("flock ")
    assert "another process uses the file that lies at" in line
    assert_alarm_at_once(run)
    wait_for_records(double, 4)
    second.close_input()
    # The second gateway has lost its ring's name too, and puts it back to its own place.
    assert second.wait() == 0, second.log
    run.wait_for_log("works again after ")
    wait_for_ring(desk, 4)
    end(desk, double, run, [60, 61, 180, 70])


def test_what_memory_no_longer_holds_and_the_file_has_lost_is_said_in_a_gap(desk, double):
    """10,000 records wait for a cloud that is away, memory holds 8,192 of them."""
    values = [60 + number % 80 for number in range(10_000)]
    away = kinesis_sink(double, endpoint="https://127.0.0.1:1")
    desk.configure(hex_lines(), away, ring={**RING, "size": "2MiB"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines(values))
    wait_until(lambda: desk.ring.exists() and len(in_ring(desk)) == 10_000, "10,000 in the ring")
    os.truncate(desk.ring, 16_384)
    feed(run, 99)
    run.wait_for_log("laid anew: the last 8192 records are written again from memory")
    first = 10_001 - 8192
    wait_until(lambda: in_ring(desk) == list(range(first, 10_001)), "what memory holds")
    run.terminate()
    assert run.wait() == 0, run.log
    desk.configure(hex_lines(), kinesis_sink(double), ring={**RING, "size": "2MiB"})
    last = desk.run(text="")
    assert last.status == 0, last.log
    records, gaps = split_gaps(parse_stream(double.records()))
    assert_in_order_and_once(records, [*values, 99][first:], first=first)
    # One after the other, as the places are read: together they say each record once.
    missing = [sequence for gap in gaps
               for sequence in range(gap["first_seq"], gap["last_seq"] + 1)]
    assert missing == list(range(first))
    assert sum(gap["count"] for gap in gaps) == first
