"""What OpenSearch keeps: the mapping, months, roles, monitors."""

import fnmatch
import json
import re

import pytest
from lake import columns
from search_index import Index, parse_duration
from records import BEGIN, Session
from recordings import read_recording
from stack import CLOUD, ROOT, Stack

FOLDER = CLOUD / "opensearch"
SOURCES = ROOT / "Sources" / "Core"
# What the indexer adds to what the gateway sends.
ADDED = {"late_ms": {"type": "long"}}
# What the transform adds, and only the lake has.
LAKE_ONLY = {"alarm_zone"}
# Of forms alone, which lie in the lake as they come and have no table.
FORMS_ONLY = {"time", "respiratory_rate"}
TYPES = {
    "date": {"timestamp"}, "keyword": {"string", "array<string>"}, "long": {"bigint"},
    "integer": {"int"}, "float": {"double", "array<double>"}, "boolean": {"boolean"},
    "text": {"string"},
}


def content(name):
    return json.loads((FOLDER / name).read_text())


def gateways_properties():
    """{field: mapping} that IndexTemplate.swift puts, read from its source."""
    source = (SOURCES / "OpenSearch" / "IndexTemplate.swift").read_text()
    group = re.compile(r'Group\(\s*type: "(\w+)"(?:, more: "((?:[^"\\]|\\.)*)")?,'
                       r'\s*names: \[(.*?)\]\)', re.S)
    properties = {}
    for kind, more, names in group.findall(source):
        details = json.loads("{" + more.replace('\\"', '"').lstrip(",") + "}")
        for name in re.findall(r'"(\w+)"', names):
            assert name not in properties
            properties[name] = {"type": kind, **details}
    # The type of a heart rate depends on whether posted forms are among the documents.
    rates = 'Group(type: hasForms ? "float" : "integer", names: ["heart_rate"])'
    assert rates in source
    assert len(properties) >= 40 and source.count("Group(") == len(group.findall(source)) + 1
    return {**properties, "heart_rate": {"type": "integer"}}


@pytest.fixture(scope="module")
def mappings():
    return content("index-template.json")["template"]["mappings"]


def test_the_mapping_is_the_gateways_own_and_what_the_indexer_adds(mappings):
    source = (SOURCES / "OpenSearch" / "IndexTemplate.swift").read_text()
    assert '\\"mappings\\":{\\"dynamic\\":false' in source
    assert mappings == {"dynamic": False, "properties": {**gateways_properties(), **ADDED}}


def test_the_old_fields_keep_their_types(mappings):
    assert mappings["properties"]["heart_rate"] == {"type": "integer"}
    assert mappings["properties"]["timestamp"] == {"type": "date"}


def test_every_field_that_the_gateway_writes_has_a_type(mappings):
    written = set()
    for path in set((SOURCES / "WireFormat").glob("*JSON.swift")) - {
            SOURCES / "WireFormat" / "StatusJSON.swift"}:
        written |= set(re.findall(r'\\"([a-z_]+)\\":', path.read_text()))
    fields = (SOURCES / "WireFormat" / "VitalFields.swift").read_text()
    written |= set(re.findall(r'case \.\w+: "([a-z_]+)"', fields.split("func text(of")[0]))
    assert len(written) > 35
    assert written <= set(mappings["properties"])


def test_the_lake_has_a_column_for_every_field_and_of_the_same_kind(mappings, small):
    records, errors = columns(small, "RecordsTable"), columns(small, "ErrorsTable")
    assert set(records) | set(errors) == set(gateways_properties()) - FORMS_ONLY | LAKE_ONLY
    for name, kind in {**errors, **records}.items():
        # A sensor's own clock has no zone, which a timestamp of the lake wants.
        if name in LAKE_ONLY or name == "measured_at":
            assert kind == "string"
        else:
            assert kind in TYPES[mappings["properties"][name]["type"]], name
    for name in set(records) & set(errors):
        assert records[name] == errors[name], name


def test_months_have_the_template_the_policy_and_the_role(small):
    variables = small.properties("Indexer")["Environment"]["Variables"]
    assert variables["PULSEGATE_INDEX_PERIOD"] == "month"
    for name, file in ((variables["PULSEGATE_INDEX"], "index-template.json"),
                       (variables["PULSEGATE_PATIENT_INDEX"], "patient-stats-template.json")):
        month = f"{name}-2025-07"
        policy = content("ism-policy.json")["policy"]["ism_template"][0]
        writer, = content("roles.json")["pulsegate_indexer"]["index_permissions"]
        for patterns in (content(file)["index_patterns"], policy["index_patterns"],
                         writer["index_patterns"]):
            assert any(fnmatch.fnmatchcase(month, pattern) for pattern in patterns), month


def test_the_gateways_own_index_stays_the_gateways():
    """Two templates of one priority for one index are refused: they may not meet."""
    assert not any(fnmatch.fnmatchcase("heart_rate", pattern)
                   for pattern in content("index-template.json")["index_patterns"])
    writer, = content("roles.json")["pulsegate_indexer"]["index_permissions"]
    assert not any(fnmatch.fnmatchcase("heart_rate", each) for each in writer["index_patterns"])


def test_the_policy_ends_and_never_closes_a_month_to_late_records():
    policy = content("ism-policy.json")["policy"]
    states = {each["name"]: each for each in policy["states"]}
    actions = [name for each in states.values() for action in each["actions"] for name in action]
    assert actions == ["force_merge", "delete"]
    age, name = 0, policy["default_state"]
    for _ in states:
        following = states[name]["transitions"]
        if not following:
            break
        (step,) = following
        days = parse_duration(step["conditions"]["min_index_age"]) / 86_400
        assert days > age
        age, name = days, step["state_name"]
    assert name == "deleted" and age >= 31 + 90
    # A month is over, and the largest usual ring's reach too, before it is merged.
    first = parse_duration(states["written"]["transitions"][0]["conditions"]["min_index_age"])
    assert first / 86_400 >= 31 + 6.1


def test_the_indexer_may_create_and_nothing_else():
    role = content("roles.json")["pulsegate_indexer"]
    writer, = role["index_permissions"]
    assert role["cluster_permissions"] == ["indices:data/write/bulk"]
    assert set(writer["allowed_actions"]) == {
        "create_index", "indices:admin/auto_create", "indices:data/write/bulk*",
        "indices:data/write/index"}


def test_viewers_read():
    role = content("roles.json")["pulsegate_viewer"]
    for permission in role["index_permissions"]:
        assert not any("write" in each or "admin/create" in each
                       for each in permission["allowed_actions"])


# --- Monitors, executed -------------------------------------------------------------------


@pytest.fixture(scope="module")
def monitors():
    return {each["name"]: each for each in content("monitors.json")}


@pytest.fixture(scope="module")
def recording():
    return read_recording("multisport-7h")


@pytest.fixture(scope="module")
def index(mappings, recording):
    gym, ward = Session(), Session("ward-3", "0badcafe")
    records = gym.play(recording)
    records += [ward.heart_rate(BEGIN.replace(minute=minute), 60 + minute, sensor="strap-2")
                for minute in range(30)]
    records.append(ward.alarm(BEGIN, "uplink_down", "raised", "low"))
    return Index(mappings["properties"], records)


def triggered(index, monitor, moment):
    """The buckets of a monitor whose trigger is true at a moment."""
    search, = monitor["inputs"]
    trigger = monitor["triggers"][0]["bucket_level_trigger"]
    return index.trigger(search["search"]["query"], trigger["condition"], moment)


def test_the_monitor_finds_each_minute_above_150_and_no_other(index, monitors, recording):
    monitor = monitors["pulsegate: heart rate above 150"]
    begin = BEGIN.timestamp()
    seen = set()
    for minute in range(1, 408, 3):
        end = begin + 60 * minute
        values = [value for seconds, value in zip(recording.seconds, recording.heart_rates)
                  if end - 60 < begin + seconds <= end]
        expected = {("gym-7", "strap-1")} if max(values, default=0) > 150 else set()
        assert triggered(index, monitor, end) == expected, minute
        seen.add(bool(expected))
    assert seen == {True, False}


def test_the_monitor_of_silence_names_who_has_stopped(index, monitors, recording):
    monitor = monitors["pulsegate: gateway silent"]
    begin = BEGIN.timestamp()
    assert triggered(index, monitor, begin + 20 * 60) == set()
    # ward-3 sent its last in the 29th minute.
    assert triggered(index, monitor, begin + 38 * 60) == set()
    assert triggered(index, monitor, begin + 40 * 60) == {("ward-3",)}
    end = begin + recording.seconds[-1]
    assert triggered(index, monitor, end + 11 * 60) == {("ward-3",), ("gym-7",)}
    # Who has not sent for a day is not there any more, not silent.
    assert triggered(index, monitor, begin + 26 * 3_600) == {("gym-7",)}


def test_the_monitors_limit_is_the_alarms_default(monitors, small):
    trigger = monitors["pulsegate: heart rate above 150"]["triggers"][0]["bucket_level_trigger"]
    limit = small.parameters["HighBeatsPerMinute"]
    assert trigger["condition"]["script"]["source"] == f"params.peak > {limit}"
    assert Stack().parameters["HighBeatsPerMinute"] == limit
