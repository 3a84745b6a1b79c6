"""What other devices post: on the card before it is answered, once, and where it belongs."""

import json
import subprocess

import doubles
import pytest
from gateway import (BINARY, file_sink, hex_lines, kinesis_sink, parse_lines, wait_until)
from openapi_spec_validator import validate
from posts import FORM, Client, form

SERVER = {"listen": "127.0.0.1:0", "ingest": "on"}


def configure(desk, *sinks, **http):
    desk.configure(hex_lines(at_end="stay"), *(sinks or [file_sink()]), http={**SERVER, **http})


def start(desk, **variables):
    run = desk.start(**variables)
    return run, Client(run)


def dump(desk):
    """The records on the card, oldest first."""
    text = subprocess.run([BINARY, "ring", "dump", "--data", str(desk.data)], check=True,
                          capture_output=True, timeout=60).stdout
    return parse_lines(text)


def forms_of(records):
    return [record for record in records if "patient" in record]


def errors_of(records):
    return [record for record in records if "status_code" in record]


def test_a_form_is_on_the_card_when_it_is_answered(desk):
    configure(desk, ingest_sync="0s")
    run, client = start(desk)
    status, _, answer = client.post(form(patient="6f9619ff-8b86-d011-b42d-00c04fc964ff"))
    run.kill()
    assert (status, answer) == (202, {"accepted": 1, "refused": 0, "results": []})
    record, = dump(desk)
    assert record["patient"] == "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    assert record["time"] == "2025-07-15T17:10:32.500000Z"
    assert {name: record[name] for name in FORM if name not in ("patient", "time")} == {
        name: value for name, value in FORM.items() if name not in ("patient", "time")}


def test_forms_go_to_a_file_of_their_own_and_no_heart_rate_is_one_of_theirs(desk):
    configure(desk)
    run = desk.start(stdin=subprocess.PIPE)
    client = Client(run)
    run.write("1640\n")
    client.post(form())
    client.post(form(heart_rate=999))
    wait_until(lambda: desk.file_bytes("patient_stats"), "the form in its file")
    wait_until(lambda: desk.file_bytes("error_message"), "the error in its file")
    wait_until(lambda: desk.file_bytes(), "the measurement in its file")
    measurements = parse_lines(desk.file_bytes())
    assert [record["heart_rate"] for record in measurements] == [64]
    record, = parse_lines(desk.file_bytes("patient_stats"))
    assert record["heart_rate"] == 72.5
    error, = parse_lines(desk.file_bytes("error_message"))
    assert json.loads(error["payload"]) == {
        **form(heart_rate=999), "time": "2025-07-15T17:10:32.500000Z"}
    assert error["error_message"] == "heart_rate: not 1 to 300 beats per minute"
    assert (error["status_code"], error["pointer"]) == (422, "/heart_rate")
    # It is not live: no alarm is judged by it.
    client.post_lines([form(heart_rate=250)] * 100)
    run.terminate()
    assert run.wait() == 0
    assert "alarm: 64" not in run.log and " 0 alarms" in run.log


@pytest.mark.parametrize("body, kind, status, pointer", [
    (form(heart_rate="72"), "application/json", 422, "/heart_rate"),
    (form(patient=None), "application/json", 422, "/patient"),
    (form(shoe_size=43), "application/json; charset=utf-8", 422, "/shoe_size"),
    ({}, "application/json", 422, "/patient"),
    ("{", "application/json", 400, None),
    (b"\xff", "application/json", 400, None),
    ("", "application/json", 400, None),
    (form(), "text/plain", 415, None),
    (form(), None, 415, None),
    ("\n", "application/x-ndjson", 422, None),
    ("{}\n" * 257, "application/x-ndjson", 413, None),
    (b" " * 70_000, "application/json", 413, None),
])
def test_every_refusal_names_what_is_wrong(desk, body, kind, status, pointer):
    configure(desk)
    run, client = start(desk)
    got, headers, problem = client.post(body, kind=kind)
    assert got == status == problem["status"]
    assert headers["Content-Type"] == "application/problem+json"
    assert problem.get("pointer") == pointer
    assert problem["detail"]
    run.terminate()
    assert run.wait() == 0
    # Only what was a post becomes a record.
    assert len(errors_of(dump(desk))) == (1 if status in (400, 422) and body != "\n" else 0)


def test_the_same_key_is_recorded_once_over_a_power_cut(desk):
    configure(desk)
    run, client = start(desk)
    lines = [form(), form(heart_rate=999), form(heart_rate=73)]
    first = client.post_lines(lines, key="batch-1")
    again = client.post_lines(lines, key="batch-1")
    assert first[0] == again[0] == 202 and first[2] == again[2]
    assert client.post(form(heart_rate=80), key="form-1")[0] == 202
    run.kill()
    run, client = start(desk)
    after = client.post_lines(lines, key="batch-1")
    assert (after[0], after[2]) == (202, first[2])
    assert client.post(form(heart_rate=80), key="form-1")[0] == 202
    status, _, problem = client.post(form(heart_rate=81), key="form-1")
    assert status == 422 and "Idempotency-Key" in problem["detail"]
    run.kill()
    records = dump(desk)
    assert [record["heart_rate"] for record in forms_of(records)] == [72.5, 73, 80]
    assert len(errors_of(records)) == 1


def test_a_kill_in_the_middle_doubles_nothing_that_has_a_key(desk):
    configure(desk, ingest_sync="20ms")
    keys = 0
    for turn in range(8):
        run, client = start(desk)
        # What was not answered by then is in doubt, and is sent again.
        for number in range(keys, keys + 3 * turn + 1):
            forms = [form(patient=f"p-{number}", heart_rate=60 + line) for line in range(5)]
            client.send("".join(json.dumps(one) + "\n" for one in forms),
                        kind="application/x-ndjson", key=f"key-{number}")
            if number < keys + 3 * turn:
                assert client.answer()[0] == 202
        run.kill()
        run, client = start(desk)
        for number in range(keys + 3 * turn + 1):
            forms = [form(patient=f"p-{number}", heart_rate=60 + line) for line in range(5)]
            assert client.post_lines(forms, key=f"key-{number}")[0] == 202
        keys += 3 * turn + 1
        run.kill()
    seen = [(record["patient"], record["heart_rate"]) for record in forms_of(dump(desk))]
    assert sorted(seen) == sorted(
        (f"p-{number}", 60 + line) for number in range(keys) for line in range(5))


def test_more_than_the_rate_is_told_when_to_come_again(desk):
    configure(desk, ingest_rate=10)
    run, client = start(desk)
    assert client.post_lines([form()] * 256)[0] == 202
    status, headers, _ = client.post_lines([form()] * 20)
    assert status == 429 and 1 <= int(headers["Retry-After"]) <= 2
    run.kill()


def test_a_full_ring_that_refuses_says_503(desk):
    desk.configure(
        hex_lines(at_end="stay"),
        ("cloud", {"type": "http", "url": "http://127.0.0.1:9/", "allow_http": "yes",
                   "takes": "all"}),
        ring={"size": "1MiB", "when_full": "refuse"}, http={**SERVER, "ingest_rate": 100_000})
    run, client = start(desk)
    statuses = []
    while not statuses or statuses[-1] == 202:
        status, headers, _ = client.post_lines([form()] * 256, key=f"k{len(statuses)}")
        statuses.append(status)
        assert len(statuses) < 100
    assert status == 503 and int(headers["Retry-After"]) > 0
    run.kill()
    assert len(forms_of(dump(desk))) == 256 * (len(statuses) - 1)


def test_posts_are_taken_only_where_that_is_asked_for(desk):
    configure(desk, ingest="off")
    _, client = start(desk)
    status, _, problem = client.post(form())
    assert status == 404 and "ingest = on" in problem["detail"]
    assert not (desk.data / "patient_stats.ndjson").exists()


def test_an_error_of_another_service_becomes_an_error_record(desk):
    configure(desk)
    run, client = start(desk)
    status, _, _ = client.post(
        {"status_code": 500, "payload": '{"a":1}', "error_message": "no such table"},
        path="/error_message", key="e1")
    assert status == 202
    assert client.post("{}", path="/error_message")[0] == 422
    wait_until(lambda: desk.file_bytes("error_message").count(b"\n") == 2, "both in the file")
    error, refusal = parse_lines(desk.file_bytes("error_message"))
    assert (error["status_code"], error["payload"], error["error_message"]) == (
        500, '{"a":1}', "no such table")
    assert (refusal["status_code"], refusal["path"]) == (422, "/error_message")


def test_the_description_is_valid_and_the_page_draws_it(desk):
    configure(desk)
    _, client = start(desk)
    status, headers, text = client.get("/openapi.json")
    assert status == 200 and headers["Content-Type"] == "application/json"
    description = json.loads(text)
    validate(description)
    assert {"/patient_stats", "/error_message", "/api/status", "/api/events", "/api/records",
            "/metrics", "/healthz", "/readyz", "/docs"} <= set(description["paths"])
    status, headers, page = client.get("/docs")
    assert status == 200 and "script-src 'sha256-" in headers["Content-Security-Policy"]
    assert b"http://" not in page and b"https://" not in page


@pytest.fixture
def moto():
    server = doubles.start_moto(auth=False)
    yield server
    server.stop()


def test_500_posts_a_second_arrive_and_the_bad_ones_are_errors(desk, moto):
    for stream in ("patient_stats", "error_message"):
        moto.make_stream(stream)
    configure(
        desk, file_sink(),
        kinesis_sink(moto, "patients", stream="patient_stats", takes="patient_stats"),
        kinesis_sink(moto, "errors", stream="error_message", takes="errors"))
    run, client = start(desk)
    simulate = subprocess.run(
        [BINARY, "simulate", "--rate", "500", "--duration", "6", "--patients", "50", "--bad", "10",
         "--batch", "50", "--seed", "7", "--to", client.url],
        capture_output=True, text=True, timeout=120)
    assert simulate.returncode == 0, simulate.stderr
    counts = [int(word) for word in simulate.stderr.replace(",", " ").split() if word.isdigit()]
    made, bad, accepted, refused = counts[:4]
    assert made == 3_000 and bad == refused and accepted == made - bad
    assert 200 < bad < 400
    run.terminate()
    assert run.wait() == 0, run.log
    print(simulate.stderr, *[line for line in run.lines if "turns of the loop" in line])
    taken = [json.loads(data) for _, data in moto.read_all_records("patient_stats")]
    wrong = [json.loads(data) for _, data in moto.read_all_records("error_message")]
    assert len(taken) == accepted and len({record["seq"] for record in taken}) == accepted
    assert len(wrong) == bad and {record["status_code"] for record in wrong} <= {400, 422}
