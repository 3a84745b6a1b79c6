"""The figures of the README, each beside its peers, in one run: `make bench`.

Three tables come out, as Markdown on stdout and as JSON in .build/bench.json:

    bulk            pulsegate, boto3 put_records and boto3 put_record send the same records to
                    the same TLS server, which recomputes every signature
    stages          processor time of each stage of a measurement (pulsegate-bench)
    instructions    the same stages in instructions, counted by callgrind: exact and repeatable,
                    whatever else the machine does

Absolute times belong to the machine; ratios within a run are what counts. Runs alternate
between the programs, and each figure is the median of its runs.
"""

import argparse
import itertools
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SUPPORT = HERE.parent / "Support"
sys.path.insert(0, str(SUPPORT))

import doubles  # noqa: E402
from certificates import ensure_certificates  # noqa: E402

DEVICE, SENSOR = "gym-7", "strap-1"
PER_RECORDS = 10_000
POLL_SECONDS = 0.01
STAGES = {
    "decode": "decode a notification", "judge": "judge the alarm",
    "slot": "encode a slot with CRC-32C", "window": "append to the window of the ring",
    "json": "write the line of JSON", "entry": "write the PutRecords entry (base64)",
    "sign": "SHA-256 and SigV4, a 500th of a request", "answer": "read the answer, a 500th",
    "whole": "the whole way to Kinesis, without system calls and TLS",
    "wholeFile": "the whole way to a file, without system calls",
}


# --- Running programs ---------------------------------------------------------------------


def resident_kib(pid):
    """The peak resident set of a running process and its anonymous part now, KiB; zeros once it
    has ended. The rest are pages of files, which other programs share: libraries above all.

    ru_maxrss would not do: a child inherits it from the process that started it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0, 0
    found = dict(re.findall(r"(VmHWM|RssAnon):\s+(\d+) kB", status))
    return int(found.get("VmHWM", 0)), int(found.get("RssAnon", 0))


def run_program(command, environment=None):
    """Runs to the end; returns stdout and what it cost."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
            env={**os.environ, **(environment or {})})
        peak = own = 0
        while True:
            sizes = resident_kib(process.pid)
            peak, own = max(peak, sizes[0]), max(own, sizes[1])
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(POLL_SECONDS)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{command[0]} ended with {process.returncode}")
        output.seek(0)
        return output.read().decode(), {
            "wall_seconds": wall, "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "user_seconds": usage.ru_utime, "system_seconds": usage.ru_stime,
            "peak_rss_kib": peak, "peak_own_kib": own}


def read_heart_rates():
    """All heart rates of the recorded sessions, in order."""
    rates = []
    for path in sorted((SUPPORT / "Recordings").glob("*.csv")):
        lines = path.read_text().split()[1:]
        rates += [int(rate) for rate in (line.partition(",")[2] for line in lines) if rate]
    return [rate for rate in rates if 0 < rate <= 300]


def write_recording(path, rates, rows):
    """A recording of `rows` rows a second apart: the sessions, again and again."""
    with open(path, "w") as file:
        file.write("seconds,beats_per_minute\n")
        for second, rate in enumerate(itertools.islice(itertools.cycle(rates), rows)):
            file.write(f"{second},{rate}\n")


class Pulsegate:
    """The release binary, sending recordings to a double."""

    def __init__(self, binary, folder, double, memory="64MiB"):
        self.binary, self.folder, self.double = binary, folder, double
        self.memory = memory

    def run(self, recording):
        """Plays the recording into an empty ring; returns the cost."""
        with tempfile.TemporaryDirectory(dir=self.folder) as data:
            config = Path(data) / "pulsegate.ini"
            config.write_text(
                f"[gateway]\ndevice_id = {DEVICE}\ndata = {data}/data\nlog = error\n"
                f"memory = {self.memory}\n"
                f"[input]\ntype = recording\nrecording = {recording}\nspeed = max\n"
                f"sensor = {SENSOR}\ndrain_timeout = 10min\n"
                # What an alarm adds is no measurement, and peers have none to send.
                "[alarm]\nhigh = 300\nself_test = no\n[ring]\nsize = 64MiB\n"
                f"[sink cloud]\ntype = kinesis\nstream = {doubles.STREAM}\n"
                f"region = {doubles.REGION}\nendpoint = {self.double.endpoint}\n"
                f"ca_file = {self.double.ca}\n")
            return run_program(
                [self.binary, "run", "--config", config],
                {"AWS_ACCESS_KEY_ID": doubles.ACCESS_KEY,
                 "AWS_SECRET_ACCESS_KEY": doubles.SECRET_KEY})[1]


def run_peer(name, double, records_file, records):
    """A boto3 producer; returns the cost, its own loop's beside that of the process."""
    output, cost = run_program(
        [sys.executable, SUPPORT / "peers.py", name, "--endpoint", double.endpoint,
         "--ca", double.ca, "--stream", doubles.STREAM, "--records", records,
         "--bytes-file", records_file, "--partition-key", DEVICE])
    said = json.loads(output)
    return {**cost, "loop_wall_seconds": said["wall_seconds"],
            "loop_cpu_seconds": said["cpu_seconds"]}


# --- Bulk ---------------------------------------------------------------------------------


def checked_traffic(double, records):
    """What the double saw; every record must have come with a good signature."""
    stats = double.stats()
    if stats["records_accepted"] != records or stats["signature_failures"]:
        sys.exit(f"the double accepted {stats['records_accepted']} of {records} records: {stats}")
    double.reset()
    return {"requests": stats["requests"], "bytes_up": stats["bytes_received"],
            "bytes_down": stats["bytes_sent"]}


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def measure_bulk(options, folder):
    """Alternates the three producers and an almost empty run of ours."""
    certificates = ensure_certificates(folder / "certificates")
    rates = read_heart_rates()
    recordings = {rows: folder / f"{rows}.csv" for rows in (1, options.sample, options.records)}
    for rows, path in recordings.items():
        write_recording(path, rates, rows)
    # The peers send what pulsegate sends: its own records, read back from a double.
    double = doubles.start_double(certificates)
    try:
        Pulsegate(options.binary, folder, double).run(recordings[options.sample])
        records_file = folder / "records"
        records_file.write_bytes(b"".join(data for _, data in double.records()))
    finally:
        double.stop()
    runs = {"pulsegate": [], "start": [], "put_records": [], "put_record": []}
    double = doubles.start_double(certificates, "--discard")
    try:
        pulsegate = Pulsegate(options.binary, folder, double)
        for round_number in range(options.rounds):
            print(f"round {round_number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for name, records in (("start", 1), ("pulsegate", options.records)):
                cost = pulsegate.run(recordings[records])
                runs[name].append({**cost, **checked_traffic(double, records)})
            for name, records in (("put_records", options.records),
                                  ("put_record", options.single_records)):
                cost = run_peer(name, double, records_file, records)
                runs[name].append({**cost, **checked_traffic(double, records)})
    finally:
        double.stop()
    return summarize_bulk(options, {name: median_of(costs) for name, costs in runs.items()},
                          records_file)


def summarize_bulk(options, medians, records_file):
    """One row a producer; everything but the rate and the memory for 10,000 records."""
    start = medians["start"]
    lines = records_file.read_bytes().splitlines(keepends=True)
    rows = {}
    for name, records in (("pulsegate", options.records), ("put_records", options.records),
                          ("put_record", options.single_records)):
        cost, scale = medians[name], PER_RECORDS / records
        if name == "pulsegate":
            loop_wall = cost["wall_seconds"]
            loop_cpu = cost["cpu_seconds"] - start["cpu_seconds"]
        else:
            loop_wall, loop_cpu = cost["loop_wall_seconds"], cost["loop_cpu_seconds"]
        rows[name] = {
            "records": records, "requests": cost["requests"],
            "records_per_second": records / loop_wall,
            "cpu_seconds_process": cost["cpu_seconds"] * scale,
            "cpu_seconds_loop": loop_cpu * scale,
            "user_seconds_process": cost["user_seconds"] * scale,
            "system_seconds_process": cost["system_seconds"] * scale,
            "peak_rss_mib": cost["peak_rss_kib"] / 1024,
            "peak_own_mib": cost["peak_own_kib"] / 1024,
            "bytes_up": cost["bytes_up"] * scale, "bytes_down": cost["bytes_down"] * scale}
    return {"record_bytes": sum(map(len, lines)) / len(lines), "start": start,
            "producers": rows}


# --- Stages -------------------------------------------------------------------------------


def measure_stages(bench):
    """Nanoseconds of processor time a measurement, by stage."""
    lines = run_program([bench])[0].splitlines()
    return {name: float(value) for name, value in (line.split("\t") for line in lines)}


def count_instructions(bench, stage, measurements):
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(bench), stage,
         str(measurements)], capture_output=True, text=True)
    match = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not match:
        sys.exit(f"callgrind failed:\n{run.stderr}")
    return int(match[1])


def measure_instructions(bench, folder):
    """Instructions a measurement, by stage: the difference of two runs drops the start-up.

    Older valgrinds cannot read the debug information of newer compilers, so it is left out.
    """
    few, many = 10_000, 30_000
    bare = folder / bench.name
    subprocess.run(["strip", "--strip-debug", "-o", bare, bench], check=True)
    return {stage: (count_instructions(bare, stage, many)
                    - count_instructions(bare, stage, few)) / (many - few)
            for stage in STAGES}


# --- Output -------------------------------------------------------------------------------


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value):
    """Three significant digits, thousands separated."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.1 else f"{value:.4f}"


def bulk_table(options, bulk):
    names = {"pulsegate": "pulsegate", "put_records": "boto3 put_records, 500 a request",
             "put_record": "boto3 put_record, one a request"}
    ours = bulk["producers"]["pulsegate"]
    rows = []
    for name, title in names.items():
        row = bulk["producers"][name]
        rows.append([
            title, figure(row["records_per_second"]),
            f"{figure(row['cpu_seconds_process'])} "
            f"({row['cpu_seconds_process'] / ours['cpu_seconds_process']:.0f}×)",
            f"{figure(row['cpu_seconds_loop'])} "
            f"({row['cpu_seconds_loop'] / ours['cpu_seconds_loop']:.0f}×)",
            f"{row['peak_rss_mib']:.1f}", f"{row['peak_own_mib']:.1f}",
            figure(row["bytes_up"] / 1000),
            figure(row["bytes_down"] / 1000)])
    return table(["", "records/s", "CPU s, process", "CPU s, without start", "peak RSS, MiB",
                  "of it not shared, MiB", "kB up", "kB down"], rows)


def stage_table(stages, instructions):
    rows = [[title, figure(stages[name]),
             figure(instructions[name]) if instructions else "not counted"]
            for name, title in STAGES.items()]
    return table(["stage", "ns", "instructions"], rows)


def describe_machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    version = re.search(r"Swift version (\S+)", swift)
    return {"cpu": cpu[1] if cpu else platform.processor(), "cores": os.cpu_count(),
            "kernel": platform.release(), "swift": version[1] if version else "unknown",
            "python": platform.python_version()}


def print_report(options, report):
    machine, bulk = report["machine"], report["bulk"]
    print(f"## Bench\n\n{machine['cpu']}, {machine['cores']} cores, Swift {machine['swift']}, "
          f"Python {machine['python']}. Median of {options.rounds} alternating runs.\n")
    print(f"{options.records:,} records of {bulk['record_bytes']:.0f} bytes (put_record: "
          f"{options.single_records:,}) to one server over TLS, every signature checked; CPU and "
          f"bytes for {PER_RECORDS:,} records:\n")
    print(bulk_table(options, bulk))
    start = bulk["start"]
    print(f"\npulsegate starts, makes a 64 MiB ring, sends one record and ends in "
          f"{start['cpu_seconds'] * 1000:.0f} ms of CPU and {start['wall_seconds'] * 1000:.0f} ms."
          " Its bulk run reads a recording and writes every record to the ring file as well.\n")
    print("One measurement, stage by stage:\n")
    print(stage_table(report["stages_nanoseconds"], report["stages_instructions"]))
    print("\nTimes are processor time. Instructions are counted under valgrind, whose processor "
          "has no SHA extensions: SHA-256 takes more of them there than here.")


# --- The command --------------------------------------------------------------------------


def parse_options():
    parser = argparse.ArgumentParser(description="Measures pulsegate beside its peers.")
    build = ROOT / ".build"
    parser.add_argument("--binary", type=Path, default=build / "release" / "pulsegate")
    parser.add_argument("--build", type=Path, default=build, help="SwiftPM's scratch path")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--single-records", type=int, default=2_000)
    parser.add_argument("--sample", type=int, default=20_000, help="records that peers repeat")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=build / "bench.json")
    return parser.parse_args()


def build_stages(options):
    subprocess.run(["swift", "build", "--scratch-path", str(options.build), "-c", "release",
                    "--product", "pulsegate-bench"], cwd=ROOT, check=True, stdout=sys.stderr)
    return options.build / "release" / "pulsegate-bench"


def main():
    options = parse_options()
    bench = build_stages(options)
    instructions = None
    with tempfile.TemporaryDirectory() as folder:
        bulk = measure_bulk(options, Path(folder))
        stages = measure_stages(bench)
        if shutil.which("valgrind") and shutil.which("strip"):
            instructions = measure_instructions(bench, Path(folder))
        else:
            print("without valgrind and strip, instructions are not counted", file=sys.stderr)
    report = {"machine": describe_machine(), "bulk": bulk, "stages_nanoseconds": stages,
              "stages_instructions": instructions}
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print_report(options, report)


if __name__ == "__main__":
    main()
