"""What every gang of two ranks keeps (`farm.models.spec.Gang`); run where rank 0 is, in a process or in a worker."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.errors import Cancelled, OutOfMemory, PeerFailed
from farm.models.spec import Gang

WELL = (
    "results_by_rank",
    "their_error_is_raised",
    "the_body_runs_meanwhile",
    "the_bodys_own_error_wins",
    "a_cause_wins",
)
"""Checks that leave the gang as it was."""


def results_by_rank(gang: Gang) -> None:
    assert gang.broadcast("gang_entries:rank") == [0, 1]
    assert gang.broadcast("gang_entries:add", 10, 5) == [15, 16]


def their_error_is_raised(gang: Gang) -> None:
    for on in (0, 1):
        with pytest.raises(OutOfMemory, match=f"rank {on} has no more"):
            gang.broadcast("gang_entries:run_out_of_memory", on)
    with pytest.raises(OutOfMemory, match="rank 1"), gang.beside("gang_entries:run_out_of_memory", 1):
        pass
    assert not gang.spoilt


def the_body_runs_meanwhile(gang: Gang) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "go")
        with gang.beside("gang_entries:wait_for", str(path)):
            path.touch()
        with gang.beside("gang_entries:touch", folder):
            pass
        assert [file.name for file in Path(folder).glob("rank*")] == ["rank1"]


def the_bodys_own_error_wins(gang: Gang) -> None:
    with pytest.raises(Cancelled), gang.beside("gang_entries:run_out_of_memory", 1):
        raise Cancelled
    with pytest.raises(Cancelled), gang.beside("gang_entries:fail_after_another"):
        raise Cancelled
    assert not gang.spoilt


def a_cause_wins(gang: Gang) -> None:
    with pytest.raises(ZeroDivisionError), gang.beside("gang_entries:fail_after_another"):
        _ = 1 // 0


def what_comes_of_another_is_told_by_it(gang: Gang) -> None:
    """And spoils the gang."""
    with pytest.raises(OutOfMemory, match="rank 1"), gang.beside("gang_entries:run_out_of_memory", 1):
        raise PeerFailed("because of rank 1")
    assert gang.spoilt


def check(name: str, gang: Gang) -> None:
    found: Callable[[Gang], None] = globals()[name]
    found(gang)
