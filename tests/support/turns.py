"""Which tests run in one process, and in which order: what is dear is started once, and what takes longest comes first.

    collected ─▶ turns: what shares something dear, else a file ─▶ DEAR first ─▶ who is free takes the next

A cluster takes five seconds of a processor to start and a worker two, torch and diffusers nine to import: their tests
follow each other in one process, and the others do without. A process that is given a long turn last would end alone.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

SHARING = ("tests/cluster/", "tests/models/", "tests/store/")
"""Folders whose tests share a Ray cluster, torch, or servers of PostgreSQL and S3."""

DEAR = (
    "tests/cluster/",
    "tests/models/",
    "tests/end_to_end/test_diffusion.py",
    "tests/end_to_end/test_interrupted.py",
    "tests/end_to_end/test_jobs.py",
    "tests/chaos/",
    "tests/end_to_end/",
    "tests/store/",
    "tests/stages/",
    "tests/simulator/",
)
"""What takes longest, longest first; everything else is quick."""


def turn(test: str) -> str:
    """What a test, by its id, runs together with."""
    return next((folder for folder in SHARING if test.startswith(folder)), test.partition("::")[0])


def rank(test: str) -> int:
    """The lower, the sooner."""
    return next((place for place, dear in enumerate(DEAR) if test.startswith(dear)), len(DEAR))


class Turns(LoadScopeScheduling):
    """For `pytest -n`: what xdist calls a scope is a turn, and the order is that of collection."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return turn(nodeid)
