"""The functions of the cloud half in AWS's own emulator of Lambda, with doubles around them.

`make relay` builds what is tested; BOOTSTRAP names another.
"""

import base64
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import doubles
import pytest
from aws_kinesis_agg.aggregator import RecordAggregator
from doubles import ACCESS_KEY, REGION, SECRET_KEY
from gateway import SEED, kinesis_sink, play
from lambda_emulator import (BOOTSTRAP, ROOT, Emulator, EventSourceMapping, firehose_event,
                             kinesis_event)
from line_doubles import Answer, BulkDouble
from recordings import read_recording

sys.path.insert(0, str(ROOT / "Tests" / "Cloud"))
from records import zone  # noqa: E402

SIGNED = (ACCESS_KEY, SECRET_KEY, REGION, "es")
NAMES = ["indoor-trainer-38min", "multisport-7h", "ride-78min", "run-47min", "wrist-sensor-28min"]
MAPPING = json.loads((ROOT / "cloud" / "opensearch" / "index-template.json").read_text())[
    "template"]["mappings"]["properties"]

pytestmark = pytest.mark.skipif(
    not os.access(BOOTSTRAP, os.X_OK), reason=f"{BOOTSTRAP} is not there: `make relay` builds it")


@pytest.fixture
def index(certificates):
    double = BulkDouble(index=None, mapping=MAPPING, keys=SIGNED, certificates=certificates)
    yield double
    double.stop()


@pytest.fixture
def start(index, shared_double):
    """A function that starts a function in its emulator; all stop with the test."""
    shared_double.reset()
    started = []

    def start_function(handler="indexer", timeout=30, **changes):
        variables = {
            "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_CA_BUNDLE": index.ca,
            "PULSEGATE_OPENSEARCH_ENDPOINT": index.endpoint, "PULSEGATE_ERROR_STREAM": "pulse",
            "AWS_ENDPOINT_URL_KINESIS": shared_double.endpoint, **changes}
        variables = {name: value for name, value in variables.items() if value is not None}
        started.append(Emulator(handler, variables, timeout=timeout))
        return started[-1]

    yield start_function
    for emulator in started:
        emulator.stop()


def record(seq, heart_rate=89, **more):
    return {"timestamp": "2025-07-15T17:10:33.123456Z", "heart_rate": heart_rate,
            "device_id": "gym-7", "sensor": "strap-1", "seq": seq, "session_id": "b1946ac9",
            "clock": "synced", "schema": 1, **more}


def line(document):
    return (json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def error_records(double):
    return [json.loads(data) for _, data in double.records()]


NOTHING_AGAIN = {"batchItemFailures": []}


def again(number):
    return {"batchItemFailures": [{"itemIdentifier": str(number)}]}


# --- The indexer --------------------------------------------------------------------------


def test_records_become_documents_under_their_ids_in_their_month(start, index):
    answer = start().invoke(kinesis_event([line(record(seq)) for seq in range(50)]))
    assert answer == NOTHING_AGAIN
    assert index.bad_signatures == []
    assert index.documents == {
        f"gym-7:b1946ac9:{seq}": {**record(seq), "late_ms": 499} for seq in range(50)}
    assert set(index.indices.values()) == {"heart_rate-2025-07"}


def test_a_session_token_is_signed_and_sent(start, index):
    emulator = start(AWS_SESSION_TOKEN="token/with+signs==")
    index.verifier.options.session_token = "token/with+signs=="
    assert emulator.invoke(kinesis_event([line(record(1))])) == NOTHING_AGAIN
    assert index.requests[-1].headers["x-amz-security-token"] == "token/with+signs=="


def test_aggregates_of_awss_producer_are_taken_apart(start, index):
    aggregator = RecordAggregator()
    for seq in range(300):
        aggregator.add_user_record(f"key-{seq % 7}", line(record(seq)))
    entry = aggregator.clear_and_get().get_contents()[2]
    two_lines = line(record(1000)) + line(record(1001))
    assert start().invoke(kinesis_event([entry, two_lines])) == NOTHING_AGAIN
    assert len(index.documents) == 302


@pytest.mark.parametrize("damage", ["checksum", "truncated", "magic"])
def test_a_damaged_aggregate_is_one_error_record(start, index, shared_double, damage):
    aggregator = RecordAggregator()
    aggregator.add_user_record("key", line(record(1)))
    entry = aggregator.clear_and_get().get_contents()[2]
    entry = {"checksum": entry[:-1] + bytes([entry[-1] ^ 1]), "truncated": entry[:-20],
             "magic": entry[:4]}[damage]
    assert start().invoke(kinesis_event([entry, line(record(2))])) == NOTHING_AGAIN
    assert list(index.documents) == ["gym-7:b1946ac9:2"]
    error, = error_records(shared_double)
    assert (error["status_code"], error["error_message"]) == (422, "no record: not UTF-8")
    assert bytes.fromhex(error["payload"]) == entry


@pytest.mark.parametrize("status", [429, 503, 403, 404])
def test_items_that_pass_make_the_lowest_come_again(start, index, status):
    index.items.extend([None, None, status, None, status])
    emulator = start()
    event = kinesis_event([line(record(seq)) for seq in range(6)])
    assert emulator.invoke(event) == again(102)
    assert emulator.invoke(kinesis_event(
        [line(record(seq)) for seq in range(2, 6)], first=102)) == NOTHING_AGAIN
    assert len(index.created) == 6 and index.conflicts == 2


@pytest.mark.parametrize("answer", [
    Answer(503, b"busy", "text/plain"), Answer(429, b"{}"), Answer(403, b'{"message":"no"}'),
    Answer(200, b"<html>", "text/html"), Answer(200, b'{"items":[]}')])
def test_a_request_without_success_comes_again_whole(start, index, answer):
    index.script.append(answer)
    emulator = start()
    event = kinesis_event([line(record(seq)) for seq in range(6)])
    assert emulator.invoke(event) == again(100)
    assert emulator.invoke(event) == NOTHING_AGAIN
    assert len(index.created) == 6


def test_poison_goes_to_the_error_stream_and_does_not_come_again(start, index, shared_double):
    index.poison = lambda document: document.get("heart_rate") == 66
    records = [line(record(seq, 66 if seq == 3 else 89)) for seq in range(6)]
    records += [b"garbage", b"", line({**record(9), "heart_rate": 1000})]
    assert start().invoke(kinesis_event(records)) == NOTHING_AGAIN
    assert len(index.created) == 5
    errors = {error["event_id"].rpartition(":")[2]: error for error in error_records(shared_double)}
    assert {number: error["status_code"] for number, error in errors.items()} == {
        "103": 400, "106": 422, "107": 422, "108": 422}
    assert json.loads(errors["103"]["payload"]) == record(3, 66)
    assert errors["106"]["payload"] == "garbage"
    assert errors["108"]["error_message"] == "no record: heart_rate is out of range"


def test_an_error_stream_that_is_away_makes_the_record_come_again(start, index, shared_double):
    shared_double.script("500")
    emulator = start()
    event = kinesis_event([line(record(0)), b"garbage", line(record(2))])
    assert emulator.invoke(event) == again(101)
    assert emulator.invoke(event) == NOTHING_AGAIN
    assert len(error_records(shared_double)) == 1


def test_a_service_that_hangs_is_given_up_before_the_time_is_over(start, index):
    """The function answers in time and asks for the records again; it is not killed."""
    stop = threading.Event()
    deserved = index.answer

    def hang(request):
        stop.wait(20)
        return deserved(request)

    index.answer = hang
    emulator = start(timeout=4)
    begin = time.monotonic()
    answer = emulator.invoke(kinesis_event([line(record(seq)) for seq in range(3)]))
    seconds = time.monotonic() - begin
    stop.set()
    index.answer = deserved
    assert answer == again(100)
    assert 1 < seconds < 4
    number = emulator.function()
    assert emulator.invoke(kinesis_event([line(record(9))])) == NOTHING_AGAIN
    assert emulator.function() == number


def test_the_request_timeout_is_kept(start, index):
    stop = threading.Event()
    index.answer = lambda request: stop.wait(20) and Answer(503)
    emulator = start(timeout=20, PULSEGATE_REQUEST_TIMEOUT="1")
    begin = time.monotonic()
    answer = emulator.invoke(kinesis_event([line(record(1))]))
    stop.set()
    assert answer == again(100) and time.monotonic() - begin < 5


def test_nothing_is_in_flight_when_the_answer_is_out(start, index):
    """Frozen right after its answer and thawed for the next event, as Lambda does it."""
    emulator = start()
    for seq in range(10):
        assert emulator.invoke(kinesis_event([line(record(seq))])) == NOTHING_AGAIN
        number = emulator.function()
        os.kill(number, signal.SIGSTOP)
        assert len(index.created) == seq + 1
        if seq % 3 == 0:
            index.close_connections()
        os.kill(number, signal.SIGCONT)
    assert index.conflicts == 0


def test_a_crash_is_a_failed_invocation_and_the_next_one_works(start, index):
    stop = threading.Event()
    deserved = index.answer

    def hang(request):
        stop.set()
        time.sleep(1)
        return deserved(request)

    emulator = start()
    event = kinesis_event([line(record(seq)) for seq in range(3)])
    assert emulator.invoke(event) == NOTHING_AGAIN
    index.answer = hang
    answers = []
    caller = threading.Thread(target=lambda: answers.append(emulator.invoke(event)))
    caller.start()
    assert stop.wait(10)
    os.kill(emulator.function(), signal.SIGKILL)
    caller.join(30)
    index.answer = deserved
    assert answers and answers[0] != NOTHING_AGAIN
    assert emulator.invoke(event) == NOTHING_AGAIN
    assert len(index.created) == 3


@pytest.mark.parametrize("event", [{}, {"Records": 7}, {"Records": [{}]}, b"[]"])
def test_an_event_of_another_shape_fails_and_says_why(start, event):
    emulator = start()
    answer = emulator.invoke(event)
    assert answer["errorType"] == "Relay.Event" and "event" in answer["errorMessage"]
    assert emulator.invoke(kinesis_event([line(record(1))])) == NOTHING_AGAIN


@pytest.mark.parametrize("changes, name", [
    ({"PULSEGATE_OPENSEARCH_ENDPOINT": None}, "PULSEGATE_OPENSEARCH_ENDPOINT"),
    ({"PULSEGATE_OPENSEARCH_ENDPOINT": "http://192.0.2.1"}, "192.0.2.1"),
    ({"PULSEGATE_BULK_BYTES": "4MB"}, "PULSEGATE_BULK_BYTES"),
    ({"PULSEGATE_ERROR_STREAM": None}, "PULSEGATE_ERROR_STREAM")])
def test_a_setting_it_cannot_start_with_is_an_init_error(start, changes, name):
    emulator = start(**changes)
    answer = emulator.invoke(kinesis_event([line(record(1))]))
    assert answer["errorType"] == "Relay.Settings" and name in answer["errorMessage"], answer


def test_ten_thousand_records_in_one_event(start, index):
    emulator = start(timeout=60)
    records = []
    for begin in range(0, 10_000, 400):
        aggregator = RecordAggregator()
        for seq in range(begin, begin + 400):
            aggregator.add_user_record("gym-7", line(record(seq)))
        records.append(aggregator.clear_and_get().get_contents()[2])
    assert emulator.invoke(kinesis_event(records)) == NOTHING_AGAIN
    assert len(index.created) == 10_000 and index.conflicts == 0
    print(f"10,000 records: {emulator.durations(1)[0]:.0f} ms, {len(index.requests)} requests")


def test_plain_entries_up_to_the_size_of_an_event_in_small_requests(start, index):
    emulator = start(timeout=60, PULSEGATE_BULK_BYTES="65536")
    event = kinesis_event([line(record(seq)) for seq in range(8_000)])
    assert emulator.invoke(event) == NOTHING_AGAIN
    assert len(index.created) == 8_000 and len(index.requests) > 30
    assert max(len(request.body) for request in index.requests) <= 65_536


# --- The transform ------------------------------------------------------------------------


def transformed(answer, records):
    assert [item["recordId"] for item in answer["records"]] == [
        f"4954{place}" for place in range(len(records))]
    return [(item["result"], base64.b64decode(item["data"])) for item in answer["records"]]


def test_each_record_of_firehose_is_answered_once(start):
    records = [line(record(1, 151)), b" \n", b"garbage", line(record(2, 145))[:-1]]
    answer = start("transform").invoke(firehose_event(records))
    assert transformed(answer, records) == [
        ("Ok", line({**record(1, 151), "alarm_zone": "high"})), ("Dropped", b""),
        ("ProcessingFailed", b"garbage"),
        ("Ok", line({**record(2, 145), "alarm_zone": "clearing"}))]


def test_limits_of_the_alarm_are_those_of_the_environment(start):
    emulator = start("transform", PULSEGATE_ALARM_HIGH="120", PULSEGATE_ALARM_CLEAR="100")
    answer = emulator.invoke(firehose_event([line(record(1, 121)), line(record(2, 99))]))
    zones = [json.loads(base64.b64decode(item["data"]))["alarm_zone"]
             for item in answer["records"]]
    assert zones == ["high", "normal"]


def test_an_answer_stays_below_six_megabytes(start):
    """Five megabytes in base64 that grow: what does not fit fails alone."""
    records = [line(record(seq)) for seq in range(18_500)]
    answer = start("transform").invoke(firehose_event(records))
    results = [result for result, _ in transformed(answer, records)]
    assert len(json.dumps(answer, separators=(",", ":"))) <= 6_000_000
    assert results.count("Ok") > 15_000
    assert set(results) <= {"Ok", "ProcessingFailed"}


# --- From the gateway to the index --------------------------------------------------------


def stream_of(double):
    """The double's stream as one shard: [(sequence number, data, arrival)]."""
    return [(f"4959033827149025660855969253836157109592{place:016}", data, 1752599433.623)
            for place, (_, data) in enumerate(double.records())]


@pytest.mark.parametrize("aggregate", ["no", "yes"])
def test_what_moto_was_sent_is_indexed_once(desk, start, index, run_47min, aggregate):
    """moto checks the gateway's signatures, and gives its records numbers and arrivals of its own;
    the index fails."""
    moto = doubles.start_moto(auth=True)
    try:
        desk.configure(play(run_47min.path), kinesis_sink(moto, aggregate=aggregate,
                                                          batch_records=200))
        run = desk.run(access_key=moto.access_key, secret_key=moto.secret_key)
        assert run.status == 0, run.log
        records = [(record["SequenceNumber"], record["Data"],
                    record["ApproximateArrivalTimestamp"].timestamp())
                   for record in moto.read_shards()]
    finally:
        moto.stop()
    index.items.extend([429] * 40)
    mapping = EventSourceMapping(start(timeout=20), 100 if aggregate == "no" else 2)
    mapping.run(records)
    assert mapping.dead == [] and mapping.partial > 0
    rates = [document for document in index.created if "heart_rate" in document]
    assert len({(d["session_id"], d["seq"]) for d in rates}) == len(rates)
    assert [document["heart_rate"] for document in
            sorted(rates, key=lambda document: document["seq"])] == run_47min.heart_rates
    # Played at once, its times are of the run; moto's arrivals are of now.
    assert all(document["late_ms"] > 0 for document in rates)


@pytest.mark.parametrize("aggregate, batch", [("no", 100), ("yes", 2)])
def test_every_measurement_is_indexed_once_whatever_fails(
        desk, start, index, start_double, run_47min, aggregate, batch):
    """The gateway meets a stream that fails, the indexer an index that fails."""
    faults = ["lost@0.1", "500@0.1"]
    if aggregate == "no":
        # Of one entry a part is the whole.
        faults.append("partial:0.3@0.2")
    stream = start_double(
        "--seed", "7", *(option for fault in faults for option in ("--fault", fault)))
    desk.configure(play(run_47min.path), kinesis_sink(stream, aggregate=aggregate,
                                                      batch_records=200))
    run = desk.run()
    assert run.status == 0, run.log
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    deserved = index.answer

    def faulty(request):
        kind = chance.random()
        if kind < 0.1:
            return Answer(503, b"busy", "text/plain")
        if kind < 0.15:
            return Answer(429, b"{}")
        if kind < 0.2:
            deserved(request)
            return Answer(502, b"lost", "text/html")
        if kind < 0.4:
            index.items.extend(chance.choice([None, None, None, 429, 503]) for _ in range(50))
        answer = deserved(request)
        index.items.clear()
        return answer

    index.answer = faulty
    emulator = start(timeout=20, PULSEGATE_BULK_BYTES="32768")
    mapping = EventSourceMapping(emulator, batch)
    entries = stream_of(stream)
    mapping.run(entries)
    print(f"{len(entries)} entries of the stream, {mapping.invocations} invocations, "
          f"{mapping.partial} partial, {index.conflicts} conflicts")
    assert mapping.dead == [] and mapping.partial > 0
    rates = [document for document in index.created if "heart_rate" in document]
    assert len({(d["session_id"], d["seq"]) for d in rates}) == len(rates)
    in_order = sorted(rates, key=lambda document: document["seq"])
    assert [document["heart_rate"] for document in in_order] == run_47min.heart_rates
    assert index.conflicts > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_clouds_zone_is_the_boards_verdict(desk, start, start_double, name):
    """The alarms that the gateway sent agree with the zones of the records around them."""
    recording = read_recording(name)
    stream = start_double("--seed", "1")
    desk.configure(play(recording.path), kinesis_sink(stream),
                   ring={"size": "64MiB"},
                   alarm={"high": "150", "clear": "145", "self_test": "no"})
    run = desk.run()
    assert run.status == 0, run.log
    lines = [data for _, data in stream.records()]
    emulator = start("transform", timeout=60)
    documents = []
    for begin in range(0, len(lines), 5_000):
        part = lines[begin:begin + 5_000]
        for result, data in transformed(emulator.invoke(firehose_event(part)), part):
            assert result == "Ok"
            documents.append(json.loads(data))
    documents.sort(key=lambda document: document["seq"])
    rates = [document for document in documents if "heart_rate" in document]
    assert [document["heart_rate"] for document in rates] == recording.heart_rates
    assert all(document["alarm_zone"] == zone(document["heart_rate"]) for document in rates)
    edges, last = [], None
    for document in documents:
        if document.get("alarm") == "high_heart_rate":
            edges.append(document["state"])
            assert last == {"raised": "high", "cleared": "normal"}[document["state"]]
        elif "heart_rate" in document:
            # A raised alarm has been cleared before the measurement behind one that is normal.
            assert not (edges and edges[-1] == "raised" and last == "normal")
            last = document["alarm_zone"]
    print(f"{name}: {len(rates)} measurements, {edges.count('raised')} alarms raised")
    assert edges
