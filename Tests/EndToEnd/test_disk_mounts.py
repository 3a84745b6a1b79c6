"""A real file system that fills up, freezes or goes read-only under the gateway.

An ext4 of 64 MiB in a file, mounted through a loop device: that takes root and a kernel with
loop devices, so the tests are skipped where there is neither.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from gateway import parse_stream
from test_disk_faults import (assert_alarm_at_once, assert_clean, end, feed, in_ring, start,
                              wait_for_quiet, wait_for_records, wait_for_ring)


def command(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True)


class Card:
    """A file system of its own, mounted at `place`."""

    def __init__(self, image, place):
        self.image, self.place = image, place
        with image.open("wb") as file:
            file.truncate(64 << 20)
        command("mkfs.ext4", "-q", "-F", image)
        place.mkdir()
        command("mount", "-o", "loop,errors=remount-ro", image, place)

    @property
    def device(self):
        return command("findmnt", "-n", "-o", "SOURCE", self.place).stdout.strip()

    def fill(self):
        """Writes a file until there is no room for one more byte."""
        with (self.place / "filler").open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def freeze(self):
        command("fsfreeze", "-f", self.place)

    def thaw(self):
        command("fsfreeze", "-u", self.place, check=False)

    def break_down(self):
        """What ext4 does when it finds its own data damaged: it goes read-only, and stays so."""
        Path(f"/sys/fs/ext4/{Path(self.device).name}/trigger_fs_error").write_text("a test\n")

    def check_and_mount(self):
        """What people do then."""
        command("umount", self.place)
        command("fsck.ext4", "-y", self.image, check=False)
        command("mount", "-o", "loop,errors=remount-ro", self.image, self.place)


@pytest.fixture
def card(desk):
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "fsfreeze", "losetup"))):
        pytest.skip("mounting a file system takes root, e2fsprogs and util-linux")
    desk.folder.mkdir(exist_ok=True)
    try:
        card = Card(desk.folder / "card.img", desk.data)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no loop device here: {error.stderr.strip()}")
    yield card
    card.thaw()
    desk.stop()
    command("umount", card.place)


def test_a_ring_that_was_cut_on_a_full_card_is_laid_when_there_is_room(desk, double, card):
    run = start(desk, double, size="4MiB")
    feed(run, *range(60, 80))
    wait_for_quiet(desk, 20)
    os.truncate(desk.ring, 16_384)
    card.fill()
    feed(run, 80)
    line = run.wait_for_log("21 records are in memory alone")
    assert "make room on the file system" in line
    assert "No space left on device (errno 28)" in line
    assert_alarm_at_once(run)
    wait_for_records(double, 23)
    (card.place / "filler").unlink()
    run.wait_for_log("laid anew: the last 21 records are written again from memory")
    run.wait_for_log("works again after ")
    wait_for_ring(desk, 23)
    end(desk, double, run, [*range(60, 81), 180, 70])


def test_a_deleted_ring_that_finds_no_room_for_its_copy_is_put_back_later(desk, double, card):
    run = start(desk, double, size="4MiB")
    feed(run, *range(60, 80))
    wait_for_quiet(desk, 20)
    desk.ring.unlink()
    card.fill()
    feed(run, 80)
    # The ring's own line: the notes of the clock find no room either.
    line = run.wait_for_log("error: ring: ")
    assert "No space left on device (errno 28)" in line
    assert_alarm_at_once(run)
    wait_for_records(double, 23)
    (card.place / "filler").unlink()
    run.wait_for_log("put back with all its records")
    run.wait_for_log("works again after ")
    wait_for_ring(desk, 23)
    end(desk, double, run, [*range(60, 81), 180, 70])


def test_a_frozen_file_system_holds_up_neither_alarm_nor_cloud(desk, double, card):
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_ring(desk, 20)
    card.freeze()
    feed(run, 80)
    run.wait_for_log("the card has not answered for 10.0 s")
    assert_alarm_at_once(run)
    wait_for_records(double, 23)
    card.thaw()
    run.wait_for_log("works again after ")
    wait_for_ring(desk, 23)
    end(desk, double, run, [*range(60, 81), 180, 70])


def test_a_file_system_that_goes_read_only_leaves_alarm_and_cloud(desk, double, card):
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_ring(desk, 20)
    card.break_down()
    feed(run, 80)
    line = run.wait_for_log(f"{desk.ring}: Read-only file system (errno 30)")
    assert "check it (fsck), mount it writable" in line
    assert_alarm_at_once(run)
    wait_for_records(double, 23)
    run.terminate()
    assert run.wait() == 0, run.log
    # Three measurements and two lines of the alarm log.
    assert "ring: still fails (Read-only file system): 5 records in memory alone" in run.log
    card.check_and_mount()
    assert_clean(desk)
    assert in_ring(desk) == list(range(20)), "what had been synced"
    again = start(desk, double)
    feed(again, 99)
    again.close_input()
    assert again.wait() == 0, again.log
    assert_clean(desk)
    assert parse_stream(double.records())[-1]["heart_rate"] == 99


def test_a_card_that_is_unmounted_and_mounted_over_is_not_mistaken(desk, double, card):
    """The open file is there still; the folder is one of another file system."""
    run = start(desk, double)
    feed(run, *range(60, 80))
    wait_for_ring(desk, 20)
    command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", card.place)
    feed(run, 80)
    line = run.wait_for_log("Stale file handle (errno 116)")
    assert "its folder is on another file system" in line
    assert not desk.ring.exists()
    assert_alarm_at_once(run)
    wait_for_records(double, 23)
    command("umount", card.place)
    run.wait_for_log("works again after ")
    wait_for_ring(desk, 23)
    end(desk, double, run, [*range(60, 81), 180, 70])
