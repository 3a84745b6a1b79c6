"""The cloud of the emulated board: a Kinesis endpoint on this machine, behind the board's network
cable, that checks every signature; and what it was sent, held against what the gym sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from lane import ROOT, read_lines
from pi_checks import Checks

sys.path[:0] = [str(ROOT / "Tests/Support"), str(ROOT / "Tests/BlueZ/gym")]
import doubles  # noqa: E402
import sequence  # noqa: E402
from certificates import ensure_certificates  # noqa: E402

# guest/pi_boot.sh knows the name as HOST's; the certificate has it too.
NAME = "collector.example"
SINK = """\
[gateway]
device_id = pi
[sink cloud]
type = kinesis
stream = {stream}
region = {region}
endpoint = https://{name}:{port}
ca_file = /etc/pulsegate/ca.pem
credentials_file = $CREDENTIALS_DIRECTORY/aws
"""
# The endpoint says whole seconds (RFC 9110 section 5.6.7), and an emulated radio takes some.
TIME_SECONDS_MAX = 3
KEYS = "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n"


class Cloud:
    """It is there from `start` to `stop`, whatever becomes of the board."""

    def __init__(self, folder: Path) -> None:
        certificates = ensure_certificates(folder)
        self.double = doubles.start_double(certificates)
        (folder / "cloud.conf").write_text(SINK.format(
            stream=doubles.STREAM, region=doubles.REGION, name=NAME, port=self.double.port))
        (folder / "keys").write_text(KEYS.format(doubles.ACCESS_KEY, doubles.SECRET_KEY))
        self.files = {f"/lab/cloud/{name}": folder / name
                      for name in ("cloud.conf", "keys", "ca.pem")}

    def records(self) -> list[dict[str, Any]]:
        """What it has taken, in the order of arrival."""
        return [json.loads(data) for _, data in self.double.records()]

    def check(self, checks: Checks, journals: Sequence[Path]) -> None:
        """How well the board knew the time, which it has from this endpoint alone."""
        sent = {entry["number"]: entry["time"] for journal in journals
                for entry in read_lines(journal)
                if entry["event"] == "sent" and entry["kind"] == "value"}
        known, unknown = [], 0
        for record in self.records():
            number = sequence.decode(record.get("rr_ms", []))
            if number in sent and record["clock"] == "synced":
                at = datetime.fromisoformat(record["timestamp"]).timestamp()
                known.append(abs(at - sent[number]))
            else:
                unknown += number in sent
        checks.check("each value has its time, or says that the board did not know it yet",
                     len(known) > unknown and max(known) < TIME_SECONDS_MAX,
                     f"{len(known)} at most {max(known, default=0):.1f} s off, {unknown} say so")
        stats = self.double.stats()
        refused = dict(stats["signature_failures"])
        checks.check("each request was signed right, but for the time of those that asked for it",
                     set(refused) <= {"skew"},
                     f"{stats['requests']} requests, {stats['records_accepted']} records, "
                     f"refused: {refused or 'none'}")

    def stop(self) -> None:
        self.double.stop()
