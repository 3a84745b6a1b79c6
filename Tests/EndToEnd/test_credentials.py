"""Where the access key comes from, and what becomes of the records until there is one."""

import json
import os
import signal
import subprocess
import tempfile
import time

import doubles
import pytest
from gateway import (BINARY, Desk, assert_in_order_and_once, environment, hex_lines, identity,
                     kinesis_sink, parse_stream, wait_until)
from key_providers import (ContainerAgent, InstanceMetadata, IoTProvider, Key, make_devices,
                           make_key)
from recordings import as_hex_lines

# No test asks this machine's own metadata service, and none has a home of its own.
NOWHERE = {"access_key": "", "secret_key": "", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def moto():
    server = doubles.start_moto(auth=True)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def devices(tmp_path_factory):
    return make_devices(tmp_path_factory.mktemp("devices"))


@pytest.fixture
def providers():
    """Whoever is in the list is stopped with the test."""
    started = []
    yield started
    for provider in started:
        provider.stop()


def role_key(moto, seconds=900):
    """A key of moto's STS that says to end in so many seconds; moto itself lets it live on."""
    return Key(*moto.assume_role(), until=int(time.time() + seconds))


def issue_for(double, seconds, kept=2):
    """Makes keys that the double takes, each until its end, and the last `kept` of them."""
    made = []

    def issue():
        made.append(make_key(seconds))
        double.take_keys(made[-kept:])
        return made[-1]

    return issue


def iot_keys(provider, devices, certificates, **changed):
    return {"iot_endpoint": provider.endpoint, "iot_role_alias": provider.alias,
            "iot_thing": provider.thing, "iot_certificate": devices / "device.pem",
            "iot_key": devices / "device.key", "iot_ca": certificates / "ca.pem", **changed}


def start(desk, sink, alarm=None, **variables):
    desk.configure(hex_lines(drain_timeout="1s"), sink, **({"alarm": alarm} if alarm else {}))
    return desk.start(stdin=subprocess.PIPE,
                      **{**NOWHERE, "HOME": str(desk.folder), **variables})


def finish(run):
    run.close_input()
    assert run.wait() == 0, run.log


def assert_no_secret(run, *keys):
    said = run.log + run.output.decode()
    for key in keys:
        assert key.secret_key not in said and key.session_token not in said
        assert key.session_token[:20] not in said and key.access_key not in said


def write_private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def script(desk, text, name="keys"):
    path = desk.folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o700)
    return path


def profile(key, name="default"):
    return (f"[{name}]\naws_access_key_id = {key.access_key}\n"
            f"aws_secret_access_key = {key.secret_key}\n"
            f"aws_session_token = {key.session_token}\n")


def process_json(key):
    return json.dumps({"Version": 1, "AccessKeyId": key.access_key,
                       "SecretAccessKey": key.secret_key, "SessionToken": key.session_token,
                       "Expiration": key.expiration})


# --- AWS IoT ------------------------------------------------------------------------------


def test_a_device_certificate_gets_a_role_that_moto_takes(
        desk, moto, devices, certificates, providers):
    provider = IoTProvider(lambda: role_key(moto), certificates, devices)
    providers.append(provider)
    run = start(desk, kinesis_sink(moto, **iot_keys(provider, devices, certificates)))
    run.write(as_hex_lines(range(60, 160)))
    run.wait_for_log("from AWS IoT, until ")
    finish(run)
    assert f"sink cloud: access key {provider.given[0].access_key[:4]}..." in run.log
    assert "sink cloud: 100 delivered, 0 lost" in run.log, run.log
    records = parse_stream(moto.read_all_records())
    assert_in_order_and_once(records, list(range(60, 160)))
    assert len(provider.given) == 1
    assert provider.requests[0][2]["x-amzn-iot-thingname"] == "gym-7"
    assert_no_secret(run, *provider.given)


@pytest.mark.parametrize("changed, words, asked", [
    ({"iot_certificate": "foreign-device.pem", "iot_key": "foreign-device.key"},
     "does not take the certificate of this side", False),
    ({"iot_key": "foreign-device.key"}, "or it cannot be read: check ", False),
    ({"iot_certificate": "none.pem"}, "none.pem", False),
    ({"iot_role_alias": "other-alias"}, "status 404: no such role alias", True),
    ({"iot_thing": "gym-8"}, "refuses with status 403: the certificate's policy", True),
    ({"iot_ca": "device-ca.pem"}, "is not signed by a trusted authority", False),
])
def test_what_the_provider_does_not_take_is_named_and_the_records_wait(
        desk, double, devices, certificates, providers, changed, words, asked):
    provider = IoTProvider(lambda: make_key(900), certificates, devices)
    providers.append(provider)
    changed = {name: devices / value if value.endswith((".pem", ".key")) else value
               for name, value in changed.items()}
    run = start(desk, kinesis_sink(double, **iot_keys(provider, devices, certificates,
                                                      **changed)))
    run.write(as_hex_lines([72] * 10))
    line = run.wait_for_log("no AWS access key was given")
    assert words in line and "Records stay in the ring" in line, line
    finish(run)
    assert "sink cloud: 0 delivered, 0 lost, 10 stay in the ring" in run.log
    assert provider.given == [] and bool(provider.requests) == asked
    assert double.stats()["requests"] == 0


def test_keys_that_end_in_mid_run_are_replaced_ahead_and_nothing_is_refused(
        desk, double, devices, certificates, providers):
    provider = IoTProvider(issue_for(double, 6), certificates, devices)
    providers.append(provider)
    run = start(desk, kinesis_sink(double, **iot_keys(provider, devices, certificates)))
    values = []
    while len(provider.given) < 4:
        values.append(60 + len(values) % 90)
        run.write(as_hex_lines(values[-1:]))
        time.sleep(0.05)
    finish(run)
    assert_in_order_and_once(parse_stream(double.records()), values)
    assert double.stats()["signature_failures"] == {}, run.log
    assert "refused with status" not in run.log
    assert_no_secret(run, *provider.given)


def test_an_outage_of_the_provider_is_ridden_out_to_the_end_of_the_key_and_then_waited_out(
        desk, double, devices, certificates, providers):
    provider = IoTProvider(issue_for(double, 8), certificates, devices)
    providers.append(provider)
    run = start(desk, kinesis_sink(double, **iot_keys(provider, devices, certificates)))
    run.write(as_hex_lines([60]))
    wait_until(lambda: len(double.records()) == 1, "a record with the first key")
    provider.status = 503
    line = run.wait_for_log("The key at hand")
    assert "status 503" in line and "is used on until" in line and "s from now" in line
    run.write(as_hex_lines([61]))
    wait_until(lambda: len(double.records()) == 2, "a record during the outage")
    run.wait_for_log("has ended and there is no other")
    assert time.time() >= provider.given[0].until - 1
    run.write(as_hex_lines([62]))
    requests = double.stats()["requests"]
    provider.status = 200
    wait_until(lambda: len(double.records()) == 3, "the record of the outage")
    assert double.stats()["requests"] == requests + 1
    finish(run)
    assert double.stats()["signature_failures"] == {}
    assert_in_order_and_once(parse_stream(double.records()), [60, 61, 62])


def test_sinks_with_one_source_share_one_key(desk, double, devices, certificates, providers):
    provider = IoTProvider(issue_for(double, 900), certificates, devices)
    providers.append(provider)
    keys = iot_keys(provider, devices, certificates)
    desk.configure(hex_lines(drain_timeout="5s"), kinesis_sink(double, "one", **keys),
                   kinesis_sink(double, "two", **keys))
    run = desk.run(as_hex_lines([72]), **NOWHERE, HOME=str(desk.folder))
    assert run.status == 0, run.log
    assert len(provider.given) == 1
    assert "sinks one, two: access key " in run.log
    assert len(double.records()) == 2


# --- Instances and containers -------------------------------------------------------------


def test_an_instances_role_is_asked_for_with_a_session(desk, double, providers):
    metadata = InstanceMetadata(issue_for(double, 900))
    providers.append(metadata)
    run = start(desk, kinesis_sink(double), AWS_EC2_METADATA_DISABLED="",
                AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint)
    run.write(as_hex_lines([72]))
    run.wait_for_log("from instance metadata")
    finish(run)
    assert [(method, path) for method, path, _ in metadata.requests] == [
        ("PUT", "/latest/api/token"), ("GET", metadata.ROLE), ("GET", metadata.ROLE + "ward-role")]
    assert_in_order_and_once(parse_stream(double.records()), [72])
    assert_no_secret(run, *metadata.given)


def test_an_instance_that_does_not_answer_is_no_reason_to_stop_the_rest(desk, double):
    run = start(desk, kinesis_sink(double), AWS_EC2_METADATA_DISABLED="",
                AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:1")
    run.write(as_hex_lines([72]))
    line = run.wait_for_log("no AWS access key (")
    assert "no EC2 instance, or a container behind a hop limit of 1" in line
    finish(run)
    assert "1 stays in the ring" in run.log


def test_a_containers_agent_is_asked_with_its_token(desk, double, providers):
    agent = ContainerAgent(issue_for(double, 900), "Bearer abc")
    providers.append(agent)
    token = write_private(desk.folder / "token", "Bearer abc\n")
    run = start(desk, kinesis_sink(double),
                AWS_CONTAINER_CREDENTIALS_FULL_URI=agent.endpoint + "/v1/credentials",
                AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token))
    run.write(as_hex_lines([72]))
    run.wait_for_log("from container agent")
    finish(run)
    assert_in_order_and_once(parse_stream(double.records()), [72])
    assert "Bearer abc" not in run.log


def test_a_containers_agent_elsewhere_is_not_asked_without_tls(desk, double):
    run = start(desk, kinesis_sink(double),
                AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/v1/credentials",
                AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer abc")
    line = run.wait_for_log("no AWS access key was given")
    assert "the URL must begin with https:" in line
    finish(run)
    assert "Bearer abc" not in run.log


# --- Programs -----------------------------------------------------------------------------


def test_a_program_gives_the_key(desk, double):
    key = issue_for(double, 900)()
    write_private(desk.folder / "key.json", process_json(key))
    program = script(desk, 'test "$1" = "ward 7" && cat "$2"\n')
    run = start(desk, kinesis_sink(
        double, credential_process=f'{program} "ward 7" {desk.folder}/key.json'))
    run.write(as_hex_lines([72]))
    run.wait_for_log("from credential_process")
    finish(run)
    assert_in_order_and_once(parse_stream(double.records()), [72])
    assert_no_secret(run, key)


def test_a_profile_of_the_tools_file_may_name_the_program(desk, double):
    key = issue_for(double, 900)()
    write_private(desk.folder / "key.json", process_json(key))
    (desk.folder / ".aws").mkdir()
    (desk.folder / ".aws" / "config").write_text(
        f"[profile ward]\ncredential_process = /bin/cat {desk.folder}/key.json\n")
    run = start(desk, kinesis_sink(double), AWS_PROFILE="ward")
    run.write(as_hex_lines([72]))
    run.wait_for_log("from credential_process of profile ward")
    finish(run)
    assert_in_order_and_once(parse_stream(double.records()), [72])


@pytest.mark.parametrize("text, words", [
    ("echo $$ > pid; sleep 1000 & echo $! >> pid; wait", "took longer than 1 s and was ended"),
    ("echo $$ > pid; yes geheim", "printed more than 65536 bytes and was ended"),
    ("echo geheim; echo geheim >&2; exit 7", "ended with status 7"),
    ("kill -9 $$", "was ended by signal 9"),
    ("echo geheim", "its answer is not the JSON of a key at byte 0"),
    ("true", "its answer is not the JSON of a key at byte 0"),
    ("""echo '{"Version":2}'""", "another Version than 1"),
    ("""echo '{"Version":1,"AccessKeyId":"AKIA"}'""", "has no SecretAccessKey"),
])
def test_a_program_that_gives_no_key_is_named_and_leaves_nothing_behind(
        desk, double, text, words):
    program = script(desk, text + "\n")
    run = start(desk, kinesis_sink(double, credential_process=f"{program} geheim",
                                   credentials_timeout="1s"))
    run.write(as_hex_lines([72] * 3))
    line = run.wait_for_log("no AWS access key was given")
    assert words in line, line
    if (desk.folder / "pid").exists():
        for number in (desk.folder / "pid").read_text().split():
            wait_until(lambda: is_gone(int(number)), f"the end of process {number}")
    finish(run)
    assert "3 stay in the ring" in run.log
    assert "geheim" not in run.log


def is_gone(number):
    """Ended: not there, or waiting for its parent to hear of it."""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # ... or gone while it was read.
        return True


def test_a_program_that_is_not_there_is_named(desk, double):
    run = start(desk, kinesis_sink(double, credential_process="/none/keys"))
    line = run.wait_for_log("no AWS access key was given")
    assert "does not start: No such file or directory" in line
    finish(run)


def test_a_program_gets_no_descriptor_signal_mask_or_input_of_the_gateway(desk, double):
    program = script(desk, "test -e mask && exit 1\nls -l /proc/self/fd > fds; cat > input\n"
                           "grep SigBlk /proc/self/status > mask; exit 1\n")
    run = start(desk, kinesis_sink(double, credential_process=str(program)))
    run.write(as_hex_lines([72]))
    run.wait_for_log("ended with status 1")
    finish(run)
    # Its own three, and the folder that ls reads.
    fds = [line.split()[-3:] for line in (desk.folder / "fds").read_text().splitlines()[1:]]
    assert sorted(int(name) for name, _, _ in fds) == [0, 1, 2, 3]
    assert (desk.folder / "input").read_text() == ""
    assert int((desk.folder / "mask").read_text().split()[1], 16) == 0


def test_the_alarm_does_not_wait_for_a_slow_program(desk, double):
    program = script(desk, "sleep 1000\n")
    run = start(desk, kinesis_sink(double, credential_process=str(program)),
                alarm={"onset_delay": "3s"})
    run.write(as_hex_lines([72]))
    begun = time.monotonic()
    desk.configuration.write_text(desk.configuration.read_text())
    for _ in range(80):
        run.write(as_hex_lines([190]))
        time.sleep(0.05)
    run.wait_for_log("ALARM")
    assert time.monotonic() - begun < 20
    finish(run)


# --- Files --------------------------------------------------------------------------------


def test_a_gateway_without_a_key_records_and_sends_when_one_comes(desk, double):
    file = desk.folder / ".aws" / "credentials"
    run = start(desk, kinesis_sink(double))
    run.write(as_hex_lines(range(60, 90)))
    line = run.wait_for_log("no AWS access key (")
    assert str(file) in line and "Records stay in the ring until there is a key" in line
    file.parent.mkdir()
    key = issue_for(double, 900)()
    write_private(file, profile(key))
    wait_until(lambda: len(double.records()) == 30, "the records that waited")
    finish(run)
    assert run.log.count("no AWS access key (") == 1
    assert_in_order_and_once(parse_stream(double.records()), list(range(60, 90)))
    assert_no_secret(run, key)


def test_a_key_that_is_rotated_in_mid_run_loses_nothing(desk, double):
    file = desk.folder / "credentials"
    issue = issue_for(double, 900, kept=1)
    first = make_key(900)
    double.take_keys([first])
    write_private(file, profile(first))
    run = start(desk, kinesis_sink(double, credentials_file=file))
    values = list(range(60, 140))
    run.write(as_hex_lines(values[:20]))
    wait_until(lambda: len(double.records()) == 20, "20 records with the first key")
    # The old key is refused from now on, and half of the new one is in the file.
    second = issue()
    file.write_text(profile(second)[:80])
    run.write(as_hex_lines(values[20:40]))
    run.wait_for_log("the service does not take the access key")
    file.write_text(profile(second))
    run.write(as_hex_lines(values[40:60]))
    wait_until(lambda: len(double.records()) == 60, "60 records with the second key")
    # Both keys work for a while, as they should in a rotation: nobody notices.
    third = make_key(900)
    double.take_keys([second, third])
    failures = double.stats()["signature_failures"]
    replacement = write_private(desk.folder / "new", profile(third))
    os.replace(replacement, file)
    run.wait_for_log(f"{third.access_key[:4]}...{third.access_key[-4:]} from")
    run.write(as_hex_lines(values[60:]))
    wait_until(lambda: len(double.records()) == 80, "80 records with the third key")
    finish(run)
    assert double.stats()["signature_failures"] == failures
    assert_in_order_and_once(parse_stream(double.records()), values)
    assert_no_secret(run, first, second, third)


def test_what_the_service_manager_hands_over_is_found_and_not_complained_of(desk, double):
    folder = desk.folder / "handed"
    folder.mkdir()
    key = issue_for(double, 900)()
    (folder / "aws-credentials").write_text(profile(key))
    (folder / "aws-credentials").chmod(0o440)
    run = start(desk, kinesis_sink(double), CREDENTIALS_DIRECTORY=str(folder))
    run.write(as_hex_lines([72]))
    run.wait_for_log(f"from {folder}/aws-credentials")
    finish(run)
    assert "chmod 600" not in run.log
    assert_in_order_and_once(parse_stream(double.records()), [72])


def test_a_secret_of_its_own_file_signs(desk, double):
    secret = write_private(desk.folder / "secret", doubles.SECRET_KEY + "\n")
    desk.folder.joinpath("handed").mkdir()
    os.replace(secret, desk.folder / "handed" / "secret")
    run = start(desk, kinesis_sink(
        double, access_key_id="AKIDEXAMPLE00000",
        secret_access_key_file="$CREDENTIALS_DIRECTORY/secret"),
        CREDENTIALS_DIRECTORY=str(desk.folder / "handed"))
    run.write(as_hex_lines([72]))
    # The double has another name for this secret: it says so, and the key is asked for again.
    run.wait_for_log("the service does not take the access key AKID...0000")
    finish(run)
    assert doubles.SECRET_KEY not in run.log


def test_a_file_that_others_can_read_is_warned_of_once_with_the_remedy(
        desk, double, devices, certificates, providers):
    file = desk.folder / "credentials"
    key = issue_for(double, 900)()
    file.write_text(profile(key))
    file.chmod(0o644)
    run = start(desk, kinesis_sink(double, credentials_file=file))
    line = run.wait_for_log("can be read by other users")
    assert line.endswith(f"chmod 600 {file}")
    run.wait_for_log("access key ")
    finish(run)
    assert run.log.count("chmod 600") == 1

    open_key = desk.folder / "device.key"
    open_key.write_bytes((devices / "device.key").read_bytes())
    open_key.chmod(0o640)
    provider = IoTProvider(issue_for(double, 900), certificates, devices)
    providers.append(provider)
    run = start(desk, kinesis_sink(double, **iot_keys(provider, devices, certificates,
                                                      iot_key=open_key)))
    assert run.wait_for_log("can be read by other users").endswith(f"chmod 600 {open_key}")
    finish(run)


# --- Secrets stay inside ------------------------------------------------------------------


def test_the_process_leaves_no_core_and_shows_its_memory_to_root_alone(desk, double):
    key = issue_for(double, 900)()
    file = write_private(desk.folder / "credentials", profile(key))
    run = start(desk, kinesis_sink(double, credentials_file=file))
    run.wait_for_log("access key ")
    process = f"/proc/{run.process.pid}"
    with open(f"{process}/limits", encoding="ascii") as limits:
        core = next(line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4] == "0", core
    run.process.send_signal(signal.SIGABRT)
    assert run.wait() == -signal.SIGABRT
    # Neither the report of Swift's runtime, which shows memory, nor a file.
    assert "crash" not in run.log.lower() and "rax" not in run.log
    assert not [path for path in desk.folder.rglob("*") if "core" in path.name]


def test_no_output_and_no_file_of_the_gateway_has_a_byte_of_a_secret(desk, double):
    """A good key, a refused one, a half one and what the tools say, at the most talkative."""
    file = desk.folder / "credentials"
    keys = [make_key(900), make_key(900)]
    double.take_keys(keys[1:])
    write_private(file, profile(keys[0]))
    run = start(desk, kinesis_sink(double, credentials_file=file))
    run.write(as_hex_lines([72] * 5))
    run.wait_for_log("the service does not take the access key")
    file.write_text(profile(keys[1])[:150])
    time.sleep(2)
    file.write_text(profile(keys[1]))
    wait_until(lambda: len(double.records()) == 5, "5 records")
    finish(run)
    said = [run.log.encode(), run.output]
    for words in (["check"], ["ring", "stat"], ["ring", "dump"], ["ring", "fsck"]):
        ended = subprocess.run([BINARY, *words, "--config", str(desk.configuration)], timeout=60,
                               capture_output=True, env=environment(**NOWHERE))
        said += [ended.stdout, ended.stderr]
    said += [path.read_bytes() for path in desk.data.rglob("*") if path.is_file()]
    assert len(said) > 10
    for key in keys:
        for secret in (key.secret_key, key.session_token[:12], key.session_token[-12:]):
            assert not any(secret.encode() in text for text in said)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to run as somebody else")
def test_an_ordinary_users_gateway_belongs_to_root_where_its_memory_shows(binary):
    """What is not dumpable belongs to root in /proc, whoever runs it (proc(5))."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        desk = Desk(folder)
        desk.configure(hex_lines())
        process = subprocess.Popen(
            [binary, "run", "--config", str(desk.configuration)], stdin=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(), user=65534, group=65534,
            extra_groups=[], cwd=folder)
        try:
            while b"started" not in (line := process.stderr.readline()):
                assert line, "it ended"
            assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        finally:
            process.kill()
            process.communicate()


# --- Checks -------------------------------------------------------------------------------


def check(desk, sink):
    desk.configure(hex_lines(), sink)
    return subprocess.run(
        [BINARY, "check", "--config", str(desk.configuration)], text=True, timeout=60,
        capture_output=True, env=environment(**{**NOWHERE, "HOME": str(desk.folder)}),
        stdin=subprocess.DEVNULL)


def test_check_says_where_the_key_of_each_sink_is_looked_for(desk, double):
    ended = check(desk, kinesis_sink(double))
    assert ended.returncode == 0, ended
    assert ("sink cloud: access key from the environment, else "
            f"{desk.folder}/.aws/credentials and {desk.folder}/.aws/config [default], else the "
            "instance metadata\n") in ended.stdout
    assert not desk.data.exists()


@pytest.mark.parametrize("keys, words", [
    ({"iot_endpoint": "https://x.example"},
     "iot_role_alias: is missing for an access key by `iot`; add `iot_role_alias = ...`"),
    ({"iot_endpoint": "http://x.example", "iot_role_alias": "a", "iot_certificate": "c",
      "iot_key": "k"}, "iot_endpoint = http://x.example: is not encrypted; write `https://`"),
    ({"credentials": "iam"}, "credentials = iam: is not a choice; "),
    ({"credentials": "iot"}, "iot_certificate: is missing for an access key by `iot`"),
    ({"credentials": "environment", "profile": "x"},
     "profile = x: is not used with `credentials = environment`; remove the line"),
    ({"profile": "x", "credential_process": "/bin/x"},
     "credential_process = ...: names a second source of the access key beside `file`"),
    ({"credential_process": "'/bin/x geheim"},
     "credential_process = ...: has a quote that is not closed; write a program"),
    ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"},
     "secret_access_key_file: is missing for an access key by `key`"),
    ({"access_key_id": "AKIA"}, "access_key_id = AKIA: has 4 bytes; write 16 to 128"),
    ({"secret_access_key": "geheim"},
     "secret_access_key = ...: is not a key of this section; "),
    ({"session_token": "geheim" * 40}, ": the line has more than 198 bytes; shorten it"),
    ({"credentials_timeout": "0s"}, "credentials_timeout = 0s: is below the range"),
])
def test_check_names_key_value_and_remedy(desk, double, keys, words):
    ended = check(desk, kinesis_sink(double, **keys))
    assert ended.returncode == 1, ended
    assert words in ended.stderr, ended.stderr
    assert all(";" in line for line in ended.stderr.splitlines())
    assert "geheim" not in ended.stderr


def test_a_gateway_that_waits_for_a_key_or_has_one_sleeps(desk, double):
    key = issue_for(double, 900)()
    file = write_private(desk.folder / "credentials", profile(key))
    run = start(desk, kinesis_sink(double, "one", credentials_file=file))
    run.wait_for_log("access key ")
    assert processor_seconds(run, 2) < 0.1
    finish(run)
    run = start(desk, kinesis_sink(double))
    run.wait_for_log("no AWS access key")
    assert processor_seconds(run, 2) < 0.1
    finish(run)


def processor_seconds(run, seconds):
    """What the process takes of the processor in so many seconds."""
    def taken():
        with open(f"/proc/{run.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = taken()
    time.sleep(seconds)
    return taken() - before


def test_ids_stay_the_same_when_the_key_changes(desk, double):
    """A request that was refused for its key is repeated with the same records."""
    file = write_private(desk.folder / "credentials", profile(make_key(900)))
    right = make_key(900)
    double.take_keys([right])
    run = start(desk, kinesis_sink(double, credentials_file=file))
    run.write(as_hex_lines([72] * 50))
    run.wait_for_log("the service does not take the access key")
    write_private(file, profile(right))
    wait_until(lambda: len(double.records()) == 50, "50 records")
    finish(run)
    records = parse_stream(double.records())
    assert len({identity(record) for record in records}) == 50
