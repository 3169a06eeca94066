"""score: clean takes score high on every photograph, planted defects fail their gate or lower their component."""

from __future__ import annotations

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from farm.chain import ScoreParams
from farm.errors import Cancelled
from farm.media import MEZZANINE, Encoder, Target, write_png
from farm.shots.intent import (
    Air,
    Atmosphere,
    Camera,
    CameraMove,
    Direction,
    MotionIntent,
    Speed,
    SubjectMotion,
)
from farm.shots.model import Fit
from farm.stages import score

FPS = Fraction(24)


def asked(kind, direction=Direction.NONE, speed=Speed.FAST, **more):
    return MotionIntent(phases=((CameraMove(kind=kind, direction=direction, speed=speed, **more),),))


HOLD = MotionIntent()
PAN = asked(Camera.PAN, Direction.LEFT)
MIST = MotionIntent(phases=((CameraMove(kind=Camera.STATIC),),), atmosphere=(Atmosphere(kind=Air.MIST),))

MOVES = {
    "push in": asked(Camera.PUSH, Direction.IN),
    "pull back": asked(Camera.PULL, Direction.OUT),
    "zoom out": asked(Camera.ZOOM, Direction.OUT),
    "pan left": PAN,
    "pan right": asked(Camera.PAN, Direction.RIGHT),
    "tilt up": asked(Camera.TILT, Direction.UP),
    "tilt down": asked(Camera.TILT, Direction.DOWN),
    "truck": asked(Camera.TRUCK, Direction.RIGHT),
    "roll": asked(Camera.ROLL, Direction.CLOCKWISE),
}


@pytest.fixture
def scored(ctx):
    """`scored(still, frames, intent)` runs the stage: its facts, and the document it leaves."""

    def run(still, frames, intent, /, end=None, **changed):
        mezzanine = ctx.scratch / "mezzanine.mkv"
        height, width = frames[0].shape[:2]
        with Encoder([Target(mezzanine, MEZZANINE)], width=width, height=height, fps=FPS) as encoder:
            for frame in frames:
                encoder.write(frame)
        inputs = {"mezzanine": mezzanine, "still": ctx.scratch / "still.png"}
        write_png(inputs["still"], still)
        if end is not None:
            inputs["end"] = ctx.scratch / "end.png"
            write_png(inputs["end"], end)
        given = {"width": width, "height": height, "frames": len(frames), "fps": FPS, "intent": intent}
        params = ScoreParams(**{**given, "fit": Fit.OVERSCAN, "overscan": 1.3, **changed})
        outputs = score.run(inputs, params, ctx)
        return outputs.facts, json.loads(outputs.files["score"].path.read_text())

    return run


def failed(facts):
    return [name for name, passed in facts["gates"].items() if not passed]


@pytest.mark.parametrize("move", MOVES)
def test_moves_as_asked_score_high(scored, moved, move):
    clip = moved(MOVES[move])

    facts, document = scored(clip.still, clip.frames, MOVES[move])

    assert facts["passed"]
    assert facts["total"] > 95
    assert facts["why"].endswith("as asked; stays sharp")
    assert document["components"]["camera"]["raw"] < 0.15


@pytest.mark.parametrize(
    "name", ["astronaut.png", "brick.png", "chelsea.png", "hubble_deep_field.jpg", "motorcycle_left.png", "rocket.jpg"]
)
def test_clean_takes_of_other_photographs_score_high_too(scored, moved, name):
    clip = moved(PAN, name)

    facts, _ = scored(clip.still, clip.frames, PAN)

    assert facts["passed"]
    assert facts["total"] > 95


def test_measured_amounts_are_those_of_the_picture(scored, moved):
    clip = moved(PAN)

    _, document = scored(clip.still, clip.frames, PAN)

    (phase,) = document["phases"]
    assert phase["measured"]["x"] == pytest.approx(phase["asked"]["x"], rel=0.05)
    assert phase["measured"]["x"] == pytest.approx(0.075, rel=0.05)


def halves(first, second):
    return [*first[:12], *second[12:]]


GATED = {
    "static": (lambda f: [f[0]] * 24, "moves"),
    "frozen half way": (lambda f: [*f[:10], *[f[10]] * 14], "moves"),
    "every frame twice": (lambda f: [f[n // 2 * 2] for n in range(24)], "moves"),
    "black frames": (lambda f: [*f[:10], f[0] * 0, f[0] * 0, *f[12:]], "not_black"),
    "all black": (lambda f: [g * 0 for g in f], "not_black"),
    "hard cut": (lambda f: halves(f, [np.ascontiguousarray(g[::-1, ::-1]) for g in f]), "no_cut"),
    "another picture": (lambda f: [np.ascontiguousarray(g[::-1]) for g in f], "first_frame"),
}


@pytest.mark.parametrize("defect", GATED)
def test_what_cannot_be_used_fails_its_gate(scored, moved, defect):
    clip = moved(PAN)
    spoil, gate = GATED[defect]

    facts, _ = scored(clip.still, spoil(clip.frames), PAN)

    assert not facts["passed"]
    assert gate in failed(facts)
    assert facts["why"].startswith("fails: ")


@pytest.mark.parametrize(
    "changed", [{"frames": 25}, {"width": 322}, {"fps": Fraction(25)}], ids=["frames", "size", "rate"]
)
def test_another_form_than_asked_fails_its_gate(scored, moved, changed):
    clip = moved(PAN)

    facts, _ = scored(clip.still, clip.frames, PAN, **changed)

    assert failed(facts) == ["as_asked"]


def test_a_movie_cut_short_fails_as_undecodable(ctx, moved):
    clip = moved(PAN)
    mezzanine, still = ctx.scratch / "m.mkv", ctx.scratch / "still.png"
    mezzanine.write_bytes(b"\x1a\x45\xdf\xa3 no movie")
    write_png(still, clip.still)

    facts = score.run(
        {"mezzanine": mezzanine, "still": still}, ScoreParams(width=320, height=180, frames=24, fps=FPS), ctx
    ).facts

    assert "decodes" in failed(facts)
    assert facts["total"] == 0


def flickering(frames):
    return [np.clip(f * (1 + 0.04 * (-1) ** n), 0, 255).astype(np.uint8) for n, f in enumerate(frames)]


def blurring(frames):
    return [cv2.GaussianBlur(f, (0, 0), 0.01 + 1.6 * n / 24) for n, f in enumerate(frames)]


def shaking(frames):
    steps = np.random.default_rng(3).integers(-2, 3, (24, 2))
    return [np.roll(f, (int(y), int(x)), (0, 1)) for f, (y, x) in zip(frames, steps, strict=True)]


def melting(frames):
    rng = np.random.default_rng(1)
    flow = [cv2.GaussianBlur(rng.normal(0, 1, (180, 320)).astype(np.float32), (0, 0), 9) for _ in range(2)]
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    amounts = [16 * n / 24 / max(np.abs(f).max() for f in flow) for n in range(24)]
    return [
        cv2.remap(f, x + a * flow[0], y + a * flow[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for f, a in zip(frames, amounts, strict=True)
    ]


LOWERED = {"flicker": flickering, "sharpness": blurring, "steadiness": shaking, "coherence": melting}


@pytest.mark.parametrize(
    ("component", "name"),
    [
        ("flicker", "coffee.png"),
        ("flicker", "rocket.jpg"),
        ("sharpness", "coffee.png"),
        ("sharpness", "motorcycle_left.png"),
        ("steadiness", "coffee.png"),
        ("steadiness", "rocket.jpg"),
        ("coherence", "motorcycle_left.png"),
    ],
)
def test_a_defect_lowers_its_own_component(scored, moved, component, name):
    clip = moved(PAN, name)
    clean, _ = scored(clip.still, clip.frames, PAN)

    facts, _ = scored(clip.still, LOWERED[component](clip.frames), PAN)

    losses = {part: clean["components"][part] - value for part, value in facts["components"].items()}
    worst = sorted(losses, key=lambda part: -losses[part])
    assert component in worst[: 2 if component == "coherence" else 1]  # what melts pulls the path along
    assert losses[component] > 0.3
    assert facts["total"] < clean["total"] - 2


def test_the_wrong_direction_scores_below_every_amount_in_the_right_one(scored, moved):
    clips = {factor: moved(PAN, factor=factor) for factor in (-1.0, 0.5, 1.0, 1.4)}
    totals = {factor: scored(clip.still, clip.frames, PAN)[0] for factor, clip in clips.items()}

    assert "where the opposite was asked for" in totals[-1.0]["why"]
    assert totals[0.5]["why"].startswith("pans left 3.8 % where 7.5 % was asked for")
    assert max(totals, key=lambda factor: totals[factor]["total"]) == 1.0
    assert min(totals, key=lambda factor: totals[factor]["total"]) == -1.0


def test_a_hold_may_stand_still_and_must_not_wander(scored, moved):
    clip = moved(HOLD)

    still, _ = scored(clip.still, [clip.frames[0]] * 24, HOLD)
    wandering, _ = scored(clip.still, moved(PAN).frames, HOLD)

    assert still["passed"]
    assert still["why"] == "holds still; stays sharp"
    assert wandering["components"]["camera"] == 0
    assert "was to hold still" in wandering["why"]


def test_mist_is_not_taken_for_blur(scored, moved):
    clip = moved(HOLD)
    mist = [
        np.clip(f * (1 - 0.4 * n / 24) + 200 * 0.4 * n / 24, 0, 255).astype(np.uint8) for n, f in enumerate(clip.frames)
    ]

    facts, _ = scored(clip.still, mist, MIST)

    assert facts["passed"]
    assert facts["components"]["sharpness"] > 0.9


def test_a_subject_that_was_to_move_and_does_not_fails(scored, moved):
    clip = moved(HOLD)
    waves = MotionIntent(subject=(SubjectMotion(element="waves"),))

    facts, _ = scored(clip.still, [clip.frames[0]] * 24, waves)

    assert failed(facts) == ["moves"]


def test_a_push_toward_a_target_may_grow_from_there(scored, moved):
    toward = asked(Camera.PUSH, Direction.IN, target="the spoon")
    clip = moved(asked(Camera.PUSH, Direction.IN))
    sideways = [np.roll(f, round(n * 8 / 23), axis=1)[:, 20:-20].copy() for n, f in enumerate(clip.frames)]

    with_target, _ = scored(clip.still, sideways, toward, width=280)
    without, _ = scored(clip.still, sideways, asked(Camera.PAN, Direction.RIGHT), width=280)

    assert with_target["components"]["camera"] > 0.9
    assert without["components"]["camera"] < 0.2


def test_two_phases_are_judged_in_their_order(scored, moved):
    left, right = moved(PAN, factor=0.5).frames, moved(asked(Camera.PAN, Direction.RIGHT), factor=0.5).frames
    there_and_back = [*left[::2], *right[::2]]
    both = MotionIntent(phases=(PAN.phases[0], asked(Camera.PAN, Direction.RIGHT).phases[0]))
    reversed_order = MotionIntent(phases=both.phases[::-1])

    right_order, _ = scored(moved(PAN).still, there_and_back, both)
    wrong_order, _ = scored(moved(PAN).still, there_and_back, reversed_order)

    assert right_order["why"].startswith("pans left")
    assert ", then pans right" in right_order["why"]
    assert right_order["components"]["camera"] > wrong_order["components"]["camera"] + 0.5


def test_an_end_frame_has_its_own_gate(scored, moved, photo):
    clip = moved(PAN)

    right, _ = scored(clip.still, clip.frames, HOLD, end=clip.frames[-1])
    wrong, _ = scored(clip.still, clip.frames, HOLD, end=photo("chelsea.png"))

    assert right["passed"]
    assert failed(wrong) == ["last_frame"]


def test_a_loop_is_judged_by_its_seam(scored, moved):
    clip = moved(PAN)
    closed = [*clip.frames[::2], *clip.frames[::-2]]

    smooth, document = scored(clip.still, closed, PAN, loop=True)
    open_ended, _ = scored(clip.still, clip.frames, PAN, loop=True)

    assert smooth["components"]["seam"] > open_ended["components"]["seam"] + 0.3
    assert smooth["why"].startswith("pans left")
    assert document["phases"][0]["asked"]["x"] == pytest.approx(0.075 * 13 / 24)


@pytest.mark.parametrize("fit", Fit, ids=str)
def test_the_declared_framing_is_undone(scored, photo, fit):
    from farm.media import fitted

    still = photo("astronaut.png")
    shown = fitted(still, 320, 180, fit, 1.2)

    facts, document = scored(still, [shown] * 6, HOLD, fit=fit, overscan=1.2)

    assert facts["passed"]
    assert document["components"]["likeness"]["raw"] > 0.97


def test_a_smooth_still_is_recognised_without_features(scored):
    ramp = np.linspace(40, 220, 320, dtype=np.float32)[None, :] * np.ones((180, 1), np.float32)
    sunset = np.dstack([ramp, ramp * 0.7, ramp * 0.5]).astype(np.uint8)

    facts, _ = scored(sunset, [sunset] * 6, HOLD, fit=Fit.CROP, overscan=1.0)

    assert facts["passed"]
    assert facts["total"] > 95


def test_scores_repeat_exactly(scored, moved):
    clip = moved(PAN)

    assert scored(clip.still, clip.frames, PAN) == scored(clip.still, clip.frames, PAN)


def test_scoring_stops_when_told(scored, moved, ctx):
    clip = moved(PAN)
    ctx.cancel_after = 3

    with pytest.raises(Cancelled):
        scored(clip.still, clip.frames, PAN)
