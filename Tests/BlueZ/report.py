"""The lane's results for a reader: a line while it runs, a table at the end, JSON beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from cache import RELEASES
from checks import Verdict

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


def slowest(row: Row) -> list[tuple[str, float]]:
    """For each mark, the sensor that took longest to have a value again."""
    found: dict[str, float] = {}
    for since, _, seconds in row.verdict.recoveries:
        found[since] = max(found.get(since, 0), seconds)
    return list(found.items())


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
    """Markdown: recovery is from the end of the fault to the first value, in guest seconds."""
    lines = [
        "", "| scenario | BlueZ | client | first value, s | recovery, s | sent | arrived "
        "| lost with the fault | missed at resume | restarts | CPU s per 1000 values | peak RSS, "
        "MiB | of it its own | |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        verdict, cost = row.verdict, row.verdict.costs.get("client")
        times = dict(slowest(row))
        first = times.pop("start", None)
        recovery = ", ".join(f"{seconds:.2f}" for seconds in times.values()) or "-"
        if row.scenario == "day" and times:
            recovery = f"≤ {max(times.values()):.2f}"
        spent = ("-", "-", "-") if cost is None else (
            f"{1000 * cost['cpu_seconds'] / max(verdict.arrived, 1):.1f}",
            f"{cost['peak_rss_kib'] / 1024:.1f}", f"{cost['own_kib'] / 1024:.1f}")
        lines.append(
            f"| {row.scenario}: {row.title} | {RELEASES[row.release]['bluez']} | {row.client} | "
            f"{'-' if first is None else f'{first:.2f}'} | {recovery} | {verdict.sent} | "
            f"{verdict.arrived} | {verdict.lost_with_fault} | {verdict.missed_at_resume} | "
            f"{verdict.client_restarts} | {' | '.join(spent)} | "
            f"{'FAILED' if verdict.offences else 'held'} |")
    return "\n".join([*lines, ""])


def as_json(rows: Sequence[Row]) -> str:
    return json.dumps([{**dataclasses.asdict(row), "folder": str(row.folder)} for row in rows],
                      indent=1)
