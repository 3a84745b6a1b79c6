"""The ring beside SQLite, its recovery and its checksum, in one run: `make bench-ring`.

    writing     a simulated hour of 1, 8 and 50 sensors, through the gateway into a real ring file;
                a store-and-forward queue in SQLite (WAL) stores the same records on the same
                schedule on the same file system
    recovery    a full ring of 1 GiB, opened by the real binary
    checksum    CRC-32C by the CPU's instruction and by the tables

Bytes are counted twice: what the program hands to the kernel (`wchar` of /proc/PID/io), and what
reaches the block device (the sectors of /sys/block/NAME/stat), which has whole pages and the file
system's journal in it. For that the programs write to an ext4 file system of their own in a loop
device, made anew for each run; it takes root, and without it the column is left out. (The
`write_bytes` of /proc/PID/io are no substitute: a kernel with large folios counts a whole one for
each byte written.) The file system is synced at both ends of a count.

Time is simulated, so what real seconds bring is missing on both sides: the journal's commits of
a file's times every 5 s, and the kernel's write-back of what waits for a sync. `--real-time`
lets every second be one (a run takes `--seconds` then).
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import ROOT, build_stages, describe_machine, figure, resident_kib, table

HERE = Path(__file__).resolve().parent
SENSORS = (1, 8, 50)
SLOT_BYTES, FIRST_SLOT, PAGE = 128, 16_384, 4_096
IMAGE_BYTES = 512 << 20
PEERS = {
    "offline": [("SQLite WAL, FULL", "full", "offline"),
                ("SQLite WAL, NORMAL (not safe in 1 s)", "normal", "offline")],
    "online": [("SQLite WAL, FULL", "full", "online"),
               ("SQLite WAL, NORMAL (not safe in 1 s)", "normal", "online"),
               ("SQLite WAL, FULL, batches of 30 s", "full", "batch")],
}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, **options).stdout


# --- A file system of our own -------------------------------------------------------------


class Place:
    """A folder to write to; `stat` are the statistics of its block device, or None."""

    def __init__(self, folder, stat):
        self.folder, self.stat = folder, stat


def can_loop():
    return os.geteuid() == 0 and all(map(shutil.which, ("losetup", "mkfs.ext4", "mount")))


@contextlib.contextmanager
def place(folder, uses_loop):
    """A fresh place to write to: an ext4 in a loop device, or a plain folder."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        if not uses_loop:
            yield Place(Path(name), None)
            return
        image, mount = Path(name) / "image", Path(name) / "mount"
        mount.mkdir()
        with image.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, IMAGE_BYTES)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
        device = run("losetup", "--find", "--show", image).strip()
        try:
            run("mount", device, mount)
            try:
                yield Place(mount, Path(f"/sys/block/{Path(device).name}/stat"))
            finally:
                run("umount", mount)
        finally:
            run("losetup", "--detach", device)


# --- Writing ------------------------------------------------------------------------------


def kernel_counts(pid, where):
    """Bytes handed over, and bytes on the device or None."""
    said = dict(re.findall(r"(\w+): (\d+)", Path(f"/proc/{pid}/io").read_text()))
    run("sync", "--file-system", where.folder)
    sectors = int(where.stat.read_text().split()[6]) if where.stat else None
    return int(said["wchar"]), sectors and sectors * 512


def measure_once(command, where):
    """Runs a program that waits for a line before and after its work."""
    process = subprocess.Popen(
        [str(word).replace("FOLDER", str(where.folder)) for word in command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def go_on():
        process.stdin.write("\n")
        process.stdin.flush()

    try:
        if process.stdout.readline() != "ready\n":
            sys.exit(f"{command[0]} did not begin")
        before = kernel_counts(process.pid, where)
        go_on()
        cost = json.loads(process.stdout.readline())
        after = kernel_counts(process.pid, where)
        go_on()
        if process.wait() != 0:
            sys.exit(f"{command[0]} failed")
    finally:
        # Nothing of it may be open when the file system is taken away.
        process.kill()
        process.wait()
    for name, first, last in zip(("called", "device"), before, after):
        cost[f"bytes_{name}"] = None if last is None else last - first
    return cost


def measure(command, options, uses_loop):
    """The median of runs, each on a fresh file system."""
    costs = []
    for _ in range(options.rounds):
        with place(options.build, uses_loop) as where:
            costs.append(measure_once(command, where))
    return {key: None if value is None else statistics.median(cost[key] for cost in costs)
            for key, value in costs[0].items()}


def measure_writing(options, bench, peer, uses_loop):
    rows = []
    for uplink, peers in PEERS.items():
        for sensors in SENSORS:
            print(f"{uplink}, {sensors} sensors", file=sys.stderr, flush=True)
            commands = [("pulsegate ring", [bench, "ring", "FOLDER/ring", sensors,
                                            options.seconds, uplink])]
            commands += [(name, [peer, "FOLDER/queue.db", sensors, options.seconds, *words])
                         for name, *words in peers]
            pace = ["real"] if options.real_time else []
            for name, command in commands:
                cost = measure([*command, *pace], options, uses_loop)
                rows.append({"uplink": uplink, "sensors": sensors, "name": name, **cost})
    return rows


def writing_table(rows, uplink):
    lines = []
    for row in (row for row in rows if row["uplink"] == uplink):
        records = row["records"]
        ours = next(other for other in rows if other["name"] == "pulsegate ring"
                    and (other["uplink"], other["sensors"]) == (uplink, row["sensors"]))
        device = row["bytes_device"]
        lines.append([
            str(row["sensors"]), row["name"], figure(row["cpu_ns"] / records),
            figure(row["wall_ns"] / records), f"{row['syncs']:.0f}",
            figure(row["bytes_called"] / records),
            figure(device / records) if device else "not measured",
            f"{device / records / SLOT_BYTES:.1f}" if device else "not measured",
            f"{device / ours['bytes_device']:.1f}x" if device else "not measured"])
    return table(["sensors", uplink, "CPU ns a record", "ns a record", "syncs",
                  "bytes handed over", "bytes to the device", f"amplification (of {SLOT_BYTES})",
                  "device bytes, of ours"], lines)


def projection_line(rows):
    """How far `ring stat` is from the device."""
    ratios = [row["bytes_projected"] / row["bytes_device"] for row in rows
              if row["bytes_device"] and "bytes_projected" in row]
    if not ratios:
        return ""
    return (f"`ring stat` reckons with {min(ratios):.2f} to {max(ratios):.2f} times the bytes that "
            "reached the device.\n")


# --- Recovery -----------------------------------------------------------------------------


class Ring:
    """A full ring in a folder of its own."""

    def __init__(self, bench, folder, size):
        self.folder, self.path = folder / f"ring-{size >> 20}", folder / f"ring-{size >> 20}/ring"
        self.folder.mkdir()
        run(bench, "fill", self.path, size)
        self.configuration = self.folder / "pulsegate.conf"
        self.configuration.write_text(
            f"[gateway]\ndevice_id = gym-7\ndata = {self.folder}\n"
            "[input]\ntype = stdin\ndrain_timeout = 0s\n"
            "[ring]\nsize = 1GiB\nallow_volatile = yes\n"
            "[sink cloud]\ntype = file\n")

    def forget(self):
        """Cold: the kernel keeps nothing of the file."""
        with self.path.open("rb+") as file:
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def warm(self):
        with self.path.open("rb") as file:
            while file.read(1 << 20):
                pass

    def break_sample(self):
        """A page of no records where the search takes its first sample: every slot is read."""
        with self.path.open("rb+") as file:
            file.seek(FIRST_SLOT)
            file.write(b"\xa5" * PAGE)
            os.fsync(file.fileno())


def time_start(binary, ring):
    """Seconds until `run` has its ring, and its memory then."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [binary, "run", "--config", ring.configuration], stdin=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "started:" in line:
            break
    took = time.monotonic() - begun
    peak, own = resident_kib(process.pid)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    log = "".join(lines)
    found = re.search(r"ring: (\d+) records? found", log)
    if process.returncode or not found:
        sys.exit(f"the gateway did not start: {log}")
    return {"seconds": took, "peak_kib": peak, "own_kib": own, "records": int(found[1])}


def time_tool(binary, ring, *words):
    """Seconds and memory of one of the ring's tools."""
    begun = time.monotonic()
    process = subprocess.Popen([binary, "ring", *words, "--data", ring.folder],
                               stdout=subprocess.DEVNULL)
    peak = own = 0
    while process.poll() is None:
        sizes = resident_kib(process.pid)
        peak, own = max(peak, sizes[0]), max(own, sizes[1])
        time.sleep(0.001)
    return {"seconds": time.monotonic() - begun, "peak_kib": peak, "own_kib": own}


def median_of(costs):
    return {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}


def measure_recovery(options, bench, folder):
    rows = []

    def add(name, ring, prepare, body):
        costs = []
        for _ in range(options.rounds):
            prepare()
            costs.append(body())
        rows.append({"name": name, "ring_bytes": ring.path.stat().st_size, **median_of(costs)})

    print("recovery", file=sys.stderr, flush=True)
    small, large = Ring(bench, folder, 16 << 20), Ring(bench, folder, options.ring_bytes)
    binary = options.binary

    def start(ring):
        return time_start(binary, ring)

    for ring in (small, large):
        add("start of `run`, by samples", ring, ring.forget, lambda: start(ring))
    add("start of `run`, by samples, file in the page cache", large, large.warm,
        lambda: start(large))
    for name, prepare in (("cold", large.forget), ("in the page cache", large.warm)):
        for tool in ("stat", "fsck"):
            add(f"`ring {tool}`, {name}", large, prepare,
                lambda: time_tool(binary, large, tool))
    large.break_sample()
    add("start of `run`, every slot", large, large.forget, lambda: start(large))
    return rows


def recovery_table(rows):
    lines = [[f"{row['ring_bytes'] / (1 << 20):.0f} MiB", row["name"],
              figure(row["seconds"] * 1000), f"{row['peak_kib'] / 1024:.1f}",
              f"{row['own_kib'] / 1024:.1f}"] for row in rows]
    return table(["ring", "what", "ms", "peak RSS, MiB", "of it not shared, MiB"], lines)


# --- The command --------------------------------------------------------------------------


def print_report(options, report):
    machine = report["machine"]
    print(f"## The ring\n\n{machine['cpu']}, {machine['cores']} cores, kernel "
          f"{machine['kernel']}, Swift {machine['swift']}, SQLite {report['sqlite']}; "
          f"{report['file_system']}. Medians of {options.rounds} runs.\n")
    hour = "simulated " if not options.real_time else ""
    print(f"{options.seconds} {hour}seconds at one record a second from each sensor\n")
    for uplink in PEERS:
        print(writing_table(report["writing"], uplink) + "\n")
    print(projection_line(report["writing"]))
    print(recovery_table(report["recovery"]) + "\n")
    rates = report["checksum"]
    print(table(["CRC-32C, GB/s", "instruction", "tables", "ratio"], [
        [name, figure(rate["instruction"]), figure(rate["tables"]),
         f"{rate['instruction'] / rate['tables']:.1f}x"] for name, rate in rates.items()]))


def parse_options():
    parser = argparse.ArgumentParser(description="Measures the ring beside SQLite.")
    build = ROOT / ".build"
    parser.add_argument("--binary", type=Path, default=build / "release" / "pulsegate")
    parser.add_argument("--build", type=Path, default=build, help="SwiftPM's scratch path")
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--real-time", action="store_true")
    parser.add_argument("--ring-bytes", type=int, default=1 << 30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=build / "bench-ring.json")
    return parser.parse_args()


def build_peer(folder):
    if not Path("/usr/include/sqlite3.h").exists():
        sys.exit("the peer is missing: apt-get install libsqlite3-dev")
    program = folder / "sqlite_queue"
    run(shutil.which("cc") or shutil.which("clang"), "-O2", "-Wall", "-Wextra", "-Werror", "-o",
        program, HERE / "sqlite_queue.c", "-lsqlite3")
    return program


def main():
    options = parse_options()
    bench = build_stages(options)
    uses_loop = can_loop()
    with tempfile.TemporaryDirectory(dir=options.build) as name:
        folder = Path(name)
        peer = build_peer(folder)
        report = {
            "machine": describe_machine(),
            "sqlite": run("sh", "-c", "sed -n 's/^#define SQLITE_VERSION  *\"\\(.*\\)\"/\\1/p' "
                          "/usr/include/sqlite3.h").strip(),
            "file_system": "ext4 in a loop device" if uses_loop
            else "the folder's own file system, no device's count without root",
            "writing": measure_writing(options, bench, peer, uses_loop),
            "recovery": measure_recovery(options, bench, folder),
            "checksum": json.loads(run(bench, "crc"))}
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print_report(options, report)


if __name__ == "__main__":
    main()
