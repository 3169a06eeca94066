"""Boards drawn in Storyboarder, as it saves them."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from farm.errors import DocumentError
from farm.shots.load import load
from farm.shots.model import Shot

Write = Callable[[str, "str | bytes"], Path]
Said = Callable[..., list[str]]


def board(number: int, shot: str, uid: str, **more: Any) -> dict[str, Any]:
    """A board as Storyboarder 1.9 and later write one."""
    saved = {
        "uid": uid,
        "url": f"board-{number}-{uid}.png",
        "newShot": False,
        "lastEdited": 1499375725536,
        "layers": {"fill": {"url": f"board-{number}-{uid}-fill.png"}, "ink": {"url": f"board-{number}-{uid}-ink.png"}},
        "number": number,
        "shot": shot,
        "time": 2000 * (number - 1),
        "lineMileage": 821.5682133251058,
        "sts": {"version": "2.0.0", "data": {"world": {"ground": False, "backgroundColor": 8355711}}},
    }
    return saved | more


def file(*boards: Any, **more: Any) -> str:
    scene = {"version": "1.9.2", "aspectRatio": 1.7777777777777777, "fps": 24, "defaultBoardTiming": 2000}
    return json.dumps({**scene, **more, "boards": list(boards)}, indent=2)


@pytest.fixture
def storm(write: Write) -> Path:
    for name in ("board-1-AAAAA-posterframe.jpg", "board-2-BBBBB-posterframe.jpg", "board-2-BBBBB.psd"):
        write(f"images/{name}", b"picture")
    spoken = {"dialogue": "Hold on!", "action": "The mast breaks.", "notes": "rain in front", "duration": 3500}
    recorded = {"audio": {"filename": "BBBBB-audio-1513895986059.wav", "duration": 1800}, "link": "board-2-BBBBB.psd"}
    return write("storm.storyboarder", file(board(1, "1A", "AAAAA", **spoken), board(2, "2A", "BBBBB", **recorded)))


def test_a_board_is_a_shot(storm: Path) -> None:
    shot_list = load(storm)
    assert (shot_list.name, shot_list.fps, shot_list.width, shot_list.height) == ("storm", 24, 1920, 1080)
    assert shot_list.findings == ()
    first, second = shot_list.shots
    images = storm.parent / "images"
    assert first.still == str(images / "board-1-AAAAA-posterframe.jpg")
    assert (first.code, first.sequence, first.nb_frames, first.cut_order) == ("1A", "storm", 84, 0)
    assert (first.dialogue, first.action, first.notes) == ("Hold on!", "The mast breaks.", "rain in front")
    assert (first.prompt, first.metadata, first.external_ids) == ("", {}, {"storyboarder": "AAAAA"})
    assert second.still == str(images / "board-2-BBBBB.psd")
    assert (second.nb_frames, second.audio) == (48, str(images / "BBBBB-audio-1513895986059.wav"))


def still_of(path: Path) -> str:
    shot: Shot = load(path).shots[0]
    return Path(shot.still).name


@pytest.mark.parametrize(
    ("there", "more", "still"),
    [
        (["-posterframe.jpg", ".png", ".psd"], {}, "-posterframe.jpg"),
        (["-posterframe.jpg", ".png", ".psd"], {"link": "board-1-AAAAA.psd"}, ".psd"),
        (["-posterframe.jpg", ".png"], {"link": "board-1-AAAAA.psd"}, "-posterframe.jpg"),
        ([".png"], {}, ".png"),
        (["-posterframe.jpg", ".png"], {"layers": {}}, ".png"),
        (["-posterframe.jpg"], {"layers": {}}, "-posterframe.jpg"),
        (["-reference.png"], {"layers": {"reference": {"url": "board-1-AAAAA-reference.png"}}}, "-reference.png"),
        (["-fill.png", "-ink.png"], {}, "-posterframe.jpg"),
        ([], {"layers": {}}, ".png"),
    ],
)
def test_the_best_picture_that_lies_there_is_the_still(
    write: Write, there: list[str], more: dict[str, Any], still: str
) -> None:
    for end in there:
        write(f"images/board-1-AAAAA{end}", b"picture")
    assert still_of(write("one.storyboarder", file(board(1, "1A", "AAAAA", **more)))) == f"board-1-AAAAA{still}"


def test_boards_of_one_shot_stay_apart_and_a_note_says_so(write: Write, said: Said) -> None:
    labels = ["1A", "2A", "2B", "2C", "3A"]
    boards = [board(number, label, f"UID{number:02d}") for number, label in enumerate(labels, 1)]
    path = write("storm.storyboarder", file(*boards))
    assert [shot.code for shot in load(path).shots] == labels
    (note,) = said(path)
    assert note == (
        "storm.storyboarder: every board is a shot of its own, also where a shot has several: 2 (3) "
        "(to make one clip of them, name the first as still and the last as end in a table)"
    )


def test_labels_that_repeat_are_counted(write: Write) -> None:
    boards = [board(1, "1", "AAAAA"), board(2, "1", "BBBBB"), board(3, "", "CCCCC")]
    assert [shot.code for shot in load(write("a.storyboarder", file(*boards))).shots] == ["1-1", "1-2", "3A"]


def test_a_scene_of_a_project_with_several(write: Write) -> None:
    name = "Scene-3-EXT-HOUSE-DAY-3-T5KRK.storyboarder"
    shot = load(write(name, file(board(1, "1A", "AAAAA"), fps=23.976, aspectRatio="2.35"))).shots[0]
    assert (shot.sequence, shot.scene, shot.fps) == ("Scene-3", "3", Fraction(24000, 1001))
    assert (shot.width, shot.height) == (1920, 818)


def test_a_mapping_file_may_read_the_action_as_the_motion(storm: Path, write: Write) -> None:
    shots = load(storm, columns=write("columns.yaml", "action: prompt\nconstants:\n  takes: 2\n")).shots
    assert [(shot.prompt, shot.action, shot.takes) for shot in shots] == [("The mast breaks.", "", 2), ("", "", 2)]


def test_what_the_project_says_holds_here_too(storm: Path, write: Write) -> None:
    write("project.yaml", "project: show\nsize: 1280x720\nfps: 25\n")
    shot_list = load(storm)
    assert (shot_list.project, shot_list.fps, shot_list.width, shot_list.height) == ("show", 24, 1280, 720)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "storm.storyboarder:1: not readable as JSON"),
        ("[]", "storm.storyboarder: there are no boards in it (save it from Storyboarder)"),
        ('{"boards": 3}', "storm.storyboarder: there are no boards in it (save it from Storyboarder)"),
        (file(), "storm.storyboarder: there are no boards in it (draw one in Storyboarder, and save)"),
        (file(7), "storm.storyboarder board 1: this is no board (save the file from Storyboarder)"),
        (
            file(board(1, "1A", "A"), board(2, "2A", "B", duration=0)),
            'storm.storyboarder board 2 column "duration": 0 ms is no length',
        ),
        (file(board(1, "1A", "A", duration="long")), 'storm.storyboarder board 1 column "duration": "long ms" is no'),
        (
            file(board(1, "1/A", "A")),
            'storm.storyboarder board 1 column "shot": "1/A" cannot be part of a file name (use "1_A")',
        ),
        (file(board(1, "1A", "A"), fps="many"), 'storm.storyboarder column "fps": "many" is no number'),
        (file(board(1, "1A", "A"), aspectRatio=99), 'storm.storyboarder column "aspectRatio": "99" is no aspect'),
        (file(board(1, "1A", "A", url=None, layers=None)), "storm.storyboarder board 1: the shot has no still"),
        (
            file(board(1, "1A", "A", url="a\nb.png")),
            'storm.storyboarder board 1 column "url": "images/a�b-posterframe.jpg" is',
        ),
        (file(board(1, "1A", "A"), defaultBoardTiming=None), "storm.storyboarder board 1: the shot has no length"),
    ],
)
def test_what_is_wrong_is_said_with_its_board(write: Write, content: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(write("storm.storyboarder", content))
    assert str(caught.value.findings[0]).startswith(message)
