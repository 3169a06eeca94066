"""What the plan hears: the take's name, its overscan in words, and everything that is not followed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from farm.findings import Place
from farm.models.animatic import ADAPTER
from farm.models.spec import Resolved
from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, Direction, MotionIntent, Speed, SubjectMotion
from farm.shots.model import Fit, Shot


def shot(**fields: object) -> Shot:
    plain = {
        "code": "sh010",
        "place": Place("shots.csv", 2),
        "still": "/stills/sh010.png",
        "fps": Fraction(24),
        "nb_frames": 96,
        "width": 1920,
        "height": 1080,
    }
    return Shot(**(plain | fields))  # pyright: ignore[reportArgumentType]


def resolved(intent: MotionIntent, take: int = 1, **fields: object) -> Resolved:
    answer = ADAPTER.resolve(shot(**fields), intent, take)
    assert isinstance(answer, Resolved)
    return answer


def asking(kind: str, direction: str = "none", target: str = "") -> MotionIntent:
    return MotionIntent(
        phases=((CameraMove(kind=Camera(kind), direction=Direction(direction), speed=Speed.SLOW, target=target),),)
    )


def test_a_pan_declares_the_room_it_needs() -> None:
    answer = resolved(asking("pan", "left"))
    assert (answer.overscan, answer.notes) == (1.1, ())


@pytest.mark.parametrize("kind", ["push", "pull", "zoom", "static"])
def test_moves_inside_the_frame_need_no_overscan(kind: str) -> None:
    assert (resolved(asking(kind)).overscan, resolved(asking(kind)).notes) == (1.0, ())


def test_takes_carry_their_name_and_everything_that_makes_them() -> None:
    labels = [resolved(asking("push"), take).label for take in range(1, 6)]
    assert labels == ["as asked", "gentler", "stronger", "other ease", "variation 5"]
    assert set(resolved(asking("push"), 2).options) == {"variant", "amount", "rise", "fall"}


def test_fit_overscan_takes_the_room_of_the_strongest_take_for_every_take() -> None:
    rooms = {resolved(asking("pan", "left"), take, fit=Fit.OVERSCAN).overscan for take in (1, 2, 3, 4, 5)}
    assert rooms == {resolved(asking("pan", "left"), 3).overscan}
    assert resolved(asking("push"), fit=Fit.OVERSCAN).overscan == 1.05


def test_a_loop_needs_the_room_of_half_its_time() -> None:
    assert resolved(asking("pan", "left"), loop=True).overscan == 1.05


def test_handles_take_part_in_the_move() -> None:
    assert resolved(asking("pan", "left"), handles=24).overscan == 1.15


IGNORED = [
    ({"negative_prompt": "blur"}, "negative prompt"),
    ({"references": ("/a.png",)}, "reference images"),
    ({"driving_video": "/a.mov"}, "driving video"),
    ({"fidelity": 0.6}, "fidelity"),
    ({"end": "/end.png"}, "camera words are not followed"),
    ({"mask": "/mask.png"}, "mask is not used"),
]


@pytest.mark.parametrize(("fields", "words"), IGNORED, ids=[next(iter(fields)) for fields, _ in IGNORED])
def test_what_is_not_followed_is_said(fields: dict[str, object], words: str) -> None:
    assert any(words in note for note in resolved(asking("push"), **fields).notes)


def test_a_target_is_not_looked_for_and_that_is_said() -> None:
    assert 'look for "the boat"' in resolved(asking("push", target="the boat")).notes[0]


def test_movement_of_things_needs_a_mask() -> None:
    intent = MotionIntent(subject=(SubjectMotion(element="hair"),))
    bare, masked = resolved(intent), resolved(intent, mask="/mask.png")
    assert (bare.follows.is_hold, bare.notes) == (True, ("holds still for want of a mask: hair",))
    assert masked.follows == intent


def test_what_only_a_trained_model_can_move_is_said_and_not_judged() -> None:
    intent = MotionIntent(subject=(SubjectMotion(element="head", action="turn"),))
    answer = resolved(intent, mask="/mask.png")
    assert answer.follows.is_hold
    assert answer.notes[0] == "holds still, which only a trained model can move: head"


def test_between_two_stills_the_camera_is_not_judged() -> None:
    assert resolved(asking("pan", "left"), end="/end.png").follows.is_hold


def test_a_mask_for_what_is_in_the_air_is_used_and_nothing_said() -> None:
    rain = MotionIntent(atmosphere=(Atmosphere(kind=Air.RAIN),))
    assert resolved(rain, mask="/mask.png").notes == ()


def test_a_second_take_of_a_hold_is_said_to_be_the_same() -> None:
    assert resolved(MotionIntent()).notes == ()
    assert "same as take 1" in resolved(MotionIntent(), 2).notes[0]


ROOMS = {
    "orbit then tilt": ([("orbit", "left"), ("tilt", "down")], [1.082, 1.049, 1.115, 1.082, 1.099, 1.081]),
    "handheld": ([("handheld", "none")], [1.035, 1.021, 1.049, 1.035, 1.042, 1.035]),
    "roll": ([("roll", "clockwise")], [1.122, 1.074, 1.169, 1.122, 1.147, 1.121]),
    "truck": ([("truck", "right")], [1.1, 1.06, 1.132, 1.1, 1.117, 1.099]),
}


@pytest.mark.parametrize(("moves", "rooms"), ROOMS.values(), ids=ROOMS)
def test_the_room_of_a_take_is_part_of_its_id_and_never_changes(
    moves: list[tuple[str, str]], rooms: list[float]
) -> None:
    intent = MotionIntent(phases=tuple(asking(*move).phases[0] for move in moves))
    assert [resolved(intent, take).overscan for take in range(1, 7)] == rooms
