"""Lambda for tests: AWS's own Runtime Interface Emulator, and an event source mapping of Kinesis.

The emulator is the binary of the AWS SAM command line, out of its package on PyPI: version and
checksum are pinned here. It runs the function's `bootstrap` as Lambda does, on 127.0.0.1 alone.
"""

import base64
import hashlib
import http.client
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = os.environ.get("BOOTSTRAP", str(ROOT / ".build" / "lambda" / "bootstrap"))
SAM_VERSION = "1.170.0"
WHEEL_SHA256 = "24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
START_SECONDS_MAX = 30


def ensure_emulator():
    """Returns the path of the emulator; fetches it once."""
    kind = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    folder = ROOT / ".build" / "lambda"
    emulator = folder / f"aws-lambda-rie-{SAM_VERSION}-{kind}"
    if not emulator.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                        "--disable-pip-version-check", "--only-binary", ":all:",
                        "--dest", str(folder), f"aws-sam-cli=={SAM_VERSION}"], check=True)
        wheel = folder / f"aws_sam_cli-{SAM_VERSION}-py3-none-any.whl"
        actual = hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert actual == WHEEL_SHA256, f"{wheel.name} has the checksum {actual}"
        member = f"samcli/local/rapid/aws-lambda-rie-{kind}"
        with zipfile.ZipFile(wheel) as archive:
            fresh = emulator.with_suffix(".new")
            fresh.write_bytes(archive.read(member))
        fresh.chmod(0o755)
        fresh.rename(emulator)
        wheel.unlink()
    return emulator


class Emulator:
    """One function in one emulator, from its first invocation on: Lambda's warm environment."""

    def __init__(self, handler, environment, bootstrap=BOOTSTRAP, timeout=30):
        self.port = free_port()
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.log = []
        self.process = subprocess.Popen(
            [ensure_emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
             "--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap, handler],
            env={**kept, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout), **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < end and self.process.poll() is None, self.text
                time.sleep(0.01)

    def _read(self):
        for line in self.process.stdout:
            self.log.append(line.decode(errors="replace").rstrip("\n"))

    @property
    def text(self):
        return "\n".join(self.log)

    @property
    def init_milliseconds(self):
        """How long the function took until it asked for its first event."""
        return [float(found) for found in
                re.findall(r"INIT REPORT\(durationMs: ([0-9.]+)", self.text)]

    def durations(self, count):
        """How long each of `count` events took, in milliseconds, by the emulator's account. It
        writes that down when the answer is out already."""
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            found = re.findall(r"INVOKE RTDONE\(.*?duration: ([0-9.]+)ms", self.text)
            if len(found) >= count:
                return [float(number) for number in found]
            assert time.monotonic() < end, self.text
            time.sleep(0.005)

    def function(self):
        """The process number of the function."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        numbers = [int(number) for task in children.parents[1].iterdir()
                   for number in (task / "children").read_text().split()]
        return numbers[0]

    def invoke(self, event, seconds=60):
        """Returns the answer to an event, read as JSON where it is JSON."""
        body = event if isinstance(event, bytes) else json.dumps(
            event, separators=(",", ":")).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        connection.request("POST", "/2015-03-31/functions/function/invocations", body)
        answer = connection.getresponse().read().decode()
        connection.close()
        try:
            return json.loads(answer)
        except ValueError:
            return answer

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._reader.join(5)


def kinesis_event(records, first=100, arrival=1752599433.623):
    """An event as Lambda makes it: `records` are bytes, or (sequence number, bytes, arrival)."""
    entries = []
    for place, record in enumerate(records):
        number, data, came = record if isinstance(record, tuple) else (
            str(first + place), record, arrival)
        entries.append({
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "gym-7",
                        "sequenceNumber": number, "data": base64.b64encode(data).decode(),
                        "approximateArrivalTimestamp": came},
            "eventSource": "aws:kinesis", "eventVersion": "1.0",
            "eventID": f"shardId-000000000000:{number}", "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/indexer",
            "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/heart_rate"})
    return {"Records": entries}


def firehose_event(records):
    """An event as Firehose makes it."""
    return {"invocationId": "invocation", "region": "eu-central-1",
            "deliveryStreamArn": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake",
            "records": [{"recordId": f"4954{place}", "approximateArrivalTimestamp": 1752599433623,
                         "data": base64.b64encode(data).decode()}
                        for place, data in enumerate(records)]}


class EventSourceMapping:
    """What AWS does between a shard and a function (Lambda Developer Guide, Kinesis): batches in
    order; after `batchItemFailures` again from the lowest of them; a batch that fails as a whole
    is halved; after `attempts` on one record, or where it was not asked to be retried, its place
    goes to the queue `dead` and the shard goes on."""

    def __init__(self, emulator, batch=100, attempts=50):
        self.emulator, self.batch, self.attempts = emulator, batch, attempts
        self.dead = []
        self.invocations = 0
        self.partial = 0
        self.failed = 0

    def run(self, records):
        """Takes one shard's records, [(sequence number, bytes, arrival)], to their end."""
        place, size, tries = 0, self.batch, 0
        while place < len(records):
            part = records[place:place + size]
            answer = self.emulator.invoke(kinesis_event(part))
            self.invocations += 1
            done = self._done(part, answer)
            if done:
                place, size, tries = place + done, self.batch, 0
                continue
            tries += 1
            if done is None and size > 1:
                size = (len(part) + 1) // 2
            elif tries >= self.attempts:
                self.dead.append(part[0][0])
                place, size, tries = place + 1, self.batch, 0

    def _done(self, part, answer):
        """How many records are through; None when the invocation failed."""
        if not isinstance(answer, dict) or "batchItemFailures" not in answer:
            self.failed += 1
            return None
        failures = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        if not failures:
            return len(part)
        self.partial += 1
        numbers = [record[0] for record in part]
        assert failures <= set(numbers), f"{failures} are not of this batch"
        return min(numbers.index(number) for number in failures)
