"""The gateway's desk, and the helpers of the other lanes."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
for folder in ("Support", "EndToEnd"):
    sys.path.insert(0, str(TESTS / folder))

import pytest  # noqa: E402
from gateway import Desk  # noqa: E402


@pytest.fixture
def desk(tmp_path):
    """A folder for the gateway; its processes end with the test."""
    desk = Desk(tmp_path)
    yield desk
    desk.stop()
