"""A gang of processes on this machine keeps what every gang keeps; rank 0 outlives the others."""

from __future__ import annotations

import gang_conformance
import psutil
import pytest

from farm.errors import RankDied
from farm.models.diffusion.parallel.local import LocalGang


@pytest.fixture(scope="module")
def duo():
    with LocalGang(2) as gang:
        yield gang


@pytest.mark.parametrize("check", gang_conformance.WELL)
def test_conformance(duo, check):
    gang_conformance.check(check, duo)


def test_a_spoilt_gang_ends_with_its_block():
    with LocalGang(2) as gang:
        gang_conformance.what_comes_of_another_is_told_by_it(gang)
        processes = gang.processes
    assert not any(psutil.pid_exists(process) for process in processes)


def test_a_rank_that_dies_is_told_rather_than_the_bodys_error():
    with LocalGang(2) as gang:
        with (
            pytest.raises(RankDied, match=r"rank 1 of the gang died \(exit code -9\)"),
            gang.beside("gang_entries:die"),
        ):
            raise RuntimeError("connection closed")
        with pytest.raises(RankDied):
            gang.broadcast("gang_entries:rank")
        assert gang.spoilt


def test_a_rank_that_does_not_come_back_spoils_the_gang():
    with LocalGang(2, leave_s=0.1) as gang:
        with pytest.raises(ZeroDivisionError), gang.beside("gang_entries:stay", 60.0):
            _ = 1 // 0
        assert gang.spoilt
