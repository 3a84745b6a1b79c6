"""The file sink: whole lines, rotation, a full disk, and company in the form of a Kinesis sink."""

import json
import os
import subprocess
from contextlib import contextmanager

import pytest
from gateway import (as_recorded, assert_in_order_and_once, file_sink, hex_lines, kinesis_sink, parse_lines,
                     parse_stream, play, wait_until)
from recordings import as_hex_lines


def test_file_and_cloud_each_get_every_record_in_the_same_bytes(desk, double, run_47min):
    desk.configure(play(run_47min.path), kinesis_sink(double), file_sink())
    run = desk.run()
    assert run.status == 0, run.log
    text = desk.file_bytes()
    assert_in_order_and_once(parse_lines(text), run_47min.heart_rates)
    assert as_recorded(b"".join(data for _, data in double.records())) == as_recorded(text)


def test_a_file_goes_on_while_the_cloud_is_away(desk, double, run_47min):
    away = kinesis_sink(double, endpoint="https://127.0.0.1:1")
    desk.configure(play(run_47min.path, drain_timeout="1s"), away, file_sink())
    run = desk.run()
    assert run.status == 0, run.log
    assert "sink local: 2808 delivered, 0 lost" in run.log
    assert "sink cloud: 0 delivered, 0 lost, 2808 stay in the ring" in run.log
    text = desk.file_bytes()
    assert_in_order_and_once(parse_lines(text), run_47min.heart_rates)

    desk.configure(hex_lines(), kinesis_sink(double), file_sink())
    back = desk.run(text="")
    assert "sink local: 0 delivered, 0 lost" in back.log
    assert "sink cloud: 2808 delivered, 0 lost" in back.log
    assert desk.file_bytes() == text
    assert as_recorded(b"".join(data for _, data in double.records())) == as_recorded(text)


def test_a_sink_that_is_new_gets_what_the_ring_still_has(desk, double, run_47min):
    desk.configure(play(run_47min.path), file_sink())
    assert desk.run().status == 0
    desk.configure(hex_lines(), file_sink(), kinesis_sink(double))
    assert desk.run(text="").status == 0
    assert_in_order_and_once(parse_stream(double.records()), run_47min.heart_rates)


def test_rotation_keeps_every_record_over_all_files(desk, run_47min):
    desk.configure(play(run_47min.path),
                   file_sink(rotate_size="64KiB", rotate_keep=100, batch_records=50))
    assert desk.run().status == 0
    files = sorted(path.name for path in desk.data.glob("local.ndjson*"))
    # 462 KB in files of 64 KiB and what is left of the batch that filled each.
    assert 6 <= len(files) <= 8
    for name in files:
        parse_lines((desk.data / name).read_bytes())
        assert (desk.data / name).stat().st_size < 64 * 1024 + 50 * 170
    assert_in_order_and_once(parse_lines(desk.file_bytes()), run_47min.heart_rates)


def test_rotation_keeps_as_many_files_as_it_is_told_and_those_are_the_youngest(desk, run_47min):
    desk.configure(play(run_47min.path),
                   file_sink(rotate_size="64KiB", rotate_keep=2, batch_records=50))
    assert desk.run().status == 0
    files = sorted(path.name for path in desk.data.glob("local.ndjson*"))
    assert files == ["local.ndjson", "local.ndjson.1", "local.ndjson.2"]
    records = parse_lines(desk.file_bytes())
    rest = run_47min.heart_rates[-len(records):]
    assert 700 < len(records) < 1400
    assert_in_order_and_once(records, rest, first=2808 - len(records))


def test_half_a_line_at_the_end_is_cut_off_before_the_next_record(desk):
    desk.configure(hex_lines(), file_sink())
    assert desk.run(text="00 48\n").status == 0
    path = desk.data / "local.ndjson"
    with path.open("ab") as file:
        file.write(b'{"timestamp":"2025-07-15T17:1')
    assert desk.run(text="00 49\n").status == 0
    assert_in_order_and_once(parse_lines(path.read_bytes()), [72, 73])


def wait_for_records(path, count):
    wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") == count,
               f"{count} records in {path}")


def test_a_file_that_was_taken_away_is_begun_anew(desk):
    desk.configure(hex_lines(), file_sink())
    path, taken = desk.data / "local.ndjson", desk.folder / "taken.ndjson"
    run = desk.start(stdin=subprocess.PIPE)
    run.write("00 48\n")
    wait_for_records(path, 1)
    path.rename(taken)
    run.write("00 49\n")
    wait_for_records(path, 1)
    run.close_input()
    assert run.wait() == 0, run.log
    assert [record["heart_rate"] for record in parse_lines(taken.read_bytes())] == [72]
    assert [record["heart_rate"] for record in parse_lines(path.read_bytes())] == [73]


@contextmanager
def small_disk(folder, size):
    """A file system of this size; needs the right to mount one."""
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
        capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("a full disk takes a file system of its own, and mounting one takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_said_once_and_its_records_come_when_there_is_room(
        desk, double, run_47min):
    with small_disk(desk.folder / "small", "128k") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(64 * 1024))
        desk.configure(hex_lines(), file_sink(path=disk / "local.ndjson", batch_records=50),
                       kinesis_sink(double))
        run = desk.start(stdin=subprocess.PIPE)
        run.write(as_hex_lines(run_47min.heart_rates[:700]))
        complaint = run.wait_for_log("No space left on device")
        assert f"{disk}/local.ndjson" in complaint
        run.wait_for_log("sink local: not reached; records stay in the ring")
        filler.unlink()
        run.close_input()
        assert run.wait() == 0, run.log
        assert run.log.count("No space left on device") == 1
        assert "sink local: works again" in run.log
        records = parse_lines((disk / "local.ndjson").read_bytes())
    assert_in_order_and_once(records, run_47min.heart_rates[:700])
    assert_in_order_and_once(parse_stream(double.records()), run_47min.heart_rates[:700])


def test_a_ring_that_does_not_fit_on_the_disk_is_refused_and_leaves_no_half_ring(desk):
    with small_disk(desk.folder / "small", "512k") as disk:
        desk.configure(hex_lines(), file_sink(), gateway={"data": disk / "data"})
        run = desk.run(text="00 48\n")
        assert run.status == 1, run.log
        assert "No space left on device" in run.log and f"{disk}/data/ring" in run.log
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        again = desk.run(text="00 48\n")
        assert again.status == 0, again.log
        lines = (disk / "data" / "local.ndjson").read_bytes().splitlines()
        assert [json.loads(line)["heart_rate"] for line in lines] == [72]


def test_a_read_only_disk_is_refused_in_words(desk):
    with small_disk(desk.folder / "small", "4m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        desk.configure(hex_lines(), file_sink(), gateway={"data": disk / "data"})
        run = desk.run(text="00 48\n")
        assert run.status == 1, run.log
        assert f"{disk}/data: on tmpfs, read-only" in run.log
        assert "mount it writable, or choose another [gateway] data folder" in run.log


def test_a_ring_in_memory_is_refused_unless_it_is_asked_for(desk):
    with small_disk(desk.folder / "small", "4m") as disk:
        desk.configure(hex_lines(), file_sink(), gateway={"data": disk / "data"},
                       ring={"allow_volatile": "no"})
        run = desk.run(text="00 48\n")
        assert run.status == 1, run.log
        assert f"{disk}/data: on tmpfs, in memory: gone after a power cut" in run.log
        assert "`allow_volatile = yes` into [ring]" in run.log
        assert list(disk.iterdir()) == []

        desk.configure(hex_lines(), file_sink(), gateway={"data": disk / "data"},
                       ring={"allow_volatile": "yes"})
        allowed = desk.run(text="00 48\n")
        assert allowed.status == 0, allowed.log
        assert "allowed by [ring] allow_volatile" in allowed.log
