"""The air of a shot: only what was asked for, where it may be, the way it was asked, and without a jump."""

from itertools import pairwise

import numpy as np
import pytest
from skimage import data

from farm.models.animatic.air import Air
from farm.shots.intent import Air as Kind
from farm.shots.intent import Atmosphere, Direction, Speed, SubjectMotion

WIDTH, HEIGHT, FRAMES = 480, 270, 24
KINDS = list(Kind)


def air(*asked, seed=7, loop=False, frames=FRAMES, size=(WIDTH, HEIGHT), subject=(), fps=24):
    return Air.of(tuple(asked), subject, size=size, fps=fps, frames=frames, seed=seed, loop=loop)


def asked(kind, direction=Direction.NONE, speed=Speed.SLOW):
    return Atmosphere(kind=kind, direction=direction, speed=speed)


def see(the_air, frame, index, depth=None, shift=(0.0, 0.0), scale=1.0):
    return the_air.apply(frame, index, depth=depth, shift=shift, scale=scale)


def luma(frame):
    return frame.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])


def drift(before, after, blur=2.0):
    """(x, y) pixels that most of the picture moved by, by least squares over its gradients (Lucas and Kanade)."""
    import cv2

    first, last = (cv2.GaussianBlur(each, (0, 0), blur).astype(np.float64) for each in (before, after))
    gy, gx = np.gradient((first + last) / 2)
    gt = last - first
    system = np.array([[np.sum(gx * gx), np.sum(gx * gy)], [np.sum(gx * gy), np.sum(gy * gy)]])
    return -np.linalg.solve(system, [np.sum(gx * gt), np.sum(gy * gt)])


@pytest.fixture(scope="module")
def dusk():
    y = np.linspace(0, 1, HEIGHT)[:, None, None]
    sky = np.array([40, 50, 90]) * (1 - y) + np.array([200, 130, 100]) * y
    return np.broadcast_to(sky, (HEIGHT, WIDTH, 3)).astype(np.uint8).copy()


@pytest.fixture(scope="module")
def grey():
    return np.full((HEIGHT, WIDTH, 3), 60, np.uint8)


@pytest.fixture(scope="module")
def far():
    return np.full((34, 60), 0.1, np.float32)


def test_nothing_asked_changes_nothing(dusk):
    assert see(air(), dusk, 3) is dusk


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_frames_in_any_order(kind, dusk, far):
    forwards, backwards = air(asked(kind)), air(asked(kind))
    there = [see(forwards, dusk, index, far) for index in (2, 5, 9)]
    back = [see(backwards, dusk, index, far) for index in (9, 5, 2)]
    for one, other in zip(there, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_other_frames(kind, dusk, far):
    one, other = (see(air(asked(kind), seed=seed), dusk, 9, far) for seed in (1, 2))
    assert np.abs(one.astype(int) - other).max() > 3


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_given_is_not_written_to(kind, dusk, far):
    frame, depth = dusk.copy(), far.copy()
    out = see(air(asked(kind)), frame, 5, depth)
    np.testing.assert_array_equal(frame, dusk)
    np.testing.assert_array_equal(depth, far)
    assert out is not frame
    kept = out.copy()
    see(air(asked(kind)), frame, 6, depth)
    np.testing.assert_array_equal(out, kept)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frames", [24, 37])
def test_a_loop_closes_exactly_and_without_a_jerk(kind, frames, dusk, far):
    looping = air(asked(kind), loop=True, frames=frames)
    shots = [see(looping, dusk, index, far).astype(np.float32) for index in range(frames + 1)]
    np.testing.assert_array_equal(shots[frames], shots[0])
    steps = [np.abs(after - before).mean() for before, after in pairwise(shots)]
    assert steps[-1] <= 1.5 * max(steps[:-1])
    assert steps[-1] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("speed", [Speed.SLOW, Speed.FAST])
def test_the_picture_as_a_whole_never_pops(kind, speed, dusk, far):
    going = air(asked(kind, speed=speed))
    means = [luma(see(going, dusk, index, far)).mean() for index in range(FRAMES)]
    assert np.abs(np.diff(means)).max() < 0.35


@pytest.mark.parametrize(("kind", "most"), [(Kind.MIST, 6), (Kind.STEAM, 18), (Kind.LIGHT, 3)])
def test_soft_things_change_softly_everywhere(kind, most, dusk, far):
    going = air(asked(kind))
    shots = [luma(see(going, dusk, index, far)) for index in range(FRAMES)]
    assert max(np.abs(after - before).max() for before, after in pairwise(shots)) < most


@pytest.mark.parametrize("kind", [Kind.MIST, Kind.SNOW, Kind.LIGHT])
@pytest.mark.parametrize(("direction", "sign"), [(Direction.LEFT, -1), (Direction.RIGHT, 1)])
def test_it_drifts_the_way_it_was_asked(kind, direction, sign, grey, far):
    depth = None if kind is Kind.LIGHT else far
    going = air(asked(kind, direction))
    moves = []
    for index in (30, 37, 44):
        before, after = (luma(see(going, grey, at, depth)) for at in (index, index + 1))
        moves.append(drift(before, after)[0])
    assert sign * np.mean(moves) > 0.02


def test_snow_falls_and_steam_rises(grey, far):
    snow, steam = air(asked(Kind.SNOW)), air(asked(Kind.STEAM))
    fallen = drift(*(luma(see(snow, grey, index, far)) for index in (4, 5)))
    risen = drift(*(luma(see(steam, grey, index, far)) for index in (4, 6)))
    assert fallen[1] > 0.3
    assert risen[1] < -0.1


def test_faster_is_faster(grey, far):
    pace = {}
    for speed in (Speed.VERY_SLOW, Speed.SLOW, Speed.MEDIUM):
        going = air(asked(Kind.SNOW, speed=speed), fps=120)
        pace[speed] = np.mean([drift(*(luma(see(going, grey, at, far)) for at in (i, i + 1)))[1] for i in (3, 8, 13)])
    assert 0 < pace[Speed.VERY_SLOW] < pace[Speed.SLOW] < pace[Speed.MEDIUM]


@pytest.mark.parametrize(("direction", "sign"), [(Direction.LEFT, 1), (Direction.RIGHT, -1)])
def test_rain_slants_with_the_wind(direction, sign, grey, far):
    streaks = luma(see(air(asked(Kind.RAIN, direction)), grey, 5, far))
    gy, gx = np.gradient(streaks)
    # along a streak that runs down and to the left, brightness falls off where x and y grow together
    assert sign * np.sum(gx * gy) > 0


def test_rain_is_streaks_that_only_brighten_a_little(far):
    grey = np.full((540, 960, 3), 60, np.uint8)
    change = luma(see(air(asked(Kind.RAIN), size=(960, 540)), grey, 5, far)) - luma(grey)
    gy, gx = np.gradient(change)
    assert np.sum(gx**2) > 3 * np.sum(gy**2)
    assert change.min() > -1.5
    assert 0.3 < change.mean() < 12
    assert np.percentile(change, 99.5) < 70


def test_mist_lies_behind_the_foreground(dusk):
    depth = np.full((34, 60), 0.15, np.float32)
    depth[:, 30:] = 0.95
    change = np.abs(see(air(asked(Kind.MIST)), dusk, 5, depth).astype(int) - dusk)[HEIGHT // 3 :]
    near, distant = change[:, WIDTH // 2 + 20 :].mean(), change[:, : WIDTH // 2 - 20].mean()
    assert distant > 4
    assert distant > 8 * near


@pytest.mark.parametrize("kind", [Kind.SNOW, Kind.RAIN])
def test_what_falls_far_away_is_hidden_by_near_things(kind, grey):
    depth = np.full((34, 60), 0.05, np.float32)
    depth[:, 30:] = 0.95
    change = np.abs(see(air(asked(kind)), grey, 5, depth).astype(int) - grey).max(axis=2) > 2
    assert change[:, WIDTH // 2 + 20 :].sum() < 0.4 * change[:, : WIDTH // 2 - 20].sum()


def test_between_flakes_the_picture_is_untouched(dusk, far):
    same = (see(air(asked(Kind.SNOW)), dusk, 5, far) == dusk).all(axis=2)
    assert 0.6 < same.mean() < 0.999


def test_mist_takes_the_colour_of_the_picture(far):
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[...] = (150, 60, 50)
    added = (see(air(asked(Kind.MIST)), red, 5, far).astype(int) - red).mean(axis=(0, 1))
    seen = red.mean(axis=(0, 1)) + added
    assert seen[0] > seen[2] + 40


def test_dust_shines_where_the_picture_is_light(far):
    split = np.full((HEIGHT, WIDTH, 3), 15, np.uint8)
    split[:, WIDTH // 2 :] = 170
    added = luma(see(air(asked(Kind.DUST)), split, 5, far)) - luma(split)
    assert added[:, WIDTH // 2 + 30 :].sum() > 4 * added[:, : WIDTH // 2 - 30].sum()
    assert added.min() > -1


def test_light_begins_as_the_still_and_moves_on(dusk):
    going = air(asked(Kind.LIGHT))
    np.testing.assert_array_equal(see(going, dusk, 0), dusk)
    assert np.abs(see(going, dusk, 20).astype(int) - dusk).mean() > 0.5


@pytest.mark.parametrize("kind", [Kind.MIST, Kind.SNOW])
def test_the_air_stands_in_the_scene_as_the_camera_moves(kind, grey, far):
    going = air(asked(kind))
    still, moved = (luma(see(going, grey, 5, far, shift=(shift, 0.0))) for shift in (0.0, 1.5))
    assert 0.5 < drift(still, moved)[0] < 3.0


def test_the_air_grows_as_the_camera_comes_nearer(grey, far):
    going = air(asked(Kind.SNOW))
    still, grown = (luma(see(going, grey, 5, far, scale=scale)) for scale in (1.0, 1.01))
    left = drift(still[:, : WIDTH // 3], grown[:, : WIDTH // 3])[0]
    right = drift(still[:, -WIDTH // 3 :], grown[:, -WIDTH // 3 :])[0]
    assert left < 0 < right


@pytest.mark.parametrize("element", ["smoke", "Thick steam", "smoke from the chimney on the hill"])
def test_a_subject_that_is_air_counts_as_atmosphere(element, dusk, far):
    smoke = SubjectMotion(element=element, action="rising")
    named = see(air(subject=(smoke,)), dusk, 5, far)
    np.testing.assert_array_equal(named, see(air(asked(Kind.STEAM)), dusk, 5, far))
    assert np.abs(named.astype(int) - dusk).max() > 5


@pytest.mark.parametrize("element", ["hair", "light fabric", "rain puddles", "branches in the mist", ""])
def test_other_subjects_are_not_air(element, dusk):
    assert see(air(subject=(SubjectMotion(element=element),)), dusk, 5) is dusk


def test_of_two_of_a_kind_the_first_holds(dusk, far):
    both = air(asked(Kind.SNOW, Direction.LEFT), asked(Kind.SNOW, Direction.RIGHT))
    np.testing.assert_array_equal(see(both, dusk, 5, far), see(air(asked(Kind.SNOW, Direction.LEFT)), dusk, 5, far))


def test_kinds_add_up(dusk, far):
    together = see(air(asked(Kind.MIST), asked(Kind.SNOW)), dusk, 5, far).astype(int)
    mist = see(air(asked(Kind.MIST)), dusk, 5, far).astype(int)
    assert 0.001 < (np.abs(together - mist).max(axis=2) > 8).mean() < 0.3


@pytest.mark.parametrize(
    "size", [(101, 57), (270, 480), (64, 64), (1280, 534)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_any_size_and_no_depth(size):
    frame = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    out = see(air(*(asked(kind) for kind in KINDS), size=size), frame, 3, shift=(5.0, -3.0), scale=1.2)
    assert out.shape == frame.shape
    assert out.dtype == np.uint8


def test_a_photograph_stays_recognisable_in_everything_at_once():
    photo = data.astronaut()
    out = see(air(*(asked(kind) for kind in KINDS), size=(512, 512)), photo, 10)
    assert np.corrcoef(luma(photo).ravel(), luma(out).ravel())[0, 1] > 0.9
