#!/usr/bin/env python3
"""Fills OpenSearch again from the lake: Parquet files → `_bulk`, each record under its own id.

    aws s3 sync s3://LAKE/records/ records/ --exclude '*' --include 'day=2025-07-*'
    pip install pyarrow
    aws secretsmanager get-secret-value … --output text |
      python3 cloud/reindex.py --endpoint https://… --login - records/

A record that is there already stays as it is, so this may be run again, and beside the indexer.
What the lake does not have is lost to OpenSearch: `late_ms`, and what was never delivered.
"""

import argparse
import json
import sys
from pathlib import Path

import pyarrow.parquet

sys.path.insert(0, str(Path(__file__).resolve().parent / "opensearch"))
from apply import Refused, add_domain, open_domain  # noqa: E402

# Half of what a t3.small.search takes in one request (10 MiB).
BULK_BYTES = 5_000_000
# Only the lake has these: the transform's mark, and the folder.
LAKE_ONLY = {"alarm_zone", "day"}
TIMES = {"timestamp", "first_timestamp", "last_timestamp"}


def record(row):
    """A row as the gateway wrote it: without what is null, times with six digits."""
    return {
        name: value.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z" if name in TIMES else value
        for name, value in row.items() if value is not None and name not in LAKE_ONLY}


def entry(document, index):
    """The two lines of `_bulk` that create a document in the month of its timestamp."""
    identity = f"{document['device_id']}:{document['session_id']}:{document['seq']}"
    action = {"create": {"_index": f"{index}-{document['timestamp'][:7]}", "_id": identity}}
    return "".join(json.dumps(each, separators=(",", ":"), ensure_ascii=False) + "\n"
                   for each in (action, document)).encode()


class Totals:
    """What became of the documents."""

    def __init__(self):
        self.created = self.there = self.refused = 0
        self.first_refusal = None

    def send(self, domain, lines):
        answer = domain.request("POST", "_bulk", b"".join(lines), "application/x-ndjson")
        for item in answer["items"]:
            status = item["create"]["status"]
            if status == 201:
                self.created += 1
            elif status == 409:
                self.there += 1
            else:
                self.refused += 1
                self.first_refusal = self.first_refusal or item["create"]


def rows(folder):
    """Every row of every file under a folder, a batch of rows at a time in memory."""
    paths = sorted(Path(folder).rglob("*.parquet"))
    for path in paths or [None]:
        if path is None:
            raise SystemExit(f"{folder}: no file ends in .parquet")
        # Hive's writers, and so Firehose's, keep times as INT96.
        with pyarrow.parquet.ParquetFile(path, coerce_int96_timestamp_unit="us") as file:
            for batch in file.iter_batches(batch_size=10_000):
                yield from batch.to_pylist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="of files from records/ of the lake")
    parser.add_argument("--index", default="heart_rate")
    add_domain(parser)
    arguments = parser.parse_args()
    domain = open_domain(parser, arguments)
    totals, lines, size = Totals(), [], 0
    try:
        for row in rows(arguments.folder):
            line = entry(record(row), arguments.index)
            if lines and size + len(line) > BULK_BYTES:
                totals.send(domain, lines)
                lines, size = [], 0
            lines.append(line)
            size += len(line)
        if lines:
            totals.send(domain, lines)
    except Refused as error:
        print(f"stopped: status {error.status}: {error}; run it again", file=sys.stderr)
        return 1
    print(f"{totals.created} created, {totals.there} were there, {totals.refused} refused")
    if totals.refused:
        print(f"the first refused: {json.dumps(totals.first_refusal)}; run it again for 429 and "
              "5xx", file=sys.stderr)
    return 1 if totals.refused else 0


if __name__ == "__main__":
    sys.exit(main())
