"""How the conductor follows the client's records."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "guest"))

from conductor import Records  # noqa: E402


def line(number):
    return json.dumps({"timestamp": "2025-07-15T17:10:33.123456Z", "heart_rate": 60 + number,
                       "sensor": "strap-1"}) + "\n"


def rates(records):
    return [record["heart_rate"] - 60 for record in records.read()]


def test_whole_lines_are_read_once(tmp_path):
    path = tmp_path / "local.ndjson"
    records = Records(path)
    assert rates(records) == []
    path.write_text(line(0) + line(1)[:20])
    assert rates(records) == [0]
    with open(path, "a") as file:
        file.write(line(1)[20:] + line(2))
    assert rates(records) == [1, 2]
    assert rates(records) == []


def test_file_that_is_put_aside_is_read_to_its_end_and_the_next_from_its_beginning(tmp_path):
    path = tmp_path / "local.ndjson"
    path.write_text(line(0))
    records = Records(path)
    assert rates(records) == [0]
    with open(path, "a") as file:
        file.write(line(1))
    path.rename(tmp_path / "local.ndjson.1")
    assert rates(records) == [1]
    path.write_text(line(2))
    assert rates(records) == [2]
