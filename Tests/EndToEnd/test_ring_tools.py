"""`pulsegate ring`: what the tools say of a ring agrees with the file sink and with its bytes.

The ring of a whole recording is made once; each test damages a copy of it.
"""

import csv
import datetime
import io
import json
import os
import shutil
import struct
import subprocess
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from gateway import (BINARY, DEVICE, Desk, as_recorded, environment, file_sink, hex_lines,
                     identity, kinesis_sink, parse_lines, play, wait_until)
from recordings import read_recording
from ring_file import crc32c

SLOTS = 8064  # 1 MiB
FIRST_SLOT = 16_384
SLOT = 128
AWAY = "https://127.0.0.1:1"
MISSING = "missing: no record is there; never written, or wiped"
UNWRITTEN = "not written: the head record counts it, the card does not have it"
REMEDY = ("remedy: stop the gateway and say `pulsegate ring fsck --repair`, which zeroes what "
          "cannot be read; a gateway passes over it all the same")
RESCUE = ("remedy: save the records with `pulsegate ring export FILE`, then move the ring away; "
          "a gateway begins a new one")


def ring(*words, status=0, folder=None):
    """Runs one of the tools to its end; returns what it printed."""
    done = subprocess.run([BINARY, "ring", *map(str, words)], capture_output=True, timeout=60,
                          env=environment(), cwd=folder, stdin=subprocess.DEVNULL)
    assert done.returncode == status, (done.returncode, done.stdout[-2000:], done.stderr)
    return SimpleNamespace(out=done.stdout, err=done.stderr.decode())


def offset(slot):
    return FIRST_SLOT + SLOT * slot


class Copy:
    """A copy of the ring that a test may damage; `kept` are the lines that it should have."""

    def __init__(self, original, folder):
        shutil.copytree(original.data, folder)
        self.folder, self.path = folder, folder / "ring"
        self.lines = list(original.lines)
        self.generations = original.generations

    @property
    def bytes(self):
        return self.path.read_bytes()

    def write(self, at, data):
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def flip(self, at, bit):
        self.write(at, bytes([self.bytes[at] ^ 1 << bit]))

    def unsync(self, first):
        """As if the power had gone before anything from this sequence on was synced."""
        for at in (4096, 8192):
            head = bytearray(self.bytes[at:at + 1024])
            struct.pack_into("<Q", head, 56, first)
            struct.pack_into("<I", head, 0, crc32c(bytes(head[4:])))
            self.write(at, head)

    def tear(self, slot):
        """The second half of a record came, the first did not."""
        self.write(offset(slot), bytes(64))

    def fsck(self, *options, status, slots=SLOTS):
        text = ring("fsck", "--data", self.folder, *options, status=status).out.decode()
        lines = text.splitlines()
        assert lines[0] == f"{self.path}: {slots} slots"
        return lines[1:]

    def dump(self, *options):
        return ring("dump", "--data", self.folder, "--device", DEVICE, *options).out

    def without(self, *sequences):
        return b"".join(line for number, line in enumerate(self.lines) if number not in sequences)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The ring of a recording that one sink has and the other, which is away, does not."""
    desk = Desk(tmp_path_factory.mktemp("recorded"))
    recording = read_recording("run-47min")
    away = "away", {"type": "kinesis", "stream": "pulse", "region": "eu-central-1",
                    "endpoint": AWAY}
    desk.configure(play(recording.path, drain_timeout="1s"), file_sink(), away)
    assert desk.run().status == 0
    content = desk.ring.read_bytes()
    lines = desk.file_bytes().splitlines(keepends=True)
    assert len(lines) == len(recording.heart_rates) == 2808
    generations = [struct.unpack_from("<Q", content, at + 8)[0] for at in (4096, 8192)]
    return SimpleNamespace(data=desk.data, lines=lines, configuration=desk.configuration,
                           generations=generations)


@pytest.fixture
def copy(recorded, tmp_path):
    return Copy(recorded, tmp_path / "copy")


# --- A ring that is whole -----------------------------------------------------------------


def test_the_dump_is_what_the_file_sink_got_line_by_line(recorded):
    by_config = ring("dump", "--config", recorded.configuration).out
    assert by_config.splitlines(keepends=True) == recorded.lines
    by_data = ring("dump", "--data", recorded.data, "--device", DEVICE).out
    assert by_data == by_config
    other = ring("dump", "--data", recorded.data, "--device", "other").out
    assert [json.loads(line)["device_id"] for line in other.splitlines()] == ["other"] * 2808


def test_csv_has_the_same_fields_as_the_lines(recorded):
    text = ring("dump", "--config", recorded.configuration, "--format", "csv").out.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 2808
    for row, record in zip(rows, parse_lines(b"".join(recorded.lines))):
        filled = {name: value for name, value in row.items() if value}
        assert filled == {name: str(value) for name, value in record.items() if name != "schema"}


def test_stat_says_what_the_lines_say(recorded):
    text = ring("stat", "--config", recorded.configuration).out.decode()
    first, last = (json.loads(recorded.lines[index]) for index in (0, -1))
    assert f"ring      {recorded.data}/ring\n" in text
    assert "size      1048576 bytes: 8064 slots of 128 bytes\n" in text
    assert "records   2808, 34.8 % of the slots\n" in text
    assert f"oldest    sequence 0, {first['timestamp']}, " in text
    assert f"newest    sequence 2807, {last['timestamp']}, " in text
    assert "slots     0 damaged, 0 torn, 0 missing, 0 not written\n" in text
    assert "sink      local: tail 2808, 0 waiting\n" in text
    assert "sink      away: tail 0, 2808 waiting\n" in text
    assert "capacity  at one record a second: 1 sensor 2.2 h, 8 sensors 16.8 min, " in text
    assert "50 sensors 2.7 min\n" in text
    assert "\nstorage   " in text and "\nwear      " in text and "\ncard life " in text


def test_stat_computes_with_the_sensors_and_the_card_that_it_is_told(recorded):
    text = ring("stat", "--data", recorded.data, "--sensors", 4,
                "--card-terabytes-written", 0.5).out.decode()
    assert "capacity  at one record a second: 4 sensors 33.6 min\n" in text
    for words in (["--sensors", "0"], ["--card-terabytes-written", "-1"]):
        answer = ring("stat", "--data", recorded.data, *words, status=1)
        assert answer.err.startswith(f"pulsegate: ring stat: {words[0]} {words[1]}: give ")


def test_a_whole_ring_is_clean_and_stays_as_it_is(copy):
    before = copy.bytes
    clean = ["kept: 2808 records, sequences 0 to 2807",
             "slots: 0 damaged, 0 torn, 0 missing, 0 not written"]
    assert copy.fsck(status=0) == [*clean, "clean"]
    assert copy.fsck("--repair", status=0) == [*clean, "nothing to repair"]
    assert copy.bytes == before
    assert sorted(path.name for path in copy.folder.iterdir()) == [
        "local.ndjson", "ring", "run-state"]


def test_a_time_range_takes_its_beginning_and_not_its_end(recorded):
    records = parse_lines(b"".join(recorded.lines))
    start, end = records[100]["timestamp"], records[200]["timestamp"]
    text = ring("dump", "--config", recorded.configuration, "--from", start, "--to", end).out
    assert text.splitlines(keepends=True) == recorded.lines[100:200]
    # The recording ended when it was played.
    where = ["--config", recorded.configuration]
    assert ring("dump", *where, "--from", "-1d").out.splitlines(keepends=True) == recorded.lines
    assert ring("dump", *where, "--to", "-1d").out == b""


def test_a_sensor_and_a_sink_choose_their_records(recorded):
    def count(*words):
        return ring("dump", "--config", recorded.configuration, *words).out.count(b"\n")

    assert count("--sensor", "strap-1") == 2808
    assert count("--sensor", "strap-2") == 0
    assert count("--sink", "away") == 2808
    assert count("--sink", "local") == 0


@pytest.mark.parametrize("words, reason", [
    (["--sink", "cloud"], "--sink cloud: the ring knows local, away"),
    (["--from", "yesterday"], "--from yesterday: not a time; write it as in "),
    (["--to", "2025-07-15T17:10:33"], "it does not say that it is in UTC; add Z"),
    (["--from", "2025-02-30"], "there is no such day or time of day"),
    (["--format", "xml"], "--format xml: write ndjson or csv"),
    (["--device", ""], "--device: a name has 1 to 128 bytes"),
    (["--sensor", "x" * 24], "--sensor: a name has 23 bytes at most"),
])
def test_a_dump_that_cannot_be_made_says_why(recorded, words, reason):
    answer = ring("dump", "--data", recorded.data, *words, status=1)
    assert reason in answer.err
    assert answer.out == b""


def test_an_export_is_a_new_file_with_everything(recorded, tmp_path):
    path = tmp_path / "saved.ndjson"
    first, last = (json.loads(recorded.lines[index])["timestamp"] for index in (0, -1))
    said = f"{path}: 2808 records, sequences 0 to 2807, {first} to {last}\n"
    assert ring("export", path, "--config", recorded.configuration).out.decode() == said
    assert path.read_bytes() == b"".join(recorded.lines)

    path.write_text("mine")
    refused = ring("export", path, "--config", recorded.configuration, status=1)
    assert f"{path}: is there already; --force replaces it" in refused.err
    assert path.read_text() == "mine"
    assert ring("export", path, "--config", recorded.configuration, "--force").out.decode() == said
    assert path.read_bytes() == b"".join(recorded.lines)
    assert [file.name for file in tmp_path.iterdir()] == ["saved.ndjson"]


def test_an_export_to_where_nothing_can_be_written_is_refused(recorded, tmp_path):
    path = tmp_path / "no" / "folder"
    answer = ring("export", path, "--data", recorded.data, status=1)
    assert f"open {path}: No such file or directory" in answer.err


def test_a_dump_to_a_full_disk_is_a_failure(recorded):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, "ring", "dump", "--data", recorded.data], stdout=full,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert b"write standard output: No space left on device" in done.stderr


def test_memory_does_not_grow_with_the_ring(desk, recorded):
    def memory(data):
        """Kilobytes that a dump took at most."""
        process = subprocess.Popen([BINARY, "ring", "dump", "--data", data],
                                   stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        assert status == 0
        return usage.ru_maxrss

    desk.configure(play(read_recording("run-47min").path), file_sink(), ring={"size": "16MiB"})
    for _ in range(6):
        run = desk.run()
        assert run.status == 0, run.log
    assert ring("dump", "--data", desk.data).out.count(b"\n") == 6 * 2808
    assert desk.ring.stat().st_size == 16 << 20
    assert memory(desk.data) < memory(recorded.data) + 1024


@pytest.mark.parametrize("words, reason", [
    (["stat"], "say which ring, with either --data DIR or --config FILE"),
    (["stat", "--data", "/a", "--config", "/b"], "say which ring, with either"),
    (["dump", "--data", "/nowhere"], "/nowhere/ring: there is no ring; name the gateway's data "),
    (["export", "x", "--config", "/nowhere.conf"], "/nowhere.conf"),
    (["drain"], "say which configuration, as in `ring drain --config FILE`"),
])
def test_a_ring_that_is_not_named_or_not_there_is_asked_for(words, reason, tmp_path):
    assert reason in ring(*words, status=1, folder=tmp_path).err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words, reason", [
    ([], "ring: say which: stat, fsck, dump, export, drain, capacity"),
    (["mend"], "ring: mend is none of stat, fsck, dump, export, drain, capacity"),
    (["stat", "--repair"], "ring stat: unknown option --repair"),
    (["export"], "ring export: FILE is missing"),
    (["dump", "one"], "ring dump: one is one word too many"),
])
def test_a_command_line_that_is_not_understood_has_status_2(words, reason):
    assert reason in ring(*words, status=2).err


def test_a_file_that_is_no_ring_is_refused(tmp_path):
    path = tmp_path / "ring"
    for content in (b"", b"heart_rate\n" * 10_000, bytes(1 << 20)):
        path.write_bytes(content)
        for tool, status in (("stat", 1), ("fsck", 2), ("dump", 1)):
            assert f"{path}: not a ring file" in ring(tool, "--data", tmp_path, status=status).err
        assert path.read_bytes() == content


def test_the_capacities_are_those_of_128_bytes_a_record():
    rows = ring("capacity").out.decode().splitlines()
    assert rows[0] == "| `[ring] size` | records | 1 sensor | 8 sensors | 50 sensors |"
    table = {cells[1]: cells[2:6] for cells in
             ([cell.strip() for cell in row.split("|")] for row in rows[2:])}
    assert table["1MiB"] == ["8064", "2.2 h", "16.8 min", "2.7 min"]
    assert table["64MiB"] == ["524160", "6.1 days", "18.2 h", "2.9 h"]
    for name, (records, days, *_) in table.items():
        size = int(name[:-3]) << {"MiB": 20, "GiB": 30}[name[-3:]]
        assert int(records) == (size - 16_384) // 128
        if days.endswith("days"):
            assert abs(float(days.split()[0]) - int(records) / 86_400) <= 0.05


# --- A ring that is damaged ---------------------------------------------------------------


def test_a_flipped_bit_is_found_and_named(copy):
    copy.flip(offset(17) + 76, 3)
    before = copy.bytes
    found = [f"slot 17, byte {offset(17)}, sequence 17: damaged: "
             f"bit 3 of byte {offset(17) + 76} is flipped",
             "kept: 2807 records, sequences 0 to 2807",
             "slots: 1 damaged, 0 torn, 0 missing, 0 not written"]
    assert copy.fsck(status=1) == [*found, REMEDY]
    assert copy.bytes == before
    answer = ring("dump", "--data", copy.folder, "--device", DEVICE)
    assert answer.out == copy.without(17)
    assert "1 slot cannot be read; `pulsegate ring fsck` says which" in answer.err

    side = f"{copy.path}.repair-1"
    assert copy.fsck("--repair", status=0) == [
        *found,
        f"repaired: 1 slot zeroed, 0 head records written; what was there is in {side}",
        f"{copy.path}: {SLOTS} slots", f"slot 17, byte {offset(17)}, sequence 17: {MISSING}",
        "kept: 2807 records, sequences 0 to 2807",
        "slots: 0 damaged, 0 torn, 1 missing, 0 not written", "clean"]
    changed = bytearray(before)
    changed[offset(17):offset(18)] = bytes(SLOT)
    assert copy.bytes == changed
    saved = json.loads((copy.folder / "ring.repair-1").read_text())
    assert saved == {"offset": offset(17), "length": SLOT,
                     "bytes": before[offset(17):offset(18)].hex()}


def test_a_flipped_bit_in_the_last_record_is_no_torn_write(copy):
    copy.unsync(2800)
    copy.flip(offset(2807) + 3, 7)
    assert copy.fsck(status=1)[0] == (
        f"slot 2807, byte {offset(2807)}, sequence 2807: damaged: "
        f"bit 7 of byte {offset(2807) + 3} is flipped")


def test_a_sector_of_zeros_is_a_gap_and_nothing_to_repair(copy):
    copy.write(offset(32), bytes(512))
    found = [f"slots 32 to 35, byte {offset(32)}, sequences 32 to 35: {MISSING}",
             "kept: 2804 records, sequences 0 to 2807",
             "slots: 0 damaged, 0 torn, 4 missing, 0 not written"]
    assert copy.fsck(status=0) == [*found, "clean"]
    assert copy.fsck("--repair", status=0) == [*found, "nothing to repair"]
    assert copy.dump() == copy.without(32, 33, 34, 35)


def test_a_torn_last_write_is_told_from_damage(copy):
    copy.unsync(2800)
    copy.tear(2806)
    copy.tear(2807)
    found = [f"slots 2806 to 2807, byte {offset(2806)}, sequences 2806 to 2807: torn: it was "
             "being written when the power went",
             "kept: 2806 records, sequences 0 to 2805",
             "slots: 0 damaged, 2 torn, 0 missing, 0 not written"]
    assert copy.fsck(status=1) == [*found, REMEDY]
    repaired = copy.fsck("--repair", status=0)
    assert repaired[-4:] == [
        f"slots 2806 to 2807, byte {offset(2806)}, sequences 2806 to 2807: {UNWRITTEN}",
        *["kept: 2806 records, sequences 0 to 2805",
          "slots: 0 damaged, 0 torn, 0 missing, 2 not written"], "clean"]
    assert copy.dump() == copy.without(2806, 2807)


def test_a_kill_leaves_nothing_that_a_check_complains_of(desk):
    desk.configure(hex_lines(at_end="stay"), file_sink(), ring={"sync_interval": "100ms"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write("00 48\n" * 3_000)
    wait_until(lambda: desk.file_bytes().count(b"\n") > 1_000, "some records")
    run.kill()
    ring("fsck", "--config", desk.configuration)
    lines = desk.file_bytes().splitlines(keepends=True)
    dumped = ring("dump", "--config", desk.configuration).out.splitlines(keepends=True)
    both = min(len(lines), len(dumped))
    assert both > 0 and dumped[:both] == lines[:both]


def test_the_same_in_the_middle_is_damage(copy):
    copy.tear(1000)
    copy.tear(1001)
    assert copy.fsck(status=1) == [
        f"slots 1000 to 1001, byte {offset(1000)}, sequences 1000 to 1001: damaged: the checksum "
        "does not fit",
        "kept: 2806 records, sequences 0 to 2807",
        "slots: 2 damaged, 0 torn, 0 missing, 0 not written", REMEDY]


def test_a_record_of_a_newer_version_is_no_damage(copy):
    for slot in (7, 8):
        content = bytearray(copy.bytes[offset(slot):offset(slot + 1)])
        content[5] = 200
        struct.pack_into("<I", content, 0, crc32c(content[4:]))
        copy.write(offset(slot), content)
    before = copy.bytes
    found = [f"slots 7 to 8, byte {offset(7)}, sequences 7 to 8: whole, and not for this "
             "version: record layout 1, kind 200",
             "kept: 2806 records, sequences 0 to 2807",
             "slots: 0 damaged, 0 torn, 0 missing, 0 not written, 2 records of a newer version",
             "only a newer pulsegate can read 2 of the records"]
    assert copy.fsck(status=0) == [*found, "clean"]
    assert copy.fsck("--repair", status=0) == [*found, "nothing to repair"]
    assert copy.bytes == before
    answer = ring("dump", "--data", copy.folder, "--device", DEVICE)
    assert answer.out == copy.without(7, 8)
    assert answer.err == ("pulsegate: ring dump: 2 records passed over, which only a newer "
                          "pulsegate can read\n")
    assert "2 records of a newer version" in ring("stat", "--data", copy.folder).out.decode()


def test_a_record_in_the_wrong_slot_is_not_taken(copy):
    copy.write(offset(6), copy.bytes[offset(5):offset(6)])
    assert copy.fsck(status=1)[0] == (
        f"slot 6, byte {offset(6)}, sequence 6: damaged: the record of sequence 5, "
        "which belongs elsewhere")
    assert copy.dump() == copy.without(6)


@pytest.mark.parametrize("place", [0, 1])
def test_one_damaged_head_record_becomes_a_copy_of_the_other(copy, place):
    name, at = "AB"[place], (4096, 8192)[place]
    copy.write(at + 100, b"\xff\xff")
    other = copy.generations[1 - place]
    whole = ["kept: 2808 records, sequences 0 to 2807",
             "slots: 0 damaged, 0 torn, 0 missing, 0 not written"]
    found = [f"head record {name}, byte {at}: damaged; generation {other} holds", *whole]
    assert copy.fsck(status=1) == [*found, REMEDY]
    assert f"head record {name} damaged" in ring("stat", "--data", copy.folder).out.decode()
    assert copy.fsck("--repair", status=0) == [
        *found, "repaired: 0 slots zeroed, 1 head record written; what was there is in "
        f"{copy.path}.repair-1", f"{copy.path}: {SLOTS} slots", *whole, "clean"]
    assert struct.unpack_from("<Q", copy.bytes, at + 8)[0] == other + 1
    assert copy.dump() == copy.without()
    assert copy.bytes[FIRST_SLOT:] == (copy.folder / "ring").read_bytes()[FIRST_SLOT:]


def test_without_head_records_everything_is_sent_again(copy, double, tmp_path):
    copy.write(4096, b"\xff" * 1024)
    copy.write(8192, b"\xff" * 1024)
    remark = "what the sinks have is not known, so every record will be sent again"
    assert copy.fsck(status=1)[:2] == [f"head record A, byte 4096: damaged; {remark}",
                                       f"head record B, byte 8192: damaged; {remark}"]
    refused = ring("dump", "--data", copy.folder, "--sink", "local", status=1)
    assert "no head record can be read, so what local has is not known" in refused.err
    assert copy.fsck("--repair", status=0)[-1] == "clean"
    assert copy.dump() == copy.without()

    desk = Desk(tmp_path / "desk")
    desk.folder.mkdir()
    desk.configure(hex_lines(), kinesis_sink(double), gateway={"data": copy.folder})
    answer = ring("drain", "--config", desk.configuration)
    assert answer.out == b"sink cloud: 2808 sent, 0 left, 0 lost\n"
    sent = b"".join(data for _, data in double.records())
    assert as_recorded(sent) == as_recorded(copy.without())


HEADER = ("remedy: stop the gateway and say `pulsegate ring fsck --repair`, which writes the "
          "header anew; a gateway does not start with a damaged one")
WHOLE = ["kept: 2808 records, sequences 0 to 2807",
         "slots: 0 damaged, 0 torn, 0 missing, 0 not written"]


def assert_goes_on(copy, folder):
    """A gateway takes the ring and puts one more record into it."""
    desk = Desk(folder)
    desk.folder.mkdir()
    desk.configure(hex_lines(), file_sink(), gateway={"data": copy.folder})
    before = len(copy.dump().splitlines())
    run = desk.run(text="00 48\n")
    assert run.status == 0, run.log
    new = [record for record in parse_lines(copy.dump())[before:] if "heart_rate" in record]
    assert [record["heart_rate"] for record in new] == [72]


@pytest.mark.parametrize("at", [0, 17, 24])
def test_a_damaged_header_hides_nothing_and_is_written_anew(copy, at, tmp_path):
    whole = copy.bytes
    copy.flip(at, 0)
    before = copy.bytes
    found = ["header, byte 0: damaged; the slots are taken to fill the file", *WHOLE]
    assert copy.fsck(status=1) == [*found, HEADER]
    assert copy.bytes == before
    assert copy.dump() == copy.without()
    ring("export", tmp_path / "saved", "--data", copy.folder, "--device", DEVICE)
    assert (tmp_path / "saved").read_bytes() == copy.without()

    side = copy.folder / "ring.repair-1"
    assert copy.fsck("--repair", status=0) == [
        *found, f"repaired: header written; what was there is in {side}",
        f"{copy.path}: {SLOTS} slots", *WHOLE, "clean"]
    assert copy.bytes == whole
    assert json.loads(side.read_text()) == {
        "offset": 0, "length": 28, "bytes": before[:28].hex()}
    assert_goes_on(copy, tmp_path / "desk")


def test_a_damaged_header_is_not_written_where_the_length_is_in_doubt(copy):
    """The file was cut too: how many slots it had, nobody says any more."""
    copy.flip(17, 0)
    os.truncate(copy.path, offset(2000) + 100)
    before = copy.bytes
    assert copy.fsck(status=1, slots=2000)[-1] == RESCUE
    assert copy.fsck("--repair", status=1, slots=2000)[-2:] == [
        "not repaired: no ring has this length, and the header does not say another", RESCUE]
    assert copy.bytes == before
    # In a ring of 2000 slots the first ones would have been overwritten.
    assert copy.dump() == b"".join(copy.lines[808:2000])


def test_a_damaged_header_is_not_written_where_records_lie_in_other_slots(copy):
    """As in a ring of another size that has gone round, and was cut."""
    copy.flip(17, 0)
    content = copy.bytes
    copy.write(offset(10), content[offset(500):offset(700)])
    before = copy.bytes
    assert copy.fsck("--repair", status=1)[-2:] == [
        "not repaired: 200 whole records would lie in the wrong place in a ring of this length",
        RESCUE]
    assert copy.bytes == before


def test_a_file_that_was_cut_keeps_what_it_has_and_gets_its_length_back(copy, tmp_path):
    length = offset(2000) + 40
    os.truncate(copy.path, length)
    before = copy.bytes
    found = [f"file: {length} bytes long, and its header says 1048576; "
             "slots 2000 to 8063 cut off",
             "kept: 2000 records, sequences 0 to 1999",
             "slots: 0 damaged, 0 torn, 0 missing, 0 not written"]
    assert copy.fsck(status=1) == [
        *found, "remedy: stop the gateway and say `pulsegate ring fsck --repair`, which fills the "
        "file up to 1048576 bytes; what was cut off is lost, and a gateway counts and says it"]
    assert copy.bytes == before
    assert copy.dump() == b"".join(copy.lines[:2000])

    repaired = copy.fsck("--repair", status=0)
    assert repaired[:4] == [
        *found, "repaired: file filled up to 1048576 bytes; what was there is in "
        f"{copy.path}.repair-1"]
    assert "repaired: 1 slot zeroed, 0 head records written; what was there is in " \
           f"{copy.path}.repair-2" in repaired
    assert repaired[-3:] == ["kept: 2000 records, sequences 0 to 1999",
                             "slots: 0 damaged, 0 torn, 0 missing, 808 not written", "clean"]
    assert json.loads((copy.folder / "ring.repair-1").read_text()) == {"file_length": length}
    assert copy.bytes == before[:offset(2000)] + bytes((1 << 20) - offset(2000))
    assert copy.dump() == b"".join(copy.lines[:2000])
    assert_goes_on(copy, tmp_path / "desk")


def test_the_sink_is_told_of_what_was_cut_off(copy, double, tmp_path):
    os.truncate(copy.path, offset(2000))
    assert copy.fsck("--repair", status=0)[-1] == "clean"
    desk = Desk(tmp_path / "desk")
    desk.folder.mkdir()
    desk.configure(hex_lines(), ("away", kinesis_sink(double)[1]), gateway={"data": copy.folder})
    ring("drain", "--config", desk.configuration)
    *lines, said = [data for _, data in double.records()][:2000] + [
        data for _, data in double.records()][-1:]
    assert as_recorded(b"".join(lines)) == as_recorded(b"".join(copy.lines[:2000]))
    gaps = [json.loads(data) for _, data in double.records() if b'"event":"gap"' in data]
    assert sum(gap["count"] for gap in gaps) == 808
    assert {gap["reason"] for gap in gaps} == {"unreadable"}
    assert json.loads(said)["last_seq"] == 2807


@pytest.mark.parametrize("length, doubt", [
    (28, "there is no whole record and no whole head record to keep"),
    ((1 << 20) + 128, "there are bytes behind the end that the header names"),
])
def test_a_length_that_leaves_doubt_is_left_alone(copy, length, doubt):
    os.truncate(copy.path, length)
    assert copy.fsck("--repair", status=1)[-2:] == [f"not repaired: {doubt}", RESCUE]
    assert copy.path.stat().st_size == length
    assert sorted(path.name for path in copy.folder.iterdir()) == [
        "local.ndjson", "ring", "run-state"]


def test_a_repair_keeps_everything_else_and_the_gateway_goes_on(copy, tmp_path):
    copy.flip(offset(17) + 90, 3)
    copy.write(offset(32), bytes(512))
    copy.tear(500)
    copy.write(offset(700), os.urandom(4 * SLOT))
    copy.unsync(2800)
    copy.tear(2807)
    copy.write(4096, b"\x55" * 8)
    lost = {17, 32, 33, 34, 35, 500, 700, 701, 702, 703, 2807}
    assert copy.fsck(status=1)[-2] == "slots: 6 damaged, 1 torn, 4 missing, 0 not written"
    assert copy.dump() == copy.without(*lost)
    assert copy.fsck("--repair", status=0)[-1] == "clean"
    assert copy.fsck(status=0)[-1] == "clean"
    assert copy.dump() == copy.without(*lost)
    assert len((copy.folder / "ring.repair-1").read_text().splitlines()) == 8

    desk = Desk(tmp_path / "desk")
    desk.folder.mkdir()
    desk.configure(hex_lines(), file_sink(), gateway={"data": copy.folder})
    run = desk.run(text="00 48\n")
    assert run.status == 0, run.log
    kept = copy.without(*lost)
    text = copy.dump()
    assert text.startswith(kept)
    # A gap record may say beside it what the sink did not get.
    new = [record for record in parse_lines(text[len(kept):]) if "heart_rate" in record]
    assert [record["heart_rate"] for record in new] == [72]
    assert copy.fsck(status=0)[-1] == "clean"


# --- Beside a gateway ---------------------------------------------------------------------


def test_dumps_beside_a_running_gateway_are_whole(desk):
    """Each dump is a row of sequences without a hole, and each line is the file sink's."""
    desk.configure(hex_lines(at_end="stay"), file_sink(flush="0s"))
    run = desk.start(stdin=subprocess.PIPE)
    run.wait_for_log("started")
    dumps = []
    for burst in range(40):
        run.write("".join(f"00 {60 + (burst + index) % 100:02x}\n" for index in range(400)))
        dumps.append(ring("dump", "--config", desk.configuration).out)
        ring("fsck", "--config", desk.configuration)
        ring("stat", "--config", desk.configuration)
    wait_until(lambda: desk.file_bytes().count(b"\n") == 16_000, "the file sink has everything")
    run.close_input()
    run.terminate()
    assert run.wait() == 0, run.log
    lines = desk.file_bytes().splitlines(keepends=True)
    dumps.append(ring("dump", "--config", desk.configuration).out)
    ends = []
    for text in dumps:
        records = text.splitlines(keepends=True)
        first = json.loads(records[0])["seq"] if records else 0
        assert records == lines[first:first + len(records)]
        ends.append(first + len(records))
    assert ends == sorted(ends)
    assert ends[-1] == 16_000 and len(dumps[-1].splitlines()) == SLOTS
    # Some dumps were made while the ring was being written, before and after it went round.
    assert any(0 < end < SLOTS for end in ends) and any(SLOTS < end < 16_000 for end in ends)


def test_what_needs_the_ring_alone_is_refused_beside_a_gateway(desk):
    desk.configure(hex_lines(at_end="stay"), file_sink())
    run = desk.start(stdin=subprocess.PIPE)
    run.write("00 48\n")
    wait_until(lambda: desk.file_bytes() != b"", "the first record")
    locked = f"{desk.ring}: a gateway uses this ring; stop it first (systemctl stop pulsegate)"
    assert locked in ring("fsck", "--repair", "--config", desk.configuration, status=2).err
    drain = ring("drain", "--config", desk.configuration, status=1)
    assert f"{desk.ring}: another pulsegate uses this ring" in drain.err
    second = desk.run()
    assert second.status == 1
    assert f"{desk.ring}: another pulsegate uses this ring" in second.log
    run.write("00 49\n")
    wait_until(lambda: desk.file_bytes().count(b"\n") == 2, "the second record")
    run.close_input()
    run.terminate()
    assert run.wait() == 0
    assert [record["heart_rate"] for record in parse_lines(desk.file_bytes())] == [72, 73]


def test_a_drain_sends_what_is_left(copy, double, tmp_path):
    desk = Desk(tmp_path / "desk")
    desk.folder.mkdir()
    gone = play("/no/such/recording.csv", at_end="stay", loop="yes")
    desk.configure(gone, file_sink(), kinesis_sink(double, "away"), gateway={"data": copy.folder})
    answer = ring("drain", "--config", desk.configuration)
    assert answer.out == (b"sink local: 0 sent, 0 left, 0 lost\n"
                          b"sink away: 2808 sent, 0 left, 0 lost\n")
    entries = [json.loads(data) for _, data in double.records()]
    assert [identity(entry) for entry in entries] == [
        identity(json.loads(line)) for line in copy.lines]
    assert ring("dump", "--data", copy.folder, "--sink", "away").out == b""


def test_a_drain_that_is_not_done_in_time_says_what_is_left(copy, tmp_path):
    desk = Desk(tmp_path / "desk")
    desk.folder.mkdir()
    away = "away", {"type": "kinesis", "stream": "pulse", "region": "eu-central-1",
                    "endpoint": AWAY}
    desk.configure(hex_lines(), away, gateway={"data": copy.folder})
    answer = ring("drain", "--config", desk.configuration, "--timeout", "200ms", status=1)
    assert answer.out == b"sink away: 0 sent, 2808 left, 0 lost\n"
    assert "ring drain: the time ran out; what is left stays in the ring" in answer.err
    assert "--timeout soon: give a duration up to a day" in ring(
        "drain", "--config", desk.configuration, "--timeout", "soon", status=1).err
    assert copy.dump("--sink", "away") == copy.without()


# --- What the data folder lies on ---------------------------------------------------------


@contextmanager
def mounted(folder, *words):
    """Mounts a file system for one test, where this process may."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    done = subprocess.run(["mount", *words, folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"this system does not mount here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_memory_is_refused_unless_it_is_allowed(desk):
    with mounted(desk.folder / "memory", "-t", "tmpfs", "none") as memory:
        data = memory / "data"
        where = {"gateway": {"data": data}}
        desk.configure(hex_lines(), file_sink(), **where, ring={"allow_volatile": "no"})
        run = desk.run(text="00 48\n")
        assert run.status == 1
        assert (f"{data}: on tmpfs, in memory: gone after a power cut; choose a [gateway] data "
                "folder on a card or disk, or write `allow_volatile = yes` into [ring] if "
                "records may be lost") in run.log
        assert not data.exists()

        desk.configure(hex_lines(), file_sink(), **where, ring={"allow_volatile": "yes"})
        run = desk.run(text="00 48\n")
        assert run.status == 0
        warning = (f"warning: {data}: on tmpfs, in memory: gone after a power cut; "
                   "allowed by [ring] allow_volatile")
        assert warning in run.log
        stat = ring("stat", "--config", desk.configuration).out.decode()
        assert "storage   tmpfs, in memory: gone after a power cut\n" in stat


def test_the_demo_is_content_with_memory_and_says_so(desk):
    with mounted(desk.folder / "memory", "-t", "tmpfs", "none") as memory:
        done = subprocess.run([BINARY, "demo", "--speed", "max", "--data", memory],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        line = f"pulsegate: demo: {memory} is on tmpfs, in memory: gone after a power cut\n"
        assert done.stderr.count(line) == 1


def test_a_read_only_folder_is_refused(desk):
    with mounted(desk.folder / "fixed", "-t", "tmpfs", "-o", "ro", "none") as fixed:
        for allowed in ("yes", "no"):
            desk.configure(hex_lines(), file_sink(), gateway={"data": fixed},
                           ring={"allow_volatile": allowed})
            run = desk.run(text="00 48\n")
            assert run.status == 1
            assert (f"{fixed}: on tmpfs, read-only; nothing can be recorded: mount it writable, "
                    "or choose another [gateway] data folder") in run.log


def test_an_overlay_is_what_its_upper_directory_is(desk):
    with mounted(desk.folder / "memory", "-t", "tmpfs", "none") as memory:
        for name in ("lower", "upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir={memory}/lower,upperdir={memory}/upper,workdir={memory}/work"
        with mounted(desk.folder / "over", "-t", "overlay", "overlay", "-o", options) as over:
            desk.configure(hex_lines(), file_sink(), gateway={"data": over},
                           ring={"allow_volatile": "no"})
            run = desk.run(text="00 48\n")
            assert run.status == 1
            assert (f"{over}: on overlay, written to {memory}/upper on tmpfs, in memory: gone "
                    "after a power cut; choose ") in run.log


def test_time_is_written_as_people_write_it(recorded):
    """A day in UTC, as the timestamps have it."""
    records = parse_lines(b"".join(recorded.lines))
    days = sorted({record["timestamp"][:10] for record in records})
    after = datetime.date.fromisoformat(days[-1]) + datetime.timedelta(days=1)
    text = ring("dump", "--config", recorded.configuration, "--from", days[0], "--to", after).out
    assert text == b"".join(recorded.lines)
