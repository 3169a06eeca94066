"""Other people's names for our fields."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from farm.errors import DocumentError
from farm.shots.load import load
from farm.shots.reading.columns import FIELDS, SYNONYMS, ColumnNames, key, read_columns

Write = Callable[[str, "str | bytes"], Path]
Said = Callable[..., list[str]]


def test_no_name_means_two_fields() -> None:
    names = sorted((key(name), field) for field, synonyms in SYNONYMS.items() for name in synonyms)
    assert [pair for pair in pairwise(names) if pair[0][0] == pair[1][0]] == []
    assert {name for name, _ in names}.isdisjoint(key(field) for field in FIELDS)
    assert set(SYNONYMS) <= set(FIELDS)


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (
            "Episode,Sequence,Name,Description,Nb Frames,Frame In,Frame Out,FPS",
            "episode sequence code description nb_frames frame_in frame_out fps",
        ),
        (
            "Scene,Shot number,Description,Framing,Movement,Lens,Notes",
            "scene code description size camera lens notes",
        ),
        ("code,sg_cut_in,sg_cut_out,cut_order", "code frame_in frame_out cut_order"),
        ("Shot,Image,Length,Motion prompt", "code still duration prompt"),
        ("SHOT CODE,start-frame,Duration (s),Camera Move", "code still duration camera"),
        ("Shot #,Still,Frames,Motion", "code still nb_frames prompt"),
        ("Shot No.,Image,Duration (frames),Négative prompt", "code still nb_frames negative_prompt"),
    ],
    ids=["Kitsu", "StudioBinder", "ShotGrid", "plain", "typed", "short", "accents"],
)
def test_names_are_understood(columns: str, fields: str) -> None:
    assert [ColumnNames().field(column) for column in columns.split(",")] == fields.split()


MAPPING = """\
Plate: still
Bild-Nr: shot
Takt (s): duration
Duration: metadata
Bid days: ignore
constants:
  takes: 3
  prompt: push in
"""


def test_a_mapping_file_says_what_columns_are(write: Write) -> None:
    columns = write("columns.yaml", MAPPING)
    text = "Bild-Nr,Plate,Takt (s),Duration,Bid days,Prompt\nsh010,a.png,2,long,5,\nsh020,b.png,2,,5,pan left\n"
    shot_list = load(write("shots.csv", text), columns=columns)
    assert shot_list.findings == ()
    first, second = shot_list.shots
    assert (first.code, first.nb_frames, first.takes, first.prompt) == ("sh010", 48, 3, "push in")
    assert (first.metadata, second.metadata, second.prompt) == ({"Duration": "long"}, {}, "pan left")


def test_a_mapping_file_serves_documents_too(write: Write) -> None:
    columns = write("columns.json", '{"Nr": "code", "Plate": "still", "constants": {"duration": "2"}}')
    assert load(write("shots.yaml", "- {Nr: a, Plate: b.png}"), columns=columns).shots[0].nb_frames == 48


def test_a_column_that_is_not_there_is_a_warning(write: Write, said: Said) -> None:
    columns = write("columns.yaml", "Plate: still\n")
    assert said(write("shots.csv", "Shot,Still,Frames\na,a.png,5\n"), columns=columns) == [
        'columns.yaml:1 column "Plate": the list has no column "Plate" (check its spelling)'
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Plate: stil\n", 'columns.yaml:1 column "Plate": "stil" is no field (did you mean "still"?'),
        ("a: b\n", 'columns.yaml:1 column "a": "b" is no field (one of code, sequence'),
        ("Plate: [still]\n", 'columns.yaml:1 column "Plate": "" is no field'),
        ("constants: {take: 3}\n", 'columns.yaml:1 column "constants.take": "take" is no field (did you mean "takes'),
        ("- a\n", "columns.yaml:1: a mapping of columns belongs here"),
    ],
)  # fmt: skip
def test_bad_mapping_files(write: Write, content: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_columns(write("columns.yaml", content))
    assert str(caught.value).startswith(message)


def test_a_bad_constant_is_blamed_once_at_its_line(write: Write, said: Said) -> None:
    columns = write("columns.yaml", "constants:\n  takes: 99\n")
    assert said(write("shots.csv", "Shot,Still,Frames\na,a.png,5\nb,a.png,5\n"), columns=columns) == [
        'columns.yaml:2 column "constants.takes": 99 is no whole number from 1 to 16'
    ]
