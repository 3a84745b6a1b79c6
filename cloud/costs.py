#!/usr/bin/env python3
"""What the cloud half costs a month, worked out; COSTS.md holds what this prints.

    python3 cloud/costs.py

The prices are list prices of us-east-1 in US dollars, without tax, free tiers and discounts, as
noted in mid-2025. Nothing here asks AWS: put in those of your region and day.
"""

import math
from dataclasses import dataclass

MONTH_HOURS = 730
MONTH_SECONDS = MONTH_HOURS * 3_600
GIGABYTE = 10**9

# --- Prices -------------------------------------------------------------------------------

SHARD_HOUR = 0.015
PUT_UNITS_MILLION = 0.014  # a unit is 25 KB of one entry
ON_DEMAND_STREAM_HOUR = 0.04
ON_DEMAND_GIGABYTE_IN = 0.08  # each entry rounded up to 1 KB
ON_DEMAND_GIGABYTE_OUT = 0.04
ON_DEMAND_GIGABYTE_MONTH_KEPT = 0.10  # from the second day to the seventh
FIREHOSE_GIGABYTE = 0.029  # each record rounded up to 5 KB
FIREHOSE_CONVERSION_GIGABYTE = 0.018
LAMBDA_MILLION = 0.20
LAMBDA_GIGABYTE_SECOND = 0.0000133334  # arm64
S3_GIGABYTE_MONTH = 0.023
SMALL_NODE_HOUR = 0.036  # t3.small.search
DATA_NODE_HOUR = 0.167  # r6g.large.search
MANAGER_HOUR = 0.128  # m6g.large.search
VOLUME_GIGABYTE_MONTH = 0.122  # gp3
KEY_MONTH = 1.00
KEY_REQUESTS_10000 = 0.03
SECRET_MONTH = 0.40
ALARM_MONTH = 0.10

# --- The gateway ---------------------------------------------------------------------------

RECORDS_SECOND = 1  # one sensor
RECORD_BYTES = 180  # a line of JSON, as the tests have it
PARQUET_BYTES = 26  # a record in a file of one gateway's 15 minutes; 7 with ten gateways in it
FLUSH_SECONDS = 60  # with aggregate = yes
AGGREGATE_OVERHEAD = 6  # bytes a record
SEARCH_BYTES = 120  # a document in OpenSearch with its index: a guess, nothing was measured
SEARCH_DAYS = 130  # ism-policy.json

# --- The stack ------------------------------------------------------------------------------

STREAMS = 3
ALARMS = 15
INVOCATION_SECONDS = 0.05  # of the indexer, a guess
SMALL_VOLUME, FULL_VOLUME = 20, 3 * 100


@dataclass
class Cost:
    what: str
    how: str
    dollars: float


def records():
    return RECORDS_SECOND * MONTH_SECONDS


def entries(aggregate):
    """Entries of PutRecords a month."""
    return records() // FLUSH_SECONDS if aggregate else records()


def of_a_gateway(full, aggregate):
    """What one gateway adds."""
    count, sent = records(), entries(aggregate)
    each = RECORD_BYTES if not aggregate else \
        (RECORD_BYTES + AGGREGATE_OVERHEAD) * RECORDS_SECOND * FLUSH_SECONDS
    million = sent / 1e6
    costs = []
    if full:
        volume = sent * math.ceil(each / 1_024) * 1_024 / GIGABYTE
        costs.append(Cost("stream, in", f"{million:.3f} M entries, rounded up to 1 KB: "
                          f"{volume:.2f} GB", volume * ON_DEMAND_GIGABYTE_IN))
        costs.append(Cost("stream, out", f"indexer and Firehose: 2 x {volume:.2f} GB",
                          2 * volume * ON_DEMAND_GIGABYTE_OUT))
        kept = volume * 6 / (MONTH_HOURS / 24)
        costs.append(Cost("stream, a week", f"6 days more: {kept:.2f} GB-months",
                          kept * ON_DEMAND_GIGABYTE_MONTH_KEPT))
    else:
        units = sent * math.ceil(each / 25_000)
        costs.append(Cost("stream, in", f"{units / 1e6:.3f} M units of 25 KB",
                          units / 1e6 * PUT_UNITS_MILLION))
    # Whether an aggregate counts once here or as its records is not said where we looked.
    volume = count * 5 * 1_024 / GIGABYTE
    costs.append(Cost("Firehose", f"{count / 1e6:.2f} M records, rounded up to 5 KB: "
                      f"{volume:.1f} GB", volume * FIREHOSE_GIGABYTE))
    costs.append(Cost("Parquet", f"{volume:.1f} GB converted",
                      volume * FIREHOSE_CONVERSION_GIGABYTE))
    stored = count * PARQUET_BYTES / GIGABYTE
    costs.append(Cost("lake", f"{stored:.3f} GB more each month; after a year",
                      12 * stored * S3_GIGABYTE_MONTH))
    return costs


def of_the_stack(full):
    """What is to be paid without any gateway."""
    window = 1 if full else 5
    memory = 0.5 if full else 0.25
    calls = 2 * MONTH_SECONDS / window
    if full:
        costs = [
            Cost("streams", f"{STREAMS} on demand", STREAMS * ON_DEMAND_STREAM_HOUR * MONTH_HOURS),
            Cost("OpenSearch", "3 r6g.large, 3 m6g.large as managers",
                 3 * (DATA_NODE_HOUR + MANAGER_HOUR) * MONTH_HOURS),
            Cost("its disks", f"{FULL_VOLUME} GB", FULL_VOLUME * VOLUME_GIGABYTE_MONTH)]
    else:
        costs = [
            Cost("streams", f"{STREAMS} shards", STREAMS * SHARD_HOUR * MONTH_HOURS),
            Cost("OpenSearch", "1 t3.small", SMALL_NODE_HOUR * MONTH_HOURS),
            Cost("its disk", f"{SMALL_VOLUME} GB", SMALL_VOLUME * VOLUME_GIGABYTE_MONTH)]
    costs.append(Cost(
        "indexer", f"2 streams, a call every {window} s of {INVOCATION_SECONDS * 1_000:.0f} ms "
        f"with {memory * 1_024:.0f} MB",
        calls / 1e6 * LAMBDA_MILLION
        + calls * INVOCATION_SECONDS * memory * LAMBDA_GIGABYTE_SECOND))
    transform = MONTH_SECONDS / 60
    costs.append(Cost(
        "transform", "a call a minute",
        transform / 1e6 * LAMBDA_MILLION
        + transform * INVOCATION_SECONDS * 0.25 * LAMBDA_GIGABYTE_SECOND))
    # A data key every five minutes for each stream, its readers, and every file.
    requests = STREAMS * 3 * MONTH_SECONDS / 300 + 3 * MONTH_SECONDS / 900
    costs.append(Cost("key and secret", f"1 key, 1 secret, {requests / 1e3:.0f} k requests",
                      KEY_MONTH + SECRET_MONTH + requests / 1e4 * KEY_REQUESTS_10000))
    costs.append(Cost("alarms", f"{ALARMS}", ALARMS * ALARM_MONTH))
    return costs


def total(costs):
    return sum(cost.dollars for cost in costs)


def table(costs):
    lines = ["| what | how | $ a month |", "|---|---|---:|"]
    lines += [f"| {cost.what} | {cost.how} | {cost.dollars:.2f} |" for cost in costs]
    lines.append(f"| **together** | | **{total(costs):.2f}** |")
    return lines


def fleet(count, full, aggregate):
    return total(of_the_stack(full)) + count * total(of_a_gateway(full, aggregate))


def gateways_on_a_disk(gigabytes, copies):
    """How many gateways' documents fit on four fifths of the disk."""
    kept = SEARCH_DAYS * 86_400 * RECORDS_SECOND
    return int(gigabytes * GIGABYTE * 0.8 // (kept * SEARCH_BYTES * copies))


def text():
    """The tables of COSTS.md."""
    lines = ["One gateway with one sensor, a value a second: "
             f"{86_400 * RECORDS_SECOND:,} records a day, {records() / 1e6:.2f} M a month, "
             f"{records() * RECORD_BYTES / GIGABYTE * 1_000:.0f} MB of JSON.", ""]
    for full, name in ((False, "small"), (True, "full")):
        for aggregate in (False, True):
            how = f"`aggregate = yes`, `flush = {FLUSH_SECONDS}s`" if aggregate else "plain"
            lines += [f"### A gateway on {name}, {how}", "", *table(of_a_gateway(full, aggregate)),
                      ""]
    for full, name in ((False, "small"), (True, "full")):
        lines += [f"### The stack itself, {name}", "", *table(of_the_stack(full)), ""]
    lines += ["### Together, $ a month, and for each gateway", "",
              "| gateways | small, plain | small, aggregated | full, plain | full, aggregated |",
              "|---:|---:|---:|---:|---:|"]
    for count in (1, 10, 100):
        cells = [fleet(count, full, aggregate) for full in (False, True)
                 for aggregate in (False, True)]
        lines.append(f"| {count} | " + " | ".join(
            f"{cell:,.2f} ({cell / count:,.2f})" for cell in cells) + " |")
    small = gateways_on_a_disk(SMALL_VOLUME, 1)
    full = gateways_on_a_disk(FULL_VOLUME, 2)
    lines += ["", f"By the guess of {SEARCH_BYTES} bytes a document, {SEARCH_DAYS} days of "
              f"{small} gateways fit on small's disk and of {full} on full's (two copies); "
              "more want a larger disk or fewer days."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(text(), end="")
