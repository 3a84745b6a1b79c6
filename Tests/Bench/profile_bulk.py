"""Where the time of the bulk run goes, and how far it is from hashing and encrypting alone.

`make bench-profile`. Three figures of one machine, in one run:

- the run of `make bench` (a recording at full speed, the ring, TLS to a double that checks every
  signature) in user and system time, without its start;
- libcrypto's SHA-256 over the same bytes and AES-256-GCM in pieces of a TLS record, by `openssl
  speed`: what nobody who signs and encrypts can do without;
- the instructions of the user part by their place, counted by callgrind. Its processor has no SHA
  extensions, so hashing is many times dearer there: libcrypto is left out of the shares. (Debian
  strips it, so what is SHA-256 and what AES-GCM in it is not told either.)
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "Support"))
sys.path.insert(0, str(HERE))

import doubles  # noqa: E402
from bench import Pulsegate, figure, read_heart_rates, table, write_recording  # noqa: E402
from certificates import ensure_certificates  # noqa: E402

TLS_RECORD_BYTES = 16_384
# Function and object of callgrind_annotate, first match wins. Names of the gateway are mangled.
PLACES = [
    ("libcrypto", r"libcrypto"), ("libssl", r"libssl"), ("libcurl", r"libcurl"),
    ("base64", r"pulsegate.*base64|base64.*pulsegate"),
    ("CRC-32C", r"CRC32C|crc32c"),
    ("JSON of a record", r"(WireFormat|JSON|append.*(timestamp|device|decimal)).*pulsegate"),
    ("copies (memcpy, memmove, memset)", r"mem(cpy|move|set|pcpy|cmp)"),
    ("ring, queue, gateway", r"(7Gateway|10RecordRing|6Uplink)"),
    ("allocator", r"(malloc|free|calloc|realloc|_int_)"),
    ("Swift runtime", r"libswift|swift_"),
    ("pulsegate, other", r"pulsegate"),
]


def speed(*algorithm, piece):
    """Bytes a second of libcrypto."""
    said = subprocess.run(
        ["openssl", "speed", "-mr", "-seconds", "2", "-bytes", str(piece), *algorithm],
        capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\+F:\d+:[^:]+:([\d.]+)$", said, re.M)
    return float(rows[-1])


def count_places(binary, pulsegate, recordings, folder, few, many):
    """Instructions by place, of the difference of two runs."""
    found = {}
    for rows in (few, many):
        out = folder / f"callgrind.{rows}"
        wrapper = folder / f"valgrind-{rows}"
        wrapper.write_text(f"#!/bin/sh\nexec valgrind -q --tool=callgrind "
                           f"--callgrind-out-file={out} {binary} \"$@\"\n")
        wrapper.chmod(0o755)
        # valgrind's own memory counts as the gateway's.
        Pulsegate(wrapper, folder, pulsegate.double, memory="1GiB").run(recordings[rows])
        pulsegate.double.reset()
        said = subprocess.run(["callgrind_annotate", "--threshold=100", str(out)],
                              capture_output=True, text=True, check=True).stdout
        for count, where in re.findall(r"^ *([\d,]+) \([^)]*\)\s+(.*)$", said, re.M):
            place = next((name for name, pattern in PLACES
                          if re.search(pattern, where, re.I)), "other")
            if "PROGRAM TOTALS" in where:
                continue
            sign = 1 if rows == many else -1
            found[place] = found.get(place, 0) + sign * int(count.replace(",", ""))
    return {place: count / (many - few) for place, count in found.items()}


def main():
    parser = argparse.ArgumentParser(description="Profiles the bulk run.")
    parser.add_argument("--binary", type=Path, default=ROOT / ".build/release/pulsegate")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    few, many = 5_000, 25_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = ensure_certificates(folder / "certificates")
        rates = read_heart_rates()
        recordings = {rows: folder / f"{rows}.csv" for rows in (1, few, many, options.records)}
        for rows, path in recordings.items():
            write_recording(path, rates, rows)
        double = doubles.start_double(certificates, "--discard")
        pulsegate = Pulsegate(options.binary, folder, double)
        user, system, up, wall = [], [], 0, []
        for _ in range(options.rounds):
            start = pulsegate.run(recordings[1])
            double.reset()
            cost = pulsegate.run(recordings[options.records])
            stats = double.stats()
            if stats["records_accepted"] != options.records:
                sys.exit(f"the double accepted {stats['records_accepted']}")
            up = stats["bytes_received"]
            double.reset()
            user.append(cost["user_seconds"] - start["user_seconds"])
            system.append(cost["system_seconds"] - start["system_seconds"])
            wall.append(cost["wall_seconds"])
        hashing = up / speed("sha256", piece=1 << 17)
        encrypting = up / speed("-evp", "aes-256-gcm", piece=TLS_RECORD_BYTES)
        places = None
        if shutil.which("valgrind"):
            bare = folder / "pulsegate"
            subprocess.run(["strip", "--strip-debug", "-o", bare, options.binary], check=True)
            places = count_places(bare, pulsegate, recordings, folder, few, many)
        double.stop()
    user, system = statistics.median(user), statistics.median(system)
    alone = hashing + encrypting
    scale = 10_000 / options.records
    print(f"{options.records:,} records, {up / 1e6:.0f} MB, {options.rounds} rounds; CPU ms for "
          f"10,000 records:\n")
    print(table(["", "ms", "times hashing and encrypting"], [
        ["the bulk run, without its start", figure((user + system) * scale * 1e3),
         f"{(user + system) / alone:.1f}"],
        ["of it user", figure(user * scale * 1e3), f"{user / alone:.1f}"],
        ["of it kernel", figure(system * scale * 1e3), f"{system / alone:.1f}"],
        ["SHA-256 of the same bytes alone", figure(hashing * scale * 1e3), ""],
        ["AES-256-GCM of the same bytes alone", figure(encrypting * scale * 1e3), ""]]))
    if places:
        rest = sum(count for place, count in places.items() if place != "libcrypto")
        print("\nInstructions a record in user space, libcrypto left out:\n")
        print(table(["place", "instructions", "share"],
                    [[place, figure(count), f"{100 * count / rest:.0f} %"]
                     for place, count in sorted(places.items(), key=lambda row: -row[1])
                     if place != "libcrypto" and count > 0]))


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    main()
