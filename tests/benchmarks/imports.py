"""How long `farm --help` takes, beside a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 9


def run() -> dict[str, float]:
    """Medians of paired runs, in seconds."""
    farm = [sys.executable, "-m", "farm", "--help"]
    nothing = [sys.executable, "-c", "pass"]
    pairs = [(_seconds(farm), _seconds(nothing)) for _ in range(ROUNDS)]
    return {
        "farm_help_s": round(statistics.median(pair[0] for pair in pairs), 3),
        "python_s": round(statistics.median(pair[1] for pair in pairs), 3),
        "target_s": 0.4,
    }


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - start
