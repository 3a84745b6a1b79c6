"""Rules and dashboard as promtool reads them, and a Prometheus that scrapes the gateway."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
from gateway import ROOT, file_sink, hex_lines, wait_until
from lan import port_of
from ports import free_port
from recordings import as_hex_lines

FOLDER = ROOT / "cloud" / "monitoring"
PROMTOOL = shutil.which("promtool") or "promtool"
PROMETHEUS = shutil.which("prometheus") or "prometheus"


def promtool(*arguments):
    run = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_rules_are_rules():
    assert "16 rules found" in promtool("check", "rules", FOLDER / "pulsegate.rules.yml")


def test_rules_speak_when_they_should():
    promtool("test", "rules", FOLDER / "rules-test.yml")


def test_every_rule_is_tested():
    alerts = set(re.findall(r"- alert: (\w+)", (FOLDER / "pulsegate.rules.yml").read_text()))
    tested = set(re.findall(r'alertname="(\w+)"', (FOLDER / "rules-test.yml").read_text()))
    assert len(alerts) == 16 and alerts == tested


def test_example_configuration_is_one(tmp_path):
    for name in ("prometheus.yml", "pulsegate.rules.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "pulsegate.token").write_text("0123456789abcdef\n")
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_expressions_of_the_dashboard_are_queries(tmp_path):
    """promtool reads expressions of rules; the dashboard's become such."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"]
                   for target in panel.get("targets", [])]
    rules = [{"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")
              .replace("$job", ".+").replace("$instance", ".+")}
             for number, expression in enumerate(expressions)]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", path)


class Prometheus:
    """A Prometheus that scrapes one gateway ten times a second, in a folder of its own."""

    def __init__(self, folder, gateway_port, token):
        self.port = free_port()
        shutil.copy(FOLDER / "pulsegate.rules.yml", folder)
        (folder / "pulsegate.token").write_text(token + "\n")
        text = (FOLDER / "prometheus.yml").read_text()
        text = text.replace("gym-7.lan:8080", f"127.0.0.1:{gateway_port}")
        text = text.replace("scrape_interval: 15s", "scrape_interval: 200ms")
        (folder / "prometheus.yml").write_text(
            "global: {scrape_timeout: 200ms, evaluation_interval: 500ms}\n" + text)
        self.log = (folder / "prometheus.log").open("wb")
        self.process = subprocess.Popen(
            [PROMETHEUS, "--config.file", folder / "prometheus.yml",
             "--storage.tsdb.path", folder / "series",
             "--web.listen-address", f"127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log)

    def ask(self, query):
        """Returns {labels without name, job and instance: value}; None while it is not there."""
        url = (f"http://127.0.0.1:{self.port}/api/v1/query?"
               + urllib.parse.urlencode({"query": query}))
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return {tuple(sorted((name, text) for name, text in each["metric"].items()
                             if name not in ("__name__", "job", "instance"))):
                float(each["value"][1]) for each in found}

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def scraped(desk, tmp_path):
    """A gateway with a token, and the Prometheus that scrapes it."""
    token = "0123456789abcdef-of-the-test"
    secret = tmp_path / "token"
    secret.write_text(token + "\n")
    secret.chmod(0o600)
    desk.configure(hex_lines(), file_sink(),
                   http={"listen": "127.0.0.1:0", "token_file": secret})
    run = desk.start(stdin=subprocess.PIPE)
    folder = tmp_path / "prometheus"
    folder.mkdir()
    prometheus = Prometheus(folder, port_of(run), token)
    yield run, prometheus
    prometheus.stop()


def test_prometheus_takes_every_sample(scraped):
    run, prometheus = scraped
    wait_until(lambda: prometheus.ask('up{job="pulsegate"}') == {(): 1.0}, "the gateway is up")
    run.write(as_hex_lines([72] * 500))
    wait_until(lambda: prometheus.ask("pulsegate_notifications_total") == {(): 500.0},
               "five hundred notifications")
    assert prometheus.ask('scrape_samples_scraped{job="pulsegate"}')[()] > 150
    assert prometheus.ask("pulsegate_sensor_connected") == {(("sensor", "strap-1"),): 1.0}
    assert prometheus.ask("pulsegate_alarm_decision_duration_seconds_count") == {(): 500.0}
    middle = prometheus.ask(
        "histogram_quantile(0.5, pulsegate_alarm_decision_duration_seconds_bucket)")[()]
    assert 0 < middle < 0.01
    types = json.load(urllib.request.urlopen(
        f"http://127.0.0.1:{prometheus.port}/api/v1/metadata", timeout=10))["data"]
    assert types["pulsegate_ring_written_bytes"][0]["type"] == "counter"
    assert types["pulsegate_ring_written_bytes"][0]["unit"] == "bytes"
