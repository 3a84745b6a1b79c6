"""The lane's results for a reader: a line while it runs, a table at the end, JSON beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from cache import RELEASES
from checks import Recovery, Verdict

OFFENCES_SHOWN = 5


@dataclasses.dataclass
class Row:
    """One scenario with one client."""

    scenario: str
    title: str
    client: str
    release: str
    wall_seconds: float
    guest_seconds: float
    verdict: Verdict
    folder: Path
    is_simulated: bool


def slowest(row: Row) -> dict[str, Recovery]:
    """For each mark, the sensor that took longest to have a value again."""
    found: dict[str, Recovery] = {}
    for recovery in row.verdict.recoveries:
        last = found.get(recovery.since)
        if last is None or recovery.value_seconds > last.value_seconds:
            found[recovery.since] = recovery
    return found


def show(recovery: Recovery) -> str:
    """Link and first value after the mark, in seconds."""
    link = "-" if recovery.link_seconds is None else f"{recovery.link_seconds:.2f}"
    return f"{link} / {recovery.value_seconds:.2f}"


def line(row: Row) -> str:
    """What is printed as soon as a scenario has ended."""
    verdict = row.verdict
    first = (f"{'FAILED' if verdict.offences else 'ok':8}{row.scenario:20}{row.client:11}"
             f"{row.guest_seconds:7.0f} s in {row.wall_seconds:5.1f} s   "
             f"{verdict.arrived}/{verdict.sent} values")
    more = [f"    {offence}" for offence in verdict.offences[:OFFENCES_SHOWN]]
    if len(verdict.offences) > OFFENCES_SHOWN:
        more.append(f"    and {len(verdict.offences) - OFFENCES_SHOWN} more")
    if verdict.offences:
        more.append(f"    see {row.folder}")
    return "\n".join([first, *more])


def table(rows: Sequence[Row]) -> str:
    """Markdown; the times are the guest's: from the start of the client, and from the end of the
    fault, to the subscription / to the first value, of the slowest sensor."""
    lines = [
        "", "| scenario | BlueZ | client | start, s | recovery, s | sent | arrived | lost with "
        "the fault | missed at resume | restarts | CPU s | peak RSS, MiB | of it its own | |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        verdict, cost = row.verdict, row.verdict.costs.get("client")
        times = slowest(row)
        first = times.pop("start", None)
        recovery = ", ".join(show(time) for time in times.values()) or "-"
        spent = ("-", "-", "-") if cost is None else (
            # A simulated clock does not count processor time.
            "-" if row.is_simulated else f"{cost['cpu_seconds']:.2f}",
            f"{cost['peak_rss_kib'] / 1024:.1f}", f"{cost['own_kib'] / 1024:.1f}")
        lines.append(
            f"| {row.scenario}: {row.title} | {RELEASES[row.release]['bluez']} | {row.client} | "
            f"{'-' if first is None else show(first)} | {recovery} | {verdict.sent} | "
            f"{verdict.arrived} | {verdict.lost_with_fault} | {verdict.missed_at_resume} | "
            f"{verdict.client_restarts} | {' | '.join(spent)} | "
            f"{'FAILED' if verdict.offences else 'held'} |")
    return "\n".join([*lines, ""])


def as_json(rows: Sequence[Row]) -> str:
    return json.dumps([{**dataclasses.asdict(row), "folder": str(row.folder)} for row in rows],
                      indent=1)
