"""interpolate: exact times, the take's own frames untouched, nothing made across a cut."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries

from farm.chain import InterpolateParams
from farm.conform import filled
from farm.errors import Cancelled, MediaError
from farm.media import MEZZANINE, Encoder, Target, frames, probe
from farm.models.enhance import interpolator
from farm.models.spec import Placement
from farm.stages import interpolate
from farm.stages.retime import Tally, retimed

SIZE = (128, 72)


class Told:
    """A span that says what it was asked, as a picture of one number."""

    def __init__(self, first, second, cuts):
        self._first, self._second = float(first[0, 0, 0]), float(second[0, 0, 0])
        self.is_cut = self._second in cuts

    def at(self, time):
        return np.array([[[self._first + (self._second - self._first) * time]]])


def numbers(source_fps, fps, frames, wanted, cuts=()):
    """What each frame shows, in frames of the source, and the tally."""
    source = (np.array([[[float(number)]]]) for number in range(frames))
    tally = Tally()
    shown = [
        float(frame[0, 0, 0])
        for frame in retimed(source, source_fps, fps, wanted, lambda one, two: Told(one, two, cuts), tally)
    ]
    return shown, tally


RATES = st.sampled_from(
    [Fraction(n) for n in (7, 8, 16, 24, 25, 30, 50, 60)] + [Fraction(24000, 1001), Fraction(60000, 1001)]
)


@given(source=RATES, wanted=RATES, length=st.integers(1, 90))
@settings(max_examples=tries(80), deadline=None)
def test_every_frame_is_of_its_exact_time(source, wanted, length):
    total = filled(length, source / wanted)
    shown, tally = numbers(source, wanted, length, total)
    due = [min(Fraction(length - 1), number * source / wanted) for number in range(total)]
    assert shown == pytest.approx([float(each) for each in due], abs=1e-9)
    assert tally.kept + tally.made + tally.held == total
    assert tally.kept == sum(
        (number * source / wanted).denominator == 1 for number in range(total) if number * source / wanted < length
    )
    assert total / wanted <= length / source < (total + 1) / wanted or total == 1


@pytest.mark.parametrize(
    ("source", "wanted", "length", "total"),
    [(16, 24, 81, 121), (7, 24, 14, 48), (24, Fraction(60000, 1001), 24, 59), (8, 24, 1, 3), (23, 24, 1, 1)],
)
def test_the_count_is_what_the_time_holds(source, wanted, length, total):
    assert filled(length, Fraction(source) / wanted) == total


def test_at_a_cut_the_nearest_frame_stands():
    shown, tally = numbers(Fraction(6), Fraction(24), 4, 16, cuts=(2.0,))
    assert shown[:4] == [0, 0.25, 0.5, 0.75]
    assert shown[4:9] == [1, 1, 2, 2, 2]
    assert shown[9:] == [2.25, 2.5, 2.75, 3, 3, 3, 3]
    assert (tally.cuts, tally.held) == ([2], 6)


def test_frames_are_read_as_they_are_needed():
    read = count()
    source = (np.array([[[float(next(read))]]]) for _ in range(100))
    made = retimed(source, Fraction(8), Fraction(24), 24, lambda one, two: Told(one, two, ()), Tally())
    next(made)
    assert next(read) == 2


def test_a_clip_without_frames_is_an_error():
    with pytest.raises(MediaError, match="without frames"):
        next(retimed(iter(()), Fraction(8), Fraction(24), 3, lambda one, two: Told(one, two, ()), Tally()))


def params(**changed):
    asked = {"interpolator": "flow", "revision": "1", "width": 128, "height": 72, "frames": 12, "fps": Fraction(24)}
    return InterpolateParams(**(asked | changed))


def moved(picture, number):
    matrix = np.array([[1, 0, -60 - 6 * number], [0, 1, -40 - 2 * number]], np.float32)
    return cv2.warpAffine(picture, matrix, SIZE, flags=cv2.INTER_CUBIC)


@pytest.fixture
def take(tmp_path, photo):
    """Eight frames at 16 fps: a pan over one picture, and from frame 5 on another picture."""
    one, two = photo("coffee.png"), photo("rocket.jpg")
    pictures = [moved(one if number < 5 else two, number) for number in range(8)]
    path = tmp_path / "take.mkv"
    with Encoder([Target(path, MEZZANINE)], width=128, height=72, fps=Fraction(16)) as encoder:
        for picture in pictures:
            encoder.write(picture)
    return path, pictures, one


def test_a_take_gets_the_frames_between_its_own(ctx, take):
    path, pictures, one = take
    ctx.models["flow"] = interpolator("flow").open(Placement())

    outputs = interpolate.run({"mezzanine": path}, params(), ctx)

    made = list(frames(outputs.files["mezzanine"].path))
    facts = probe(outputs.files["mezzanine"].path)
    assert (facts.width, facts.height, facts.frames, facts.fps) == (128, 72, 12, Fraction(24))
    assert all(np.array_equal(made[3 * n], pictures[2 * n]) for n in range(4))
    assert np.array_equal(made[7], pictures[5])
    for number in (1, 2, 4, 5):
        assert cv2.PSNR(made[number], moved(one, number * 2 / 3)) > 33
    assert (outputs.facts["kept"], outputs.facts["cuts"]) == (4, [5])
    assert outputs.facts["kept"] + outputs.facts["made"] + outputs.facts["held"] == 12
    assert probe(outputs.files["proxy"].path).frames == 12


@pytest.mark.parametrize(("wanted", "done"), [(9, "trim"), (12, "none"), (20, "hold")])
def test_the_cuts_length_is_met(ctx, take, wanted, done):
    path, pictures, _ = take
    ctx.models["flow"] = interpolator("flow").open(Placement())
    outputs = interpolate.run({"mezzanine": path}, params(frames=wanted), ctx)
    made = list(frames(outputs.files["mezzanine"].path))
    assert (len(made), outputs.facts["conform"]) == (wanted, done)
    assert done != "hold" or all(np.array_equal(frame, pictures[-1]) for frame in made[11:])


def test_cancelling_leaves_nothing(ctx, take):
    ctx.models["flow"] = interpolator("flow").open(Placement())
    ctx.cancel_after = 2
    with pytest.raises(Cancelled):
        interpolate.run({"mezzanine": take[0]}, params(), ctx)
    assert list(ctx.scratch.iterdir()) == []
