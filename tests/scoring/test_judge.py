"""judge: each number lowers its own component, gates say why, weights and sentences follow."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from farm.chain import ScoreParams
from farm.config import ScoreWeights
from farm.scoring import judge
from farm.scoring.measure import Edge
from farm.scoring.sample import Sample
from farm.scoring.scales import SCALES
from farm.scoring.similarity import Similarity
from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, MotionIntent

NOISE = np.random.default_rng(5).normal(0, 1, (48, 2)) @ (1, 1j)


def test_a_clean_take_is_worth_everything(take, params):
    score = judge(take(), params)

    assert score.passed
    assert score.total == 100
    assert score.why == "pans left 5.0 % as asked; stays sharp"


def spoiled(take, **changed):
    return take(**changed)


def shaken(take):
    clean = take()
    path = tuple(Similarity(shift=here.shift + 0.002 * out) for here, out in zip(clean.path, NOISE, strict=True))
    return replace(clean, path=path)


def stopped(take):
    clean = take()
    last = len(clean.path) * 3 // 4
    path = (*clean.path[:last], *[clean.path[last]] * (len(clean.path) - last))
    return replace(clean, path=path, steps=(*clean.steps[:last], *[0.2] * (len(clean.steps) - last)))


LOWERED = {
    "camera": (lambda take: take(far=-0.05), "pans right 5.0 % where the opposite was asked for"),
    "motion": (lambda take: take(far=0.015), "pans left 1.5 % where 5.0 % was asked for"),
    "freeze": (stopped, "stands still for"),
    "likeness": (lambda take: take(likeness=0.8), "strays from the still"),
    "sharpness": (lambda take: take(samples=(Sample(40, 0.8, 0.0, 0.0003),)), "drifts 20 % softer"),
    "coherence": (lambda take: take(samples=(Sample(40, 0.97, 0.0, 0.003),)), "melts, parts wander 0.3 % of the width"),
    "flicker": (lambda take: take(luma=(110.0, 116.0) * 24), "flickers by"),
    "steadiness": (shaken, "shakes by 0.2 % of the width"),
    "continuity": (lambda take: take(agreements=(0.995,) * 20 + (0.8,) + (0.995,) * 26), "jumps"),
    "clipping": (lambda take: take(samples=(Sample(40, 0.97, 0.08, 0.0003),)), "burns out 8 % of the picture"),
}


@pytest.mark.parametrize("component", LOWERED)
def test_each_fault_lowers_its_own_component_most_and_is_told(take, params, component):
    make, told = LOWERED[component]
    clean, score = judge(take(), params), judge(make(take), params)

    fell = {name: clean.components[name].scaled - each.scaled for name, each in score.components.items()}
    assert max(fell, key=lambda name: fell[name]) == component
    assert score.total < 99
    assert told in score.why


def test_a_seam_counts_for_loops_only(take, params):
    assert "seam" not in judge(take(), params).components
    assert judge(take(), params.model_copy(update={"loop": True})).components["seam"].scaled == 0


def test_an_end_still_replaces_what_is_asked_of_the_camera(take, params):
    edge = Edge(correlation=0.85, difference=9.0, sharpness=0.9, clipped=0.0)
    score = judge(take(end=edge), params)

    assert score.components["end_frame"].raw == 0.85
    assert not {"camera", "motion", "freeze", "coherence"} & score.components.keys()
    assert score.why == "misses its end still, drifts 10 % softer"


def test_a_single_frame_is_judged_by_what_a_picture_has(take, params):
    hold = params.model_copy(update={"frames": 1, "intent": MotionIntent()})
    score = judge(take(frames=1, samples=()), hold)

    assert score.passed
    assert set(score.components) == {"likeness", "sharpness", "clipping"}
    assert score.total == 100
    assert score.why == "stays sharp"


def test_a_take_without_a_frame_is_worth_nothing(take, params):
    score = judge(take(frames=0, start=None, samples=(), error="take.mkv cannot be read"), params)

    assert (score.total, score.passed) == (0, False)
    assert score.why.startswith("fails: take.mkv cannot be read")


GATED = {
    "nothing moves": ({"far": 0.0, "activity": 0.1}, "moves", "nothing moves"),
    "repeats": ({"repeats": (False,) * 27 + (True,) * 20}, "moves", "it freezes for 20 frames"),
    "cut": (
        {"agreements": (0.99,) * 20 + (0.5,) + (0.99,) * 26, "residuals": (0.5,) * 20 + (30.0,) + (0.5,) * 26},
        "no_cut",
        "it cuts at frame 21",
    ),
    "black": ({"brightest": (235.0,) * 40 + (4.0,) * 8}, "not_black", "8 of 48 frames are black, from frame 40"),
    "short": ({"frames": 40}, "as_asked", "it has 40 frames where 48 were asked for"),
    "another picture": (
        {"start": Edge(correlation=0.2, difference=60.0, sharpness=0.9, clipped=0.0)},
        "first_frame",
        "its first frame is not the still",
    ),
}


@pytest.mark.parametrize("case", GATED)
def test_gates_name_what_cannot_be_used(take, params, case):
    changed, gate, why = GATED[case]
    score = judge(take(**changed), params)

    assert why in score.gates[gate]
    assert not score.passed


def test_a_picture_that_stands_still_under_grain_fails_too(take, params):
    path = (*take().path[:20], *[take().path[20]] * 28)
    score = judge(take(path=path, steps=take().steps[:20] + (0.3,) * 27), params)

    assert "it stands still for" in score.gates["moves"]


def test_a_jump_within_one_view_is_a_cut(take, params):
    clean = take()
    path = (*clean.path[:24], *(Similarity(here.turn * 1.15, here.shift + 0.02) for here in clean.path[24:]))

    assert "at frame 24" in judge(replace(clean, path=path), params).gates["no_cut"]


def test_something_asked_to_move_by_itself_has_to(take, params):
    mist = MotionIntent(phases=((CameraMove(kind=Camera.STATIC),),), atmosphere=(Atmosphere(kind=Air.MIST),))
    asked = params.model_copy(update={"intent": mist})

    assert judge(take(far=0.0), asked).components["motion"].scaled == 1
    assert judge(take(far=0.0, stirring=0.1), asked).components["motion"].scaled == 0


def test_a_handheld_camera_may_shake(take, params):
    handheld = MotionIntent(phases=((CameraMove(kind=Camera.HANDHELD),),))

    assert "steadiness" not in judge(shaken(take), params.model_copy(update={"intent": handheld})).components


def test_weights_change_what_counts_and_nothing_else(take, params):
    soft = take(samples=(Sample(40, 0.6, 0.0, 0.0003),))
    usual, strict = judge(soft, params), judge(soft, params.model_copy(update={"weights": {"sharpness": 2.0}}))
    blind = judge(soft, params.model_copy(update={"weights": {"sharpness": 0.0}}))

    assert strict.total < usual.total < blind.total == 100
    assert strict.components["sharpness"].scaled == usual.components["sharpness"].scaled


def test_all_weights_zero_count_as_equal(take, params):
    nothing = dict.fromkeys(SCALES, 0.0)

    assert judge(take(), params.model_copy(update={"weights": nothing})).total == 100


def test_a_project_may_weigh_every_component_there_is():
    assert set(ScoreWeights.model_fields) == set(SCALES)
    assert ScoreWeights(flicker="0.3").given == {"flicker": 0.3}


def test_default_weights_leave_the_task_as_it_was():
    plain = ScoreParams(width=64, height=36, frames=2, fps=Fraction(24))

    assert "weights" not in plain.content()
    assert plain.model_copy(update={"weights": {"seam": 1.0}}).content()["weights"] == {"seam": 1.0}
