#!/usr/bin/env python3
"""Writes dashboards.ndjson: what OpenSearch Dashboards imports. Run it after a change here.

    python3 cloud/opensearch/dashboards.py > cloud/opensearch/dashboards.ndjson

Saved objects hold JSON as text within JSON; here it is Python, which people can read.
"""

import json

PATTERN = "pulsegate-heart-rate"
# The limit of `[alarm] high`. The line is drawn; whether it is an alarm is decided on the board.
LIMIT = 150


def search_source(query, reference=True):
    """The text under `kibanaSavedObjectMeta`: a query in DQL and the index it is for."""
    source = {"query": {"query": query, "language": "kuery"}, "filter": []}
    if reference:
        source["indexRefName"] = "kibanaSavedObjectMeta.searchSourceJSON.index"
    return {"searchSourceJSON": json.dumps(source)}


def visualization(name, title, kind, query, aggregations, params, description):
    """A visualization over the one index pattern, as a saved object."""
    aggs = [{"id": str(place), "enabled": True, **aggregation}
            for place, aggregation in enumerate(aggregations, start=1)]
    state = {"title": title, "type": kind, "aggs": aggs, "params": {"type": kind, **params}}
    return {
        "id": f"pulsegate-{name}", "type": "visualization",
        "migrationVersion": {"visualization": "7.10.0"},
        "attributes": {
            "title": title, "description": description, "version": 1, "uiStateJSON": "{}",
            "visState": json.dumps(state), "kibanaSavedObjectMeta": search_source(query),
        },
        "references": [{"name": "kibanaSavedObjectMeta.searchSourceJSON.index",
                        "type": "index-pattern", "id": PATTERN}],
    }


def metric(kind, label, **params):
    return {"type": kind, "schema": "metric", "params": {**params, "customLabel": label}}


def last(field, label, aggregate):
    """The value of the latest record. A chart wants a number, so it averages this one value."""
    return metric("top_hits", label, field=field, size=1, sortField="timestamp",
                  sortOrder="desc", aggregate=aggregate)


def every(interval):
    """Buckets of time. Empty ones stay empty: silence is not a heart rate of 0."""
    return {"type": "date_histogram", "schema": "segment", "params": {
        "field": "timestamp", "interval": interval, "min_doc_count": 1, "extended_bounds": {},
        "useNormalizedOpenSearchInterval": True, "drop_partials": False,
        "scaleMetricValues": False}}


def by(field, schema, label, size=50):
    return {"type": "terms", "schema": schema, "params": {
        "field": field, "size": size, "orderBy": "_key", "order": "asc", "otherBucket": False,
        "missingBucket": schema == "bucket", "missingBucketLabel": "-", "customLabel": label}}


def axes(value_title):
    """The axes of a chart over time."""
    return {
        "grid": {"categoryLines": False},
        "categoryAxes": [{
            "id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": True,
            "style": {}, "scale": {"type": "linear"}, "title": {},
            "labels": {"show": True, "filter": True, "truncate": 100}}],
        "valueAxes": [{
            "id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left",
            "show": True, "style": {}, "scale": {"type": "linear", "mode": "normal"},
            "labels": {"show": True, "rotate": 0, "filter": False, "truncate": 100},
            "title": {"text": value_title}}],
        "addTooltip": True, "addLegend": True, "legendPosition": "right", "times": [],
        "addTimeMarker": False, "labels": {},
    }


def series(kind, *labels):
    """How each metric is drawn; `id` is the metric's place in `aggs`."""
    return [{"show": True, "type": kind, "mode": "normal" if kind == "line" else "stacked",
             "data": {"label": label, "id": str(place)}, "valueAxis": "ValueAxis-1",
             "drawLinesBetweenPoints": True, "lineWidth": 2, "showCircles": kind == "line"}
            for place, label in enumerate(labels, start=1)]


def threshold(value):
    return {"show": value is not None, "value": value or 0, "width": 1, "style": "dashed",
            "color": "#E7664C"}


TABLE = {"perPage": 10, "showPartialRows": False, "showMetricsAtAllLevels": False,
         "showTotal": False, "totalFunc": "sum", "percentageCol": ""}


def visualizations():
    return [
        visualization(
            "rate", "Heart rate, last and highest of 5 s", "line", "heart_rate:*",
            [last("heart_rate", "last bpm", "average"),
             metric("max", "highest bpm", field="heart_rate"),
             every("5s"), by("device_id", "group", "device")],
            {**axes("bpm"), "seriesParams": series("line", "last bpm", "highest bpm"),
             "thresholdLine": threshold(LIMIT)},
            f"Each device's last and highest heart rate of every 5 s, with the line at {LIMIT}."),
        visualization(
            "alarms", "Alarms raised", "histogram", "event:alarm and state:raised",
            [metric("count", "alarms"), every("1m"), by("alarm", "group", "alarm")],
            {**axes("alarms a minute"), "seriesParams": series("histogram", "alarms"),
             "thresholdLine": threshold(None)},
            "What the boards raised, a minute."),
        visualization(
            "alarm-states", "Alarms, how they stand", "table", "event:alarm",
            [last("state", "state", "concat"), metric("max", "since", field="timestamp"),
             metric("max", "highest bpm", field="beats_per_minute"),
             by("device_id", "bucket", "device"), by("sensor", "bucket", "sensor"),
             by("alarm", "bucket", "alarm")],
            TABLE, "The last that each alarm did."),
        visualization(
            "battery", "Batteries of sensors", "table", "event:alarm and alarm:battery_low",
            [last("state", "low battery", "concat"), metric("max", "since", field="timestamp"),
             by("device_id", "bucket", "device"), by("sensor", "bucket", "sensor")],
            TABLE, "Sensors that said their battery is low; `cleared` after a new one."),
        visualization(
            "gaps", "Gaps", "table", "event:gap",
            [metric("sum", "records lost", field="count"),
             metric("min", "from", field="first_timestamp"),
             metric("max", "until", field="last_timestamp"),
             by("device_id", "bucket", "device"), by("sink", "bucket", "sink"),
             by("reason", "bucket", "why")],
            TABLE, "Records that a gateway knows to be missing, and why."),
        visualization(
            "late", "Late arrivals", "line", "late_ms:*",
            [metric("max", "latest, ms", field="late_ms"), every("1m"),
             by("device_id", "group", "device")],
            {**axes("ms from sensor to stream"), "seriesParams": series("line", "latest, ms"),
             "thresholdLine": threshold(None)},
            "How long the slowest record of each minute took to the stream. Only records that "
            "came through the indexer have it."),
    ]


# Columns of 48, rows of about 20 pixels: x, y, width, height.
PLACES = {
    "rate": (0, 0, 48, 18), "alarms": (0, 18, 24, 12), "alarm-states": (24, 18, 24, 12),
    "gaps": (0, 30, 24, 12), "battery": (24, 30, 24, 12), "late": (0, 42, 48, 12),
}


def dashboard():
    panels, references = [], []
    for place, (name, (x, y, width, height)) in enumerate(PLACES.items()):
        panels.append({
            "version": "2.19.0", "panelIndex": str(place), "embeddableConfig": {},
            "panelRefName": f"panel_{place}",
            "gridData": {"x": x, "y": y, "w": width, "h": height, "i": str(place)}})
        references.append({"name": f"panel_{place}", "type": "visualization",
                           "id": f"pulsegate-{name}"})
    return {
        "id": "pulsegate", "type": "dashboard", "migrationVersion": {"dashboard": "7.9.3"},
        "attributes": {
            "title": "Pulsegate", "description": "Not a medical device.", "version": 1,
            "hits": 0, "panelsJSON": json.dumps(panels),
            "optionsJSON": json.dumps({"hidePanelTitles": False, "useMargins": True}),
            "timeRestore": True, "timeFrom": "now-15m", "timeTo": "now",
            "refreshInterval": {"pause": False, "value": 5000},
            "kibanaSavedObjectMeta": search_source("", reference=False),
        },
        "references": references,
    }


def saved_objects():
    pattern = {
        "id": PATTERN, "type": "index-pattern", "migrationVersion": {"index-pattern": "7.6.0"},
        "attributes": {"title": "heart_rate*", "timeFieldName": "timestamp"}, "references": [],
    }
    return [pattern, *visualizations(), dashboard()]


def ndjson():
    return "".join(json.dumps(saved) + "\n" for saved in saved_objects())


if __name__ == "__main__":
    print(ndjson(), end="")
