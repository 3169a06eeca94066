"""Python's cyclic garbage collector, told what a driver is: a process that holds much for long, and hardly in cycles.

With Python's own thresholds each walk over everything a driver holds takes as long as there are tasks, and stops the
loop meanwhile. Reference counts free what it lets go of; the collector only has to come by now and then.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (50_000, 50, 100)
"""Allocations before the young are walked, then how often that is before the older ones are."""


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Inside, this process collects rarely; after that as before."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
