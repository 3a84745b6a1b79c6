"""The gateway is killed at random moments: what the disk had is delivered, and nothing is wrong.

After every kill the ring file is read by its layout, with none of the gateway's code. What it
says then is held against what the double and the file have once a last run has drained:

- every record that a run left in the ring is in both sinks, byte for byte as the ring has it;
- a sink is given nothing again that the ring knew to be acknowledged;
- what comes twice has the same id and the same bytes;
- of each run, a sink has the rows of the recording in their order. Missing is only what was in
  memory alone at the kill: younger than everything of that run in the ring;
- a sequence below the ring's head that a sink never got is told of by a gap record.
"""

import datetime
import functools
import json
import os
import random
import re
import subprocess
import time
from collections import Counter

import pytest
from gateway import (DEVICE, SEED, as_recorded, assert_in_order_and_once, file_sink, hex_lines,
                     identity, kinesis_sink, parse_lines, parse_stream, play, split_gaps,
                     wait_until)
from recordings import as_hex_lines
from ring_file import read_ring, read_tails

KILLS = 20
# Rings that are killed so often each. `make test-kill` runs more of them than `make test`.
RINGS = int(os.environ.get("PULSEGATE_KILL_RINGS", "1"))
SPEED = 2000
RUN_SECONDS = 2833 / SPEED


class Witness:
    """What the disk and the sinks said at each kill."""

    def __init__(self, desk, double):
        self.desk, self.double = desk, double
        self.in_ring = {}
        self.acknowledged = []

    def sinks(self):
        """{sink: [line]} as they are now; a torn last line of the file is left out."""
        text = as_recorded(self.desk.file_bytes())
        return {"cloud": [as_recorded(data) for _, data in self.double.records()],
                "local": text[:text.rfind(b"\n") + 1].splitlines(keepends=True)}

    def counts(self):
        """{sink: how often each record came}."""
        return {name: Counter(map(sequence_and_session, lines))
                for name, lines in self.sinks().items()}

    def look(self):
        """Called between a kill and the next start."""
        if not self.desk.ring.exists():
            return
        ring = read_ring(self.desk.ring, DEVICE)
        counts = self.counts()
        for sequence, record in ring.records.items():
            self.in_ring[sequence, record.session] = as_recorded(record.line)
        for name, tail in ring.tails.items():
            if name == "error_message":
                continue  # Nothing here is refused for good.
            known = {key: count for key, count in counts[name].items() if tail.has(key[0])}
            self.acknowledged.append((name, known))


@functools.cache
def sequence_and_session(line):
    record = json.loads(line)
    return record["seq"], record["session_id"]


def assert_delivered(lines, witness, name):
    by_id = {}
    for line in lines:
        assert by_id.setdefault(identity(json.loads(line)), line) == line
    delivered = {(sequence, session): line for (_, session, sequence), line in by_id.items()}
    missing = [key for key in witness.in_ring if key not in delivered]
    assert missing == [], f"{name}: {len(missing)} records of the ring never came"
    for key, line in witness.in_ring.items():
        assert delivered[key] == line, f"{name}: not what the ring had"
    return delivered


@pytest.mark.parametrize("ring_number", range(RINGS))
def test_a_gateway_killed_twenty_times_loses_nothing_that_was_on_disk(
        desk, start_double, run_47min, ring_number):
    seed = SEED + ring_number
    print(f"seed {seed}")
    chance = random.Random(seed)
    # Slow answers, so that the kill often finds a request that was stored and not acknowledged;
    # refused entries, so that what is acknowledged has holes.
    double = start_double("--seed", seed, "--fault", "drip:0.04@0.4",
                          "--fault", "partial:0.3@0.05")
    ring = {"size": "8MiB", "sync_interval": "100ms"}
    here = (kinesis_sink(double, batch_records=100, flush="0s"), file_sink(flush="0s"))
    # Nothing is acknowledged then, so that the ring alone answers for the records.
    away = (kinesis_sink(double, endpoint="https://127.0.0.1:1"),
            file_sink(path=desk.folder / "no" / "local.ndjson"))
    (desk.folder / "no").write_bytes(b"a file where a folder should be")
    witness = Witness(desk, double)
    for _ in range(KILLS):
        sinks = chance.choice((here, here, away))
        desk.configure(play(run_47min.path, speed=SPEED), *sinks, ring=ring)
        run = desk.start()
        delay = chance.uniform(0, RUN_SECONDS)
        # The moment is the test's input: it has to lie anywhere, also before the first write.
        time.sleep(delay)
        run.kill()
        witness.look()

    double.script(",".join(["ok"] * 1000))
    desk.configure(hex_lines(), *here, ring=ring)
    last = desk.run(text="")
    assert last.status == 0, last.log
    tails = read_tails(desk.ring)[2]
    head = read_ring(desk.ring, DEVICE).head
    assert {name: tail.sequence for name, tail in tails.items()} == {
        "cloud": head, "local": head, "error_message": head}

    final = witness.sinks()
    assert parse_lines(as_recorded(desk.file_bytes())) == [
        json.loads(line) for line in final["local"]]
    gaps = [json.loads(line) for line in {*final["cloud"], *final["local"]} if b'"gap"' in line]
    losses = {}
    for name, lines in final.items():
        delivered = assert_delivered(lines, witness, name)
        counts = Counter(map(sequence_and_session, lines))
        for sink, known in witness.acknowledged:
            if sink == name:
                again = {key: count for key, count in known.items() if counts[key] != count}
                assert again == {}, f"{name}: sent again although acknowledged"
        assert_every_run_is_its_recording(delivered, witness, run_47min)
        losses[name] = len(set(range(head)) - {sequence for sequence, _ in delivered})
        assert_losses_are_said(name, delivered, gaps, head)
    repeats = {name: len(lines) - len(set(lines)) for name, lines in final.items()}
    # What a sink lacks was in memory alone at a kill; of what was in the ring it lacks nothing.
    print(f"{KILLS} kills: in the ring {len(witness.in_ring)}, all delivered as they were; "
          f"repeats {repeats}, of {head} sequences the sinks lack {losses}")
    # The request in flight at a kill is repeated by the next run, and what was answered since the
    # last head record: 500 records and the 100 ms after. What its tail covered is not (above).
    assert repeats["cloud"] <= 10 * 100 * KILLS


def assert_every_run_is_its_recording(delivered, witness, recording):
    sessions = {}
    for (sequence, session), line in delivered.items():
        record = json.loads(line)
        if "heart_rate" in record:
            sessions.setdefault(session, []).append((sequence, record))
    assert len(sessions) > KILLS / 2
    for session, records in sessions.items():
        records = [record for _, record in sorted(records, key=lambda pair: pair[0])]
        rows = rows_played(records, recording)
        on_disk = [row for row, record in zip(rows, records, strict=True)
                   if (record["seq"], session) in witness.in_ring]
        safe = max(on_disk, default=-1) + 1
        assert rows[:safe] == list(range(safe)), f"{session}: a hole before what was on disk"


def assert_losses_are_said(sink, delivered, gaps, head):
    """A gap record may itself be with one sink and lost to the other: it was said all the same."""
    missing = set(range(head)) - {sequence for sequence, _ in delivered}
    for gap in gaps:
        if gap["sink"] == sink:
            said = range(gap["first_seq"], gap["last_seq"] + 1)
            assert 0 < gap["count"] <= len(said)
            missing.difference_update(said)
    assert not missing, f"{sink}: {len(missing)} records lost without a word"


def rows_played(records, recording):
    """The index of the recording's row that each record is, by time and by value.

    The first record need not be the first row, so some rows are tried for it.
    """
    row_at = {round(seconds * 1_000_000): row for row, seconds in enumerate(recording.seconds)}
    times = [datetime.datetime.fromisoformat(record["timestamp"]) for record in records]
    elapsed = [(time - times[0]) // datetime.timedelta(microseconds=1) for time in times]
    for seconds in recording.seconds[:500]:
        rows = [row_at.get(round(seconds * 1_000_000) + time) for time in elapsed]
        if None not in rows and [recording.heart_rates[row] for row in rows] == [
                record["heart_rate"] for record in records]:
            assert rows == sorted(set(rows))
            return rows
    raise AssertionError(f"no part of the recording: {records[0]} and {len(records) - 1} more")


def test_a_kill_while_the_cloud_is_away_loses_only_the_last_interval(desk, double, run_47min):
    """Nothing is acknowledged here, so the ring alone answers for the records."""
    endpoint = "https://127.0.0.1:1"
    desk.configure(play(run_47min.path, at_end="stay"), kinesis_sink(double, endpoint=endpoint),
                   ring={"sync_interval": "100ms"})
    run = desk.start()
    run.wait_for_log("not reached")
    while len(read_ring(desk.ring, DEVICE).records) < len(run_47min.heart_rates):
        assert run.process.poll() is None, run.log
    run.kill()

    desk.configure(hex_lines(), kinesis_sink(double))
    last = desk.run(text="")
    assert last.status == 0, last.log
    assert "ring: 2808 records found" in last.log
    records = [json.loads(data) for _, data in double.records()]
    assert [record["heart_rate"] for record in records] == run_47min.heart_rates


def test_a_sink_that_is_behind_finds_its_records_in_the_ring_though_another_has_them(
        desk, double):
    away = kinesis_sink(double, endpoint="https://127.0.0.1:1")
    desk.configure(hex_lines(), away, file_sink(), ring={"sync_interval": "100ms"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write(as_hex_lines([72] * 10))
    wait_until(lambda: desk.file_bytes().count(b"\n") == 10, "10 records in the file")
    wait_until(lambda: len(read_ring(desk.ring, DEVICE).records) == 10, "10 in the ring", 5)
    run.kill()

    desk.configure(hex_lines(), kinesis_sink(double))
    assert desk.run(text="").status == 0
    assert_in_order_and_once(parse_stream(double.records()), [72] * 10)


def test_records_that_died_in_memory_are_not_called_overwritten(desk, double):
    """The file has them, so the head is on disk; the ring itself has none of them yet."""
    away = kinesis_sink(double, endpoint="https://127.0.0.1:1")
    desk.configure(hex_lines(), away, file_sink(), ring={"sync_interval": "10min"})
    run = desk.start(stdin=subprocess.PIPE)
    # A tail of fewer would wait for its sync.
    run.write(as_hex_lines([72] * 1_000))
    wait_until(lambda: desk.ring.exists() and read_ring(desk.ring, DEVICE).tails.get("local")
               and read_ring(desk.ring, DEVICE).tails["local"].sequence >= 500, "a tail of 500")
    assert read_ring(desk.ring, DEVICE).records == {}
    run.kill()

    desk.configure(hex_lines(), kinesis_sink(double), file_sink())
    last = desk.run(text="00 49\n")
    assert last.status == 0, last.log
    (measurement,), gaps = split_gaps(parse_stream(double.records()))
    assert measurement["heart_rate"] == 73
    assert {gap["reason"] for gap in gaps} == {"unreadable"}
    said = [gap for gap in gaps if gap["sink"] == "cloud"]
    # One piece follows the other, from the first record to where the new session begins.
    assert [gap["first_seq"] for gap in said] == [0] + [gap["last_seq"] + 1 for gap in said[:-1]]
    assert sum(gap["count"] for gap in said) == said[-1]["last_seq"] + 1
    assert said[-1]["last_seq"] + 1 == min(record["seq"] for record in [measurement, *gaps])
    assert "the full ring gave up its oldest" not in last.log


def test_a_torn_slot_is_left_out_counted_and_said(desk, double, run_47min):
    desk.configure(play(run_47min.path, drain_timeout="0s"),
                   kinesis_sink(double, endpoint="https://127.0.0.1:1"))
    run = desk.start()
    assert run.wait() == 0
    in_ring = read_ring(desk.ring, DEVICE).records
    assert len(in_ring) > 100
    with desk.ring.open("r+b") as file:
        file.seek(16_384 + 128 * 50 + 77)
        file.write(b"\xff")

    desk.configure(hex_lines(), kinesis_sink(double))
    last = desk.run(text="")
    assert last.status == 0, last.log
    assert re.search(r"ring: 1 slot (torn|damaged)", last.log)
    assert "sink cloud: 1 record lost" in last.log
    *delivered, last_line = [data for _, data in double.records()]
    assert [as_recorded(line) for line in delivered] == [
        as_recorded(record.line) for sequence, record in sorted(in_ring.items())
        if sequence != 50]
    gap = json.loads(last_line)
    assert {name: gap[name] for name in ("event", "sink", "reason", "count", "first_seq",
                                         "last_seq")} == {
        "event": "gap", "sink": "cloud", "reason": "unreadable", "count": 1, "first_seq": 50,
        "last_seq": 50}
    assert "heart_rate" not in gap
