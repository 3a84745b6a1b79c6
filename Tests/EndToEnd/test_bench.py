"""The bench sends what it compares: as many records as its peers, and nothing besides."""

import sys
from pathlib import Path

import doubles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Bench"))
import bench  # noqa: E402
from gateway import BINARY  # noqa: E402

ROWS = 5_000


def test_the_bulk_run_sends_one_record_a_row(tmp_path, certificates):
    """Its heart rates are above the limit for a while, and an alarm is a record too."""
    rates = bench.read_heart_rates()
    assert max(rates[:ROWS]) > 150
    recording = tmp_path / "rows.csv"
    bench.write_recording(recording, rates, ROWS)
    double = doubles.start_double(certificates, "--discard")
    try:
        bench.Pulsegate(BINARY, tmp_path, double).run(recording)
        assert bench.checked_traffic(double, ROWS)["requests"] >= ROWS // 500
    finally:
        double.stop()
