"""The indexer beside a Python function that does the same, both in AWS's emulator of Lambda.

Cold start, time and CPU time for events, memory, size of the package. The index is a double with
TLS on the same machine that takes everything; each function keeps its connection.
"""

import io
import json
import os
import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Support"))

from certificates import ensure_certificates  # noqa: E402
from lambda_emulator import BOOTSTRAP, Emulator, kinesis_event  # noqa: E402
from line_doubles import Answer, LineServer  # noqa: E402

STARTS = 10
EVENTS = 20
TICKS = os.sysconf("SC_CLK_TCK")


class Index(LineServer):
    """Takes every document, one or many at a time."""

    taken = 0

    def answer(self, request):
        self.requests.clear()
        if request.path.startswith("/_bulk"):
            count = request.plain.count(b"\n") // 2
            self.taken += count
            return Answer(200, json.dumps(
                {"items": [{"create": {"status": 201}}] * count}).encode())
        self.taken += 1
        return Answer(201, b'{"result":"created"}')


def record(seq):
    return (json.dumps({
        "timestamp": "2025-07-15T17:10:33.123456Z", "heart_rate": 89, "device_id": "gym-7",
        "sensor": "D4:4A:C4:B0:24:03", "seq": seq, "session_id": "b1946ac9", "contact": True,
        "rr_ms": [671.9, 668.0], "clock": "synced", "schema": 1}, separators=(",", ":"))
        + "\n").encode()


def cpu_seconds(process):
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mebibytes(process):
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


def measure(name, bootstrap, index, environment):
    """Returns the figures of one function."""
    starts, first = [], []
    for _ in range(STARTS):
        emulator = Emulator("indexer", environment, bootstrap, timeout=60)
        assert emulator.invoke(kinesis_event([record(1)])) == {"batchItemFailures": []}
        first.append(emulator.durations(1)[0])
        starts.append(emulator.init_milliseconds[0])
        emulator.stop()
    emulator = Emulator("indexer", environment, bootstrap, timeout=60)
    emulator.invoke(kinesis_event([record(1)]))
    idle = peak_mebibytes(emulator.function())
    process = emulator.function()
    index.taken = 0
    before = cpu_seconds(process)
    for event in range(EVENTS):
        records = [record(seq) for seq in range(500 * event, 500 * event + 500)]
        assert emulator.invoke(kinesis_event(records)) == {"batchItemFailures": []}
    cpu = cpu_seconds(process) - before
    assert index.taken == 500 * EVENTS and emulator.function() == process
    durations = emulator.durations(EVENTS + 1)[1:]
    peak = peak_mebibytes(process)
    emulator.stop()
    return name, {
        "start until the first event is asked for, ms": statistics.median(starts),
        "the first event, of one record, ms": statistics.median(first),
        "an event of 500 records, ms": statistics.median(durations),
        "CPU for 10,000 records, s": cpu,
        "memory after the first event, MiB": idle,
        "peak memory, MiB": peak,
    }


def package_kibibytes(paths):
    """The size of a zip of these files and folders."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in paths:
            files = [path] if path.is_file() else [
                file for file in path.rglob("*")
                if file.is_file() and "__pycache__" not in str(file)]
            for file in files:
                archive.write(file, file.relative_to(path.parent))
    return len(target.getvalue()) / 1024


def main():
    with tempfile.TemporaryDirectory() as folder:
        certificates = ensure_certificates(Path(folder))
        index = Index(certificates)
        environment = {
            "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CA_BUNDLE": index.ca,
            "PULSEGATE_OPENSEARCH_ENDPOINT": index.endpoint,
            "PULSEGATE_ERROR_STREAM": "error_message",
            # The peer is found by its `env python3`.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        peer = str(ROOT / "Tests" / "Bench" / "relay_peer.py")
        results = dict([measure("relay", BOOTSTRAP, index, environment),
                        measure("Python", peer, index, environment)])
        index.stop()
    import requests
    packages = Path(requests.__file__).parents[1]
    results["relay"]["package, KiB"] = package_kibibytes([Path(BOOTSTRAP)])
    # botocore is in Lambda's own image of Python.
    results["Python"]["package, KiB"] = package_kibibytes(
        [packages / name for name in ("requests", "urllib3", "certifi", "idna",
                                      "charset_normalizer")] + [Path(peer)])
    print(f"{'':46}{'relay':>10}{'Python':>10}")
    for what, value in results["relay"].items():
        print(f"{what:46}{value:10.3g}{results['Python'][what]:10.3g}"
              if value < 100 and results["Python"][what] < 100
              else f"{what:46}{value:10.0f}{results['Python'][what]:10.0f}")


main()
