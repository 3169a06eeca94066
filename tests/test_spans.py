"""Lengths of time, as people write and read them."""

from __future__ import annotations

import pytest

from farm.errors import InputError
from farm.spans import seconds_of, span


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1 h 30 m", 5400),
        ("2D", 172_800),
        ("0", 0),
    ],
)
def test_what_people_write(written, seconds):
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("written", ["", " ", "soon", "30x", "m", "-5", "1.5h", "30m1h", "5 minutes"])
def test_what_is_no_length_of_time(written):
    with pytest.raises(InputError, match="is no length of time"):
        seconds_of(written)


@pytest.mark.parametrize(
    ("seconds", "read"),
    [(-1, "0 s"), (99, "99 s"), (1800, "30 min"), (11_100, "3 h 05"), (187_200, "2 d 4 h")],
)
def test_what_people_read(seconds, read):
    assert span(seconds) == read
