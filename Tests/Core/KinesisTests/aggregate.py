"""Makes aggregates with AWS's own producer: a line of JSON in, a line of base64 out.

A line is a list of [partition key, explicit hash key or null, data in base64]."""

import base64
import json
import sys

from aws_kinesis_agg.aggregator import RecordAggregator

for line in sys.stdin:
    aggregator = RecordAggregator()
    for key, hash_key, data in json.loads(line):
        assert aggregator.add_user_record(key, base64.b64decode(data), hash_key) is None
    _, _, entry = aggregator.clear_and_get().get_contents()
    print(base64.b64encode(entry).decode(), flush=True)
