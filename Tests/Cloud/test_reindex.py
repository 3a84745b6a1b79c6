"""The lake's files back into OpenSearch: what was sent comes out, under the same ids."""

import json
import subprocess
import sys

import pytest
from lake import columns, write
from line_doubles import Answer, LineServer
from records import BEGIN, Session, line, transformed
from recordings import read_recording
from stack import CLOUD


class Search(LineServer):
    """`_bulk` over several indexes; `statuses` are for the next documents."""

    def __init__(self):
        self.documents, self.statuses, self.largest = {}, [], 0
        super().__init__()

    def answer(self, request):
        if request.path != "/_bulk" or request.headers["content-type"] != "application/x-ndjson":
            return Answer(404, b"{}")
        self.largest = max(self.largest, len(request.body))
        assert request.body.endswith(b"\n")
        lines = [json.loads(each) for each in request.body.splitlines()]
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            key = (action["create"]["_index"], action["create"]["_id"])
            status = self.statuses.pop(0) if self.statuses else None
            status = status or (409 if key in self.documents else 201)
            if status == 201:
                self.documents[key] = document
            items.append({"create": {"_index": key[0], "_id": key[1], "status": status}})
        return Answer(200, json.dumps({"errors": False, "items": items}).encode())


@pytest.fixture
def search():
    double = Search()
    yield double
    double.stop()


@pytest.fixture
def records():
    gym = Session()
    records = gym.play(read_recording("run-47min"), begin=BEGIN.replace(day=31, hour=23, minute=30))
    records.append(gym.gap(BEGIN, "cloud", "overwritten", 2, 1, 2, (BEGIN, BEGIN)))
    records.append(gym.heart_rate(BEGIN, 80, rr_ms=[671.9, 668.0], energy_kj=12))
    records.append(gym.alarm(BEGIN, "off_skin", "raised", "low"))
    return records


@pytest.fixture
def folder(tmp_path, small, records):
    lines = [line(transformed(each)) for each in records]
    assert write(tmp_path, "records", lines, columns(small, "RecordsTable")) == set()
    return tmp_path / "records"


def reindex(search, folder, **options):
    return subprocess.run(
        [sys.executable, CLOUD / "reindex.py", "--endpoint", search.endpoint, "--allow-http",
         "--login", "-", str(folder)], input='{"username": "operator", "password": "s3cret"}',
        capture_output=True, text=True, timeout=120, **options)


def test_every_record_comes_back_as_it_was_sent(search, folder, records):
    run = reindex(search, folder)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{len(records)} created, 0 were there, 0 refused\n"
    expected = {
        (f"heart_rate-{each['timestamp'][:7]}",
         f"{each['device_id']}:{each['session_id']}:{each['seq']}"): each for each in records}
    assert search.documents == expected
    assert {index for index, _ in search.documents} == {
        "heart_rate-2025-07", "heart_rate-2025-08"}
    assert search.largest <= 5_000_000


def test_a_second_run_changes_nothing(search, folder, records):
    assert reindex(search, folder).returncode == 0
    before = dict(search.documents)
    run = reindex(search, folder)
    assert run.stdout == f"0 created, {len(records)} were there, 0 refused\n"
    assert search.documents == before


def test_what_is_refused_is_said(search, folder, records):
    search.statuses = [None, 429]
    run = reindex(search, folder)
    assert run.returncode == 1
    assert run.stdout == f"{len(records) - 1} created, 0 were there, 1 refused\n"
    assert '"status": 429' in run.stderr
    assert reindex(search, folder).stdout.startswith("1 created")


def test_a_folder_without_files_is_named(search, tmp_path):
    run = reindex(search, tmp_path)
    assert run.returncode == 1 and "no file ends in .parquet" in run.stderr
