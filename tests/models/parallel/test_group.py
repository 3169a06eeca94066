"""Who stands where on the axes of a plan."""

from __future__ import annotations

import pytest

from farm.models.diffusion.parallel.group import coordinates, teams
from farm.models.diffusion.parallel.plan import ParallelPlan

PLAN = ParallelPlan(cfg=2, ulysses=2, tp=2)


def test_tp_is_fastest_then_ulysses_then_cfg():
    places = [coordinates(rank, PLAN) for rank in range(8)]
    assert places == [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)]


@pytest.mark.parametrize(
    ("axis", "wanted"),
    [
        (0, [[0, 4], [1, 5], [2, 6], [3, 7]]),
        (1, [[0, 2], [1, 3], [4, 6], [5, 7]]),
        (2, [[0, 1], [2, 3], [4, 5], [6, 7]]),
    ],
    ids=["cfg", "ulysses", "tp"],
)
def test_a_team_differs_on_its_axis_only(axis, wanted):
    assert teams(PLAN, axis) == wanted


def test_an_axis_of_one_is_everybody_alone():
    assert teams(ParallelPlan(tp=3), 0) == [[0], [1], [2]]
