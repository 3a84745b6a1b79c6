"""Checks the Kinesis double, with botocore as the oracle of what AWS sends and accepts."""

import base64
import datetime
import http.client
import json
import socket
import ssl
import subprocess
import sys
from contextlib import closing

import botocore.auth
import botocore.exceptions
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import doubles
from certificates import ensure_certificates
from doubles import ACCESS_KEY, REGION, SECRET_KEY, STREAM, SUPPORT

JSON_TYPE = "application/x-amz-json-1.1"
MEBIBYTE = 1 << 20


def entries(count, size=8):
    return [{"Data": b"%0*d" % (size, n), "PartitionKey": f"gym-{n}"} for n in range(count)]


def put(client, batch=None):
    return client.put_records(StreamName=STREAM, Records=batch or entries(4))


def refusal(client, batch=None, **arguments):
    """Returns the ClientError boto3 makes of the answer."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client.put_records(**{"StreamName": STREAM, "Records": batch or entries(1), **arguments})
    return caught.value


def code(error):
    return error.response["Error"]["Code"]


def signed(double, body=None, target="PutRecords", secret=SECRET_KEY, region=REGION,
           service="kinesis", extra=None):
    """Returns (headers, body) signed by botocore, to be sent as they are or spoilt first."""
    if body is None:
        body = json.dumps({"StreamName": STREAM, "Records": [
            {"Data": base64.b64encode(b"89").decode(), "PartitionKey": "gym-7"}]}).encode()
    request = AWSRequest("POST", double.endpoint + "/", data=body, headers={
        "Content-Type": JSON_TYPE, "X-Amz-Target": f"Kinesis_20131202.{target}", **(extra or {})})
    SigV4Auth(Credentials(ACCESS_KEY, secret), service, region).add_auth(request)
    return dict(request.headers.items()), body


def open_raw(double):
    if double.ca is None:
        return http.client.HTTPConnection("127.0.0.1", double.port, timeout=10)
    return http.client.HTTPSConnection(
        "127.0.0.1", double.port, timeout=10,
        context=ssl.create_default_context(cafile=double.ca))


def post(double, headers, body):
    """Sends one request and returns (status, __type or None, headers)."""
    with closing(open_raw(double)) as connection:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        return answer.status, content.get("__type"), answer.headers


# --- Signatures


def test_well_signed_batch_is_kept_in_order_with_long_sequence_numbers(double):
    answer = put(double.client(), entries(500))
    assert answer["FailedRecordCount"] == 0
    assert double.records() == [(e["PartitionKey"], e["Data"]) for e in entries(500)]
    numbers = [result["SequenceNumber"] for result in answer["Records"]]
    assert all(len(number) == 56 for number in numbers)
    assert numbers == sorted(numbers) and len(set(numbers)) == 500


def test_put_record_stores_one_value(double):
    answer = double.client().put_record(StreamName=STREAM, Data=b"89\n", PartitionKey="gym-7")
    assert len(answer["SequenceNumber"]) == 56
    assert double.records() == [("gym-7", b"89\n")]


def test_wrong_secret_is_refused_as_bad_signature(double):
    error = refusal(double.client(secret_key="wrong"))
    assert code(error) == "InvalidSignatureException"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert double.records() == []
    assert double.stats()["signature_failures"] == {"signature": 1}


def test_unknown_access_key_is_an_unrecognized_client(double):
    assert code(refusal(double.client(access_key="AKIDUNKNOWN"))) == "UnrecognizedClientException"


def test_body_changed_after_signing_is_refused(double):
    headers, body = signed(double)
    changed = body.replace(b"gym-7", b"gym-8")
    assert post(double, headers, changed)[:2] == (400, "InvalidSignatureException")
    assert post(double, headers, body)[0] == 200


def test_target_changed_after_signing_is_refused(double):
    body = json.dumps({"StreamName": STREAM, "Data": "ODk=", "PartitionKey": "gym-7"}).encode()
    headers, body = signed(double, body, target="PutRecord")
    spoilt = {**headers, "X-Amz-Target": "Kinesis_20131202.PutRecords"}
    assert post(double, spoilt, body)[1] == "InvalidSignatureException"
    assert post(double, headers, body)[0] == 200


def test_amz_header_left_unsigned_is_refused(double):
    headers, body = signed(double)
    post(double, {**headers, "X-Amz-Meta": "later"}, body)
    assert double.stats()["signature_failures"] == {"unsigned-header": 1}


def test_signed_user_agent_is_verified_too(double, monkeypatch):
    monkeypatch.setattr(botocore.auth, "SIGNED_HEADERS_BLACKLIST", [])
    headers, body = signed(double, extra={"User-Agent": "pulsegate/1"})
    assert "user-agent" in headers["Authorization"]
    assert post(double, headers, body)[0] == 200
    spoilt = {**headers, "User-Agent": "pulsegate/2"}
    assert post(double, spoilt, body)[1] == "InvalidSignatureException"


def test_request_without_authorization_is_refused(double):
    headers, body = signed(double)
    del headers["Authorization"]
    assert post(double, headers, body)[1] == "MissingAuthenticationTokenException"


def test_malformed_authorization_is_incomplete(double):
    headers, body = signed(double)
    headers["Authorization"] = headers["Authorization"].replace("Signature=", "Sig=")
    assert post(double, headers, body)[1] == "IncompleteSignatureException"


@pytest.mark.parametrize("scope, kind", [
    ({"region": "us-east-1"}, "region"), ({"service": "firehose"}, "service")])
def test_credential_of_another_scope_is_refused(double, scope, kind):
    headers, body = signed(double, **scope)
    assert post(double, headers, body)[1] == "InvalidSignatureException"
    assert double.stats()["signature_failures"] == {kind: 1}


def test_scope_of_another_day_than_the_date_is_refused(double):
    headers, body = signed(double)
    day = headers["X-Amz-Date"][:8]
    headers["Authorization"] = headers["Authorization"].replace(f"/{day}/", "/20200101/")
    post(double, headers, body)
    assert double.stats()["signature_failures"] == {"scope": 1}


def test_declared_hash_of_another_body_is_refused(double):
    headers, body = signed(double, extra={"X-Amz-Content-SHA256": "0" * 64})
    post(double, headers, body)
    assert double.stats()["signature_failures"] == {"body-hash": 1}


@pytest.mark.parametrize("seconds, status", [(-290, 200), (290, 200), (-310, 400), (310, 400)])
def test_clock_may_be_off_by_five_minutes_and_no_more(double, monkeypatch, seconds, status):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)
    headers, body = signed(double)
    assert post(double, headers, body)[0] == status


@pytest.mark.parametrize("offset, words", [
    (86400, "is now earlier than"), (-86400, "is still later than")])
def test_skew_is_answered_with_the_time_of_the_server(start_double, offset, words):
    error = refusal(start_double("--date-offset", offset).client())
    assert code(error) == "InvalidSignatureException"
    message = error.response["Error"]["Message"]
    date = error.response["ResponseMetadata"]["HTTPHeaders"]["date"]
    server = datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
    ahead = server - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert words in message and f"({server:%Y%m%dT%H}" in message and "5 min.)" in message
    assert abs(ahead.total_seconds() - offset) < 30


def test_required_session_token_must_be_present_and_right(start_double):
    double = start_double("--session-token", "token-1")
    assert code(refusal(double.client())) == "UnrecognizedClientException"
    wrong = double.client(session_token="token-2")
    assert code(refusal(wrong)) == "UnrecognizedClientException"
    assert put(double.client(session_token="token-1"))["FailedRecordCount"] == 0
    assert double.stats()["signature_failures"] == {"session-token": 2}


def test_without_verification_any_signature_will_do(start_double):
    double = start_double("--no-verify", "--discard")
    assert put(double.client(secret_key="wrong"))["FailedRecordCount"] == 0
    assert double.stats()["records_accepted"] == 4
    assert double.records() == []


# --- Limits


def test_unknown_stream_is_not_found(double):
    client = double.client()
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="other"):
        client.put_records(StreamName="other", Records=entries(1))


@pytest.mark.parametrize("batch", [
    entries(501), [{"Data": b"1", "PartitionKey": "k" * 257}],
    [{"Data": b"1" * MEBIBYTE, "PartitionKey": "k"}]],
    ids=["501 entries", "key of 257", "1 MiB and a key"])
def test_batch_over_a_limit_is_invalid(double, batch):
    client = double.client(parameter_validation=False)
    assert code(refusal(client, batch)) == "ValidationException"
    assert double.records() == []


def test_record_of_exactly_one_mebibyte_with_its_key_is_taken(double):
    put(double.client(), [{"Data": b"1" * (MEBIBYTE - 1), "PartitionKey": "k"}])
    assert double.stats()["records_accepted"] == 1


def test_request_over_five_mebibytes_is_refused_whole(double):
    batch = [{"Data": b"1" * (MEBIBYTE - 1), "PartitionKey": "k"}] * 5
    assert put(double.client(), batch)["FailedRecordCount"] == 0
    batch.append({"Data": b"", "PartitionKey": "k"})
    assert code(refusal(double.client(), batch)) == "InvalidArgumentException"
    assert double.stats()["records_accepted"] == 5


@pytest.mark.parametrize("body", [
    b"{", b"[]", b'{"StreamName":"pulse","Records":[{"Data":"ODk","PartitionKey":"k"}]}',
    b'{"StreamName":"pulse","Records":[{"Data":"O Dk=","PartitionKey":"k"}]}'],
    ids=["cut JSON", "array", "base64 without padding", "base64 with a space"])
def test_damaged_body_is_a_serialization_error(double, body):
    assert post(double, *signed(double, body))[:2] == (400, "SerializationException")


def test_unknown_target_is_an_unknown_operation(double):
    assert post(double, *signed(double, target="PutAll"))[1] == "UnknownOperationException"


# --- Faults


def test_partial_failure_has_the_shape_boto3_reads(double):
    double.script("partial:0.5")
    answer = put(double.client(), entries(10))
    failed = [result for result in answer["Records"] if "ErrorCode" in result]
    assert answer["FailedRecordCount"] == len(failed) == 5
    assert {result["ErrorCode"] for result in failed} == {
        "ProvisionedThroughputExceededException", "InternalFailure"}
    assert all(result["ErrorMessage"] and "SequenceNumber" not in result for result in failed)
    kept = [entry["Data"] for entry, result in zip(entries(10), answer["Records"])
            if "SequenceNumber" in result]
    assert [data for _, data in double.records()] == kept
    stats = double.stats()
    assert (stats["records_accepted"], stats["records_refused"]) == (5, 5)


def test_partial_failure_of_a_single_put_is_throttling(double):
    double.script("partial:1")
    client = double.client()
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        client.put_record(StreamName=STREAM, Data=b"89", PartitionKey="gym-7")


@pytest.mark.parametrize("behaviour, status, error_type", [
    ("500", 500, "InternalFailure"), ("503", 503, "ServiceUnavailable"),
    ("429", 429, "ThrottlingException"), ("400:ThrottlingException", 400, "ThrottlingException"),
    ("400:ExpiredTokenException", 400, "ExpiredTokenException")])
def test_error_answer_has_its_status_and_type(double, behaviour, status, error_type):
    double.script(behaviour)
    error = refusal(double.client())
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert code(error) == error_type
    assert "retry-after" not in error.response["ResponseMetadata"]["HTTPHeaders"]
    assert double.stats()["faults"] == {str(status): 1}
    assert double.records() == []


def test_error_answer_may_say_when_to_retry(double):
    double.script("503:SlowDown:retry-after=7")
    error = refusal(double.client())
    assert code(error) == "SlowDown"
    assert error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


@pytest.mark.parametrize("behaviour, stored", [("reset", 0), ("lost", 1)])
def test_connection_is_reset_before_or_after_storing(double, behaviour, stored):
    double.script(behaviour)
    # OpenSSL may say of a reset that the stream ended without its closing alert.
    with pytest.raises((ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)):
        post(double, *signed(double))
    assert double.stats()["records_accepted"] == stored
    assert double.stats()["faults"] == {behaviour: 1}


@pytest.mark.parametrize("behaviour", ["reset", "lost"])
def test_reset_is_a_reset_and_not_an_end_of_file(start_double, behaviour):
    double = start_double("--scripted", behaviour, plain=True)
    with socket.create_connection(("127.0.0.1", double.port), 10) as client:
        client.sendall(wire_form(double, *signed(double)))
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_lost_answer_makes_the_retry_a_duplicate(double):
    double.script("lost")
    put(double.client(retries={"total_max_attempts": 2}), entries(1))
    assert double.records() == [("gym-0", b"00000000")] * 2


def test_stalled_answer_outlasts_the_patience_of_the_client(double):
    double.script("stall:600")
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        put(double.client(read_timeout=0.1))
    assert double.stats()["records_accepted"] == 4


def test_stalled_answer_does_arrive(double):
    double.script("stall:0.05")
    assert put(double.client())["FailedRecordCount"] == 0


def test_dripping_answer_arrives_in_pieces(start_double):
    double = start_double("--scripted", "drip:0.2", plain=True)
    headers, body = signed(double)
    with socket.create_connection(("127.0.0.1", double.port), 10) as client:
        client.sendall(wire_form(double, {**headers, "Connection": "close"}, body))
        pieces = list(iter(lambda: client.recv(65536), b""))
    assert len(pieces) > 5
    assert b"".join(pieces).startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(b"".join(pieces).partition(b"\r\n\r\n")[2])["FailedRecordCount"] == 0


def test_truncated_answer_is_shorter_than_announced(double):
    double.script("truncated")
    with pytest.raises(http.client.IncompleteRead):
        post(double, *signed(double))
    assert double.stats()["records_accepted"] == 1


def test_captive_portal_answers_200_with_a_page(double):
    double.script("html,html")
    # boto3 takes the page for an empty success: what a careful client must not do.
    assert "Records" not in put(double.client())
    with pytest.raises(json.JSONDecodeError):
        post(double, *signed(double))
    assert double.records() == []


@pytest.mark.parametrize("behaviour, results", [("wrong-count", 3), ("wrong-count:2", 6)])
def test_answer_may_have_the_wrong_number_of_results(double, behaviour, results):
    double.script(behaviour)
    answer = put(double.client())
    assert len(answer["Records"]) == results and answer["FailedRecordCount"] == 0


@pytest.mark.parametrize("behaviour, count, failed", [("lying-count", 0, 2),
                                                      ("lying-count:0", 1, 0)])
def test_failed_record_count_may_lie(double, behaviour, count, failed):
    double.script(behaviour)
    answer = put(double.client())
    assert answer["FailedRecordCount"] == count
    assert sum("ErrorCode" in result for result in answer["Records"]) == failed


def test_script_is_followed_by_ok_and_returns_with_a_reset(start_double):
    double = start_double("--scripted", "500,ok,400:ThrottlingException")
    for _ in range(2):
        client = double.client()
        assert code(refusal(client)) == "InternalFailure"
        put(client)
        assert code(refusal(client)) == "ThrottlingException"
        put(client)
        double.reset()


def test_only_the_first_requests_have_faults(start_double):
    double = start_double("--fault", "500", "--fault-first", 2)
    client = double.client()
    assert [code(refusal(client)) for _ in range(2)] == ["InternalFailure"] * 2
    assert put(client)["FailedRecordCount"] == 0


def test_one_seed_gives_the_same_faults_again(start_double):
    double = start_double("--seed", 7, "--fault", "500@0.3", "--fault", "partial:0.2@0.3")
    assert double.server.wait_for_line("seed 7")

    def run():
        double.reset()
        client, seen = double.client(), []
        for _ in range(20):
            try:
                seen.append([r.get("ErrorCode") for r in put(client)["Records"]])
            except botocore.exceptions.ClientError as error:
                seen.append(code(error))
        return seen, double.stats()["faults"]

    first = run()
    assert first == run()
    assert set(first[1]) == {"500", "partial"}


def test_port_that_is_taken_stops_the_start(double, start_double):
    with pytest.raises(RuntimeError, match="in use"):
        start_double("--port", double.port)


@pytest.mark.parametrize("options", [
    ["--scripted", "explode"], ["--fault", "500@0.7", "--fault", "429@0.7"]])
def test_nonsense_options_stop_the_start(start_double, options):
    with pytest.raises(RuntimeError, match="unknown behaviour|more than 1"):
        start_double(*options)


# --- The wire


def wire_form(double, headers, body):
    lines = [f"Host: 127.0.0.1:{double.port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body


def read_answer(stream):
    status = int(stream.readline().split()[1])
    headers = http.client.parse_headers(stream)
    return status, stream.read(int(headers.get("Content-Length", 0)))


def test_keep_alive_serves_many_requests_over_one_connection(double):
    client = double.client()
    for _ in range(10):
        put(client)
    stats = double.stats()
    assert (stats["requests"], stats["connections"], stats["tls_handshakes"]) == (10, 1, 1)
    assert stats["by_target"] == {"Kinesis_20131202.PutRecords": 10}


def test_bytes_are_those_of_the_wire_and_control_is_not_counted(start_double):
    double = start_double(plain=True)
    message = wire_form(double, *signed(double))
    with socket.create_connection(("127.0.0.1", double.port), 10) as client:
        client.sendall(message)
        with client.makefile("rb") as stream:
            head = b"".join(iter(stream.readline, b"\r\n")) + b"\r\n"
            length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            stream.read(length)
        double.records()
        stats = double.stats()
    assert (stats["bytes_received"], stats["bytes_sent"]) == (len(message), len(head) + length)
    assert (stats["requests"], stats["connections"]) == (1, 1)


def test_requests_split_anywhere_and_pipelined_are_answered_in_order(start_double):
    double = start_double(plain=True)
    good, bad = wire_form(double, *signed(double)), wire_form(double, *signed(double, b"{"))
    with socket.create_connection(("127.0.0.1", double.port), 10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(0, len(good), 7):
            client.send(good[n:n + 7])
        client.sendall(bad + good)
        with client.makefile("rb") as stream:
            assert [read_answer(stream)[0] for _ in range(3)] == [200, 400, 200]


def test_expectation_to_continue_is_met_before_the_body(start_double):
    double = start_double(plain=True)
    headers, body = signed(double)
    head = wire_form(double, {**headers, "Expect": "100-continue"}, body)[:-len(body)]
    with socket.create_connection(("127.0.0.1", double.port), 10) as client:
        client.sendall(head)
        with client.makefile("rb") as stream:
            assert read_answer(stream)[0] == 100
            client.sendall(body)
            assert read_answer(stream)[0] == 200


@pytest.mark.parametrize("request_bytes, status", [
    (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 411), (b"nonsense\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
    (b"x" * 20000, 400)], ids=["no length", "no HTTP", "too long", "endless head"])
def test_request_that_cannot_be_framed_ends_the_connection(start_double, request_bytes, status):
    double = start_double(plain=True)
    with socket.create_connection(("127.0.0.1", double.port), 10) as client:
        client.sendall(request_bytes)
        with client.makefile("rb") as stream:
            assert read_answer(stream)[0] == status
            assert stream.read() == b""


def test_foreign_certificate_is_refused_by_the_client(start_double, certificates):
    foreign = ["--cert", certificates / "foreign-server.pem",
               "--key", certificates / "foreign-server.key"]
    double = start_double(*foreign)
    with pytest.raises(botocore.exceptions.SSLError):
        put(double.client())
    double.ca = str(certificates / "foreign-ca.pem")
    assert put(double.client())["FailedRecordCount"] == 0
    assert double.stats()["tls_failures"] == 1


def test_certificates_are_made_once(tmp_path):
    def contents():
        return {file.name: file.read_bytes() for file in ensure_certificates(tmp_path).iterdir()}

    first = contents()
    assert first == contents()
    assert len(first) == 6


# --- The other parts of this folder


@pytest.mark.parametrize("peer, requests", [("put_records", 3), ("put_record", 1001)])
def test_peer_sends_every_record_as_it_is_on_the_wire(double, tmp_path, peer, requests):
    lines = [b'{"heart_rate":%d}\n' % n for n in range(7)]
    (tmp_path / "records").write_bytes(b"".join(lines))
    double.script("partial:0.01" if peer == "put_records" else "ok")
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "peers.py"), peer, "--endpoint", double.endpoint,
         "--ca", double.ca, "--stream", STREAM, "--records", "1001",
         "--bytes-file", str(tmp_path / "records")], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["records"] == 1001
    assert report["requests"] == requests + (peer == "put_records")
    assert sorted(data for _, data in double.records()) == sorted(
        lines[n % 7] for n in range(1001))


def test_moto_lets_the_producer_put_and_nothing_else(moto):
    put(moto.producer())
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        moto.producer().describe_stream(StreamName=STREAM)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert moto.read_all_records() == [(e["PartitionKey"], e["Data"]) for e in entries(4)]


def test_moto_refuses_a_wrong_secret(moto):
    spoilt = doubles.make_client("kinesis", moto.endpoint, None, moto.access_key, "wrong")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        put(spoilt)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_moto_comes_back_empty_on_its_port_with_its_keys(moto):
    before = (moto.endpoint, moto.access_key, moto.secret_key)
    put(moto.producer())
    moto.restart()
    assert (moto.endpoint, moto.access_key, moto.secret_key) == before
    assert moto.read_all_records() == []
    put(moto.producer())
    assert len(moto.read_all_records()) == 4
