"""Paths of the other test folders, and the two variants of the stack."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
for folder in ("Support", "EndToEnd"):
    sys.path.insert(0, str(TESTS / folder))

from stack import Stack  # noqa: E402


@pytest.fixture(scope="session")
def small():
    return Stack(Variant="small")


@pytest.fixture(scope="session")
def full():
    return Stack(Variant="full")


@pytest.fixture(scope="session", params=["small", "full"])
def stack(request):
    """Each variant in turn."""
    return request.getfixturevalue(request.param)
