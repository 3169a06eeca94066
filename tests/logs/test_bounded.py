from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.logs.bounded import Bounded, Mark


@given(sizes=st.lists(st.integers(1, 30), max_size=60), head=st.integers(0, 100), tail=st.integers(0, 100))
def test_the_first_and_the_last_stay_and_the_others_are_counted(sizes, head, tail):
    lines = [bytes([65 + number % 26]) * size for number, size in enumerate(sizes)]
    kept = Bounded(head, tail)
    for number, line in enumerate(lines, 1):
        kept.add(Mark(number, number), line)
    first, last = list(kept.head), list(kept.tail)
    assert first == lines[: len(first)]
    assert last == lines[len(lines) - len(last) :]
    assert len(first) + kept.left_out + len(last) == len(lines)
    assert sum(map(len, first)) <= head
    assert sum(map(len, last)) <= tail
    assert bool(kept) == bool(first or last)
    if kept.left_out:
        assert kept.first_left_out == Mark(len(first) + 1, len(first) + 1)
    else:
        assert kept.first_left_out is None


def test_nothing_is_left_out_of_what_fits():
    kept = Bounded(1 << 10, 1 << 10)
    for number in range(1, 100):
        kept.add(Mark(number, 0), b"0123456789")
    assert kept.left_out == 0
