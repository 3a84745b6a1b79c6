"""The dashboards: JSON within JSON, references, and every chart's aggregation executed."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta

import pytest
from records import BEGIN, Session
from recordings import read_recording
from search_index import Index
from stack import CLOUD

FOLDER = CLOUD / "opensearch"
NUMBERS = {"long", "integer", "float"}


@pytest.fixture(scope="module")
def saved():
    """{id: saved object} of the file, its inner JSON parsed."""
    objects = {}
    for line in (FOLDER / "dashboards.ndjson").read_text().splitlines():
        each = json.loads(line)
        attributes = each["attributes"]
        for name in ("visState", "panelsJSON", "optionsJSON", "uiStateJSON"):
            if name in attributes:
                assert isinstance(attributes[name], str), name
                attributes[name] = json.loads(attributes[name])
        meta = attributes.get("kibanaSavedObjectMeta")
        if meta:
            meta["searchSourceJSON"] = json.loads(meta["searchSourceJSON"])
        assert each["id"] not in objects
        objects[each["id"]] = each
    return objects


@pytest.fixture(scope="module")
def charts(saved):
    return {name.removeprefix("pulsegate-"): each for name, each in saved.items()
            if each["type"] == "visualization"}


@pytest.fixture(scope="module")
def properties():
    template = json.loads((FOLDER / "index-template.json").read_text())
    return template["template"]["mappings"]["properties"]


def test_the_file_is_what_its_source_writes():
    run = subprocess.run([sys.executable, "-S", FOLDER / "dashboards.py"],
                         capture_output=True, timeout=60, check=True)
    assert run.stdout == (FOLDER / "dashboards.ndjson").read_bytes(), \
        "run cloud/opensearch/dashboards.py > cloud/opensearch/dashboards.ndjson"


def test_every_reference_is_in_the_file_and_is_used(saved):
    known = {(each["type"], each["id"]) for each in saved.values()}
    for each in saved.values():
        for reference in each["references"]:
            assert (reference["type"], reference["id"]) in known
        names = {reference["name"] for reference in each["references"]}
        attributes = each["attributes"]
        if each["type"] == "visualization":
            source = attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]
            assert names == {source["indexRefName"]}
        elif each["type"] == "dashboard":
            assert names == {panel["panelRefName"] for panel in attributes["panelsJSON"]}
        else:
            assert names == set()


def test_there_is_one_dashboard_with_every_chart(saved, charts):
    dashboard, = [each for each in saved.values() if each["type"] == "dashboard"]
    assert {each["id"] for each in dashboard["references"]} == {
        f"pulsegate-{name}" for name in charts}
    assert set(charts) == {"rate", "alarms", "alarm-states", "battery", "gaps", "late"}
    taken = set()
    for panel in dashboard["attributes"]["panelsJSON"]:
        grid = panel["gridData"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                 for y in range(grid["y"], grid["y"] + grid["h"])}
        assert grid["x"] + grid["w"] <= 48 and not cells & taken
        assert grid["i"] == panel["panelIndex"]
        taken |= cells


def test_each_chart_uses_fields_that_there_are_for_what_they_can(charts, properties):
    fits = {"max": NUMBERS | {"date"}, "min": NUMBERS | {"date"}, "sum": NUMBERS,
            "terms": {"keyword"}, "date_histogram": {"date"},
            "top_hits": NUMBERS | {"keyword"}}
    for name, chart in charts.items():
        state = chart["attributes"]["visState"]
        assert state["title"] == chart["attributes"]["title"]
        assert state["type"] == state["params"]["type"]
        identifiers = [each["id"] for each in state["aggs"]]
        assert len(identifiers) == len(set(identifiers))
        for each in state["aggs"]:
            if each["type"] != "count":
                field = properties[each["params"]["field"]]["type"]
                assert field in fits[each["type"]], (name, each)
        metrics = {each["id"] for each in state["aggs"] if each["schema"] == "metric"}
        drawn = {each["data"]["id"] for each in state["params"].get("seriesParams", [])}
        assert drawn <= metrics and (drawn == metrics or state["type"] == "table")
        query = chart["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]["query"]
        for field in re.findall(r"(\w+):", query["query"]):
            assert field in properties


def test_the_line_is_at_150_and_the_chart_is_of_five_seconds(charts):
    state = charts["rate"]["attributes"]["visState"]
    line = state["params"]["thresholdLine"]
    assert line["show"] is True and line["value"] == 150 and line["style"] == "dashed"
    histogram, = [each for each in state["aggs"] if each["type"] == "date_histogram"]
    assert histogram["params"]["interval"] == "5s" and histogram["params"]["field"] == "timestamp"
    assert histogram["params"]["min_doc_count"] == 1
    others = [chart["attributes"]["visState"]["params"].get("thresholdLine", {}).get("show")
              for name, chart in charts.items() if name != "rate"]
    assert not any(others)


# --- Executed ------------------------------------------------------------------------------


def as_request(state):
    """The aggregation that the dashboards ask for: buckets in their order, metrics innermost."""
    metrics, buckets = {}, []
    for each in state["aggs"]:
        params, name = each["params"], each["id"]
        if each["schema"] != "metric":
            buckets.append(each)
        elif each["type"] == "top_hits":
            metrics[name] = {"top_hits": {
                "size": params["size"], "docvalue_fields": [params["field"]],
                "sort": [{params["sortField"]: params["sortOrder"]}]}}
        elif each["type"] != "count":
            metrics[name] = {each["type"]: {"field": params["field"]}}
    inner = metrics
    for each in reversed(buckets):
        params = each["params"]
        if each["type"] == "date_histogram":
            asked = {"date_histogram": {
                "field": params["field"], "fixed_interval": params["interval"],
                "min_doc_count": params["min_doc_count"]}}
        else:
            asked = {"terms": {"field": params["field"], "size": params["size"],
                               "order": {params["orderBy"]: params["order"]}}}
            if params["missingBucket"]:
                asked["terms"]["missing"] = params["missingBucketLabel"]
        inner = {each["id"]: {**asked, **({"aggs": inner} if inner else {})}}
    return inner


def as_query(query):
    """The dashboards' query language for tantivy's, as far as the charts use it."""
    return " AND ".join(
        f"{field}:[0 TO *}}" if value == "*" else f"{field}:{value}"
        for field, value in (clause.split(":") for clause in query.split(" and ")))


def draw(index, chart):
    """{keys of the buckets: {metric: value}} of a chart."""
    attributes = chart["attributes"]
    query = attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]["query"]
    assert query["language"] == "kuery"
    answer = index.aggregate(as_query(query["query"]), as_request(attributes["visState"]))
    labels = {each["id"]: each["params"]["customLabel"]
              for each in attributes["visState"]["aggs"] if each["schema"] == "metric"}
    rows = {}

    def walk(node, keys):
        inner = [each for each in node.values() if isinstance(each, dict) and "buckets" in each]
        for each in inner:
            for bucket in each["buckets"]:
                walk(bucket, (*keys, bucket["key"]))
        if not inner:
            rows[keys] = {label: value(node, name) for name, label in labels.items()}

    def value(node, name):
        if name not in node:
            return node["doc_count"]
        if "value" in node[name]:
            return node[name]["value"]
        (fields,) = [hit["docvalue_fields"] for hit in node[name]["hits"]]
        ((single,),) = fields.values()
        return single

    walk(answer, ())
    return rows


@pytest.fixture(scope="module")
def recording():
    return read_recording("multisport-7h")


@pytest.fixture(scope="module")
def other():
    return read_recording("indoor-trainer-38min")


@pytest.fixture(scope="module")
def index(properties, recording, other):
    """Two devices, with what gateways note besides."""
    gym, ward = Session(), Session("ward-3", "0badcafe")
    records = gym.play(recording) + ward.play(other, sensor="strap-2")
    for place, record in enumerate(records):
        record["late_ms"] = 40 + place % 7 + (90_000 if place == 5_000 else 0)

    def at(minutes):
        return BEGIN + timedelta(minutes=minutes)

    records += [
        gym.gap(at(60), "cloud", "overwritten", 11, 7, 17, (at(1), at(2))),
        gym.gap(at(90), "cloud", "overwritten", 4, 30, 33, (at(3), at(4))),
        gym.gap(at(91), "search", "refused", 2),
        gym.alarm(at(10), "high_heart_rate", "raised", "high", beats_per_minute=155, limit=150),
        gym.alarm(at(12), "high_heart_rate", "cleared", "high", beats_per_minute=140, limit=150),
        gym.alarm(at(13), "high_heart_rate", "raised", "high", beats_per_minute=171, limit=150),
        gym.alarm(at(9), "battery_low", "raised", "low"),
        ward.alarm(at(15), "battery_low", "raised", "low", sensor="strap-2"),
        ward.alarm(at(40), "battery_low", "cleared", "low", sensor="strap-2"),
    ]
    return Index(properties, records)


def test_the_chart_shows_the_last_and_highest_of_every_five_seconds(
        index, charts, recording, other):
    expected = defaultdict(list)
    for source, device in ((recording, "gym-7"), (other, "ward-3")):
        for seconds, value in zip(source.seconds, source.heart_rates):
            milliseconds = round((BEGIN.timestamp() + seconds) * 1_000)
            expected[(milliseconds // 5_000 * 5_000, device)].append(value)
    rows = draw(index, charts["rate"])
    assert len(rows) > 5_000
    assert {(int(moment), device): (each["last bpm"], each["highest bpm"])
            for (moment, device), each in rows.items()} == {
        key: (values[-1], max(values)) for key, values in expected.items()}


def test_gaps_are_added_up_by_device_sink_and_reason(index, charts):
    rows = draw(index, charts["gaps"])
    assert {key: each["records lost"] for key, each in rows.items()} == {
        ("gym-7", "cloud", "overwritten"): 15, ("gym-7", "search", "refused"): 2}


def test_alarms_are_counted_when_they_are_raised(index, charts):
    rows = draw(index, charts["alarms"])
    begin = BEGIN.timestamp() // 60 * 60_000
    assert {(key[0] - begin, key[1]): each["alarms"] for key, each in rows.items()} == {
        (600_000, "high_heart_rate"): 1, (780_000, "high_heart_rate"): 1,
        (540_000, "battery_low"): 1, (900_000, "battery_low"): 1}


def test_each_alarm_shows_how_it_stands(index, charts):
    rows = draw(index, charts["alarm-states"])
    assert {key: (each["state"], each["highest bpm"]) for key, each in rows.items()} == {
        ("gym-7", "strap-1", "high_heart_rate"): ("raised", 171),
        ("gym-7", "strap-1", "battery_low"): ("raised", None),
        ("ward-3", "strap-2", "battery_low"): ("cleared", None)}


def test_batteries_show_who_said_it_and_who_has_a_new_one(index, charts):
    rows = draw(index, charts["battery"])
    # The highest of a date is in nanoseconds here.
    found = {key: (each["low battery"], round((each["since"] / 1e9 - BEGIN.timestamp()) / 60))
             for key, each in rows.items()}
    assert found == {("gym-7", "strap-1"): ("raised", 9), ("ward-3", "strap-2"): ("cleared", 40)}


def test_late_arrivals_show_the_slowest_of_each_minute(index, charts):
    rows = draw(index, charts["late"])
    slow = {key: each for key, each in rows.items() if each["latest, ms"] > 1_000}
    ((_, device), each), = slow.items()
    assert device == "gym-7" and each["latest, ms"] == 90_000 + 40 + 5_000 % 7
