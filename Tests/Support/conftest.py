"""Fixtures over doubles.py; the helpers themselves are there."""

import pytest

import doubles
from certificates import ensure_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """The directory with the test certificates."""
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
    """One double with a fixed seed for the whole run; use `double` for a clean state."""
    double = doubles.start_double(certificates, "--seed", "1")
    yield double
    double.stop()


@pytest.fixture
def double(shared_double):
    """The shared double in the state it had at start."""
    shared_double.reset()
    return shared_double


@pytest.fixture(scope="module")
def moto():
    """A moto server that enforces IAM and signatures, with its stream and users."""
    server = doubles.start_moto(auth=True)
    yield server
    server.stop()
