#!/usr/bin/env python3
"""The indexer as it is often written: Python, requests, SigV4 of botocore, one POST a record.

A `bootstrap` for the emulator: it speaks the runtime API itself, so that no runtime of AWS's is in
its way, and keeps its connection from event to event.
"""

import base64
import http.client
import json
import os

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

RUNTIME = os.environ["AWS_LAMBDA_RUNTIME_API"]
ENDPOINT = os.environ["PULSEGATE_OPENSEARCH_ENDPOINT"]
SIGNER = SigV4Auth(Credentials(os.environ["AWS_ACCESS_KEY_ID"],
                               os.environ["AWS_SECRET_ACCESS_KEY"]), "es", os.environ["AWS_REGION"])
SESSION = requests.Session()
SESSION.verify = os.environ["AWS_CA_BUNDLE"]
BASE = "/2018-06-01/runtime/invocation/"


def index(entry):
    """Returns whether the record is there now."""
    record = json.loads(base64.b64decode(entry["kinesis"]["data"]))
    name = f"{record['device_id']}:{record['session_id']}:{record['seq']}"
    record["late_ms"] = 0
    url = f"{ENDPOINT}/heart_rate-{record['timestamp'][:7]}/_create/{name}"
    body = json.dumps(record)
    request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    SIGNER.add_auth(request)
    answer = SESSION.post(url, data=body, headers=dict(request.headers))
    return answer.status_code in (201, 409)


def main():
    connection = http.client.HTTPConnection(RUNTIME)
    while True:
        connection.request("GET", BASE + "next")
        answer = connection.getresponse()
        identifier = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(answer.read())
        failures = []
        for entry in event["Records"]:
            if not index(entry):
                failures.append({"itemIdentifier": entry["kinesis"]["sequenceNumber"]})
        connection.request("POST", f"{BASE}{identifier}/response",
                           json.dumps({"batchItemFailures": failures}))
        connection.getresponse().read()


main()
