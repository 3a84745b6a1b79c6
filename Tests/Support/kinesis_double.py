"""A Kinesis endpoint for tests and benchmarks: strict, fast, and faulty on request.

It speaks PutRecords and PutRecord over HTTP/1.1 with keep-alive and TLS on 127.0.0.1, lets
botocore recompute every signature, enforces the limits of the service, and can throttle,
reset, stall, lie or lose its answer. It prints `ready PORT` on stdout when it listens and
`seed N` on stderr before that.

A behaviour (a fault, or `ok`) is written as follows; a name with `stored` keeps the records:

    ok
    partial:FRACTION[:CODE]    that share of the entries fails (at least one); without CODE the
                               codes throughput exceeded and internal failure are mixed; stored
    STATUS[:TYPE][:retry-after=SECONDS]   an error answer, such as 503 or 400:ThrottlingException
    reset                      TCP reset when the head has arrived; the body is not read
    lost                       stored, then TCP reset instead of the answer
    stall[:SECONDS]            stored, answers late (default 5)
    drip[:SECONDS]             stored, the answer takes that long to arrive (default 2)
    truncated                  stored, half the announced answer, then end of connection
    html                       200 and a web page, as a captive portal answers
    wrong-count[:CHANGE]       stored, the answer has so many results more or less (default -1)
    lying-count[:FRACTION]     stored, that share fails (default 0.5) but FailedRecordCount is
                               0; with a FRACTION of 0 none fails and the count is 1

`--fault BEHAVIOUR@PROBABILITY` may be repeated. `--scripted ok,500,reset` is a fixed sequence,
then ok. Control, unsigned, neither counted nor faulty: GET /double/stats, GET /double/records,
POST /double/reset (back to the state at start), POST /double/script (body: a sequence),
POST /double/keys (body: a JSON list of {access_key, secret_key, session_token, until}: these
temporary keys alone are taken, each until that time, seconds since 1970).
"""

import argparse
import asyncio
import base64
import binascii
import email.utils
import hashlib
import hmac
import random
import re
import signal
import socket
import ssl
import struct
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlsplit

import botocore.auth
import orjson
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

MEBIBYTE = 1 << 20
HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 16 * MEBIBYTE
SKEW_SECONDS_MAX = 300
ACCOUNT = "123456789012"
SHARD = "shardId-000000000000"
SEQUENCE_PREFIX = "4959033827149025660855969253836157109592"  # plus 16 digits: 56, as on AWS
JSON_TYPE = "application/x-amz-json-1.1"
PORTAL_PAGE = b"<!DOCTYPE html><html><body>Please accept the terms of use.</body></html>"
REASONS = {100: "Continue", 200: "OK", 400: "Bad Request", 404: "Not Found",
           411: "Length Required", 413: "Content Too Large", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}

THROUGHPUT = "ProvisionedThroughputExceededException"
INTERNAL = "InternalFailure"


class Refusal(Exception):
    """A request the service answers with an error: its type, text and status."""

    def __init__(self, error_type, message, status=400):
        super().__init__(message)
        self.error_type, self.message, self.status = error_type, message, status


class BadSignature(Refusal):
    """A refusal by the authentication; `reason` is the kind counted in the statistics."""

    def __init__(self, reason, message, error_type="InvalidSignatureException"):
        super().__init__(error_type, message)
        self.reason = reason


# --- Behaviours ---------------------------------------------------------------------------

DEFAULT_NUMBERS = {"ok": 0, "partial": 0.5, "reset": 0, "lost": 0, "stall": 5, "drip": 2,
                   "truncated": 0, "html": 0, "wrong-count": -1, "lying-count": 0.5}
DEFAULT_TYPES = {429: "ThrottlingException", 500: INTERNAL, 503: "ServiceUnavailable"}


@dataclass(frozen=True)
class Behaviour:
    """What the double does with one request; see the list at the top of this file."""

    kind: str
    number: float = 0
    error_type: str = ""
    retry_after: str = ""

    @classmethod
    def parse(cls, text):
        kind, *rest = text.strip().split(":")
        if kind.isdigit():
            retry_after = "".join(r[12:] for r in rest if r.startswith("retry-after="))
            types = [r for r in rest if not r.startswith("retry-after=")]
            default = DEFAULT_TYPES.get(int(kind), "ValidationException")
            return cls("status", int(kind), types[0] if types else default, retry_after)
        if kind not in DEFAULT_NUMBERS:
            raise ValueError(f"unknown behaviour: {text}")
        number = float(rest[0]) if rest else DEFAULT_NUMBERS[kind]
        return cls(kind, number, rest[1] if len(rest) > 1 else "")

    @classmethod
    def parse_script(cls, text):
        return [cls.parse(part) for part in text.split(",") if part.strip()]


OK = Behaviour("ok")


class Plan:
    """Chooses the behaviour of each request from the options and the seed alone."""

    def __init__(self, options):
        self.random = random.Random(options.seed)
        self.script = Behaviour.parse_script(options.scripted)
        self.first = options.fault_first
        self.weighted = []
        for text in options.fault:
            behaviour, _, probability = text.partition("@")
            self.weighted.append((Behaviour.parse(behaviour), float(probability or 1)))
        if sum(probability for _, probability in self.weighted) > 1 + 1e-9:
            raise ValueError("the probabilities of --fault add up to more than 1")
        self.requests = 0

    def next(self):
        self.requests += 1
        if self.script:
            return self.script.pop(0)
        if not self.weighted or (self.first is not None and self.requests > self.first):
            return OK
        point = self.random.random()
        for behaviour, probability in self.weighted:
            if point < probability:
                return behaviour
            point -= probability
        return OK

    def failures(self, behaviour, count):
        """Maps the index of each entry that fails to its code; the share is exact."""
        if not behaviour.number:
            return {}
        failing = min(count, max(1, round(behaviour.number * count)))
        codes = [behaviour.error_type] if behaviour.error_type else [THROUGHPUT, INTERNAL]
        chosen = sorted(self.random.sample(range(count), failing))
        return {index: codes[n % len(codes)] for n, index in enumerate(chosen)}


# --- Authentication -----------------------------------------------------------------------

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 +Credential=([^,\s]+) *, *"
                           r"SignedHeaders=([^,\s]+) *, *Signature=([0-9a-f]{64})$")
AMZ_DATE = re.compile(r"\d{8}T\d{6}Z$")
BAD_TOKEN = "The security token included in the request is invalid."


def sign_every_header():
    """Lets botocore sign whatever the client says it signed (it skips some by default)."""
    botocore.auth.SIGNED_HEADERS_BLACKLIST = []


class Verifier:
    """Recomputes a signature with botocore and refuses with the words AWS uses."""

    def __init__(self, options, clock):
        self.options, self.clock = options, clock
        self.scheme = "http" if options.plain else "https"
        self.take_keys({})

    def take_keys(self, keys):
        """These temporary keys alone are taken; none: the one of the options."""
        self.keys = keys
        self.credentials = Credentials(self.options.access_key, self.options.secret_key)

    def verify(self, request, service):
        headers = request.headers
        header = headers.get("authorization", "")
        if not header:
            raise BadSignature("missing", "Missing Authentication Token",
                               "MissingAuthenticationTokenException")
        match = AUTHORIZATION.match(header)
        date = headers.get("x-amz-date", "")
        if not match or not AMZ_DATE.match(date):
            raise BadSignature("incomplete", "Authorization or X-Amz-Date is malformed.",
                               "IncompleteSignatureException")
        credential, names, signature = match.groups()
        key, *scope = credential.split("/")
        self._check_identity(key, headers)
        self._check_scope(scope, date, service)
        self._check_skew(date)
        signed = set(names.split(";"))
        self._check_signed_headers(signed, headers)
        self._check_signature(request, service, date, signed, signature)

    def _check_identity(self, key, headers):
        if self.keys:
            known = self.keys.get(key)
            token = headers.get("x-amz-security-token", "")
            if known is None or token != known["session_token"]:
                raise BadSignature("access-key", BAD_TOKEN, "UnrecognizedClientException")
            if time.time() >= known["until"]:
                raise BadSignature("expired", "The security token included in the request is "
                                   "expired", "ExpiredTokenException")
            self.credentials = Credentials(key, known["secret_key"])
            return
        if key != self.options.access_key:
            raise BadSignature("access-key", BAD_TOKEN, "UnrecognizedClientException")
        if headers.get("x-amz-security-token", "") != (self.options.session_token or ""):
            raise BadSignature("session-token", BAD_TOKEN, "UnrecognizedClientException")

    def _check_scope(self, scope, date, service):
        if len(scope) != 4 or scope[3] != "aws4_request":
            raise BadSignature("scope", "Credential should be scoped with a valid terminator: "
                               "'aws4_request'.")
        if scope[0] != date[:8]:
            raise BadSignature("scope", "Date in Credential scope does not match YYYYMMDD from "
                               f"ISO-8601 version of date from HTTP: '{scope[0]}' != "
                               f"'{date[:8]}', from '{date}'.")
        if scope[1] != self.options.region:
            raise BadSignature("region", "Credential should be scoped to a valid region. ")
        if scope[2] != service:
            raise BadSignature("service", "Credential should be scoped to correct service: "
                               f"'{service}'. ")

    def _check_skew(self, date):
        now = self.clock()

        def stamp(seconds):
            return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))

        # Stamps of one shape and one zone compare as text.
        earliest, latest = stamp(now - SKEW_SECONDS_MAX), stamp(now + SKEW_SECONDS_MAX)
        if date < earliest:
            raise BadSignature("skew", f"Signature expired: {date} is now earlier than "
                               f"{earliest} ({stamp(now)} - 5 min.)")
        if date > latest:
            raise BadSignature("skew", f"Signature not yet current: {date} is still later than "
                               f"{latest} ({stamp(now)} + 5 min.)")

    def _check_signed_headers(self, signed, headers):
        required = {"host"} | {name for name in headers if name.startswith("x-amz-")}
        for name in sorted(required - signed):
            raise BadSignature("unsigned-header", f"'{name}' must be a 'SignedHeader' in the AWS "
                               "Authorization.")

    def _check_signature(self, request, service, date, signed, signature):
        declared = request.headers.get("x-amz-content-sha256")
        if declared and declared != hashlib.sha256(request.body).hexdigest():
            raise BadSignature("body-hash", "The value of x-amz-content-sha256 does not match "
                               "the body.")
        headers = HTTPHeaders()
        for name, value in request.header_list:
            if name in signed:
                headers[name] = value
        url = f"{self.scheme}://{request.headers['host']}{request.path}"
        # What botocore reads of a request; its own AWSRequest would prepare the body anew.
        signable = SimpleNamespace(method=request.method, url=url, params=None, headers=headers,
                                   body=request.body, context={"timestamp": date})
        signer = botocore.auth.SigV4Auth(self.credentials, service, self.options.region)
        canonical = signer.canonical_request(signable)
        to_sign = signer.string_to_sign(signable, canonical)
        if not hmac.compare_digest(signer.signature(to_sign, signable), signature):
            raise BadSignature(
                "signature", "The request signature we calculated does not match the signature "
                "you provided. Check your AWS Secret Access Key and signing method. Consult the "
                f"service documentation for details.\n\nThe Canonical String for this request "
                f"should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n"
                f"'{to_sign}'\n")


# --- Operations ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Operation:
    """How one target names its fields; a new service is a new row in OPERATIONS.

    Firehose PutRecordBatch, for one, differs in names, has no PartitionKey and takes 4 MiB.
    """

    service: str
    stream_field: str
    request_bytes_max: int
    entries_field: str = ""    # empty: the body itself is the only entry
    results_field: str = ""
    failed_field: str = ""
    id_field: str = "SequenceNumber"
    has_partition_key: bool = True
    entries_max: int = 500
    record_bytes_max: int = MEBIBYTE


OPERATIONS = {
    "Kinesis_20131202.PutRecords": Operation(
        "kinesis", "StreamName", 5 * MEBIBYTE, "Records", "Records", "FailedRecordCount"),
    "Kinesis_20131202.PutRecord": Operation("kinesis", "StreamName", 2 * MEBIBYTE),
    "Firehose_20150804.PutRecordBatch": Operation(
        "firehose", "DeliveryStreamName", 4 * MEBIBYTE, "Records", "RequestResponses",
        "FailedPutCount", "RecordId", has_partition_key=False, record_bytes_max=1000 << 10),
}


def invalid(path, rule):
    return Refusal("ValidationException", f"1 validation error detected: Value at '{path}' "
                   f"failed to satisfy constraint: Member must {rule}")


def read_entries(operation, body, stream):
    """Returns [(partition key, data)] of a request body, or raises the Refusal it deserves."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal("SerializationException", str(error)) from error
    if not isinstance(document, dict):
        raise Refusal("SerializationException", "Start of structure expected.")
    entries = document.get(operation.entries_field) if operation.entries_field else [document]
    if not isinstance(entries, list) or not 1 <= len(entries) <= operation.entries_max:
        raise invalid("records", f"have length between 1 and {operation.entries_max}")
    records, total = [], 0
    for index, entry in enumerate(entries, 1):
        key, data = read_entry(operation, entry, f"records.{index}.member")
        size = len(data) + len(key.encode())
        if size > operation.record_bytes_max:
            raise invalid(f"records.{index}.member.data",
                          f"have length less than or equal to {operation.record_bytes_max}")
        total += size
        records.append((key, data))
    if total > operation.request_bytes_max:
        limit = operation.request_bytes_max // MEBIBYTE
        raise Refusal("InvalidArgumentException", f"Records size exceeds {limit} MB limit")
    name = document.get(operation.stream_field) or str(
        document.get("StreamARN", "")).rpartition("/")[2]
    if name != stream:
        raise Refusal("ResourceNotFoundException",
                      f"Stream {name} under account {ACCOUNT} not found.")
    return records


def read_entry(operation, entry, path):
    if not isinstance(entry, dict) or not isinstance(entry.get("Data"), str):
        raise invalid(f"{path}.data", "not be null")
    try:
        data = binascii.a2b_base64(entry["Data"], strict_mode=True)
    except ValueError as error:
        raise Refusal("SerializationException", f"{path}.data: {error}") from error
    if not operation.has_partition_key:
        return "", data
    key = entry.get("PartitionKey")
    if not isinstance(key, str) or not 1 <= len(key) <= 256:
        raise invalid(f"{path}.partitionKey", "have length between 1 and 256")
    return key, data


# --- The service --------------------------------------------------------------------------


@dataclass
class Reply:
    """An answer, and the behaviour that decides how it travels."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple = ()
    delivery: Behaviour = OK


class Double:
    """The service behind the connections: options, plan, records and statistics."""

    def __init__(self, options):
        self.options = options
        self.verifier = Verifier(options, self.now)
        self.connections = set()
        self.reset()

    def now(self):
        return time.time() + self.options.date_offset

    def reset(self):
        """Back to the state at start; open connections stay open and count from zero."""
        self.verifier.take_keys({})
        self.plan = Plan(self.options)
        self.ids = random.Random(self.options.seed)
        self.records, self.sequence = [], 0
        self.counts, self.closed = Counter(), Counter()
        self.by_target, self.faults = Counter(), Counter()
        self.signature_failures, self.errors = Counter(), Counter()
        for connection in self.connections:
            connection.counts.clear()

    def choose_behaviour(self):
        self.counts["requests"] += 1
        behaviour = self.plan.next()
        if behaviour.kind != "ok":
            name = str(behaviour.number) if behaviour.kind == "status" else behaviour.kind
            self.faults[name] += 1
        return behaviour

    def request_id(self):
        return str(uuid.UUID(int=self.ids.getrandbits(128), version=4))

    def handle(self, request):
        """Returns the Reply to one signed request whose body is complete."""
        behaviour = request.behaviour
        target = request.headers.get("x-amz-target", "")
        self.by_target[target] += 1
        try:
            if behaviour.kind == "html":
                return Reply(200, PORTAL_PAGE, "text/html")
            if behaviour.kind == "status":
                raise Refusal(behaviour.error_type, "Requested by the test.", behaviour.number)
            return self._put(request, target, behaviour)
        except Refusal as refusal:
            return self._refuse(refusal, behaviour)

    def _put(self, request, target, behaviour):
        operation = OPERATIONS.get(target)
        if (operation is None or request.method != "POST" or urlsplit(request.path).path != "/"
                or request.headers.get("content-type") != JSON_TYPE):
            raise Refusal("UnknownOperationException", f"Unknown operation: {target}")
        if not self.options.no_verify:
            self.verifier.verify(request, operation.service)
        entries = read_entries(operation, request.body, self.options.stream)
        failures = {}
        if behaviour.kind in ("partial", "lying-count"):
            failures = self.plan.failures(behaviour, len(entries))
        if not operation.entries_field and failures:
            self.counts["records_refused"] += 1
            raise Refusal(failures[0], self._failure_text(failures[0]),
                          500 if failures[0] == INTERNAL else 400)
        results = [self._failure(failures[n]) if n in failures else self._store(operation, entry)
                   for n, entry in enumerate(entries)]
        self.counts["records_refused"] += len(failures)
        self.counts["records_accepted"] += len(entries) - len(failures)
        if not operation.entries_field:
            return Reply(200, orjson.dumps(results[0]), delivery=behaviour)
        failed = len(failures)
        if behaviour.kind == "lying-count":
            failed = 0 if failures else 1
        if behaviour.kind == "wrong-count":
            change = int(behaviour.number)
            results = results[:change] if change < 0 else results + results[-1:] * change
        body = {operation.failed_field: failed, operation.results_field: results}
        return Reply(200, orjson.dumps(body), delivery=behaviour)

    def _store(self, operation, entry):
        self.sequence += 1
        if not self.options.discard:
            self.records.append((*entry, self.sequence))
        return {operation.id_field: f"{SEQUENCE_PREFIX}{self.sequence:016d}", "ShardId": SHARD}

    def _failure_text(self, code):
        if code == INTERNAL:
            return "Internal service failure."
        return (f"Rate exceeded for shard {SHARD} in stream {self.options.stream} "
                f"under account {ACCOUNT}.")

    def _failure(self, code):
        return {"ErrorCode": code, "ErrorMessage": self._failure_text(code)}

    def _refuse(self, refusal, behaviour):
        self.errors[refusal.error_type] += 1
        if isinstance(refusal, BadSignature):
            self.signature_failures[refusal.reason] += 1
        headers = (("Retry-After", behaviour.retry_after),) if behaviour.retry_after else ()
        body = orjson.dumps({"__type": refusal.error_type, "message": refusal.message})
        return Reply(refusal.status, body, headers=headers)

    def control(self, request):
        """Returns the Reply to a request of the test itself."""
        if request.target == ("GET", "/double/stats"):
            return Reply(200, orjson.dumps(self.stats()), "application/json")
        if request.target == ("GET", "/double/records"):
            lines = (orjson.dumps({
                "partition_key": key, "data_base64": base64.b64encode(data).decode(),
                "sequence_number": f"{SEQUENCE_PREFIX}{sequence:016d}"}) + b"\n"
                for key, data, sequence in self.records)
            return Reply(200, b"".join(lines), "application/x-ndjson")
        if request.target == ("POST", "/double/reset"):
            self.reset()
            return Reply(200, b"{}", "application/json")
        if request.target == ("POST", "/double/keys"):
            self.verifier.take_keys(
                {key["access_key"]: key for key in orjson.loads(request.body)})
            return Reply(200, b"{}", "application/json")
        if request.target == ("POST", "/double/script"):
            try:
                self.plan.script = Behaviour.parse_script(request.body.decode())
            except ValueError as error:
                return Reply(400, f"{error}\n".encode(), "text/plain")
            return Reply(200, b"{}", "application/json")
        return Reply(404, b"no such control\n", "text/plain")

    def stats(self):
        traffic = Counter(self.closed)
        for connection in self.connections:
            if not connection.is_control:
                traffic.update(connection.counts)
        names = ("connections", "tls_handshakes", "tls_resumed", "tls_failures",
                 "bytes_received", "bytes_sent")
        return {
            "seed": self.options.seed, "requests": self.counts["requests"],
            "records_accepted": self.counts["records_accepted"],
            "records_refused": self.counts["records_refused"],
            **{name: traffic[name] for name in names},
            "bytes_are": "TCP payload: TLS handshakes and record framing included, TCP and IP "
                         "headers and retransmissions not; connections of the control "
                         "endpoints are left out",
            "by_target": self.by_target, "faults": self.faults,
            "signature_failures": self.signature_failures, "errors": self.errors,
        }


# --- The wire -----------------------------------------------------------------------------


class TLSLayer:
    """TLS over memory rather than asyncio's own, so that the bytes of the wire are seen."""

    def __init__(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.established = self.closed = False

    def decrypt(self, data):
        """Returns the plain bytes now readable; sets `closed` when the client said goodbye."""
        self.incoming.write(data)
        plain = []
        try:
            if not self.established:
                self.object.do_handshake()
                self.established = True
            while chunk := self.object.read(65536):
                plain.append(chunk)
            self.closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.closed = True
        return b"".join(plain)

    def encrypt(self, data):
        self.object.write(data)
        return self.outgoing.read()


class Request:
    """A parsed head; the body follows."""

    def __init__(self, head, double):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, self.version = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        self.header_list = [(name.lower(), value.strip()) for name, _, value in pairs]
        self.headers = dict(self.header_list)
        self.target = (self.method, self.path)
        self.is_control = self.path.startswith("/double/")
        self.length = int(self.headers.get("content-length", "0"))
        self.has_length = "content-length" in self.headers
        self.keep_alive = (self.version == "HTTP/1.1"
                           and self.headers.get("connection", "").lower() != "close")
        self.body = b""
        self.behaviour = OK if self.is_control else double.choose_behaviour()


class Connection(asyncio.Protocol):
    """One client: TLS, HTTP/1.1 framing, and the delivery of each answer, good or bad."""

    def __init__(self, double, context):
        self.double = double
        self.tls = TLSLayer(context) if context else None
        self.counts = Counter(connections=1)
        self.buffer = bytearray()
        self.request = None
        self.is_control = self.busy = self.gone = False

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.double.connections.add(self)

    def connection_lost(self, _error):
        self.gone = True
        self.double.connections.discard(self)
        if not self.is_control:
            self.double.closed.update(self.counts)

    def data_received(self, data):
        self.counts["bytes_received"] += len(data)
        if self.tls is None:
            self.buffer += data
        else:
            shaken = self.tls.established
            try:
                self.buffer += self.tls.decrypt(data)
            except ssl.SSLError:
                self.counts["tls_failures"] += 1
                self._raw_write(self.tls.outgoing.read())
                self.transport.close()
                return
            self._raw_write(self.tls.outgoing.read())
            if self.tls.established and not shaken:
                self.counts["tls_handshakes"] += 1
                self.counts["tls_resumed"] += bool(self.tls.object.session_reused)
        self._serve()
        if self.tls is not None and self.tls.closed and not self.busy:
            self.transport.close()

    def _serve(self):
        """Answers each complete request of the buffer, one at a time and in order."""
        while not self.busy and not self.gone and not self.transport.is_closing():
            if self.request is None and not self._read_head():
                return
            request = self.request
            if len(self.buffer) < request.length:
                return
            request.body = bytes(self.buffer[:request.length])
            del self.buffer[:request.length]
            self.request = None
            if request.is_control:
                self._deliver(request, self.double.control(request))
            else:
                self._deliver(request, self.double.handle(request))

    def _read_head(self):
        """Returns true when a head was read; refuses what cannot be framed."""
        end = self.buffer.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
        if end < 0:
            if len(self.buffer) >= HEAD_BYTES_MAX:
                self._fail(400)
            return False
        try:
            request = Request(bytes(self.buffer[:end]), self.double)
        except ValueError:
            self._fail(400)
            return False
        del self.buffer[:end + 4]
        self.is_control = self.is_control or request.is_control
        if request.behaviour.kind == "reset":
            self._reset_connection()
            return False
        if request.method == "POST" and not request.has_length:
            self._fail(411)
            return False
        if not 0 <= request.length <= BODY_BYTES_MAX:
            self._fail(413)
            return False
        if request.headers.get("expect", "").lower() == "100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.request = request
        return True

    def _deliver(self, request, reply):
        message = self._encode(request, reply)
        kind, seconds = reply.delivery.kind, reply.delivery.number
        if kind == "lost":
            self._reset_connection()
        elif kind == "stall":
            self.busy = True
            self._later(seconds, self._finish, request, message)
        elif kind == "drip":
            self.busy = True
            size = -(-len(message) // 20)
            pieces = [message[n:n + size] for n in range(0, len(message), size)]
            self._drip(request, pieces, seconds / len(pieces))
        elif kind == "truncated":
            self._write(message[:len(message) - len(reply.body) // 2 - 1])
            self.transport.close()
        else:
            self._write(message)
            if not request.keep_alive:
                self.transport.close()

    def _drip(self, request, pieces, pause):
        if len(pieces) == 1:
            self._finish(request, pieces[0])
        else:
            self._write(pieces[0])
            self._later(pause, self._drip, request, pieces[1:], pause)

    def _later(self, seconds, action, *arguments):
        def act():
            if not self.gone:
                action(*arguments)
        asyncio.get_running_loop().call_later(seconds, act)

    def _finish(self, request, message):
        self.busy = False
        self._write(message)
        if not request.keep_alive:
            self.transport.close()
        self._serve()

    def _encode(self, request, reply):
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}",
                 f"x-amzn-RequestId: {self.double.request_id()}",
                 f"Date: {email.utils.formatdate(self.double.now(), usegmt=True)}",
                 f"Content-Type: {reply.content_type}", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if not request.keep_alive:
            lines.append("Connection: close")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body

    def _write(self, message):
        self._raw_write(self.tls.encrypt(message) if self.tls else message)

    def _raw_write(self, data):
        if data:
            self.counts["bytes_sent"] += len(data)
            self.transport.write(data)

    def _fail(self, status):
        """Refuses bytes that are not a request this server can frame, then hangs up."""
        self._write(f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n".encode())
        self.transport.close()

    def _reset_connection(self):
        """Ends with RST instead of FIN: a linger time of zero discards what is unsent."""
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


# --- The command --------------------------------------------------------------------------


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description="A Kinesis endpoint for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--plain", action="store_true", help="HTTP without TLS")
    parser.add_argument("--cert", help="PEM server certificate")
    parser.add_argument("--key", help="PEM private key")
    parser.add_argument("--stream", default="pulse")
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--access-key", default="AKIDEXAMPLE")
    parser.add_argument("--secret-key", default="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    parser.add_argument("--session-token", default="", help="required when given")
    parser.add_argument("--no-verify", action="store_true", help="accept any signature")
    parser.add_argument("--discard", action="store_true", help="count records, keep none")
    parser.add_argument("--date-offset", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    behaviour = parser.add_mutually_exclusive_group()
    behaviour.add_argument("--fault", action="append", default=[], metavar="BEHAVIOUR@PROB")
    behaviour.add_argument("--scripted", default="", metavar="BEHAVIOUR,...")
    parser.add_argument("--fault-first", type=int, metavar="N", help="later requests are ok")
    options = parser.parse_args(arguments)
    if not options.plain and not (options.cert and options.key):
        parser.error("--cert and --key are needed, or --plain")
    try:
        Plan(options)
    except ValueError as error:
        parser.error(str(error))
    return options


async def serve(options):
    context = None
    if not options.plain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        context.set_alpn_protocols(["http/1.1"])
    double = Double(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(double, context), "127.0.0.1",
                                      options.port, backlog=512)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()


if __name__ == "__main__":
    sign_every_header()
    asyncio.run(serve(parse_options()))
