"""What a scenario left behind, held against what the sensors sent: pure, so it has tests.

Three witnesses, all on one clock: the gym's journal (what was sent), the client's records (what
arrived) and the conductor's events (what was done when).
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "gym"))
import sequence  # noqa: E402
from scenarios import FROZEN_SECONDS  # noqa: E402

Entry = dict[str, Any]
# A value that left just before its way was cut may have been on it.
IN_FLIGHT_SECONDS = 0.2
# What a gateway may take to see that a sensor is frozen, beyond the limit.
FROZEN_MARGIN_SECONDS = 5
# Pages that a client touches for the first time late in a day: less than one value an hour kept
# for nothing, at 128 bytes a record, would show in weeks; a leak with every fault shows in a day.
OWN_GROWTH_KIB_MAX = 1024


@dataclasses.dataclass(frozen=True)
class Manners:
    """What may be asked of a client."""

    # Off-skin and frozen values are no heart rates: it must not pass them on.
    judges: bool
    # Seconds after the sensor's subscription came back in which values may be missed. BlueZ
    # renews subscriptions by itself, before a client that starts over listens.
    resume_seconds: float


PULSEGATE = Manners(judges=True, resume_seconds=0)
BLEAK = Manners(judges=False, resume_seconds=3)


@dataclasses.dataclass
class Recovery:
    """How long after a mark a sensor was subscribed to again (None: it had been all along) and
    had its first value."""

    since: str
    sensor: str
    link_seconds: float | None
    value_seconds: float


@dataclasses.dataclass
class Verdict:
    """How it went: the figures of the table and every broken rule in words."""

    sent: int = 0
    arrived: int = 0
    missed_at_resume: int = 0
    lost_with_fault: int = 0
    recoveries: list[Recovery] = dataclasses.field(default_factory=list)
    costs: dict[str, Entry] = dataclasses.field(default_factory=dict)
    offences: list[str] = dataclasses.field(default_factory=list)
    client_restarts: int = 0


def strap_index(sensor: str) -> int:
    """strap-1 is strap 0 of the gym."""
    return int(sensor.rpartition("-")[2]) - 1


def arrival(record: Entry) -> float:
    return datetime.datetime.fromisoformat(record["timestamp"]).timestamp()


def fault_windows(events: Iterable[Entry], loses: Sequence[str],
                  arrivals: Sequence[float]) -> list[tuple[float, float]]:
    """The times in which a strap's values may be lost: from a fault that swallows them to the
    first that arrived after it."""
    begins = [event["time"] - IN_FLIGHT_SECONDS for event in events
              if event["event"] == "step" and event.get("mark") in loses]
    return [(begin, next((time for time in arrivals if time > begin + IN_FLIGHT_SECONDS),
                         float("inf"))) for begin in begins]


def within(time: float, windows: Iterable[tuple[float, float]]) -> bool:
    return any(begin <= time < end for begin, end in windows)


def check_strap(index: int, journal: Sequence[Entry], records: Sequence[Entry],
                events: Sequence[Entry], loses: Sequence[str], manners: Manners,
                verdict: Verdict) -> None:
    """Every regular value of one strap arrived, as it was sent, once and in order."""
    name = f"strap-{index + 1}"
    own = [entry for entry in journal if entry.get("strap") == index]
    end = next((event["time"] for event in events if event["event"] == "stopping"), float("inf"))
    sent = {entry["number"]: entry for entry in own
            if entry["event"] == "sent" and entry["kind"] == "value"}
    numbers = [sequence.decode(record.get("rr_ms", [])) for record in records]
    known = [(number, record) for number, record in zip(numbers, records, strict=True)
             if number in sent]
    arrivals = sorted(arrival(record) for _, record in known)
    faults = fault_windows(events, loses, arrivals)
    resumes = [(entry["time"], entry["time"] + manners.resume_seconds) for entry in own
               if entry["event"] == "subscribed"]
    counts = collections.Counter(number for number, _ in known)
    # What left as the client was stopped may arrive or not.
    asked = {number: entry for number, entry in sent.items()
             if entry["time"] < end - IN_FLIGHT_SECONDS or number in counts}
    verdict.sent += len(asked)
    verdict.arrived += len(counts)
    for number, entry in sorted(asked.items()):
        if number in counts:
            continue
        if within(entry["time"], faults):
            verdict.lost_with_fault += 1
        elif within(entry["time"], resumes):
            verdict.missed_at_resume += 1
        else:
            verdict.offences.append(f"{name}: value {number} was sent and never arrived")
    highest = -1
    for number, _ in known:
        if number <= highest:
            verdict.offences.append(f"{name}: value {number} arrived again, or after {highest}")
        highest = max(highest, number)
    for number, record in known:
        if record["heart_rate"] != sent[number]["heart_rate"]:
            verdict.offences.append(
                f"{name}: value {number} was {sent[number]['heart_rate']} and arrived as "
                f"{record['heart_rate']}")
    frozen = [entry["time"] for entry in own
              if entry["event"] == "sent" and entry["kind"] == "frozen"]
    believed = [(frozen[0], frozen[0] + FROZEN_SECONDS + FROZEN_MARGIN_SECONDS)] if frozen else []
    strange = [record for number, record in zip(numbers, records, strict=True)
               if number not in sent and not within(arrival(record), believed)]
    if manners.judges and strange:
        verdict.offences.append(f"{name}: {len(strange)} records that no regular value explains, "
                                f"the first {strange[0]}")


def check_vitals(index: int, journal: Sequence[Entry], records: Sequence[Entry], end: float,
                 verdict: Verdict) -> None:
    """Every vital sign of one strap arrived with its values and units, once and in order: each
    differs from its neighbours, so what is missing or twice makes the two lists differ."""
    sent = [entry for entry in journal if entry["event"] == "sent" and entry["kind"] == "vital"
            and entry["strap"] == index]
    # What left as the client was stopped may arrive or not.
    while len(sent) > len(records) and sent[-1]["time"] >= end - IN_FLIGHT_SECONDS:
        sent.pop()
    verdict.sent += len(sent)
    arrived = sum(contains(record, entry["means"])
                  for record, entry in zip(records, sent, strict=False))
    verdict.arrived += arrived
    if arrived == len(sent) == len(records):
        return
    first = next((place for place, (record, entry) in enumerate(zip(records, sent, strict=False))
                  if not contains(record, entry["means"])), min(len(sent), len(records)))
    verdict.offences.append(
        f"strap-{index + 1}: {len(sent)} vital signs were sent and {len(records)} arrived; the "
        f"first that differs: {[entry['means'] for entry in sent[first:first + 1]]} as "
        f"{records[first:first + 1]}")


def contains(record: Entry, means: Entry) -> bool:
    return all(record.get(name) == value for name, value in means.items())


def recovery(event: Entry, journal: Iterable[Entry]) -> Recovery:
    """The conductor saw the value; the gym knows when the subscription came."""
    mark, index = event["mark_time"], strap_index(event["sensor"])
    links = [entry["time"] - mark for entry in journal
             if entry["event"] == "subscribed" and entry["strap"] == index
             and mark <= entry["time"] <= mark + event["seconds"]]
    return Recovery(event["since"], event["sensor"], min(links, default=None), event["seconds"])


def leaks(events: Iterable[Entry]) -> list[str]:
    """What the client held at the last count beyond the first, or no longer, in words."""
    counted = [event for event in events if event["event"] == "holdings"]
    if len(counted) < 2:
        return []
    first, last = counted[0], counted[-1]
    before, after = first["counts"], last["counts"]
    found = [f"{what}: {before.get(what, 0)} at the beginning, {after.get(what, 0)} at the end"
             for what in sorted({*before, *after}) if before.get(what, 0) != after.get(what, 0)]
    if last["own_kib"] > first["own_kib"] + OWN_GROWTH_KIB_MAX:
        found.append(f"memory of its own grew from {first['own_kib']} to {last['own_kib']} KiB")
    return found


def judge(journal: Sequence[Entry], records: Sequence[Entry], events: Sequence[Entry],
          straps: int, loses: Sequence[str], manners: Manners) -> Verdict:
    """The whole scenario."""
    verdict = Verdict()
    by_strap: dict[int, list[Entry]] = collections.defaultdict(list)
    vitals: dict[int, list[Entry]] = collections.defaultdict(list)
    for record in records:
        if "measurement" in record:
            vitals[strap_index(record["sensor"])].append(record)
        elif "heart_rate" in record:
            by_strap[strap_index(record["sensor"])].append(record)
    end = next((event["time"] for event in events if event["event"] == "stopping"), float("inf"))
    for index in range(straps):
        check_vitals(index, journal, vitals.pop(index, []), end, verdict)
        check_strap(index, journal, by_strap.pop(index, []), events, loses, manners, verdict)
    for index in {**by_strap, **vitals}:
        verdict.offences.append(f"records of strap {index + 1}, which is not there")
    for event in events:
        if event["event"] == "value-after":
            verdict.recoveries.append(recovery(event, journal))
        elif event["event"] == "cost":
            verdict.costs[event["program"]] = event
        elif event["event"] == "failed":
            verdict.offences.append(event["reason"])
        elif event["event"] == "client-ended":
            verdict.client_restarts += 1
        elif event["event"] == "stopped" and event["program"] == "client":
            if manners.judges and event["status"] != 0 and not verdict.offences:
                verdict.offences.append(f"the client ended with {event['status']}")
    if manners.judges:
        verdict.offences += leaks(events)
    if not any(event["event"] == "done" for event in events) and not verdict.offences:
        verdict.offences.append("the guest ended before the scenario did")
    return verdict
