"""The live page in a browser, as both of its test files open it."""

from contextlib import contextmanager

import pytest
from browser import Browser

SIZES = {"phone": {"width": 390, "height": 844, "scale": 2, "touch": True},
         "desk": {"width": 1280, "height": 800}, "wall": {"width": 1920, "height": 1080}}
READY = "window.pulsegateView?.settled"


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.stop()


@contextmanager
def pages_of(browser):
    """A function that opens a page; what a page complains of at the end is a failure."""
    opened = []

    def show(url, wait=READY, tolerated=(), **size):
        page = browser.open(url, **(size or SIZES["desk"]))
        opened.append((page, tolerated))
        page.wait(wait)
        return page

    try:
        yield show
        for page, tolerated in opened:
            page.evaluate("1")
            assert [said for said in page.complaints
                    if not any(word in said for word in tolerated)] == []
    finally:
        for page, _ in opened:
            page.close()
