"""`pulsegate net check`: the way to each sink, and what to do where it ends."""

import subprocess
from types import SimpleNamespace

import pytest
from clocks import WrongClock, build_shim
from gateway import BINARY, environment, file_sink, hex_lines, kinesis_sink


def check(desk, *sinks, variables=None, **keys):
    desk.configure(hex_lines(), *sinks)
    return subprocess.run(
        [BINARY, "net", "check", "--config", str(desk.configuration)], text=True, timeout=60,
        capture_output=True, env=environment(**keys, **(variables or {})))


def test_a_good_way_is_said_to_be_good_and_no_record_is_sent(desk, double):
    done = check(desk, kinesis_sink(double), file_sink())
    assert done.returncode == 0, done.stdout + done.stderr
    for step in ("key         ok", "connection  ok", "request     ok"):
        assert step in done.stdout, done.stdout
    assert "sink local (file): needs no network" in done.stdout
    assert "every sink can be reached" in done.stdout
    assert double.records() == []
    assert not desk.ring.exists()


@pytest.mark.parametrize("what, changes, step, remedy", [
    ("a host that is not there", {"endpoint": "https://no-such-host.invalid"}, "name",
     "Check the spelling of no-such-host.invalid"),
    ("a port where nobody listens", {"endpoint": "https://127.0.0.1:1"}, "connection",
     "Nothing accepts connections"),
    ("an authority that did not sign", {"ca_file": "foreign"}, "TLS",
     "not signed by a trusted authority"),
])
def test_a_way_that_ends_says_where_and_what_to_do(desk, double, certificates, what, changes,
                                                   step, remedy):
    if changes.get("ca_file"):
        changes = {"ca_file": certificates / "foreign-ca.pem"}
    done = check(desk, kinesis_sink(double, **changes))
    assert done.returncode == 1, what
    line = next(line for line in done.stdout.splitlines() if "FAILED" in line)
    assert line.split()[:2] == [step, "FAILED"], done.stdout
    assert remedy in line
    assert "not every sink can be reached" in done.stdout


def test_a_wrong_secret_is_told_from_everything_else(desk, double):
    done = check(desk, kinesis_sink(double), secret_key="wrong")
    assert done.returncode == 1
    assert "check the secret access key" in done.stdout
    assert "wrong" not in done.stdout.replace("clock       wrong", "")


def test_no_key_is_said_with_the_places_that_were_looked_at(desk, double):
    done = check(desk, kinesis_sink(double, credentials="environment"), access_key="",
                 secret_key="")
    assert done.returncode == 1
    assert "key         FAILED" in done.stdout and "AWS_ACCESS_KEY_ID" in done.stdout


def test_a_clock_at_1970_is_said_and_the_way_is_good_all_the_same(desk, double, tmp_path):
    clock = WrongClock(build_shim(tmp_path), tmp_path)
    clock.say(60)
    done = check(desk, kinesis_sink(double), variables=clock.variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clock       wrong" in done.stdout and "timedatectl" in done.stdout
    assert "request     ok" in done.stdout


def test_a_sink_that_is_away_does_not_keep_the_others_from_being_tried(desk, double):
    away = SimpleNamespace(endpoint="https://127.0.0.1:1", ca=double.ca)
    done = check(desk, kinesis_sink(away, name="away"), kinesis_sink(double))
    assert done.returncode == 1
    assert "connection  FAILED" in done.stdout and "request     ok" in done.stdout
