"""pace: standing still and trembling, told from easing and speed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from farm.models.animatic.ease import Ease
from farm.scoring.pace import frozen, longest, tremble
from farm.scoring.similarity import Similarity

DEFAULT = Ease()


def eased(frames, far=0.1, ease=DEFAULT):
    return [Similarity(shift=complex(far * ease(number / (frames - 1)))) for number in range(frames)]


def changes(path, noise=0.3):
    return [400 * abs(other.shift - one.shift) + noise for one, other in pairwise(path)]


def stretch(path, repeats=None):
    steps = changes(path)
    return longest(frozen(path, steps, repeats or [False] * len(steps)))


@pytest.mark.parametrize(("rise", "fall"), [(0.3, 0.3), (0.4, 0.4), (0.12, 0.68)])
@pytest.mark.parametrize("frames", [14, 49, 121])
def test_setting_off_and_settling_are_not_standing_still(frames, rise, fall):
    assert stretch(eased(frames, ease=Ease(rise, fall)))[1] <= max(3, 0.1 * frames)


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5])
def test_a_late_freeze_is_found_where_it_begins(share):
    path = eased(97)
    last = round(97 * (1 - share))
    begin, length = stretch([*path[:last], *[path[last]] * (97 - last)])

    assert begin + length == 96
    assert length == pytest.approx(96 * share, abs=3)


def test_exact_repeats_count_whatever_the_path_says():
    assert stretch(eased(25), [False] * 10 + [True] * 6 + [False] * 8) == (10, 6)


def test_the_longest_run_is_found():
    assert longest([True, False, True, True, False]) == (2, 2)
    assert longest([]) == (0, 0)


def test_an_eased_move_does_not_tremble_at_any_speed_or_rate():
    assert tremble(eased(97, far=0.25)) < 0.01
    assert tremble(eased(14, far=0.25)) < 1.5


def test_what_trembles_is_measured_in_thousandths_of_the_width():
    noise = np.random.default_rng(3).normal(0, 0.002, (97, 2)) @ (1, 1j)
    path = [Similarity(shift=here.shift + complex(out)) for here, out in zip(eased(97), noise, strict=True)]

    assert tremble(path) == pytest.approx(1000 * 0.002 * 2**0.5, rel=0.2)


def test_one_leap_is_no_tremble():
    path = eased(97)

    assert tremble([*path[:50], *(Similarity(shift=here.shift + 0.1) for here in path[50:])]) < 0.02
    assert tremble(path[:3]) == 0
