"""Takes aggregates apart with AWS's own reader: a line of base64 in, a line of JSON out."""

import base64
import json
import sys

from aws_kinesis_agg.deaggregator import deaggregate_records

for line in sys.stdin:
    record = {"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "outer",
                          "sequenceNumber": "1", "approximateArrivalTimestamp": 0,
                          "data": line.strip()}}
    try:
        parts = deaggregate_records(record)
    except Exception:
        # The reader itself fails at some changed messages, as at a key that is no text.
        print("null", flush=True)
        continue
    print(json.dumps([
        {"key": part["kinesis"]["partitionKey"],
         "isAggregated": part["kinesis"].get("aggregated", False),
         "data": base64.b64encode(base64.b64decode(part["kinesis"]["data"])).decode()}
        for part in parts], default=str), flush=True)
