"""`GET /metrics` of the binary: read by Prometheus's own client, compared with what was fed and
with what the control socket says."""

import json
import os
import re
import subprocess
import time

from faults import Disk, build_faults
from gateway import (BINARY, ROOT, file_sink, hex_lines, kinesis_sink, play, wait_until)
from lan import get, port_of
from metrics import metrics_named, sample_names, scrape, value
from recordings import as_hex_lines

MONITORING = ROOT / "cloud" / "monitoring"
LISTEN = {"listen": "127.0.0.1:0"}
FEED = "00 48\n" * 20 + "00\n" * 3 + "01 ff ff\n" * 2 + "06 00\n" * 4


def start(desk, *sinks, source=None, **sections):
    http = {**LISTEN, **sections.pop("http", {})}
    desk.configure(source or hex_lines(), *sinks, http=http, **sections)
    run = desk.start(stdin=subprocess.PIPE)
    return run, port_of(run)


def wait_for(port, sample, expected, **labels):
    wait_until(lambda: value(scrape(port), sample, **labels) == expected,
               f"{sample} {labels} {expected}")


def test_every_family_has_its_help_and_type_and_a_unit_in_its_name(desk):
    _, port = start(desk, file_sink())
    families = scrape(port)
    assert len(families) > 35
    for name, family in families.items():
        assert name.startswith(("pulsegate_", "process_"))
        assert family.documentation.endswith("."), name
        assert family.type in ("gauge", "counter", "histogram", "info", "stateset")
        base = re.search(r"_(seconds|bytes|ratio|dbm|beats_per_minute)$", name)
        assert family.unit == (base[1] if base else ""), name


def test_notifications_are_counted_as_they_were_fed(desk):
    run, port = start(desk, file_sink())
    run.write(FEED)
    wait_for(port, "pulsegate_notifications_total", 29)
    families = scrape(port)
    assert value(families, "pulsegate_measurements_recorded_total", kind="heart_rate") == 20
    for reason, count in [("malformed", 3), ("implausible", 2), ("off_skin", 4),
                          ("without_value", 0), ("ring_full", 0)]:
        assert value(families, "pulsegate_measurements_rejected_total", reason=reason) == count
    counters = json.loads(get(port, "/api/status")[2])["counters"]
    assert counters == {"notifications": 29, "recorded": 20, "malformed": 3, "off_skin": 4,
                        "implausible": 2}
    assert value(families, "pulsegate_build_info",
                 version=subprocess.run([BINARY, "--version"], capture_output=True, check=True,
                                        text=True).stdout.split()[-1]) == 1


def test_sinks_say_what_the_double_got(desk, double):
    run, port = start(desk, kinesis_sink(double))
    run.write("00 48\n" * 200)
    wait_for(port, "pulsegate_sink_delivered_records_total", 200, sink="cloud")
    families = scrape(port)
    assert len(double.records()) == 200
    assert value(families, "pulsegate_sink_waiting_records", sink="cloud") == 0
    assert value(families, "pulsegate_sink_oldest_unsent_age_seconds", sink="cloud") == 0
    assert value(families, "pulsegate_sink_requests_total", sink="cloud") >= 1
    assert value(families, "pulsegate_sink_failed_requests_total", sink="cloud") == 0
    assert value(families, "pulsegate_sink_request_bytes_total", sink="cloud") > 200 * 100
    assert value(families, "pulsegate_credentials_usable", sink="cloud") == 1
    assert value(families, "pulsegate_credentials_expiry_timestamp_seconds", sink="cloud") is None


def test_sink_that_is_away_is_retried_and_its_records_age(desk, double):
    run, port = start(desk, kinesis_sink(double, endpoint="https://127.0.0.1:9"))
    run.write("00 48\n" * 10)
    wait_until(lambda: value(scrape(port), "pulsegate_sink_retried_requests_total",
                             sink="cloud") >= 1, "a retry")
    families = scrape(port)
    assert value(families, "pulsegate_sink_failed_requests_total", sink="cloud") >= 1
    assert value(families, "pulsegate_sink_delivered_records_total", sink="cloud") == 0
    assert value(families, "pulsegate_sink_waiting_records", sink="cloud") == 10
    first = value(families, "pulsegate_sink_oldest_unsent_age_seconds", sink="cloud")
    assert first > 0
    time.sleep(0.2)
    later = value(scrape(port), "pulsegate_sink_oldest_unsent_age_seconds", sink="cloud")
    assert 0.2 <= later - first < 10


def test_full_ring_says_what_it_gave_up(desk):
    run, port = start(desk, kinesis_sink_that_is_away())
    run.write("00 48\n" * 9000)
    wait_for(port, "pulsegate_notifications_total", 9000)
    families = scrape(port)
    slots = value(families, "pulsegate_ring_slots")
    lost = value(families, "pulsegate_sink_lost_records_total", sink="cloud",
                 reason="overwritten")
    waiting = value(families, "pulsegate_sink_waiting_records", sink="cloud")
    assert slots == 8064 and value(families, "pulsegate_ring_records") == slots
    assert waiting <= slots
    # Beside the measurements the alarm log has a line or two.
    assert 9000 <= lost + waiting <= 9010
    assert value(families, "pulsegate_alarms_raised_total", condition="ring_full") == 1


def kinesis_sink_that_is_away():
    return "cloud", {"type": "kinesis", "stream": "pulse", "region": "eu-central-1",
                     "endpoint": "http://127.0.0.1:9", "allow_http": "yes"}


def test_histograms_agree_with_the_log(desk, run_47min):
    run, port = start(desk, file_sink(), source=play(run_47min.path, at_end="stay"))
    wait_for(port, "pulsegate_alarm_decision_duration_seconds_count", 2808)
    # Each is safe when the file has it.
    wait_for(port, "pulsegate_record_durable_duration_seconds_count", 2808)
    families = scrape(port)
    for name in ("pulsegate_alarm_decision_duration_seconds",
                 "pulsegate_loop_turn_duration_seconds",
                 "pulsegate_record_durable_duration_seconds"):
        buckets = [(each.labels["le"], each.value) for each in families[name].samples
                   if each.name.endswith("_bucket")]
        counts = [count for _, count in buckets]
        assert counts == sorted(counts) and buckets[-1][0] == "+Inf"
        assert counts[-1] == value(families, f"{name}_count")
        assert value(families, f"{name}_sum") > 0
    run.terminate()
    assert run.wait() == 0
    said = re.search(r"alarm: decided within p50 (\d+) us", run.log)
    half = int(said[1]) * 1e-6
    # The limit of the octave in which the middle of the log lies.
    buckets = [(float(each.labels["le"]), each.value)
               for each in families["pulsegate_alarm_decision_duration_seconds"].samples
               if each.name.endswith("_bucket")]
    above = min(limit for limit, count in buckets if count >= 1404)
    below = max((limit for limit, count in buckets if count < 1404), default=0)
    # The log cuts its microseconds off, and its percentile is up to 1/16 high.
    assert below <= half + 1e-6 and half <= above * 17 / 16


def test_card_is_counted_as_the_control_socket_says(desk, run_47min):
    run, port = start(desk, file_sink(), source=play(run_47min.path, at_end="stay"))
    wait_for(port, "pulsegate_sink_delivered_records_total", 2808, sink="local")
    families = scrape(port)
    assert value(families, "pulsegate_ring_records") == 2808
    assert value(families, "pulsegate_ring_writes_total") >= 1
    assert value(families, "pulsegate_ring_written_bytes_total") >= 128 * (
        2808 - value(families, "pulsegate_ring_unsynced_records"))
    assert value(families, "pulsegate_ring_failing") == 0
    ring = json.loads(get(port, "/api/status")[2])["ring"]
    assert ring["slots"] == value(families, "pulsegate_ring_slots")
    assert ring["records"] == value(families, "pulsegate_ring_records")
    with open(f"/proc/{run.process.pid}/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert abs(value(families, "process_resident_memory_bytes") - resident) < 1 << 20
    started = value(families, "process_start_time_seconds")
    assert 0 <= time.time() - started < 120


def test_card_that_fails_is_said(desk, tmp_path):
    desk.configure(hex_lines(), file_sink(), http=LISTEN)
    disk = Disk(build_faults(tmp_path), desk.ring, tmp_path)
    run = desk.start(stdin=subprocess.PIPE, **disk.variables)
    port = port_of(run)
    disk.fail("pwrite", "EIO")
    run.write("00 48\n" * 10)
    wait_for(port, "pulsegate_ring_failing", 1)
    assert value(scrape(port), "pulsegate_ring_failures_total") >= 1


def test_health_is_not_in_metrics_unless_asked_for(desk):
    run, port = start(desk, file_sink())
    run.write("00 48\n" * 5)
    wait_for(port, "pulsegate_notifications_total", 5)
    assert "pulsegate_sensor_heart_rate_beats_per_minute" not in scrape(port)
    assert b"72" not in re.sub(rb"[\d.]*\d{3,}[\d.]*", b"", get(port, "/metrics")[2])


def test_heart_rate_is_in_metrics_when_asked_for(desk):
    run, port = start(desk, file_sink(), http={"metrics_heart_rate": "yes"})
    name = "pulsegate_sensor_heart_rate_beats_per_minute"
    assert value(scrape(port), name, sensor="strap-1") is None
    run.write("00 48\n")
    wait_for(port, name, 72, sensor="strap-1")
    assert value(scrape(port), "pulsegate_sensor_connected", sensor="strap-1") == 1
    assert value(scrape(port), "pulsegate_sensor_notification_age_seconds",
                 sensor="strap-1") < 10
    # Off the skin is no heart rate.
    run.write("04 00\n")
    wait_until(lambda: value(scrape(port), name, sensor="strap-1") is None, "no heart rate")


def test_alarms_are_counted_by_condition(desk):
    run, port = start(desk, file_sink(), alarm={"high": "150", "onset_delay": "0s"})
    run.write("00 b4\n" * 3)
    wait_for(port, "pulsegate_alarms_raised_total", 1, condition="high_heart_rate")
    assert value(scrape(port), "pulsegate_alarms_active", condition="high_heart_rate") == 1
    assert value(scrape(port), "pulsegate_alarms_active", condition="frozen") == 0


def test_names_of_sensors_are_escaped(desk):
    _, port = start(desk, file_sink(), source=hex_lines(sensor='a\\b'))
    families = scrape(port)
    names = {each.labels["sensor"] for each in families["pulsegate_sensor_connected"].samples}
    assert names == {"a\\b"}


def test_dashboard_and_rules_name_metrics_that_there_are(desk):
    """A metric that no gateway has makes a panel that is empty and a rule that never speaks."""
    _, port = start(desk, file_sink(), http={"metrics_heart_rate": "yes"})
    there = sample_names(scrape(port))
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"]
                   for target in panel.get("targets", [])]
    assert len(expressions) > 40
    rules = re.findall(r"^ +expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)",
                       (MONITORING / "pulsegate.rules.yml").read_text(), re.MULTILINE)
    assert len(rules) == 16
    named = set()
    for expression in expressions + [folded or plain for folded, plain in rules]:
        metrics = metrics_named(expression)
        assert metrics or expression.startswith("up{"), expression
        assert metrics <= there, expression
        named |= metrics
    # And nothing that a gateway says is left out of sight, but what is about a person.
    shown = {name for expression in expressions for name in metrics_named(expression)}
    unseen = {name for name in there if not name.endswith(("_sum", "_count"))} - shown
    assert unseen == {"pulsegate_sensor_heart_rate_beats_per_minute"}


def test_dashboard_is_the_one_that_its_script_writes():
    script = subprocess.run(
        ["python3", "-c", "import dashboard, sys; sys.stdout.write(dashboard.text())"],
        cwd=MONITORING, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, check=True, text=True)
    assert script.stdout == (MONITORING / "dashboard.json").read_text()


def test_dashboard_can_be_imported():
    """What Grafana asks of a dashboard: ids, places without overlap, targets with a source."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 36
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids) and "id" not in dashboard
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == "${datasource}"
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(panels))) - {"__rate_interval"}
    assert used == variables
