"""Where takes stand: as large as can be, on one screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.compare import Grid, moments
from farm.compare.grid import HIGHEST, WIDEST

WIDE, TALL, SQUARE = 16 / 9, 9 / 16, 1.0


@pytest.mark.parametrize(
    ("count", "aspect", "largest", "expected"),
    [
        pytest.param(2, WIDE, 960, (2, 1), id="an A and a B"),
        pytest.param(3, WIDE, 640, (3, 1), id="three small ones in a row"),
        pytest.param(3, WIDE, 960, (2, 2), id="three large ones"),
        pytest.param(4, WIDE, 960, (2, 2), id="four"),
        pytest.param(5, WIDE, 960, (3, 2), id="five, and a hole"),
        pytest.param(6, WIDE, 960, (3, 2), id="six"),
        pytest.param(9, WIDE, 960, (3, 3), id="nine"),
        pytest.param(2, TALL, 960, (2, 1), id="two upright"),
        pytest.param(4, TALL, 960, (4, 1), id="four upright"),
        pytest.param(2, SQUARE, 960, (2, 1), id="two square"),
    ],
)
def test_the_layout_that_shows_most(count, aspect, largest, expected):
    grid = Grid.of(count, aspect, largest)
    assert (grid.columns, grid.rows) == expected


@given(st.integers(1, 40), st.floats(0.3, 3.5), st.integers(64, 1920))
def test_every_take_has_a_place_on_the_screen(count, aspect, largest):
    grid = Grid.of(count, aspect, largest)
    places = {grid.place(number) for number in range(count)}
    assert len(places) == count
    assert all(column < grid.columns and row < grid.rows for column, row in places)
    assert grid.columns * grid.width <= WIDEST
    assert grid.rows * grid.height <= HIGHEST
    assert grid.width % 2 == grid.height % 2 == 0
    assert grid.width <= max(2, largest)


def test_moments_run_from_the_first_frame_to_the_last():
    assert moments(96) == (0, 19, 38, 57, 76, 95)
    assert moments(4) == (0, 1, 2, 3)
    assert moments(1) == (0,)
