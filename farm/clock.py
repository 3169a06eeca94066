"""The one clock of records: UTC, in whole microseconds. The scheduler never reads it; time comes with its events."""

from __future__ import annotations

import time


def now_us() -> int:
    """UTC, in microseconds."""
    return time.time_ns() // 1000
