"""Laws of the camera's path: frame-exact, at rest at both ends, never beyond its overscan."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries

from farm.models.animatic import takes
from farm.models.animatic.ease import Ease
from farm.models.animatic.framing import frame_still, overscan_for, path_bounds, seen, shake_margin
from farm.models.animatic.path import CameraPath, plan_path, shake_reach
from farm.models.animatic.shake import BAND_HZ, Shake
from farm.shots.amounts import displacement
from farm.shots.intent import Camera, CameraMove, Direction, MotionIntent, Speed

ASPECT = 16 / 9
moves = st.builds(
    CameraMove, kind=st.sampled_from(Camera), direction=st.sampled_from(Direction), speed=st.sampled_from(Speed)
)
intents = st.builds(
    MotionIntent, phases=st.lists(st.lists(moves, min_size=1, max_size=2).map(tuple), max_size=3).map(tuple)
)
steady = intents.filter(lambda intent: all(move.kind is not Camera.HANDHELD for move in intent.moves))
manners = st.integers(1, 12).map(takes.manner)
aspects = st.sampled_from([16 / 9, 1.0, 9 / 16, 2.39])


def planned(intent: MotionIntent, frames: int = 48, aspect: float = ASPECT, **options: object) -> CameraPath:
    return plan_path(intent, frames=frames, fps=24.0, aspect=aspect, **options)  # pyright: ignore[reportArgumentType]


def one(kind: str, direction: str = "none", speed: str = "slow") -> MotionIntent:
    return MotionIntent(phases=((CameraMove(kind=Camera(kind), direction=Direction(direction), speed=Speed(speed)),),))


@given(intents, st.integers(1, 90), manners, st.booleans(), st.integers(0, 99))
@settings(max_examples=tries(60), deadline=None)
def test_there_is_a_pose_for_every_frame(intent, frames, manner, loop, seed) -> None:
    path = planned(intent, frames, manner=manner, loop=loop, seed=seed)
    assert len(path.poses) == (2 * frames if loop else 2 * frames - 1)
    assert all(math.isfinite(value) for index in range(frames) for value in path[index])


@given(intents, st.integers(1, 60), aspects, aspects, manners, st.booleans(), st.integers(0, 99))
@settings(max_examples=tries(80), deadline=None)
def test_no_view_leaves_the_still(intent, frames, aspect, shape, manner, loop, seed) -> None:
    path = planned(intent, frames, aspect, manner=manner, loop=loop, seed=seed)
    still = (round(3000 * shape), 3000)
    framing = frame_still(still, (round(720 * aspect), 720), path_bounds(path, aspect))
    for pose in path.poses:
        box = seen(pose, framing.aspect)
        tolerance = 0.002 * still[1]
        assert framing.centre_x + box.left * framing.pixels >= -tolerance
        assert framing.centre_y + box.top * framing.pixels >= -tolerance
        assert framing.centre_x + box.right * framing.pixels <= still[0] + tolerance
        assert framing.centre_y + box.bottom * framing.pixels <= still[1] + tolerance


@given(intents, st.integers(2, 60), manners, st.integers(0, 999))
@settings(max_examples=tries(60), deadline=None)
def test_what_the_plan_declares_is_enough_for_every_seed(intent, frames, manner, seed) -> None:
    margin = shake_margin(shake_reach(intent, manner), ASPECT)
    declared = path_bounds(planned(intent, frames, manner=manner, seed=None), ASPECT).grown(margin)
    made = path_bounds(planned(intent, frames, manner=manner, seed=seed), ASPECT)
    assert overscan_for(made, ASPECT / 2, 0.5) <= overscan_for(declared, ASPECT / 2, 0.5) + 1e-6


@given(steady, manners)
@settings(max_examples=tries(60), deadline=None)
def test_a_steady_camera_starts_and_ends_at_rest(intent, manner) -> None:
    poses = planned(intent, 96, manner=manner).poses
    steps = [max(abs(b - a) for a, b in zip(*pair, strict=True)) for pair in pairwise(poses)]
    assert max(steps[0], steps[-1]) <= 0.05 * max(steps) + 1e-12


@given(steady, manners)
@settings(max_examples=tries(60), deadline=None)
def test_a_steady_camera_never_jerks(intent, manner) -> None:
    poses = planned(intent, 96, manner=manner).poses
    speeds = [tuple(b - a for a, b in zip(*pair, strict=True)) for pair in pairwise(poses)]
    jerks = [max(abs(b - a) for a, b in zip(*pair, strict=True)) for pair in pairwise(speeds)]
    fastest = max((abs(value) for speed in speeds for value in speed), default=0.0)
    assert max(jerks, default=0.0) <= 0.25 * fastest + 1e-12


@given(intents, st.integers(2, 60), st.integers(0, 99))
@settings(max_examples=tries(40), deadline=None)
def test_the_last_frame_of_a_loop_leads_into_the_first(intent, frames, seed) -> None:
    path = planned(intent, 2 * frames, loop=True, seed=seed)
    poses = [path[index] for index in range(2 * frames)]
    steps = [max(abs(b - a) for a, b in zip(*pair, strict=True)) for pair in pairwise([*poses, poses[0]])]
    assert steps[-1] <= max(steps[:-1]) + 1e-12


@pytest.mark.parametrize("intent", [MotionIntent(), one("static")], ids=["hold", "static"])
def test_a_camera_not_asked_to_move_is_exactly_still(intent: MotionIntent) -> None:
    assert planned(intent).is_still


AMOUNTS = [
    ("pan", "left"), ("pan", "right"), ("tilt", "up"), ("tilt", "down"), ("truck", "left"), ("truck", "right"),
    ("pedestal", "up"), ("pedestal", "down"), ("zoom", "in"), ("zoom", "out"), ("push", "in"), ("pull", "out"),
    ("roll", "clockwise"), ("roll", "counterclockwise"), ("orbit", "left"), ("orbit", "right"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "direction"), AMOUNTS, ids=[" ".join(pair) for pair in AMOUNTS])
def test_the_path_makes_what_the_table_asks(kind: str, direction: str) -> None:
    intent = one(kind, direction)
    asked = displacement(intent.moves[0], 4.0)
    path = planned(intent, 96)
    first, last = path[0], path[95]
    made = ((first.x - last.x) / ASPECT, first.y - last.y, last.log_scale - first.log_scale)
    assert made == pytest.approx((asked.x, asked.y, asked.log_scale), abs=1e-9)
    assert math.degrees(last.roll) == pytest.approx(asked.roll_deg)
    assert math.degrees(last.yaw) == pytest.approx(asked.yaw_deg)


def test_a_push_starts_on_the_approved_framing_and_a_pull_ends_on_it() -> None:
    push, pull = planned(one("push")), planned(one("pull"))
    assert push[0] == pull[47] == (0.0,) * 8
    assert push[47].log_scale == pytest.approx(pull[0].log_scale)


def test_a_push_is_a_dolly_and_a_zoom_is_not() -> None:
    assert planned(one("push"))[47].dolly > 0.0
    assert planned(one("zoom", "in"))[47].dolly == 0.0


def test_a_pan_after_a_push_moves_the_picture_as_far_as_one_without() -> None:
    push, pan = one("push").phases[0], one("pan", "left").phases[0]
    path = planned(MotionIntent(phases=(push, pan)), 96)
    shift = sum(
        (before.x - after.x) * math.exp((before.log_scale + after.log_scale) / 2)
        for before, after in pairwise(path.poses)
    )
    assert shift / ASPECT == pytest.approx(displacement(pan[0], 2.0).x, rel=1e-3)


def test_phases_keep_their_order() -> None:
    path = planned(MotionIntent(phases=(one("push").phases[0], one("pan", "left").phases[0])), 96)
    assert path[44].log_scale > 0.9 * path[95].log_scale
    assert abs(path[44].x) < 0.02 * abs(path[95].x)


def test_a_static_phase_between_moves_is_exactly_still() -> None:
    phases = (one("push").phases[0], one("static").phases[0], one("pan", "left").phases[0])
    path = planned(MotionIntent(phases=phases), 90)
    assert len({path[index] for index in range(31, 59)}) == 1


@pytest.mark.parametrize("ease", [manner.ease for manner in takes.NAMED], ids=[m.name for m in takes.NAMED])
def test_an_ease_goes_all_the_way_without_turning_back(ease: Ease) -> None:
    track = [ease(index / 500) for index in range(501)]
    speeds = [500 * (b - a) for a, b in pairwise(track)]
    assert (track[0], track[-1]) == (0.0, pytest.approx(1.0))
    assert min(speeds) >= 0.0
    assert max(speeds) == pytest.approx(ease.peak, rel=1e-3)


def test_takes_are_named_alternatives() -> None:
    first, gentler, stronger, other = (planned(one("push"), manner=takes.manner(take)) for take in (1, 2, 3, 4))
    assert gentler[47].log_scale < first[47].log_scale < stronger[47].log_scale
    assert other[47].log_scale == pytest.approx(first[47].log_scale)
    assert other[12].log_scale > first[12].log_scale
    assert len({takes.manner(take) for take in range(1, 20)}) == 19


@given(st.integers(0, 999), st.sampled_from(Speed))
@settings(max_examples=tries(25), deadline=None)
def test_handheld_movement_keeps_to_its_band_and_reach(seed: int, speed: Speed) -> None:
    clock = [index / 48 for index in range(48 * 40)]
    reach = Shake.of(speed)
    track = [x for x, _, _ in reach.track(clock, seed=seed)]
    assert track[0] == 0.0
    assert max(map(abs, track)) == pytest.approx(reach.shift)
    mean = sum(track) / len(track)
    crossings = sum((a - mean) * (b - mean) < 0 for a, b in pairwise(track)) / 2 / 40
    assert BAND_HZ[0] <= crossings <= BAND_HZ[1]


@given(intents, st.integers(1, 60), aspects, manners, st.booleans())
@settings(max_examples=tries(60), deadline=None)
def test_what_all_poses_see_at_once_is_what_each_sees_alone(intent, frames, aspect, manner, loop) -> None:
    """To the last bit: it is part of task ids."""
    path = planned(intent, frames, aspect, manner=manner, loop=loop, seed=None)
    boxes = [seen(pose, aspect) for pose in path.poses]
    whole = path_bounds(path, aspect)
    assert (whole.left, whole.right) == (min(box.left for box in boxes), max(box.right for box in boxes))
    assert (whole.top, whole.bottom) == (min(box.top for box in boxes), max(box.bottom for box in boxes))
