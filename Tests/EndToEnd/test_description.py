"""Requests made up from openapi.json: the gateway answers each as its document says.

That what the schema takes is taken is shown elsewhere, post by post (PostAgreementTests): here keys
come again with other bodies, and pressures are drawn apart from each other.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from gateway import ROOT, SEED, file_sink, hex_lines
from posts import Client

SCHEMATHESIS = Path(os.environ.get(
    "SCHEMATHESIS", ROOT / ".build" / "venv-schemathesis" / "bin" / "schemathesis"))
# A stream that does not end.
ENDLESS = {"/api/events"}


def test_every_operation_answers_as_the_document_says(desk):
    if not SCHEMATHESIS.exists():
        pytest.skip("`make venv-schemathesis` makes the environment that this test has for itself")
    desk.configure(hex_lines(at_end="stay"), file_sink(),
                   http={"listen": "127.0.0.1:0", "ingest": "on", "ingest_rate": 100_000,
                         "ingest_sync": "0s"})
    run = desk.start()
    client = Client(run)
    paths = json.loads(client.get("/openapi.json")[2])["paths"]
    assert {"/api/records", "/metrics", "/patient_stats"} <= set(paths)
    missing = {path for path, methods in paths.items() if path not in ENDLESS
               and "get" in methods and client.get(path)[0] == 404}
    assert missing == set()
    excluded = [word for path in ENDLESS for word in ("--exclude-path", path)]
    done = subprocess.run(
        [str(SCHEMATHESIS.resolve()), "run", f"{client.url}/openapi.json", "--url", client.url, *excluded,
         "--exclude-checks", "positive_data_acceptance", "--max-examples", "40",
         "--seed", str(SEED), "--no-color"],
        capture_output=True, text=True, timeout=300, cwd=desk.folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
             "PYTHONPATH": str(Path(__file__).parent)})
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    # The first connection was idle for long, and may be closed.
    assert Client(run).get("/healthz")[0] == 200
    run.terminate()
    assert run.wait() == 0, run.log
