"""How the lane of the emulated Raspberry Pi judges what it finds on the card."""

import sys
from pathlib import Path

import pytest
from pi_checks import judge
from pi_machine import printed

sys.path.insert(0, str(Path(__file__).resolve().parent / "gym"))
import sequence  # noqa: E402


def sent(*numbers: int) -> list[dict]:
    return [{"number": number, "heart_rate": 60 + number, "time": float(number)}
            for number in numbers]


def record(number: int, heart_rate: int | None = None, **more: object) -> dict:
    value = sequence.encode(number, 60)
    return {"id": f"a-{number}", "heart_rate": heart_rate or 60 + number,
            "rr_ms": sequence.intervals_milliseconds(value), **more}


def test_every_value_once_and_in_order_has_no_fault():
    found = judge(sent(0, 1, 2), [record(0), record(1), record(2)])
    assert (found.sent, found.missing, found.repeated, found.faults) == (3, [], 0, [])


def test_values_that_are_not_on_the_card_are_named():
    assert [entry["number"] for entry in judge(sent(0, 1, 2), [record(1)]).missing] == [0, 2]


def test_the_same_record_again_is_counted_and_no_fault():
    found = judge(sent(0, 1), [record(0), record(1), record(0), record(1)])
    assert (found.repeated, found.faults) == (2, [])


@pytest.mark.parametrize("records, fault", [
    ([record(0), record(1), record(1, id="b-1")], "value 1 came again as another record"),
    ([record(0), record(1, heart_rate=99)], "value 1 arrived as 99 bpm"),
    ([record(1), record(0)], "value 0 came after 1"),
])
def test_what_is_changed_out_of_order_or_another_is_a_fault(records, fault):
    assert fault in judge(sent(0, 1), records).faults


def test_records_of_something_else_are_passed_over():
    strange = [{"kind": "session"}, {"heart_rate": 70, "rr_ms": [800.0]}, record(7)]
    assert judge(sent(0), [*strange, record(0)]).missing == []


def test_a_line_that_was_redrawn_is_read_as_a_person_reads_it():
    assert printed("a\r\n\x1b[K12:00:01 warning: x\r\nb\r\n") == "a\n12:00:01 warning: x\nb"
