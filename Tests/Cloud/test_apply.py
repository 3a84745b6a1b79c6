"""apply.py against a strict double of a domain: all of it, twice, and every refusal."""

import json
import subprocess
import sys

import pytest
from line_doubles import Answer
from search_double import IMPORT, SECURITY, SearchDouble
from stack import CLOUD

APPLY = CLOUD / "opensearch" / "apply.py"
ROLE = "arn:aws:iam::123456789012:role/pulsegate-IndexerRole"
TOPIC = ("--topic", "arn:aws:sns:eu-central-1:123456789012:alarms",
         "--topic-role", "arn:aws:iam::123456789012:role/pulsegate-AlertRole")


@pytest.fixture
def domain():
    double = SearchDouble()
    yield double
    double.stop()


def apply(domain, *more, password="s3cret", endpoint=None):
    """Runs the script as an operator would, without the test's packages."""
    login = json.dumps({"username": "operator", "password": password})
    return subprocess.run(
        [sys.executable, "-S", "-I", APPLY, "--endpoint", endpoint or domain.endpoint,
         "--allow-http", "--login", "-", "--indexer-role", ROLE, *more],
        input=login, capture_output=True, text=True, timeout=60)


def test_everything_is_put_and_a_second_time_changes_nothing(domain):
    first = apply(domain, *TOPIC)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [f"{name}: in place" for name in (
        "index templates", "retention policy", "roles", "channel to the alarm topic", "monitors",
        "dashboards")]
    state = domain.state()
    assert set(domain.templates) == {
        "pulsegate-cloud-heart_rate", "pulsegate-cloud-patient_stats"}
    assert domain.mappings == {"pulsegate_indexer": {
        "backend_roles": [ROLE], "hosts": [], "users": []}}
    assert len(domain.monitors) == 2 and len(domain.saved) == 8
    assert domain.settings == {"histogram:maxBars": 1000}
    second = apply(domain, *TOPIC)
    assert second.returncode == 0, second.stderr
    assert domain.state() == state


def test_what_others_put_there_stays(domain):
    domain.roles["theirs"] = {"cluster_permissions": ["*"]}
    domain.saved["dashboard:theirs"] = {"references": []}
    domain.monitors["theirs"] = {"name": "theirs", "triggers": []}
    assert apply(domain).returncode == 0
    assert domain.roles["theirs"] == {"cluster_permissions": ["*"]}
    assert "dashboard:theirs" in domain.saved and len(domain.monitors) == 3


def test_without_a_topic_the_monitors_tell_nobody(domain):
    assert apply(domain).returncode == 0
    for monitor in domain.monitors.values():
        for trigger in monitor["triggers"]:
            assert trigger["bucket_level_trigger"]["actions"] == []
    # A topic that comes later is used.
    assert apply(domain, *TOPIC).returncode == 0
    actions = [action for monitor in domain.monitors.values() for trigger in monitor["triggers"]
               for action in trigger["bucket_level_trigger"]["actions"]]
    assert {action["destination_id"] for action in actions} == {"pulsegate-alarms"}


def test_a_policy_that_somebody_changed_is_put_right(domain):
    assert apply(domain).returncode == 0
    domain.policies["pulsegate"]["policy"] = {"states": []}
    domain.policies["pulsegate"]["_seq_no"] = 41
    assert apply(domain).returncode == 0
    assert domain.policies["pulsegate"]["policy"]["states"]


def test_a_wrong_password_is_named_and_not_printed(domain):
    run = apply(domain, password="wr0ng-pass")
    assert run.returncode == 1
    assert "index templates: status 401" in run.stderr
    assert "the name or password is wrong" in run.stderr
    assert "wr0ng-pass" not in run.stdout + run.stderr


def test_the_step_that_fails_is_named_and_ends_it(domain):
    path = f"{SECURITY}/roles/pulsegate_indexer"
    domain.refuse[path] = Answer(403, b'{"message":"no permissions"}')
    run = apply(domain)
    assert run.returncode == 1
    assert 'roles: status 403: {"message":"no permissions"}' in run.stderr
    assert "monitors" not in run.stdout and domain.monitors == {}


def test_an_import_that_fails_with_status_200_is_a_failure(domain):
    domain.refuse[IMPORT] = Answer(200, b'{"success":false,"errors":[{"id":"x"}]}')
    run = apply(domain)
    assert run.returncode == 1 and 'dashboards: status 200: not imported: [{"id": "x"}]' in \
        run.stderr


def test_a_password_is_not_carried_elsewhere(domain):
    elsewhere = SearchDouble()
    try:
        # Of a PUT urllib follows no redirect anyhow; of this GET it would.
        domain.refuse["/_plugins/_ism/policies/pulsegate"] = Answer(
            302, b"", Location=elsewhere.endpoint)
        run = apply(domain)
        assert run.returncode == 1 and "status 302" in run.stderr
        assert elsewhere.requests == []
    finally:
        elsewhere.stop()


def test_a_domain_that_is_not_there_is_named(domain):
    run = apply(domain, endpoint="http://127.0.0.1:9")
    assert run.returncode == 1
    assert "status 0" in run.stderr and "OperatorAddresses" in run.stderr


@pytest.mark.parametrize("endpoint", ["http://search.example.org", "search.example.org"])
def test_a_password_goes_out_by_tls_alone(domain, endpoint):
    run = apply(domain, endpoint=endpoint)
    assert run.returncode == 2 and "https://" in run.stderr


def test_a_login_that_is_none_is_named(domain):
    run = subprocess.run(
        [sys.executable, APPLY, "--endpoint", domain.endpoint, "--allow-http", "--login", "-",
         "--indexer-role", ROLE], input="[]", capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and "--login: no JSON with username and password" in run.stderr
