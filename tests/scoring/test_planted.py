"""Planted defects, the short version: two photographs at severity 2. `planted.py` beside this file runs them all."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from plants import PHOTOGRAPHS, SUBJECTS, Bed

from farm.media import MEZZANINE, Encoder, Target, read_rgb
from farm.scoring import measure
from farm.scoring.measure import Measuring
from farm.shots.model import Fit

WIDTH, FRAMES = 320, 36


@pytest.fixture(scope="session")
def planted():
    """The suite beside this file, as a module."""
    spec = importlib.util.spec_from_file_location("planted", Path(__file__).with_name("planted.py"))
    module = sys.modules["planted"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def grown(planted, tmp_path_factory):
    """Per photograph: its bed, clean scores by seed, and the frames of the seed that is spoiled."""
    found = {}
    for subject in (PHOTOGRAPHS[2], PHOTOGRAPHS[4]):
        bed = Bed(subject, WIDTH, FRAMES, tmp_path_factory.mktemp(subject.name))
        frames = bed.clean(planted.SPOILED)
        clean = [planted.scored(subject, bed.clean(seed), bed.folder) for seed in (1, 2, 3)]
        found[subject.name] = bed, clean, frames, planted.scored(subject, frames, bed.folder)
    return found


@pytest.mark.parametrize(
    "defect", ["static", "flicker", "shake", "hard cut", "melt", "blur drift", "wrong direction", "late freeze"]
)
@pytest.mark.parametrize("name", ["coffee", "motorcycle_left"])
def test_a_clean_take_ranks_first_and_the_defect_moves_its_own_component(planted, grown, name, defect):
    bed, clean, frames, before = grown[name]
    other = Bed(PHOTOGRAPHS[0], WIDTH, FRAMES, bed.folder)
    after = planted.scored(
        bed.subject, bed.spoiled(defect, 2, frames, planted.SPOILED, lambda: other.clean(1)), bed.folder
    )

    assert all(planted.is_first(after, (each,)) for each in clean), after.why
    assert planted.is_first(after, clean)
    assert planted.moved_as_meant(defect, before, after), after.document()["components"]


def test_clean_takes_pass_and_score_high(grown):
    for _, clean, _, before in grown.values():
        assert all(score.passed and score.total > 95 for score in (*clean, before)), [score.why for score in clean]


def test_frames_measure_the_same_as_the_mezzanine_that_holds_them(grown, tmp_path):
    bed, _, frames, _ = grown["coffee"]
    still, movie = bed.folder / "coffee.png", tmp_path / "take.mkv"
    with Encoder([Target(movie, MEZZANINE)], width=WIDTH, height=WIDTH * 9 // 16, fps=24) as encoder:
        for frame in frames:
            encoder.write(frame)
    measuring = Measuring(read_rgb(still), FRAMES)
    for frame in frames:
        measuring.add(frame)

    measured = measure(movie, still, None, expected=FRAMES, fit=Fit.CROP, overscan=1.0)

    assert measured == measuring.measured(measured.fps)


def test_there_are_enough_photographs_and_half_are_held_out(planted):
    names = {subject.name for subject in SUBJECTS}
    assert len(names) == 16
    assert names > planted.TUNED
    assert len(planted.TUNED) == 8
