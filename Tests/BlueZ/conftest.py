"""The lane's own modules are found by name, as when lane.py runs."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "gym")]
