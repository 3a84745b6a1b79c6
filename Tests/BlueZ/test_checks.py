"""The judge itself: each rule on a story that keeps it and one that breaks it."""

import datetime
import random

import checks
import pytest
import scenarios
import sequence
from checks import BLEAK, PULSEGATE, judge

START = 1_750_000_000.0


def sent(number, at, strap=0, kind="value", rate=70):
    return {"time": START + at, "event": "sent", "strap": strap, "kind": kind, "number": number,
            "heart_rate": rate}


def note(event, at, **facts):
    return {"time": START + at, "event": event, **facts}


def record(number, at, strap=0, rate=70, intervals=None):
    moment = datetime.datetime.fromtimestamp(START + at, datetime.UTC)
    if intervals is None:
        intervals = sequence.intervals_milliseconds(sequence.encode(number, rate))
    return {"timestamp": moment.isoformat(), "heart_rate": rate, "rr_ms": intervals,
            "sensor": f"strap-{strap + 1}"}


def story(count, pace=1.0):
    """Values 0 to `count` - 1, each sent and arrived."""
    return ([sent(number, number * pace) for number in range(count)],
            [record(number, number * pace + 0.01) for number in range(count)])


def verdict(journal, records, events=(), loses=(), manners=PULSEGATE, straps=1):
    end = [note("stopping", 1e6), note("stopped", 1e6, program="client", status=0),
           note("done", 1e6)]
    return judge(journal, records, [*events, *end], straps, loses, manners)


def test_number_survives_the_way_through_a_record():
    seed = 20250715
    print(f"seed {seed}")
    chance = random.Random(seed)
    for number in [0, 1, 1023, 1024, sequence.NUMBER_LIMIT - 1,
                   *(chance.randrange(sequence.NUMBER_LIMIT) for _ in range(1000))]:
        value = sequence.encode(number, chance.randrange(1, 301))
        assert sequence.decode(sequence.intervals_milliseconds(value)) == number


@pytest.mark.parametrize("intervals", [[], [700.0], [499.0, 700.0], [700.0, 1501.0], [1.0] * 3])
def test_intervals_of_a_heart_are_no_number(intervals):
    assert sequence.decode(intervals) is None


def test_number_that_does_not_fit_is_refused():
    with pytest.raises(ValueError):
        sequence.encode(sequence.NUMBER_LIMIT, 70)


def test_everything_arrived():
    found = verdict(*story(5))
    assert (found.sent, found.arrived, found.offences) == (5, 5, [])


def test_value_that_never_arrived_is_an_offence():
    journal, records = story(5)
    found = verdict(journal, records[:2] + records[3:])
    assert found.arrived == 4
    assert found.offences == ["strap-1: value 2 was sent and never arrived"]


def test_value_twice_is_an_offence():
    journal, records = story(3)
    assert verdict(journal, [*records[:2], *records[1:]]).offences == [
        "strap-1: value 1 arrived again, or after 1"]


def test_values_out_of_order_are_an_offence():
    journal, records = story(3)
    assert verdict(journal, [records[0], records[2], records[1]]).offences == [
        "strap-1: value 1 arrived again, or after 2"]


def test_changed_heart_rate_is_an_offence():
    journal, records = story(2)
    records[1]["heart_rate"] = 71
    assert verdict(journal, records).offences == ["strap-1: value 1 was 70 and arrived as 71"]


def test_values_may_be_lost_between_a_named_fault_and_the_first_after_it():
    journal, records = story(10)
    events = [note("step", 3.5, do="bluetoothd", mark="kill")]
    found = verdict(journal, records[:4] + records[7:], events, loses=("kill",))
    assert (found.lost_with_fault, found.offences) == (3, [])
    assert len(verdict(journal, records[:4] + records[7:], events).offences) == 3
    # The eighth went after the first that came through: nothing excuses it.
    assert verdict(journal, records[:4] + [records[7]] + records[9:], events,
                   loses=("kill",)).offences == ["strap-1: value 8 was sent and never arrived"]


def test_only_a_client_that_starts_over_may_miss_values_at_its_resume():
    journal, records = story(10)
    journal.append(note("subscribed", 4.9, strap=0))
    missed = records[:5] + records[6:]
    assert verdict(journal, missed, manners=BLEAK).missed_at_resume == 1
    assert verdict(journal, missed, manners=BLEAK).offences == []
    assert verdict(journal, missed).offences == ["strap-1: value 5 was sent and never arrived"]


def test_record_of_a_value_that_was_no_heart_rate_is_an_offence_of_a_gateway():
    journal, records = story(2)
    journal.append(sent(None, 2, kind="off-skin"))
    records.append(record(0, 2, intervals=[]))
    assert "no regular value explains" in verdict(journal, records).offences[0]
    assert verdict(journal, records, manners=BLEAK).offences == []


def test_frozen_sensor_is_believed_until_the_limit():
    journal, records = story(3)
    journal += [sent(None, 3 + second, kind="frozen") for second in range(200)]
    repeats = [record(None, 3 + second, intervals=[]) for second in range(200)]
    assert verdict(journal, records + repeats[:60]).offences == []
    assert "no regular value explains" in verdict(journal, records + repeats[:80]).offences[0]
    assert verdict(journal, records + repeats, manners=BLEAK).offences == []


def test_every_strap_is_asked():
    journal, records = story(2)
    other = [sent(0, 0, strap=1), sent(1, 1, strap=1)]
    assert verdict([*journal, *other], [*records, record(0, 0.01, strap=1)],
                   straps=2).offences == ["strap-2: value 1 was sent and never arrived"]
    assert verdict(journal, [*records, record(0, 0.01, strap=4)]).offences == [
        "records of strap 5, which is not there"]


def test_what_was_sent_as_the_client_stopped_is_not_asked_for():
    journal, records = story(3)
    events = [note("stopping", 1.95), note("done", 3)]
    assert judge(journal, records[:2], events, 1, (), PULSEGATE).offences == []


@pytest.mark.parametrize("event, text", [
    (note("failed", 9, reason="60 s went by"), "60 s went by"),
    (note("stopped", 9, program="client", status=1), "the client ended with 1"),
])
def test_what_the_conductor_saw_is_an_offence(event, text):
    assert verdict(*story(2), events=[event]).offences == [text]


def test_restarts_of_a_client_are_counted():
    assert verdict(*story(2), events=[note("client-ended", 9, status=1)],
                   manners=BLEAK).client_restarts == 1


def test_guest_that_fell_over_is_an_offence():
    assert judge(*story(1), [note("stopping", 9)], 1, (), PULSEGATE).offences == [
        "the guest ended before the scenario did"]


def vital(number, at, strap=0):
    entry = sent(number, at, strap, kind="vital")
    return entry | {"means": {"measurement": "oximetry", "pulse_rate": 60 + number}}


def vital_record(number, at, strap=0):
    made = {"measurement": "oximetry", "pulse_rate": 60.0 + number, "sensor": f"strap-{strap + 1}"}
    return {**record(number, at, strap), **made}


def test_vital_signs_arrived():
    journal, records = story(2)
    journal += [vital(number, number, strap=1) for number in range(3)]
    records += [vital_record(number, number, strap=1) for number in range(3)]
    found = verdict(journal, records, straps=2)
    assert (found.sent, found.arrived, found.offences) == (5, 5, [])


@pytest.mark.parametrize("arrived", [[0, 1], [1, 2], [0, 2], [0, 1, 1, 2], [0, 2, 1], [0, 1, 2, 3]])
def test_vital_sign_that_is_missing_twice_or_out_of_order_is_an_offence(arrived):
    journal = [vital(number, number) for number in range(3)]
    found = verdict(journal, [vital_record(number, number) for number in arrived])
    assert "3 vital signs were sent" in found.offences[0]


def test_vital_sign_with_another_value_is_an_offence():
    changed = vital_record(1, 1) | {"pulse_rate": 72.0}
    found = verdict([vital(0, 0), vital(1, 1)], [vital_record(0, 0), changed])
    assert found.arrived == 1
    assert "'pulse_rate': 61" in found.offences[0] and "72.0" in found.offences[0]


def test_vital_sign_that_left_as_the_client_stopped_is_not_asked_for():
    journal, events = [vital(0, 0), vital(1, 1.9)], [note("stopping", 1.95), note("done", 3)]
    assert judge(journal, [vital_record(0, 0)], events, 1, (), PULSEGATE).offences == []


def held(name, own_kib=4000, **counts):
    return note("holdings", 9, name=name, own_kib=own_kib, counts={"threads": 2, **counts})


@pytest.mark.parametrize("last, text", [
    (held("last", threads=3), "threads: 2 at the beginning, 3 at the end"),
    (held("last", socket=1), "socket: 0 at the beginning, 1 at the end"),
    (held("last", 5025), "memory of its own grew from 4000 to 5025 KiB"),
])
def test_what_a_gateway_holds_at_the_end_and_did_not_at_the_beginning_is_an_offence(last, text):
    assert verdict(*story(2), events=[held("first"), last]).offences == [text]
    assert verdict(*story(2), events=[held("first"), held("last", 5024)]).offences == []
    assert verdict(*story(2), events=[held("first"), last], manners=BLEAK).offences == []


def test_recovery_is_the_subscription_and_the_value_after_the_mark():
    journal, records = story(20)
    journal += [note("subscribed", 0, strap=0), note("subscribed", 11.5, strap=1),
                note("subscribed", 12.5, strap=0), note("subscribed", 15, strap=0)]
    events = [note("value-after", 13, since="return", mark_time=START + 12, sensor="strap-1",
                   seconds=1.0),
              note("value-after", 14, since="speaks", mark_time=START + 13, sensor="strap-1",
                   seconds=1.0)]
    assert verdict(journal, records, events).recoveries == [
        checks.Recovery("return", "strap-1", 0.5, 1.0),
        checks.Recovery("speaks", "strap-1", None, 1.0)]


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_scenario_is_whole(name):
    made = scenarios.make(name)
    marks = [step.get("mark") for step in made.steps]
    assert made.name == name and made.title
    assert [step["do"] for step in made.steps].count("start-client") == 1
    assert set(made.loses) <= set(marks)
    for place, step in enumerate(made.steps):
        assert step.get("since") in [None, *marks[:place]]
        assert set(step.get("sensors", [])) <= set(made.sensors)


def test_day_is_the_same_for_the_same_seed():
    one, other = scenarios.day(7, 24), scenarios.day(7, 24)
    assert one.steps == other.steps != scenarios.day(8, 24).steps
    assert len(one.steps) > 200


def test_strap_of_a_sensor():
    assert [checks.strap_index(scenarios.sensor(index)) for index in range(8)] == list(range(8))
