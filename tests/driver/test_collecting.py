"""A driver collects garbage rarely, and leaves the process as it was."""

from __future__ import annotations

import gc

import pytest

from farm.driver.collecting import RARELY, collecting_rarely


def test_the_thresholds_come_back() -> None:
    before = gc.get_threshold()
    with collecting_rarely():
        assert gc.get_threshold() == RARELY
    assert gc.get_threshold() == before


def test_they_come_back_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), collecting_rarely():
        raise KeyError
    assert gc.get_threshold() == before
