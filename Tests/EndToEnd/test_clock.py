"""A board whose clock is wrong: everything is delivered, with the right time and nobody's help.

The certificates of the servers began in 2020: what is verified at another time is refused.
"""

import datetime
import json
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from clocks import HOUR, YEAR, WrongClock, build_shim
from gateway import (assert_in_order_and_once, hex_lines, kinesis_sink, parse_stream, wait_until)
from recordings import as_hex_lines

RING = {"sync_interval": "100ms"}
# How far the clock is ahead at the start; absolute dates are seconds after 1970.
TABLE = {
    "1970": ("say", 60), "2000": ("say", 946_684_800), "an hour behind": ("be_ahead", -HOUR),
    "an hour ahead": ("be_ahead", HOUR), "50 years behind": ("be_ahead", -50 * YEAR),
    "50 years ahead": ("be_ahead", 50 * YEAR),
}


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def clock(shim, tmp_path):
    return WrongClock(shim, tmp_path)


def set_wrong(clock, name):
    how, seconds = TABLE[name]
    getattr(clock, how)(seconds)


def seconds_of(record):
    return datetime.datetime.fromisoformat(record["timestamp"]).timestamp()


def assert_times(records, began, ended):
    """Each record has the time of its arrival, by a clock that is right to a few seconds."""
    for record in records:
        assert began - 3 <= seconds_of(record) <= ended + 3, record
        assert record["clock"] == "synced"


def start(desk, clock, sink, **more):
    desk.configure(hex_lines(), sink, ring={**RING, **more})
    run = desk.start(stdin=subprocess.PIPE, **clock.variables)
    run.wait_for_log("started: ")
    return run


def end(run):
    run.close_input()
    assert run.wait() == 0, run.log
    return run.log


def wait_for(double, count):
    wait_until(lambda: len(double.records()) >= count, f"{count} records")


@pytest.mark.parametrize("wrong", TABLE)
def test_everything_is_delivered_with_the_right_time(desk, double, clock, wrong):
    set_wrong(clock, wrong)
    began = time.time()
    run = start(desk, clock, kinesis_sink(double))
    run.write(as_hex_lines(range(60, 80)))
    log = end(run)
    records = parse_stream(double.records())
    assert_in_order_and_once(records, list(range(60, 80)))
    assert_times(records, began, time.time())
    assert "the service's time is used" in log


@pytest.mark.parametrize("wrong", ["1970", "50 years ahead"])
def test_no_certificate_is_taken_for_the_clocks_sake(desk, certificates, start_double, clock,
                                                     wrong):
    foreign = start_double("--cert", certificates / "foreign-server.pem",
                           "--key", certificates / "foreign-server.key")
    set_wrong(clock, wrong)
    run = start(desk, clock, kinesis_sink(foreign))
    run.write(as_hex_lines([72] * 5))
    run.wait_for_log("not signed by a trusted authority")
    run.terminate()
    foreign.ca = certificates / "foreign-ca.pem"
    assert foreign.records() == []
    foreign.stop()


@pytest.mark.parametrize("step", [-3 * HOUR, 3 * HOUR, -50 * YEAR, 50 * YEAR])
def test_steps_of_the_clock_disturb_nothing(desk, double, clock, step):
    began = time.time()
    run = start(desk, clock, kinesis_sink(double))
    run.write(as_hex_lines(range(60, 70)))
    wait_for(double, 10)
    clock.be_ahead(step)
    run.write(as_hex_lines(range(70, 80)))
    wait_for(double, 20)
    clock.be_ahead(0)
    run.write(as_hex_lines(range(80, 90)))
    log = end(run)
    records = parse_stream(double.records())
    assert_in_order_and_once(records, list(range(60, 90)))
    for record in records:
        assert began - 3 <= seconds_of(record) <= time.time() + 3, record
    assert "refused" not in log


@pytest.mark.parametrize("step", [-3 * HOUR, 50 * YEAR])
def test_a_step_while_a_request_runs_disturbs_nothing(desk, double, clock, step):
    run = start(desk, clock, kinesis_sink(double))
    run.write(as_hex_lines([60]))
    wait_for(double, 1)
    double.script("drip:1.5")
    run.write(as_hex_lines([61]))
    wait_until(lambda: double.stats()["requests"] >= 2, "the request")
    clock.be_ahead(step)
    run.write(as_hex_lines([62]))
    end(run)
    assert_in_order_and_once(parse_stream(double.records()), [60, 61, 62])


def test_records_of_an_offline_start_at_1970_are_stamped_when_time_is_known(desk, double, clock):
    """The first run never learns the time; the second, of the same boot, stamps its records."""
    clock.say(60)
    began = time.time()
    run = start(desk, clock, kinesis_sink(double, endpoint="https://127.0.0.1:1"))
    run.write(as_hex_lines(range(60, 70)))
    run.wait_for_log("cannot be right")
    run.wait_for_log("not reached")
    time.sleep(0.5)
    run.kill()

    again = start(desk, clock, kinesis_sink(double))
    again.write(as_hex_lines(range(70, 80)))
    end(again)
    records = parse_stream(double.records())
    assert [record["heart_rate"] for record in records] == list(range(60, 80))
    assert_times(records, began, time.time())


def test_the_latest_certain_time_outlives_the_power(desk, double, clock):
    clock.say(60)
    first = start(desk, clock, kinesis_sink(double))
    first.write(as_hex_lines([72]))
    end(first)
    notes = (desk.ring.parent / "clock").read_text()
    kept = int(next(line for line in notes.splitlines() if line.startswith("time ")).split()[1])
    assert abs(kept / 1e6 - time.time()) < 60

    clock.say(60)
    second = start(desk, clock, kinesis_sink(double))
    said = next(line for line in second.log.splitlines() if "cannot be right" in line)
    assert datetime.datetime.fromtimestamp(kept / 1e6, datetime.timezone.utc) \
        .strftime("%Y-%m-%dT%H:%M:%SZ") in said
    end(second)


def test_notes_that_are_no_notes_are_said_and_stop_nothing(desk, double, clock):
    desk.ring.parent.mkdir(parents=True, exist_ok=True)
    (desk.ring.parent / "clock").write_bytes(b"\xff\x00 time -1")
    run = start(desk, clock, kinesis_sink(double))
    run.write(as_hex_lines([72]))
    log = end(run)
    assert "clock: not understood" in log
    assert len(double.records()) == 1


class Collector(BaseHTTPRequestHandler):
    """Takes lines of JSON over TLS, and knows what time it is."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked += 1
        self.answer(405)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.lines += body.splitlines()
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector(certificates):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.lines, server.asked = [], 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.mark.parametrize("wrong", ["1970", "2000", "50 years ahead"])
def test_a_collector_that_takes_any_time_is_asked_for_it_first(desk, certificates, collector,
                                                               clock, wrong):
    set_wrong(clock, wrong)
    began = time.time()
    sink = "collector", {"type": "http", "ca_file": certificates / "ca.pem",
                         "url": f"https://127.0.0.1:{collector.server_port}/"}
    run = start(desk, clock, sink)
    run.write(as_hex_lines(range(60, 80)))
    end(run)
    records = [json.loads(line) for line in collector.lines]
    assert [record["heart_rate"] for record in records] == list(range(60, 80))
    assert_times(records, began, time.time())
    assert collector.asked == 1
