"""Keeping the collector of cycles off what a driver only keeps.

A driver holds a million small values and more, without a cycle among them. Python's collector, as it is set, walks all
of them each time their number has grown by a quarter: a quarter of a second at 10,000 tasks, in which nothing is heard,
and half of the time in which a job is taken up again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 20, 100)
"""New values are walked when there are so many, older ones at every so many-th of those walks. Else: 700, 10, 10."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles seldom, in this whole process."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
