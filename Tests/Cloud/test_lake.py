"""From lines of JSON to the answers of the template's own queries, over a recorded day of sport.

Every answer is worked out a second time from the CSV file, without SQL.
"""

import json
import random
import re
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import pytest
from lake import Unfit, columns, convert, open_lake, run, write
from records import BEGIN, Session, line, transformed, zone
from recordings import read_recording
from stack import ROOT

TODAY = "2025-07-17"
LIMIT = 150
# A value counts until the next one, for so long at most: the alarm's own idea of silence.
SILENCE_MILLISECONDS = 10_000


@pytest.fixture(scope="module")
def recording():
    return read_recording("multisport-7h")


@pytest.fixture(scope="module")
def other():
    return read_recording("run-47min")


def naive(moment):
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, small, recording, other):
    """Two devices' records with repeats, late ones, holes, a gap record, errors and alarms."""
    folder = tmp_path_factory.mktemp("lake")
    kinds = {name: columns(small, table) for name, table in
             (("records", "RecordsTable"), ("errors", "ErrorsTable"))}
    gym, ward = Session(), Session("ward-3", "0badcafe", first=500)
    records = gym.play(recording) + ward.play(other, sensor="strap-2")
    last = BEGIN + timedelta(hours=7)
    # Three that never came, one that was refused and is among the errors, and a gap record.
    missing = {("gym-7", seq) for seq in (4_001, 4_002, 9_000)}
    errors = [gym.error(BEGIN + timedelta(hours=1), 422, "16", "malformed notification")]
    gap = gym.gap(last, "cloud", "overwritten", 11, first=7, last=17,
                  between=(BEGIN, BEGIN + timedelta(seconds=10)))
    alarms = [gym.alarm(last, "high_heart_rate", state, "high", beats_per_minute=161, limit=150)
              for state in ("raised", "cleared")]
    sent = [each for each in records + [gap] + alarms
            if (each["device_id"], each["seq"]) not in missing]
    random.Random(7).shuffle(sent)
    # What is asked for by itself is among those that come again.
    sent.sort(key=lambda each: "event" not in each)
    lines = [line(transformed(each)) for each in sent]
    dropped = write(folder, "records", lines, kinds["records"])
    # At least once: a tenth comes again, some of it a day later.
    dropped |= write(folder, "records", lines[:len(lines) // 10], kinds["records"],
                     day_of=lambda record: TODAY)
    dropped |= write(folder, "errors", [line(each) for each in errors], kinds["errors"])
    assert dropped == set()
    return open_lake(folder, kinds)


@pytest.fixture
def ask(lake, small):
    """A function that runs a named query of the template."""
    queries = {each["Name"]: each["QueryString"]
               for each in small.of_type("AWS::Athena::NamedQuery").values()}

    def ask(name, today=TODAY):
        return run(lake, queries[name], today)

    return ask


def present(recording, device):
    """[(time, value)] of a device that are in the lake."""
    holes = {4_001, 4_002, 9_000} if device == "gym-7" else set()
    pairs = zip(recording.seconds, recording.heart_rates)
    return [(naive(BEGIN + timedelta(seconds=seconds)), value)
            for place, (seconds, value) in enumerate(pairs, start=1) if place not in holes]


def test_the_peak_of_each_session(ask, recording, other):
    rows = ask("peak per session")
    assert len(rows) == 2
    for row, source, device in zip(rows, (recording, other), ("gym-7", "ward-3")):
        pairs = present(source, device)
        values = [value for _, value in pairs]
        assert row["device_id"] == device
        assert row["measurements"] == len(pairs)
        assert row["peak"] == max(values)
        assert dict(pairs)[row["peak_at"]] == max(values) or \
            (row["peak_at"], max(values)) in pairs
        assert (row["began"], row["ended"]) == (pairs[0][0], pairs[-1][0])
        assert row["mean"] == pytest.approx(sum(values) / len(values), abs=0.051)


def spans(pairs):
    """[(begin, value, milliseconds)] of each value that has a next one."""
    for (begin, value), (end, _) in zip(pairs, pairs[1:]):
        yield begin, value, min(round((end - begin).total_seconds() * 1_000), SILENCE_MILLISECONDS)


def test_the_time_above_the_limit_of_each_day(ask, recording, other):
    expected = defaultdict(lambda: [0, 0])
    for source, device in ((recording, "gym-7"), (other, "ward-3")):
        for begin, value, milliseconds in spans(present(source, device)):
            key = (begin.date(), device)
            expected[key][0] += milliseconds if value > LIMIT else 0
            expected[key][1] += milliseconds
    rows = ask("time above limit")
    found = {(row["measured_on"], row["device_id"]): [
        round(row["seconds_above"] * 1_000), round(row["seconds_measured"] * 1_000)]
        for row in rows}
    assert found == dict(expected)
    # The session crosses midnight, and it is a hard one.
    assert len({day for day, _ in found}) == 2
    assert sum(above for above, _ in found.values()) > 60_000


def test_gaps_are_what_was_reported_what_never_came_and_silence(ask, recording, other):
    rows = ask("gaps")
    by_kind = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    # The refused record between the holes is among the errors, and so is no hole.
    assert [(row["device_id"], row["records"]) for row in by_kind["hole"]] == [
        ("gym-7", 2), ("gym-7", 1)]
    reported, = by_kind["reported"]
    assert (reported["about"], reported["records"]) == ("cloud: overwritten", 11)
    assert (reported["from_time"], reported["until_time"]) == (
        naive(BEGIN), naive(BEGIN + timedelta(seconds=10)))
    silences = []
    for source, device in ((recording, "gym-7"), (other, "ward-3")):
        pairs = present(source, device)
        silences += [(device, begin, end) for (begin, _), (end, _) in zip(pairs, pairs[1:])
                     if end - begin > timedelta(seconds=10)]
    assert [(row["device_id"], row["from_time"], row["until_time"])
            for row in by_kind["silence"]] == silences
    assert silences


def test_silence_begins_beyond_ten_seconds(small, tmp_path):
    kinds = {"records": columns(small, "RecordsTable"), "errors": columns(small, "ErrorsTable")}
    session = Session()
    moments = [BEGIN + timedelta(seconds=seconds) for seconds in (0, 10, 20.001)]
    write(tmp_path, "records", [line(session.heart_rate(each, 80)) for each in moments],
          kinds["records"])
    row, = run(open_lake(tmp_path, kinds), small.properties("Gaps")["QueryString"], TODAY)
    assert (row["kind"], row["from_time"], row["until_time"]) == (
        "silence", naive(moments[1]), naive(moments[2]))


def test_alarms_are_listed_once_each(ask):
    rows = ask("alarms")
    assert [(row["alarm"], row["state"], row["beats_per_minute"]) for row in rows] == [
        ("high_heart_rate", "raised", 161), ("high_heart_rate", "cleared", 161)]


def test_queries_look_back_eight_days_and_no_further(ask):
    assert ask("peak per session", today="2025-07-24")
    assert ask("peak per session", today="2025-08-24") == []


def test_every_query_reads_partitions_and_runs_on_an_empty_lake(small, tmp_path):
    kinds = {"records": columns(small, "RecordsTable"), "errors": columns(small, "ErrorsTable")}
    empty = open_lake(tmp_path, kinds)
    queries = small.of_type("AWS::Athena::NamedQuery")
    assert {each["Name"] for each in queries.values()} == {
        "peak per session", "time above limit", "gaps", "alarms"}
    for name, each in queries.items():
        assert run(empty, each["QueryString"], TODAY) == [], name
        # Each table is read with its day, or a query reads years.
        assert each["QueryString"].count("day >= ") == len(
            re.findall(r"FROM (records|errors)\b", each["QueryString"])), name
        assert each["WorkGroup"] == "pulsegate" and each["Database"] == "pulsegate"


def test_the_limit_of_the_queries_is_the_stacks():
    from stack import Stack
    stack = Stack(HighBeatsPerMinute=170)
    assert "heart_rate > 170" in stack.properties("TimeAboveLimit")["QueryString"]


def test_partitions_are_projected_where_firehose_writes_them(stack):
    for table, delivery in (("RecordsTable", "RecordsDelivery"), ("ErrorsTable", "ErrorsDelivery")):
        given = stack.properties(table)["TableInput"]
        assert given["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
        parameters = given["Parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.day.type"] == "date"
        assert parameters["projection.day.format"] == "yyyy-MM-dd"
        assert parameters["projection.day.range"] == "2025-01-01,NOW"
        prefix = stack.properties(delivery)["ExtendedS3DestinationConfiguration"]["Prefix"]
        folder = prefix.replace("!{timestamp:yyyy-MM-dd}", "${day}")
        assert parameters["storage.location.template"].endswith(f"/{folder}")
        assert parameters["storage.location.template"].startswith(
            given["StorageDescriptor"]["Location"])


def test_a_value_that_does_not_fit_its_column_fails():
    good = [("timestamp", "2025-07-15T17:10:33.123456Z"), ("int", 89), ("array<double>", [1.5, 2]),
            ("bigint", 1 << 40), ("boolean", True), ("string", "x"), ("array<string>", ["x"])]
    for kind, value in good:
        convert("field", kind, value)
    bad = [("timestamp", "2025-07-15 17:10:33"), ("timestamp", "2025-07-15T17:10:33.1"),
           ("int", 1 << 31), ("int", 89.5), ("int", True), ("double", "1"), ("boolean", 1),
           ("string", 1), ("array<double>", 1.0), ("array<string>", [1]), ("bigint", "1")]
    for kind, value in bad:
        with pytest.raises(Unfit):
            convert("field", kind, value)


def test_our_lines_are_those_of_the_gateway():
    """The README's examples, made again by records.py, character for character."""
    readme = (ROOT / "README.md").read_text()
    examples = [json.loads(each) for each in re.findall(r"^\{.*\}$", readme, re.M)]
    moment = datetime(2025, 7, 15, 17, 10, 33, 123456, tzinfo=timezone.utc)
    session = Session(first=18_446)
    ours = [
        session.heart_rate(moment, 89, contact=True, rr_ms=[671.9, 668.0]),
        session.error(moment, 422, "16", "malformed notification: it ends within a field",
                      characteristic="2a37"),
    ]
    for record in ours:
        assert line(record).rstrip("\n") in readme
    assert len(examples) >= 3


def test_every_example_of_the_readme_fits_the_tables(small):
    readme = (ROOT / "README.md").read_text()
    for text in re.findall(r"^\{.*\}$", readme, re.M):
        record = json.loads(text)
        table = "ErrorsTable" if "status_code" in record else "RecordsTable"
        kinds = columns(small, table)
        assert set(record) <= set(kinds)
        for name, value in record.items():
            convert(name, kinds[name], value)


def test_zones_meet_at_the_boards_thresholds():
    assert [zone(value) for value in (144, 145, 150, 151)] == [
        "normal", "clearing", "clearing", "high"]
