"""`GET /api/records` of the binary: records and buckets as plain Python works them out."""

import csv
import datetime
import http.client
import io
import json
import random
import subprocess

import pytest
from faults import Disk, build_faults
from gateway import (SEED, file_sink, hex_lines, parse_lines, play, split_gaps,
                     wait_until)
from lan import SlowClient, body_of, get, get_lines, port_of
from recordings import as_hex_lines, read_recording, recording_names

RECORDS = "/api/records"
LISTEN = {"listen": "127.0.0.1:0"}


def time_of(text):
    return datetime.datetime.fromisoformat(text)


def microseconds(text):
    """Since 1970, exactly."""
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (time_of(text) - epoch) // datetime.timedelta(microseconds=1)


def buckets_of(records, seconds):
    """The buckets of these records, whose times are in order."""
    buckets = {}
    for record in records:
        begin = microseconds(record["timestamp"]) // (seconds * 10**6) * (seconds * 10**6)
        values = buckets.setdefault((begin, record["sensor"]), [])
        values.append(record["heart_rate"])
    return [{"begin": begin, "sensor": sensor, "last": values[-1], "max": max(values),
             "min": min(values), "count": len(values)}
            for (begin, sensor), values in buckets.items()]


def with_begin(bucket):
    return {"begin": microseconds(bucket["time"]),
            **{key: value for key, value in bucket.items() if key != "time"}}


@pytest.fixture
def played(desk, run_47min):
    """A gateway that has recorded a run, wrote it to a file and goes on; its port."""
    desk.configure(play(run_47min.path, at_end="stay"), file_sink(), http=LISTEN)
    run = desk.start()
    wait_until(lambda: len(desk.file_bytes().splitlines()) == 2808, "all records in the file")
    desk.lines = desk.file_bytes()
    return port_of(run)


def test_records_are_the_lines_of_the_file_sink(desk, played):
    status, headers, body = get(played, RECORDS)
    assert status == 200
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Cache-Control"] == "no-store"
    assert body == desk.lines


@pytest.mark.parametrize("name", recording_names())
def test_buckets_are_those_of_plain_python(desk, name):
    recording = read_recording(name)
    desk.configure(play(recording.path, at_end="stay"), file_sink(), http=LISTEN,
                   ring={"size": "8MiB", "allow_volatile": "yes"})
    run = desk.start()
    port = port_of(run)
    expected = len(recording.heart_rates)
    wait_until(lambda: len(get(port, RECORDS)[2].splitlines()) >= expected, "all records")
    records, _ = split_gaps(parse_lines(get(port, RECORDS)[2]))
    assert [record["heart_rate"] for record in records] == recording.heart_rates
    for length, seconds in [("1s", 1), ("5s", 5), ("1min", 60), ("7min", 420), ("1h", 3600)]:
        buckets = get_lines(port, RECORDS, bucket=length)
        assert [with_begin(bucket) for bucket in buckets] == buckets_of(records, seconds)


def test_ranges_are_those_of_plain_python(desk, played):
    records = parse_lines(desk.lines)
    draw = random.Random(SEED)
    print("seed", SEED)
    for _ in range(40):
        first, last = sorted(draw.sample(range(len(records)), 2))
        begin, end = records[first]["timestamp"], records[last]["timestamp"]
        expected = [record for record in records
                    if microseconds(begin) <= microseconds(record["timestamp"])
                    < microseconds(end)]
        assert get_lines(played, RECORDS, **{"from": begin, "to": end}) == expected
        limit = draw.randrange(1, 3000)
        assert get_lines(played, RECORDS, limit=limit, **{"from": begin}) == [
            record for record in records
            if microseconds(record["timestamp"]) >= microseconds(begin)][:limit]


def test_zone_and_duration_name_the_same_instant(desk, played):
    records = parse_lines(desk.lines)
    begin = time_of(records[1000]["timestamp"])
    there = begin.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
    rest = get_lines(played, RECORDS, **{"from": there.isoformat()})
    assert rest == records[1000:]
    assert get_lines(played, RECORDS, **{"from": "-10h"}) == records
    assert get_lines(played, RECORDS, **{"to": "-10h"}) == []


def test_sensor_is_chosen_by_its_name(desk, played):
    assert len(get_lines(played, RECORDS, sensor="strap-1", limit=5)) == 5
    assert get_lines(played, RECORDS, sensor="strap-2") == []


def test_table_has_the_fields_of_the_lines(desk, played):
    _, headers, body = get(played, RECORDS, format="csv")
    assert headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    records = parse_lines(desk.lines)
    assert [(row["timestamp"], int(row["heart_rate"]), int(row["seq"])) for row in rows] == [
        (record["timestamp"], record["heart_rate"], record["seq"]) for record in records]
    table = list(csv.DictReader(io.StringIO(
        get(played, RECORDS, format="csv", bucket="1min")[2].decode())))
    assert [{**row, **{key: int(row[key]) for key in ("last", "max", "min", "count")}}
            for row in table] == [
        {**bucket, "gap_reason": "", "gap_count": "", "gap_first_seq": ""}
        for bucket in get_lines(played, RECORDS, bucket="1min")]


@pytest.mark.parametrize("parameters, said", [
    ({"from": "yesterday"}, "from=yesterday: not a time; write it as in 2025-07-15T17:10:33Z"),
    ({"from": "-5s", "to": "-6s"}, "to=-6s: from is not before to"),
    ({"bucket": "0s"}, "bucket=0s: write a length of whole seconds from 1s to 1h"),
    ({"limit": "0"}, "limit=0: write a number of lines from 1 to 1000000000"),
    ({"format": "xml"}, "format=xml: write ndjson or csv"),
    ({"sensor": "x" * 24}, "a sensor's name has 1 to 23 bytes"),
    ({"since": "1"}, "since=1: no such parameter; there are from, to, sensor, bucket, format"),
])
def test_refusal_names_parameter_value_and_remedy(played, parameters, said):
    status, headers, body = get(played, RECORDS, **parameters)
    assert status == 400
    assert headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["status"] == 400
    assert said in problem["detail"]


def test_parameter_twice_and_too_many_are_refused(played):
    assert b"given twice" in get(played, RECORDS + "?limit=1&limit=2")[2]
    many = "&".join(f"a{number}=1" for number in range(100))
    assert get(played, f"{RECORDS}?{many}")[0] == 400


def test_records_that_are_in_memory_alone_are_answered(desk):
    """The ring's first sync is an hour away, and no sink takes anything."""
    desk.configure(hex_lines(), file_sink(flush="10min"), http=LISTEN,
                   ring={"size": "1MiB", "allow_volatile": "yes", "sync_interval": "10min",
                         "lazy_interval": "10min"})
    run = desk.start(stdin=subprocess.PIPE)
    port = port_of(run)
    values = [60 + number % 100 for number in range(1000)]
    run.write(as_hex_lines(values))
    wait_until(lambda: get(port, RECORDS)[2].count(b"\n") == 1000, "a thousand records")
    ring = json.loads(get(port, "/api/status")[2])["ring"]
    assert ring["in_memory"] == 1000
    records = get_lines(port, RECORDS)
    assert [record["heart_rate"] for record in records] == values
    assert [record["seq"] for record in records] == list(range(1000))
    assert sum(bucket["count"] for bucket in get_lines(port, RECORDS, bucket="1s")) == 1000
    run.kill()


def test_records_of_earlier_runs_lie_on_the_card(desk, run_47min):
    values = []
    for _ in range(3):
        desk.configure(hex_lines(), file_sink(), http=LISTEN)
        run = desk.start(stdin=subprocess.PIPE)
        port = port_of(run)
        run.write(as_hex_lines(run_47min.heart_rates[:700]))
        values += run_47min.heart_rates[:700]
        wait_until(lambda: get(port, RECORDS)[2].count(b"\n") == len(values), "these records")
        records = get_lines(port, RECORDS)
        assert [record["heart_rate"] for record in records] == values
        run.close_input()
        assert run.wait() == 0
    begin, end = records[650]["timestamp"], records[1500]["timestamp"]
    run = desk.start(stdin=subprocess.PIPE)
    port = port_of(run)
    assert get_lines(port, RECORDS, **{"from": begin, "to": end}) == [
        record for record in records if begin <= record["timestamp"] < end]


def test_records_that_are_overwritten_while_a_client_dawdles_are_said(desk):
    """The ring holds 8,064 records; the client has read a few hundred when 9,000 more come."""
    desk.configure(hex_lines(), file_sink(flush="10min"), http=LISTEN)
    run = desk.start(stdin=subprocess.PIPE)
    port = port_of(run)
    run.write(as_hex_lines([70] * 8000))
    wait_until(lambda: get(port, RECORDS)[2].count(b"\n") == 8000, "eight thousand records")
    client = SlowClient(port, RECORDS)
    answer = client.read(5000)
    run.write(as_hex_lines([80] * 9000))
    wait_until(lambda: get_lines(port, RECORDS, **{"from": "-1min"})[-1]["seq"] >= 16999,
               "the ring has gone round")
    body, is_complete = body_of(answer + client.read_rest())
    assert is_complete
    lines = parse_lines(body)
    assert 200 < len(lines) < 4000
    assert all(line["heart_rate"] == 70 for line in lines[:-1])
    assert [line["seq"] for line in lines[:-1]] == list(range(len(lines) - 1))
    assert lines[-1] == {"event": "gap", "reason": "overwritten", "count": 8001 - len(lines),
                         "first_seq": len(lines) - 1, "last_seq": 7999}


def test_two_are_answered_at_a_time_and_who_goes_makes_room(desk, played):
    clients = [SlowClient(played, RECORDS) for _ in range(2)]
    begun = [client.read(1) for client in clients]
    status, headers, body = get(played, RECORDS)
    assert status == 503
    assert headers["Retry-After"] == "1"
    assert json.loads(body)["detail"].startswith("2 queries are being answered")
    # Everything else goes on.
    assert get(played, "/healthz")[0] == 200
    clients[0].close()
    wait_until(lambda: get(played, RECORDS)[0] == 200, "a place that is free")
    body, is_complete = body_of(begun[1] + clients[1].read_rest())
    assert is_complete and body == desk.lines


def test_clients_that_go_at_once_take_no_place(played):
    for _ in range(10):
        SlowClient(played, RECORDS).close()
    wait_until(lambda: get(played, RECORDS, limit=1)[0] == 200, "places that are free")


def test_head_has_no_body_and_takes_no_place(played):
    for _ in range(5):
        connection = http.client.HTTPConnection("127.0.0.1", played, timeout=10)
        connection.request("HEAD", RECORDS)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        connection.close()
    assert get(played, RECORDS, limit=1)[0] == 200


def test_memory_does_not_grow_with_the_answers(desk, played):
    run = desk._runs[0]

    def resident():
        with open(f"/proc/{run.process.pid}/statm") as file:
            return int(file.read().split()[1]) * 4096

    for _ in range(20):
        get(played, RECORDS)
    before = resident()
    for _ in range(200):
        get(played, RECORDS)
        get(played, RECORDS, bucket="5s")
    assert resident() - before < 256 << 10


@pytest.fixture
def on_card(desk, run_47min, tmp_path):
    """A gateway with 1,000 records of an earlier run, which it has to read from the card."""
    desk.configure(hex_lines(), file_sink())
    assert desk.run(as_hex_lines(run_47min.heart_rates[:1000])).status == 0
    desk.configure(hex_lines(), file_sink(), http=LISTEN)
    desk.disk = Disk(build_faults(tmp_path), desk.ring, tmp_path)
    return port_of(desk.start(stdin=subprocess.PIPE, **desk.disk.variables))


def test_sectors_that_cannot_be_read_are_said(desk, on_card):
    records = get_lines(on_card, RECORDS)
    assert len(records) == 1000
    desk.disk.fail("pread", "EIO")
    few = SlowClient(on_card, f"{RECORDS}?limit=1")
    body, is_complete = body_of(few.read_rest())
    assert not body and not is_complete, "sixteen bad pages end the answer in the middle"
    desk.disk.heal()
    assert get_lines(on_card, RECORDS) == records


def test_card_that_stalls_makes_the_query_wait_and_nothing_else(desk, on_card):
    desk.disk.stall(1.5, "pread")
    client = SlowClient(on_card, RECORDS)
    # While the card does nothing, the loop answers.
    wait_until(lambda: desk.disk.count("pread") > 0, "a read that waits")
    assert get(on_card, "/healthz")[0] == 200
    desk.disk.heal()
    body, is_complete = body_of(client.read_rest())
    assert is_complete and len(body.splitlines()) == 1000
