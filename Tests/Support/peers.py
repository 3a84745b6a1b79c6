"""The producers Pulsegate is compared with, on the records it sends itself.

`python peers.py put_records|put_record --endpoint URL --ca ca.pem --stream S --records N
--bytes-file F` reads one record a line from F (again from the top when N is larger), sends
each with its newline, as on the wire, and prints one JSON line:

    records, requests, records_per_second
    wall_seconds, cpu_seconds     of the producing loop (user + system)
    process_cpu_seconds           of the whole process, imports included
    peak_rss_kib                  of the whole process

put_records is boto3 in batches of 500, failed entries sent again. put_record is one value a
call, as the Python pipeline did. Both keep boto3's defaults otherwise, as their users do.
"""

import argparse
import itertools
import json
import os
import resource
import sys
import time

import boto3

BATCH_RECORDS_MAX = 500
ATTEMPTS_MAX = 10
BACKOFF_SECONDS_FIRST = 0.05


def read_records(path, count):
    """Returns `count` records as bytes; made before the clock starts."""
    with open(path, "rb") as file:
        lines = [line.rstrip(b"\n") + b"\n" for line in file if line.strip()]
    if not lines:
        sys.exit(f"no records in {path}")
    return list(itertools.islice(itertools.cycle(lines), count))


def send_batches(client, stream, partition_key, records):
    """put_records with a partial retry; returns the number of requests."""
    requests = 0
    for start in range(0, len(records), BATCH_RECORDS_MAX):
        batch = [{"Data": data, "PartitionKey": partition_key}
                 for data in records[start:start + BATCH_RECORDS_MAX]]
        for attempt in range(ATTEMPTS_MAX):
            answer = client.put_records(StreamName=stream, Records=batch)
            requests += 1
            if answer["FailedRecordCount"] == 0:
                break
            batch = [entry for entry, result in zip(batch, answer["Records"], strict=True)
                     if "ErrorCode" in result]
            time.sleep(BACKOFF_SECONDS_FIRST * 2 ** attempt)
        else:
            sys.exit(f"{len(batch)} records were refused {ATTEMPTS_MAX} times")
    return requests


def send_singly(client, stream, partition_key, records):
    """put_record a value; returns the number of requests."""
    for data in records:
        client.put_record(StreamName=stream, Data=data, PartitionKey=partition_key)
    return len(records)


PEERS = {"put_records": send_batches, "put_record": send_singly}


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description="boto3 producers to compare with.")
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--ca", help="PEM file of the authority of an https endpoint")
    parser.add_argument("--stream", required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--bytes-file", required=True, help="one JSON record a line")
    parser.add_argument("--partition-key", default="gym-7")
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--access-key", default="AKIDEXAMPLE")
    parser.add_argument("--secret-key", default="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    parser.add_argument("--session-token")
    return parser.parse_args(arguments)


def cpu_seconds():
    used = os.times()
    return used.user + used.system


def main():
    options = parse_options()
    records = read_records(options.bytes_file, options.records)
    client = boto3.client(
        "kinesis", endpoint_url=options.endpoint, region_name=options.region,
        verify=options.ca, aws_access_key_id=options.access_key,
        aws_secret_access_key=options.secret_key, aws_session_token=options.session_token)
    wall, cpu = time.monotonic(), cpu_seconds()
    requests = PEERS[options.peer](client, options.stream, options.partition_key, records)
    wall, cpu = time.monotonic() - wall, cpu_seconds() - cpu
    print(json.dumps({
        "peer": options.peer, "records": len(records), "requests": requests,
        "records_per_second": round(len(records) / wall, 1),
        "wall_seconds": round(wall, 4), "cpu_seconds": round(cpu, 4),
        "process_cpu_seconds": round(cpu_seconds(), 4),
        "peak_rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }))


if __name__ == "__main__":
    main()
