"""Splits each line of standard input, a JSON string, as botocore splits credential_process."""

import json
import shlex
import sys

for line in sys.stdin:
    try:
        words = shlex.split(json.loads(line))
    except ValueError:
        words = None
    print(json.dumps(words), flush=True)
