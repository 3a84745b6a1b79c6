"""What is refused for good: to the sinks that take errors, and to a file where there is none."""

import json
import subprocess

import pytest
from gateway import (BINARY, DEVICE, file_sink, hex_lines, identity, kinesis_sink, parse_lines,
                     parse_stream, play)
from doubles import ACCESS_KEY, REGION, SECRET_KEY
from line_doubles import BulkDouble, Collector

LINES = ("00 48\n"      # 72
         "16\n"         # malformed
         "00 49\n"      # 73
         "01 2d 01\n"   # 301 is no heart rate
         "2A35=00 78 00 50\n"
         "00 4a\n")     # 74
PAYLOADS = ["16", "012d01", "00780050"]


def check_errors(errors):
    assert [error["payload"] for error in errors] == PAYLOADS
    assert [error["status_code"] for error in errors] == [422] * 3
    assert [error["seq"] for error in errors] == [1, 3, 4]
    assert [error["characteristic"] for error in errors] == ["2a37", "2a37", "2a35"]
    assert [error["error_message"].split(":")[0] for error in errors] == [
        "malformed notification", "implausible value", "malformed notification"]
    for error in errors:
        assert error["device_id"] == DEVICE and error["sensor"] == "strap-1"
        assert error["timestamp"].endswith("Z") and error["schema"] == 1


def test_without_a_sink_for_errors_a_file_takes_them(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text=LINES)
    assert run.status == 0, run.log
    assert "error_message (file, errors)" in run.log
    assert "sink error_message: 3 delivered, 0 lost" in run.log
    check_errors(parse_lines(desk.file_bytes("error_message")))
    records = parse_lines(desk.file_bytes())
    assert [record["heart_rate"] for record in records] == [72, 73, 74]
    assert [record["seq"] for record in records] == [0, 2, 5]


def test_without_errors_there_is_no_file_and_no_word_of_it(desk, run_47min):
    desk.configure(play(run_47min.path), file_sink())
    run = desk.run()
    assert not (desk.data / "error_message.ndjson").exists()
    assert "sink error_message:" not in run.log


def test_a_stream_can_take_them_and_then_there_is_no_file(desk, double):
    desk.configure(hex_lines(), file_sink(), kinesis_sink(double, "errors", takes="errors"))
    run = desk.run(text=LINES)
    assert run.status == 0, run.log
    check_errors(parse_stream(double.records()))
    assert [record["heart_rate"] for record in parse_lines(desk.file_bytes())] == [72, 73, 74]
    assert not (desk.data / "error_message.ndjson").exists()


def test_one_stream_can_take_both(desk, double):
    desk.configure(hex_lines(), kinesis_sink(double, takes="all"))
    assert desk.run(text=LINES).status == 0
    records = parse_stream(double.records())
    assert [record["seq"] for record in records] == list(range(6))
    check_errors([record for record in records if "status_code" in record])


def test_the_file_of_errors_is_put_aside_once(desk):
    desk.configure(hex_lines(), file_sink())
    lines = "16\n" * 6_000
    run = desk.run(text=lines)
    assert run.status == 0, run.log
    files = sorted(path.name for path in desk.data.glob("error_message.ndjson*"))
    assert files == ["error_message.ndjson", "error_message.ndjson.1"]
    assert all((desk.data / name).stat().st_size < (1 << 20) + (64 << 10) for name in files)
    errors = parse_lines(desk.file_bytes("error_message"))
    assert [error["seq"] for error in errors] == list(range(6_000))


def test_the_ring_tools_know_an_error_record(desk):
    desk.configure(hex_lines(), file_sink())
    assert desk.run(text=LINES).status == 0
    dump = subprocess.run([BINARY, "ring", "dump", "--config", desk.configuration],
                          capture_output=True, check=True)
    assert dump.stderr == b""
    lines = parse_lines(dump.stdout)
    assert [line["seq"] for line in lines] == list(range(6))
    check_errors([line for line in lines if "status_code" in line])
    fsck = subprocess.run([BINARY, "ring", "fsck", "--config", desk.configuration],
                          capture_output=True)
    assert fsck.returncode == 0, fsck.stdout
    text = subprocess.run(
        [BINARY, "ring", "dump", "--config", desk.configuration, "--format", "csv"],
        capture_output=True, check=True).stdout.decode().splitlines()
    names = text[0].split(",")
    rows = [dict(zip(names, row.split(","))) for row in text[1:]]
    assert [row["payload"] for row in rows if row["status_code"]] == PAYLOADS


def test_errors_wait_for_a_stream_that_is_away_and_survive_a_restart(desk, double):
    away = kinesis_sink(double, "errors", takes="errors", endpoint="https://127.0.0.1:1")
    desk.configure(hex_lines(drain_timeout="1s"), file_sink(), away)
    run = desk.run(text=LINES)
    assert "sink errors: 0 delivered, 0 lost, 3 stay in the ring" in run.log
    desk.configure(hex_lines(), file_sink(), kinesis_sink(double, "errors", takes="errors"))
    back = desk.run(text="")
    assert back.status == 0, back.log
    check_errors(parse_stream(double.records()))


def test_an_error_record_that_is_refused_itself_makes_no_other(desk):
    index = BulkDouble(keys=(ACCESS_KEY, SECRET_KEY, REGION, "es"))
    index.poison = lambda record: True
    try:
        desk.configure(hex_lines(), ("errors", {
            "type": "opensearch", "endpoint": index.endpoint, "region": REGION,
            "allow_http": "yes", "takes": "all", "flush": "100ms"}))
        run = desk.run(text="00 48\n16\n")
        assert run.status == 0, run.log
        assert "1 record refused for good with status 400, the first is 0" in run.log
        assert "error record 1 refused for good with status 400" in run.log
        assert "error record 2 refused for good with status 400" in run.log
        dump = subprocess.run([BINARY, "ring", "dump", "--config", desk.configuration],
                              capture_output=True, check=True)
        assert len(parse_lines(dump.stdout)) == 3
    finally:
        index.stop()


def test_every_kind_of_sink_at_once_each_at_its_own_pace(desk, double, start_double, run_47min):
    """Six sinks, three of them in trouble: nobody waits for another, and nothing is missing."""
    index = BulkDouble(keys=(ACCESS_KEY, SECRET_KEY, REGION, "es"))
    collector = Collector()
    lake = start_double("--seed", "2")
    index.poison = lambda record: record["heart_rate"] == 120
    index.items.extend([429] * 50)
    collector.poison = lambda record: record.get("seq") == 99
    double.script("ok,500,partial:0.5,html,reset")
    try:
        desk.configure(
            play(run_47min.path), kinesis_sink(double, "cloud", batch_records=100),
            kinesis_sink(lake, "lake", type="firehose", batch_records=100),
            ("search", {"type": "opensearch", "endpoint": index.endpoint, "region": REGION,
                        "allow_http": "yes", "compress": "gzip", "batch_records": 100}),
            ("web", {"type": "http", "url": collector.url, "allow_http": "yes",
                     "batch_records": 100}),
            file_sink(), file_sink("errors", takes="errors"))
        run = desk.run()
        assert run.status == 0, run.log
        local = parse_lines(desk.file_bytes())
        # Error records take sequences of their own in between.
        assert [record["heart_rate"] for record in local] == run_47min.heart_rates
        for entries in (double.records(), lake.records()):
            found = {identity(record): record["heart_rate"]
                     for record in (json.loads(data) for _, data in entries)}
            assert [found[key] for key in sorted(found, key=lambda key: key[2])] \
                == run_47min.heart_rates
        poison = [rate for rate in run_47min.heart_rates if rate == 120]
        assert len(index.created) == 2808 - len(poison)
        assert len(collector.records) == 2807
        errors = parse_lines(desk.file_bytes("errors"))
        by_sink = [error["sink"] for error in errors]
        assert (by_sink.count("search"), by_sink.count("web")) == (len(poison), 1)
    finally:
        index.stop()
        collector.stop()


@pytest.mark.parametrize("takes, words", [
    ("errors", "leaves no sink that takes records"), ("eror", "did you mean `errors`?")])
def test_a_mistake_in_takes_is_named(desk, takes, words):
    desk.configure(hex_lines(), file_sink(takes=takes))
    run = desk.run(text="")
    assert run.status == 1
    assert words in run.log
