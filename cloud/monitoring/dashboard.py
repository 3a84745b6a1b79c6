#!/usr/bin/env python3
"""Writes dashboard.json, the dashboard for Grafana 9 and later: `cloud/monitoring/dashboard.py`.

Import the JSON in Grafana (Dashboards, New, Import); it asks for the Prometheus it should read.
"""

import json
from pathlib import Path

TARGET = Path(__file__).with_name("dashboard.json")
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HERE = 'job=~"$job",instance=~"$instance"'
WIDTH = 24


def rate(metric, more=""):
    return f"rate({metric}{{{HERE}{more}}}[$__rate_interval])"


def quantiles(metric):
    """The middle, the 99th and the 99.9th of a hundred of a histogram."""
    return [(f"histogram_quantile({part}, sum by (instance, le) ({rate(metric + '_bucket')}))",
             "{{instance}} p" + f"{100 * part:g}") for part in (0.5, 0.99, 0.999)]


# Rows of (title, width, kind, unit, [(expression, legend)]).
ROWS = [
    ("Gateways", [
        ("Up", 4, "stat", "bool_on_off", [(f"up{{{HERE}}}", "{{instance}}")]),
        ("Version", 4, "stat", "string", [(f"pulsegate_build_info{{{HERE}}}", "{{version}}")]),
        ("Running since", 4, "stat", "dateTimeFromNow",
         [(f"process_start_time_seconds{{{HERE}}} * 1000", "{{instance}}")]),
        ("Alarms now", 12, "timeseries", "short",
         [(f"sum by (instance, condition) (pulsegate_alarms_active{{{HERE}}}) > 0",
           "{{instance}} {{condition}}")]),
    ]),
    ("Sensors", [
        ("Since the last notification", 8, "timeseries", "s",
         [(f"pulsegate_sensor_notification_age_seconds{{{HERE}}}", "{{sensor}}")]),
        ("Connected", 4, "timeseries", "bool",
         [(f"pulsegate_sensor_connected{{{HERE}}}", "{{sensor}}")]),
        ("Signal", 6, "timeseries", "dBm",
         [(f"pulsegate_sensor_rssi_dbm{{{HERE}}}", "{{sensor}}")]),
        ("Battery", 6, "timeseries", "percentunit",
         [(f"pulsegate_sensor_battery_ratio{{{HERE}}}", "{{sensor}}")]),
    ]),
    ("Measurements", [
        ("Notifications and records", 8, "timeseries", "cps",
         [(rate("pulsegate_notifications_total"), "{{instance}} notifications"),
          (rate("pulsegate_measurements_recorded_total"), "{{instance}} {{kind}}")]),
        ("Rejected", 8, "timeseries", "cps",
         [(rate("pulsegate_measurements_rejected_total") + " > 0",
           "{{instance}} {{reason}}")]),
        ("Alarms raised", 8, "timeseries", "short",
         [(f"increase(pulsegate_alarms_raised_total{{{HERE}}}[$__rate_interval]) > 0",
           "{{instance}} {{condition}}")]),
    ]),
    ("Promptness", [
        ("An alarm's decision", 12, "timeseries", "s",
         quantiles("pulsegate_alarm_decision_duration_seconds")),
        ("A turn of the loop", 12, "timeseries", "s",
         quantiles("pulsegate_loop_turn_duration_seconds")),
    ]),
    ("Ring and card", [
        ("Records", 6, "timeseries", "short",
         [(f"pulsegate_ring_records{{{HERE}}}", "{{instance}}"),
          (f"pulsegate_ring_slots{{{HERE}}}", "{{instance}} room")]),
        ("In memory alone", 6, "timeseries", "short",
         [(f"pulsegate_ring_unsynced_records{{{HERE}}}", "{{instance}}"),
          (f"pulsegate_ring_failing{{{HERE}}}", "{{instance}} card fails")]),
        ("Syncs of the card", 6, "timeseries", "s",
         quantiles("pulsegate_ring_sync_duration_seconds")),
        ("Written", 6, "timeseries", "Bps",
         [(rate("pulsegate_ring_written_bytes_total"), "{{instance}}")]),
        ("Safe after", 12, "timeseries", "s",
         quantiles("pulsegate_record_durable_duration_seconds")),
        ("Writes and failures", 12, "timeseries", "cps",
         [(rate("pulsegate_ring_writes_total"), "{{instance}} writes"),
          (rate("pulsegate_ring_failures_total"), "{{instance}} failures"),
          (rate("pulsegate_ring_given_up_records_total"), "{{instance}} records given up")]),
    ]),
    ("Sinks", [
        ("Delivered", 8, "timeseries", "cps",
         [(rate("pulsegate_sink_delivered_records_total"), "{{instance}} {{sink}}")]),
        ("Waiting", 8, "timeseries", "short",
         [(f"pulsegate_sink_waiting_records{{{HERE}}}", "{{instance}} {{sink}}")]),
        ("Oldest unsent", 8, "timeseries", "s",
         [(f"pulsegate_sink_oldest_unsent_age_seconds{{{HERE}}}", "{{instance}} {{sink}}")]),
        ("Requests", 8, "timeseries", "reqps",
         [(rate("pulsegate_sink_requests_total"), "{{instance}} {{sink}}"),
          (rate("pulsegate_sink_retried_requests_total"), "{{instance}} {{sink}} retries"),
          (rate("pulsegate_sink_failed_requests_total"), "{{instance}} {{sink}} failed")]),
        ("Sent", 8, "timeseries", "Bps",
         [(rate("pulsegate_sink_request_bytes_total"), "{{instance}} {{sink}}")]),
        ("Refused, rejected, lost", 8, "timeseries", "short",
         [(f"increase(pulsegate_sink_refused_records_total{{{HERE}}}[$__rate_interval]) > 0",
           "{{instance}} {{sink}} refused"),
          (f"increase(pulsegate_sink_rejected_records_total{{{HERE}}}[$__rate_interval]) > 0",
           "{{instance}} {{sink}} rejected"),
          (f"increase(pulsegate_sink_lost_records_total{{{HERE}}}[$__rate_interval]) > 0",
           "{{instance}} {{sink}} lost, {{reason}}")]),
        ("Keys end in", 12, "timeseries", "s",
         [(f"pulsegate_credentials_expiry_timestamp_seconds{{{HERE}}} - time()",
           "{{instance}} {{sink}}")]),
        ("State", 12, "timeseries", "short",
         [(f"pulsegate_sink_state{{{HERE}}} > 0",
           "{{instance}} {{sink}} {{pulsegate_sink_state}}"),
          (f"pulsegate_credentials_usable{{{HERE}}} == 0", "{{instance}} {{sink}} no key")]),
    ]),
    ("Process and clock", [
        ("Memory", 12, "timeseries", "bytes",
         [(f"process_resident_memory_bytes{{{HERE}}}", "{{instance}}"),
          (f"pulsegate_memory_budget_bytes{{{HERE}}}", "{{instance}} budget")]),
        ("Clock against the kernel's", 6, "timeseries", "s",
         [(f"pulsegate_clock_offset_seconds{{{HERE}}}", "{{instance}}")]),
        ("Time known, safe mode", 6, "timeseries", "bool",
         [(f"pulsegate_clock_synced{{{HERE}}}", "{{instance}} time known"),
          (f"pulsegate_safe_mode{{{HERE}}}", "{{instance}} safe mode")]),
    ]),
]


def panels():
    """Every panel, row by row from the left, a new line where one is full."""
    made = []
    top = 0
    for title, row in ROWS:
        made.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                     "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}})
        top += 1
        left = 0
        for name, width, kind, unit, targets in row:
            if left + width > WIDTH:
                left = 0
                top += 8
            made.append(panel(name, kind, unit, targets,
                              {"x": left, "y": top, "w": width, "h": 8}))
            left += width
        top += 8
    for number, each in enumerate(made, 1):
        each["id"] = number
    return made


def panel(title, kind, unit, targets, place):
    made = {"type": kind, "title": title, "datasource": SOURCE, "gridPos": place,
            "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "options": {},
            "targets": [{"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": expression,
                         "legendFormat": legend} for number, (expression, legend)
                        in enumerate(targets)]}
    if kind == "stat":
        made["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]},
                           "textMode": "name" if title == "Version" else "auto"}
    return made


def variable(name, query):
    return {"name": name, "type": "query", "datasource": SOURCE, "query": query,
            "refresh": 2, "multi": True, "includeAll": True, "allValue": ".+",
            "current": {"text": "All", "value": "$__all"}}


def dashboard():
    return {
        "uid": "pulsegate", "title": "Pulsegate", "tags": ["pulsegate"], "schemaVersion": 37,
        "version": 1, "editable": True, "refresh": "30s", "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [
            {"name": "datasource", "label": "Prometheus", "type": "datasource",
             "query": "prometheus", "current": {}},
            variable("job", "label_values(pulsegate_build_info, job)"),
            variable("instance", 'label_values(pulsegate_build_info{job=~"$job"}, instance)'),
        ]},
        "annotations": {"list": []},
        "panels": panels(),
    }


def text():
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
