"""Fixtures of the end-to-end tests; the servers are those of Tests/Support/doubles.py."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

import doubles  # noqa: E402
from bluetooth import Bluetooth  # noqa: E402
from certificates import ensure_certificates  # noqa: E402
from gateway import BINARY, Desk  # noqa: E402
from line_doubles import Collector  # noqa: E402
from recordings import read_recording  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def binary():
    """The program under test; without it no test says anything."""
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there: `make release` builds it, "
                    "PULSEGATE names another", returncode=1)
    return BINARY


@pytest.fixture
def desk(tmp_path):
    """A folder for the gateway; its processes end with the test."""
    desk = Desk(tmp_path)
    yield desk
    desk.stop()


@pytest.fixture(scope="session")
def run_47min():
    """2,808 heart rates of an ordinary run: a wrist watch, one row without a value."""
    recording = read_recording("run-47min")
    assert len(recording.heart_rates) == 2808
    return recording


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return ensure_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start_double(certificates):
    """A function that starts a Kinesis double with given options; all stop with the test."""
    started = []

    def start(*options, plain=False):
        double = doubles.start_double(certificates, *options, plain=plain)
        started.append(double)
        return double

    yield start
    for double in started:
        double.stop()


@pytest.fixture(scope="session")
def shared_double(certificates):
    double = doubles.start_double(certificates, "--seed", "1")
    yield double
    double.stop()


@pytest.fixture
def double(shared_double):
    """A double with TLS in the state it had at its start; a test scripts its faults."""
    shared_double.reset()
    return shared_double


@pytest.fixture
def start_bluetooth():
    """A function that starts a fake BlueZ with given options; `environment` of what it returns
    goes to `Desk.start`."""
    started = []

    def start(*options):
        bluetooth = Bluetooth(*options)
        started.append(bluetooth)
        return bluetooth

    yield start
    for bluetooth in started:
        bluetooth.stop()


@pytest.fixture
def start_collector(certificates):
    """A function that starts a Collector, with `tls=True` behind TLS; all stop with the test."""
    started = []

    def start(tls=False, **options):
        started.append(Collector(certificates=certificates if tls else None, **options))
        return started[-1]

    yield start
    for collector in started:
        collector.stop()
