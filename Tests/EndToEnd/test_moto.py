"""Against moto, an independent service that enforces IAM and signatures."""

import base64
import json
import re
import subprocess

import doubles
import pytest
from aws_kinesis_agg.deaggregator import deaggregate_records
from gateway import (DEVICE, assert_in_order_and_once, hex_lines, identity, kinesis_sink,
                     parse_stream, play, wait_until)
from recordings import as_hex_lines
from ring_file import read_tails

FIELDS = {"timestamp": str, "heart_rate": int, "device_id": str, "sensor": str, "seq": int,
          "session_id": str, "clock": str, "schema": int}


@pytest.fixture(scope="module")
def moto():
    server = doubles.start_moto(auth=True)
    yield server
    server.stop()


def keys(moto, **changed):
    return {"access_key": moto.access_key, "secret_key": moto.secret_key, **changed}


def acknowledged(desk):
    """How far the sink has come by the ring's own account."""
    tail = read_tails(desk.ring)[2].get("cloud") if desk.ring.exists() else None
    return tail.sequence if tail else 0


def microseconds(record):
    time = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", record["timestamp"])
    assert time, record["timestamp"]
    hours, minutes, seconds, fraction = (int(part) for part in time.groups()[1:])
    return time[1], ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction


def test_a_whole_recording_arrives_once_each_in_order(desk, moto, run_47min):
    desk.configure(play(run_47min.path), kinesis_sink(moto), gateway={"device_id": "whole"})
    run = desk.run(**keys(moto))
    assert run.status == 0, run.log
    entries = [entry for entry in moto.read_all_records() if entry[0] == "whole"]
    assert all(data.endswith(b"}\n") and data.count(b"\n") == 1 for _, data in entries)
    records = parse_stream(entries, "whole")
    assert_in_order_and_once(records, run_47min.heart_rates)
    assert len({record["session_id"] for record in records}) == 1


def test_a_record_has_the_documented_fields_and_the_recordings_own_times(
        desk, moto, run_47min):
    desk.configure(play(run_47min.path), kinesis_sink(moto), gateway={"device_id": "fields"})
    assert desk.run(**keys(moto)).status == 0
    records = parse_stream(moto.read_all_records(), "fields")
    first = records[0]
    for record in records:
        assert {name: type(value) for name, value in record.items()} == FIELDS
        assert record["clock"] in ("synced", "unsynced")
    assert re.fullmatch("[0-9a-f]{8}", first["session_id"])
    assert (first["device_id"], first["sensor"], first["schema"]) == ("fields", "strap-1", 1)
    start_day, start = microseconds(first)
    for record, seconds in zip(records, run_47min.seconds, strict=True):
        day, time = microseconds(record)
        elapsed = time - start + (0 if day == start_day else 86_400_000_000)
        assert elapsed == round((seconds - run_47min.seconds[0]) * 1_000_000)


def test_aggregates_are_read_back_by_the_library_of_aws(desk, moto, run_47min):
    """Each entry holds many records under one key; together they are the same lines."""
    desk.configure(play(run_47min.path), kinesis_sink(moto, aggregate="yes"),
                   gateway={"device_id": "packed"})
    run = desk.run(**keys(moto))
    assert run.status == 0, run.log
    entries = [entry for entry in moto.read_all_records() if entry[0] == "packed"]
    assert all(data.startswith(b"\xf3\x89\x9a\xc2") for _, data in entries)
    assert max(len(data) for _, data in entries) <= 50 * 1024
    assert len(entries) * 50 < 2808, "many records an entry"
    parts = deaggregate_records([
        {"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": "1",
                     "approximateArrivalTimestamp": 0, "data": base64.b64encode(data).decode()}}
        for key, data in entries])
    assert {part["kinesis"]["partitionKey"] for part in parts} == {"packed"}
    records = [json.loads(base64.b64decode(part["kinesis"]["data"])) for part in parts]
    assert_in_order_and_once(records, run_47min.heart_rates)


def test_a_wrong_secret_is_refused_and_the_records_wait_for_the_right_one(
        desk, moto, run_47min):
    desk.configure(play(run_47min.path, drain_timeout="1s"), kinesis_sink(moto),
                   gateway={"device_id": "secret"})
    refused = desk.run(**keys(moto, secret_key="x" * 40))
    assert refused.status == 0, refused.log
    assert "sink cloud: refused with status 403" in refused.log
    assert "check the secret access key" in refused.log
    assert "sink cloud: 0 delivered, 0 lost, 2808 stay in the ring" in refused.log
    assert "x" * 40 not in refused.log
    assert parse_stream(moto.read_all_records(), "secret") == []

    desk.configure(hex_lines(), kinesis_sink(moto), gateway={"device_id": "secret"})
    right = desk.run(text="", **keys(moto))
    assert right.status == 0, right.log
    assert "sink cloud: 2808 delivered, 0 lost" in right.log
    assert_in_order_and_once(parse_stream(moto.read_all_records(), "secret"),
                             run_47min.heart_rates)


def test_a_service_that_is_stopped_and_started_again_loses_nothing(desk, run_47min):
    """moto forgets with its end, so what it has is read while the gateway has nothing to send."""
    values = run_47min.heart_rates
    moto = doubles.start_moto(auth=True)
    try:
        desk.configure(hex_lines(), kinesis_sink(moto, connect_timeout="1s"))
        run = desk.start(stdin=subprocess.PIPE, **keys(moto))
        run.write(as_hex_lines(values[:1000]))
        wait_until(lambda: acknowledged(desk) == 1000, "1,000 acknowledged records")
        before = parse_stream(moto.read_all_records())
        moto.stop()
        run.write(as_hex_lines(values[1000:2000]))
        run.wait_for_log("sink cloud: not reached")
        # A request in the middle of moto's set-up would change the keys that its seed gives.
        run.pause()
        moto.restart()
        run.resume()
        run.write(as_hex_lines(values[2000:]))
        run.close_input()
        assert run.wait() == 0, run.log
        assert "sink cloud: works again" in run.log
        after = parse_stream(moto.read_all_records())
    finally:
        moto.stop()
    assert_in_order_and_once(before, values[:1000])
    assert_in_order_and_once(after, values[1000:], first=1000)


def test_a_service_that_freezes_halfway_loses_nothing_and_repeats_with_the_same_id(
        desk, run_47min):
    moto = doubles.start_moto(auth=True)
    try:
        desk.configure(play(run_47min.path, speed=1000),
                       kinesis_sink(moto, batch_records=100, timeout="500ms"))
        run = desk.start(**keys(moto))
        wait_until(lambda: acknowledged(desk) > 800, "more than 800 acknowledged records")
        moto.server.pause()
        run.wait_for_log("timeOut: ")
        moto.server.resume()
        assert run.wait() == 0, run.log
        entries = moto.read_all_records()
    finally:
        moto.stop()
    records = parse_stream(entries)
    by_id = {}
    for (_, data), record in zip(entries, records, strict=True):
        assert by_id.setdefault(identity(record), data) == data
    firsts = sorted({record["seq"]: record for record in records}.values(),
                    key=lambda record: record["seq"])
    assert_in_order_and_once(firsts, run_47min.heart_rates)
    # moto answers late what it had accepted by then: at most a batch for each time-out.
    timeouts = sum("not reached" in line for line in run.lines)
    assert len(records) - len(firsts) <= 100 * timeouts
    assert {entry[0] for entry in entries} == {DEVICE}
