"""What a record costs on the wire, beside boto3, in one run: `make bench-uplink-cost`.

Real time: each producer sends heart rates as they would be measured, one a second from 1 or 8
straps, for `--seconds` (150), all of them at once, each to a TLS server of its own that checks
every signature and counts the bytes of its sockets: TLS and HTTP framing included, TCP and IP
headers not. The handshake of the kept connection is a figure of its own, because its share depends
on how long the connection lives; the others are without it.

Billed units are Kinesis': each entry of a request is rounded up to 25 KB ("PUT Payload Unit",
Kinesis Data Streams pricing), so one entry a record is one unit a record.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "Support"))
sys.path.insert(0, str(HERE))

import doubles  # noqa: E402
from bench import DEVICE, SENSOR, figure, read_heart_rates, table  # noqa: E402
from certificates import ensure_certificates  # noqa: E402

UNIT_BYTES = 25 * 1024
# Fluent Bit 5.1.1, 64-byte records at one a second, measured on another day on such a machine.
FLUENT_BIT = [("Fluent Bit 5.1.1, 1 strap, flush 1 s (64-byte records, not in this run)", 742, 313),
              ("Fluent Bit 5.1.1, 1 strap, flush 5 s (64-byte records, not in this run)", 273, 175)]


@dataclass
class Case:
    title: str
    straps: int
    start: object
    double: object = None
    process: object = None
    first: dict = None


def write_recording(path, straps, seconds):
    rates = read_heart_rates()
    with open(path, "w") as file:
        file.write("seconds,beats_per_minute\n")
        for number in range(straps * seconds):
            file.write(f"{number / straps:.3f},{rates[number % len(rates)]}\n")


def pulsegate(options, folder, straps, flush, aggregate):
    def start(case):
        home = folder / f"{straps}-{flush}-{aggregate}"
        home.mkdir()
        write_recording(home / "r.csv", straps, options.seconds)
        (home / "p.conf").write_text(
            f"[gateway]\ndevice_id = {DEVICE}\ndata = {home}/data\nlog = error\n"
            f"[input]\ntype = recording\nrecording = {home}/r.csv\nspeed = 1\n"
            f"sensor = {SENSOR}\ndrain_timeout = 30s\n"
            # The flush decides when requests are made, not the card.
            "[ring]\nsize = 4MiB\nsync_interval = 10s\nallow_volatile = yes\n"
            f"[sink cloud]\ntype = kinesis\nstream = {doubles.STREAM}\n"
            f"region = {doubles.REGION}\nendpoint = {case.double.endpoint}\n"
            f"ca_file = {case.double.ca}\nflush = {flush}s\naggregate = {aggregate}\n")
        return subprocess.Popen(
            [options.binary, "run", "--config", home / "p.conf"],
            env={"AWS_ACCESS_KEY_ID": doubles.ACCESS_KEY,
                 "AWS_SECRET_ACCESS_KEY": doubles.SECRET_KEY})
    return Case(f"pulsegate{', aggregated' if aggregate == 'yes' else ''}, "
                f"{straps} strap{'s' * (straps > 1)}, flush {flush} s", straps, start)


class Boto:
    """A thread that calls put_record or put_records in real time."""

    def __init__(self, case, records, interval, batch):
        self.records, self.interval, self.batch = records, interval, batch
        self.client = case.double.client(doubles.ACCESS_KEY, doubles.SECRET_KEY)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        due = time.monotonic()
        for at in range(0, len(self.records), self.batch):
            due += self.interval
            time.sleep(max(0, due - time.monotonic()))
            batch = self.records[at:at + self.batch]
            if self.batch == 1:
                self.client.put_record(
                    StreamName=doubles.STREAM, Data=batch[0], PartitionKey=DEVICE)
            else:
                self.client.put_records(StreamName=doubles.STREAM, Records=[
                    {"Data": data, "PartitionKey": DEVICE} for data in batch])

    def wait(self, timeout):
        self.thread.join(timeout)
        return 0


def boto(options, lines, straps, seconds):
    records = [lines[number % len(lines)] for number in range(straps * options.seconds)]
    batch = straps * seconds if seconds else 1
    name = f"put_records, each {seconds} s" if seconds else "put_record a value"
    return Case(f"boto3 {name}, {straps} strap{'s' * (straps > 1)}", straps,
                lambda case: Boto(case, records, seconds or 1 / straps, batch))


def is_begun(case):
    stats = case.double.stats()
    if stats["requests"] == 0:
        return False
    case.first = stats
    return True


def entries_of(double):
    return [data for _, data in double.records()]


def records_in(entries):
    return sum(data.count(b'"seq":') for data in entries)


def measure(case):
    """Figures a record, without the connection and the first request."""
    last = case.double.stats()
    if last["signature_failures"] or last["records_refused"]:
        sys.exit(f"{case.title}: {last}")
    entries = entries_of(case.double)
    skipped = entries[:case.first["records_accepted"]]
    rest = entries[len(skipped):]
    records = records_in(rest)
    units = sum(-(-len(data) // UNIT_BYTES) for data in rest)
    up = last["bytes_received"] - case.first["bytes_received"]
    down = last["bytes_sent"] - case.first["bytes_sent"]
    requests = last["requests"] - case.first["requests"]
    payload = sum(len(data) for data in rest)
    return {"records": records, "requests": requests / records, "up": up / records,
            "down": down / records, "units": units / records,
            "handshakes": last["tls_handshakes"], "payload": payload / records,
            "base64": sum(-(-len(data) // 3) * 4 for data in rest) / records,
            "up_a_request": up / requests, "down_a_request": down / requests,
            "connection_up": case.first["bytes_received"],
            "connection_down": case.first["bytes_sent"]}


def row_of(case, found):
    return [case.title, figure(found["requests"]), figure(found["up"]), figure(found["down"]),
            figure(found["units"]), figure(found["payload"]),
            figure(found["up_a_request"] - found["base64"] / found["requests"]),
            figure(found["down_a_request"])]


def sample_lines(options, folder, certificates):
    """The lines that a gateway sends: what boto3 sends too."""
    home = folder / "sample"
    home.mkdir()
    write_recording(home / "r.csv", 1, 200)
    double = doubles.start_double(certificates)
    (home / "p.conf").write_text(
        f"[gateway]\ndevice_id = {DEVICE}\ndata = {home}/data\nlog = error\n"
        f"[input]\ntype = recording\nrecording = {home}/r.csv\nspeed = max\n"
        f"sensor = {SENSOR}\n[ring]\nsize = 4MiB\nallow_volatile = yes\n"
        f"[sink cloud]\ntype = kinesis\nstream = {doubles.STREAM}\n"
        f"region = {doubles.REGION}\nendpoint = {double.endpoint}\nca_file = {double.ca}\n")
    subprocess.run([options.binary, "run", "--config", home / "p.conf"], check=True,
                   env={"AWS_ACCESS_KEY_ID": doubles.ACCESS_KEY,
                        "AWS_SECRET_ACCESS_KEY": doubles.SECRET_KEY})
    lines = entries_of(double)
    double.stop()
    return lines


def main():
    parser = argparse.ArgumentParser(description="Bytes, requests and units a record.")
    parser.add_argument("--binary", type=Path, default=ROOT / ".build/release/pulsegate")
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--json", type=Path, default=ROOT / ".build/uplink-cost.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = ensure_certificates(folder / "certificates")
        lines = sample_lines(options, folder, certificates)
        cases = [pulsegate(options, folder, straps, flush, aggregate)
                 for aggregate in ("no", "yes") for straps in (1, 8) for flush in (1, 5)]
        cases += [boto(options, lines, straps, seconds)
                  for straps in (1, 8) for seconds in (0, 1, 5) if seconds * straps != 1]
        for case in cases:
            case.double = doubles.start_double(certificates)
        for case in cases:
            case.process = case.start(case)
        waiting = list(cases)
        end = time.monotonic() + 60
        while waiting and time.monotonic() < end:
            waiting = [case for case in waiting if not is_begun(case)]
            time.sleep(0.05)
        for case in cases:
            if case.process.wait(timeout=options.seconds + 120):
                sys.exit(f"{case.title} failed")
        found = {case.title: measure(case) for case in cases}
        rows = [row_of(case, found[case.title]) for case in cases]
        for case in cases:
            case.double.stop()
    rows += [[title, "", figure(up), figure(down), "", "", "", ""] for title, up, down in FLUENT_BIT]
    print(f"{options.seconds} s in real time, a value a second from each strap; records of "
          f"{sum(map(len, lines)) / len(lines):.0f} bytes; for each record:\n")
    print(table(["", "requests", "B up", "B down", "billed units", "B of data in its entry",
                 "B up a request beside base64 data", "B down a request"], rows))
    one = found[cases[0].title]
    print(f"\nA connection with its first request: {one['connection_up']} B up, "
          f"{one['connection_down']} B down.")
    options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
