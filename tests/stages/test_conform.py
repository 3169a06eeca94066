"""conform: exactly the frames of the cut at every rate, the take's own kept bit for bit, its sound in step."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from farm.chain import ConformParams
from farm.conform import conform
from farm.errors import Cancelled, MediaError
from farm.media import MEZZANINE, Encoder, Target, add_sound, frames, probe
from farm.models.enhance import interpolator
from farm.models.spec import Placement, Sound
from farm.shots.model import DurationFit
from farm.stages.conform import run

FILM = Fraction(24000, 1001)
WIDTH, HEIGHT = 96, 64
RATE = 48_000


@pytest.fixture
def take(tmp_path):
    """`take(frames, fps, sound=None)`: each frame is grey by its number, so that it can be told."""

    def make(count, fps, sound=None):
        path = tmp_path / "take.mkv"
        with Encoder([Target(path, MEZZANINE)], width=WIDTH, height=HEIGHT, fps=fps) as encoder:
            for number in range(count):
                encoder.write(np.full((HEIGHT, WIDTH, 3), 2 * number, np.uint8))
        if sound is not None:
            add_sound(path, MEZZANINE, sound)
        return path

    return make


def planned(rule, count, fps, wanted, rate, *, smooth=False) -> ConformParams:
    plan = conform(rule, count, Fraction(fps), wanted, Fraction(rate), smooth=smooth)
    return ConformParams(
        width=WIDTH,
        height=HEIGHT,
        frames=wanted,
        fps=plan.fps,
        source_frames=count,
        source_fps=plan.source_fps,
        done=plan.done,
        step=plan.step,
        ease=plan.ease,
        interpolator="flow" if smooth else "",
        revision="1" if smooth else "",
    )


def numbers(movie) -> list[float]:
    return [float(frame.mean()) / 2 for frame in frames(movie)]


@pytest.mark.parametrize(("fps", "rate"), [(7, 24), (16, 24), (24, 25), (FILM, 24)], ids=lambda rate: f"{rate}")
@pytest.mark.parametrize("rule", DurationFit)
@pytest.mark.parametrize("part", [Fraction(3, 5), Fraction(6, 5), Fraction(2)], ids=["long", "little short", "short"])
def test_the_cut_is_met_to_the_frame(take, ctx, rule, fps, rate, part):
    count = round(2 * fps)
    wanted = round(count * rate / Fraction(fps) * part)
    params = planned(rule, count, fps, wanted, rate)
    plan = conform(rule, count, Fraction(fps), wanted, Fraction(rate), smooth=False)

    outputs = run({"mezzanine": take(count, Fraction(fps))}, params, ctx)

    facts = probe(outputs.files["mezzanine"].path)
    assert (facts.frames, facts.fps) == (wanted, rate)
    shown = numbers(outputs.files["mezzanine"].path)
    assert all(abs(there - float(plan.position(number))) <= 0.5 for number, there in enumerate(shown))
    assert outputs.facts["conform"] == plan.done
    assert probe(outputs.files["proxy"].path).frames == wanted


def test_frames_between_are_made_where_an_interpolator_is_named(ctx, photo, tmp_path):
    still = photo("coffee.png")
    pictures = [still[100:164, 100 + 4 * n : 196 + 4 * n].copy() for n in range(6)]
    path = tmp_path / "take.mkv"
    with Encoder([Target(path, MEZZANINE)], width=WIDTH, height=HEIGHT, fps=Fraction(24)) as encoder:
        for picture in pictures:
            encoder.write(picture)
    ctx.models["flow"] = interpolator("flow").open(Placement())

    outputs = run({"mezzanine": path}, planned(DurationFit.RETIME, 6, 24, 11, 24, smooth=True), ctx)

    made = list(frames(outputs.files["mezzanine"].path))
    assert all(np.array_equal(made[2 * n], pictures[n]) for n in range(6))
    assert cv2.PSNR(made[3], still[100:164, 106:202].copy()) > 30
    assert (outputs.facts["kept"], outputs.facts["made"]) == (6, 5)


def click(seconds: float, at: float) -> Sound:
    samples = np.zeros((1, int(seconds * RATE)), np.float32)
    samples[0, int(at * RATE)] = 0.9
    return Sound(samples, RATE)


@pytest.mark.parametrize(("rule", "wanted", "at"), [("trim", 96, 1.0), ("retime", 96, 2.0), ("retime", 36, 0.75)])
def test_sound_keeps_step_with_the_picture(take, ctx, heard, rule, wanted, at):
    source = take(48, Fraction(24), click(2.0, 1.0))
    outputs = run({"mezzanine": source}, planned(DurationFit(rule), 48, 24, wanted, 24, smooth=False), ctx)
    samples, rate = heard(outputs.files["mezzanine"].path)
    assert abs(np.abs(samples[:, 0]).argmax() / rate - at) < 1 / 24
    assert outputs.facts["speed"] == pytest.approx(1 / at, abs=0.03)


def test_another_take_than_was_planned_for_is_an_error(take, ctx):
    with pytest.raises(MediaError, match="has 20 frames at 24, where 48 at 24"):
        run({"mezzanine": take(20, Fraction(24))}, planned(DurationFit.TRIM, 48, 24, 60, 24), ctx)


def test_cancelling_leaves_nothing(take, ctx):
    ctx.cancel_after = 2
    with pytest.raises(Cancelled):
        run({"mezzanine": take(20, Fraction(24))}, planned(DurationFit.TRIM, 20, 24, 60, 24), ctx)
    assert list(ctx.scratch.iterdir()) == []
