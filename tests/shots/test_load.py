"""A list is loaded whole: every inheritance filled in, every error at once, the same from every format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries

from farm.config import Project
from farm.errors import DocumentError
from farm.findings import Place
from farm.shots.load import load
from farm.shots.model import DurationFit, Fit, Interpolate, LoopMethod, Shot, ShotList
from farm.shots.paths import Allowed

Write = Callable[[str, "str | bytes"], Path]
Said = Callable[..., list[str]]

FULL = [
    {
        "code": "010", "sequence": "sq01", "episode": "e1", "scene": "INT. KITCHEN", "cut_order": "2",
        "external_ids": "kitsu=12; shotgrid=ab", "still": "stills/a.png", "end": "stills/b.png", "mask": "m.png",
        "depth": "d.png", "references": "r1.png; r2.png", "driving_video": "d.mp4", "audio": "a.wav",
        "fps": "25", "nb_frames": "77", "frame_in": "1009", "handles": "8", "resolution": "1280x720", "fit": "pad",
        "prompt": "slow push in,\nthen \"pan\" left; séance", "negative_prompt": "text", "camera": "push in",
        "subject": "hair", "atmosphere": "mist", "speed": "slow", "direction": "left", "fidelity": "0.65",
        "loop": "yes", "takes": "2", "models": "animatic, svd", "fallback": "animatic", "seed": "7",
        "priority": "80", "budget": "12.5", "targets": "review, reels", "upscale": "off",
        "interpolate": "flow", "duration_fit": "retime", "loop_method": "pingpong", "description": "d", "action": "a",
        "dialogue": "“Hello”", "notes": "n", "size": "MCU", "angle": "low", "lens": "35", "status": "ip",
        "Bid days": "3",
    },
    {"code": "020", "sequence": "sq01", "cut_order": "1", "still": "stills/a.png", "duration": "3.5"},
]  # fmt: skip


DIFFER = "shots differ in {name}; the animatic takes that of most, {most} (say what the whole list has)"


def as_csv(rows: list[dict[str, str]], separator: str = ",") -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    quoted = (['"' + value.replace('"', '""') + '"' for value in line] for line in lines)
    return "\n".join(separator.join(line) for line in quoted) + "\n"


def bare(shot_list: ShotList) -> ShotList:
    """The list without what depends on its format."""
    shots = tuple(replace(shot, place=Place("")) for shot in shot_list.shots)
    return replace(shot_list, shots=shots, source="", findings=())


def test_every_format_gives_the_same_list(write: Write, workbook: Callable[..., Path]) -> None:
    columns = list(dict.fromkeys(name for row in FULL for name in row))
    lists = [
        load(write("shots.csv", as_csv(FULL))),
        load(write("shots.tsv", as_csv(FULL, "\t"))),
        load(write("shots.yaml", yaml.safe_dump({"shots": FULL}))),
        load(write("shots.yml", yaml.safe_dump(FULL, allow_unicode=True))),
        load(write("shots.json", json.dumps({"shots": FULL}))),
        load(workbook("shots.xlsx", shots=[columns, *([row.get(name) for name in columns] for row in FULL)])),
    ]
    assert {shot_list.name for shot_list in lists} == {"shots"}
    for shot_list in lists:
        assert bare(shot_list) == bare(lists[0])
        assert [str(finding.place.column) for finding in shot_list.findings if finding.place.column] in (
            ["Bid days"],
            ["shots[0].Bid days"],
            ["[0].Bid days"],
        )


def test_a_full_shot(write: Write, tmp_path: Path) -> None:
    shot = load(write("shots.yaml", yaml.safe_dump(FULL))).shot("010")
    assert shot == Shot(
        code="010", place=Place("shots.yaml", 1, "[0]"), sequence="sq01", episode="e1", scene="INT. KITCHEN",
        cut_order=2, external_ids={"kitsu": "12", "shotgrid": "ab"}, still=f"{tmp_path}/stills/a.png",
        end=f"{tmp_path}/stills/b.png", mask=f"{tmp_path}/m.png", depth=f"{tmp_path}/d.png",
        references=(f"{tmp_path}/r1.png", f"{tmp_path}/r2.png"), driving_video=f"{tmp_path}/d.mp4",
        audio=f"{tmp_path}/a.wav", fps=Fraction(25), nb_frames=77, frame_in=1009, handles=8, width=1280, height=720,
        fit=Fit.PAD, prompt='slow push in,\nthen "pan" left; séance', negative_prompt="text", camera="push in",
        subject="hair", atmosphere="mist", speed="slow", direction="left", fidelity=0.65, loop=True, takes=2,
        models=("animatic", "svd"), fallback="animatic", seed=7, priority=80, budget=Fraction(25, 2),
        targets=("review", "reels"), upscale="off", interpolate=Interpolate.FLOW,
        duration_fit=DurationFit.RETIME, loop_method=LoopMethod.PINGPONG,
        description="d", action="a", dialogue="“Hello”", notes="n", size="MCU",
        angle="low", lens="35", status="ip", metadata={"Bid days": "3"},
    )  # fmt: skip


def test_the_built_in_defaults(write: Write, tmp_path: Path) -> None:
    shot_list = load(write("shots.csv", "Shot,Still,Duration\nsh010,a.png,2\n"))
    assert (shot_list.fps, shot_list.width, shot_list.height, shot_list.seed) == (24, 1920, 1080, 0)
    assert shot_list.findings == ()
    assert shot_list.shots == (
        Shot(
            code="sh010", place=Place("shots.csv", 2), still=f"{tmp_path}/a.png", fps=Fraction(24), nb_frames=48,
            width=1920, height=1080,
        ),
    )  # fmt: skip


LIST = """\
project: lake
name: cut03
fps: {fps}
seed: 5
defaults: {{takes: 3, aspect: "9:16", prompt: push in}}
shots:
  - {{code: a, still: a.png, duration: 2, takes: 1, resolution: 640x360}}
  - {{code: b, still: a.png, duration: "00:00:02:00"}}
"""


def test_what_wins_over_what(write: Write) -> None:
    project = Project(project="show", fps=Fraction(30), size=(1280, 720), takes=6, handles=4, models=("svd",), seed=9)
    shot_list = load(write("shots.yaml", LIST.format(fps=25)), project=project)
    a, b = shot_list.shots
    assert (shot_list.project, shot_list.name, shot_list.fps, shot_list.seed) == ("lake", "cut03", 25, 5)
    assert (shot_list.width, shot_list.height) == (1280, 720)
    assert (a.takes, b.takes) == (1, 3)
    assert (a.fps, a.nb_frames, b.nb_frames) == (25, 50, 50)
    assert ((a.width, a.height), (b.width, b.height)) == ((640, 360), (720, 1280))
    assert (b.handles, b.models, b.prompt) == (4, ("svd",), "push in")


def test_the_command_line_wins_over_everything(write: Write) -> None:
    overrides = {"takes": 2, "models": ["animatic"], "fps": "30", "resolution": "720p"}
    shot_list = load(write("shots.yaml", LIST.format(fps=25)), overrides=overrides)
    assert [(shot.takes, shot.models, shot.fps, shot.nb_frames) for shot in shot_list.shots] == [
        (2, ("animatic",), 30, 60)
    ] * 2
    assert (shot_list.fps, shot_list.width) == (30, 1280)


def test_a_bad_override_is_blamed_once(write: Write, said: Said) -> None:
    assert said(write("shots.yaml", LIST.format(fps=25)), overrides={"takes": 99}) == [
        'command line column "takes": 99 is no whole number from 1 to 16',
        f"shots.yaml: {DIFFER.format(name='resolution', most='1920x1080')}",
    ]


def test_a_project_file_beside_the_list(write: Write) -> None:
    write("project.yaml", "project: lake\nfps: 25\nhandles: 8\n")
    shot_list = load(write("shots.csv", "Shot,Still,Frames,FPS\nsh010,a.png,25,24\n"))
    assert (shot_list.project, shot_list.fps, shot_list.shots[0].handles) == ("lake", 25, 8)
    assert shot_list.shots[0].fps == 24


def test_an_unspoken_rate_is_that_of_most_shots(write: Write, said: Said) -> None:
    path = write("shots.csv", "Shot,Still,Frames,FPS\na,a.png,25,25\nb,a.png,25,25\nc,a.png,25,24\n")
    assert load(path).fps == 25
    assert said(path) == [
        "shots.csv: shots differ in fps; the animatic takes that of most, 25 (say what the whole list has)"
    ]


def test_one_rows_rate_and_size_are_its_own(write: Write, said: Said) -> None:
    text = "Shot,Still,Duration,FPS,Resolution\na,a.png,1,,\nb,a.png,1,50,640x360\nc,a.png,1,,\n"
    path = write("shots.csv", text)
    shot_list = load(path)
    assert [(shot.fps, shot.width, shot.nb_frames) for shot in shot_list.shots] == [
        (24, 1920, 24),
        (50, 640, 50),
        (24, 1920, 24),
    ]
    assert (shot_list.fps, shot_list.width) == (24, 1920)
    assert said(path) == [
        f"shots.csv: {DIFFER.format(name='fps', most=24)}",
        f"shots.csv: {DIFFER.format(name='resolution', most='1920x1080')}",
    ]


def test_music_of_a_list_and_of_its_sequences(write: Write, tmp_path: Path) -> None:
    write("project.yaml", "sequences:\n- {sequence: sq010, music: /m/rain.wav}\n- {sequence: sq020}\n")
    path = write("shots.yaml", "music: music/lake.flac\nshots:\n- {code: a, still: a.png, duration: 1}\n")
    assert load(path).music == {"": f"{tmp_path}/music/lake.flac", "sq010": "/m/rain.wav"}


def test_music_that_may_not_be_read_is_named(write: Write, said: Said, tmp_path: Path) -> None:
    path = write("shots.yaml", "music: /elsewhere/lake.flac\nshots:\n- {code: a, still: a.png, duration: 1}\n")
    (found,) = said(path, allowed=Allowed((str(tmp_path),)))
    assert found.startswith('shots.yaml:1 column "music"')
    assert "outside the folders" in found


def test_a_length_replaces_an_inherited_one_however_it_is_written(write: Write) -> None:
    text = "defaults: {duration: 5}\nshots:\n- {code: a, still: x.png, nb_frames: 7}\n- {code: b, still: x.png}\n"
    assert [shot.nb_frames for shot in load(write("shots.yaml", text)).shots] == [7, 120]


@pytest.mark.parametrize(
    ("columns", "cells", "frames"),
    [
        ("Nb Frames", "84", 84),
        ("Frames,Duration", "84,3.5", 84),
        ("Frames,Duration (s)", "83,3.46", 83),
        ("sg_cut_in,sg_cut_out", "1001,1084", 84),
        ("Nb Frames,Frame In,Frame Out", "84,1001,1084", 84),
        ("Nb Frames,Frame In,Frame Out", "84,1001,1085", 84),
        ("Length", "84f", 84),
    ],
)
def test_lengths_in_studios_columns(write: Write, columns: str, cells: str, frames: int) -> None:
    assert load(write("shots.csv", f"Shot,Still,{columns}\na,a.png,{cells}\n")).shots[0].nb_frames == frames


HEADER = "Shot,Still,Duration"
CASES = Path(__file__).with_name("bad_rows.txt").read_text(encoding="utf-8").split("\n\n")
"""A name, a list, and all that is said about it."""


@pytest.mark.parametrize("case", CASES, ids=[case.splitlines()[0].strip("# ") for case in CASES])
def test_what_is_said_of_a_row(write: Write, said: Said, case: str) -> None:
    rows, message = case.partition("\n")[2].split("\n=> ")
    assert said(write("shots.csv", f"{rows}\n")) == [message.strip()]


def test_two_unknown_columns_of_one_name(write: Write, said: Said) -> None:
    found = said(write("shots.csv", f"{HEADER},Bid,bid\na,a.png,3,1,2\n"))
    assert found[0] == (
        'shots.csv:1 column "bid": "Bid" and "bid" have one name (rename one, or ignore it in a mapping file)'
    )
    assert len(found) == 3  # and a note for each


def test_every_error_at_once_in_the_order_of_rows(write: Write, said: Said) -> None:
    text = "Shot,Still,Duration,FPS,Takes\nsh 1,a.png,0,0,0\nb,,x,24,1\nb,a.png,3,24,1\n"
    assert [line.split(":")[1] for line in said(write("shots.csv", text))] == [
        '2 column "Shot"',
        '2 column "FPS"',
        '2 column "Duration"',
        '2 column "Takes"',
        '3 column "Duration"',
        "3",
        '4 column "Shot"',
    ]


def test_findings_name_their_shot(write: Write) -> None:
    with pytest.raises(DocumentError) as caught:
        load(write("shots.csv", f"{HEADER}\nsh010,a.png,0\nsh020,,3\n"))
    assert [finding.shot for finding in caught.value.findings] == ["sh010", "sh020"]


def test_codes_that_repeat_between_sequences_are_made_longer(write: Write, said: Said) -> None:
    path = write("kitsu.csv", "Sequence,Name,Nb Frames,Still\nSQ1,SH010,24,a.png\nSQ2,SH010,24,a.png\nSQ2,X,24,a.png\n")
    shots = load(path).shots
    assert [shot.code for shot in shots] == ["SQ1_SH010", "SQ2_SH010", "SQ2_X"]
    assert [shot.external_ids["code"] for shot in shots] == ["SH010", "SH010", "X"]
    problem = 'kitsu.csv: codes repeat, so shots are called by sequence too: "SQ1_SH010"'
    assert said(path) == [f"{problem} (give every shot a code of its own to change that)"]


def test_studiobinder_numbers_shots_within_scenes(write: Write) -> None:
    header = "Scene,Shot number,Description,Framing,Movement,Lens,Notes,Image,Duration (s)"
    text = f"{header}\n1,1,boat,WS,Static,24mm,n,a.png,3\n2,1,girl,MCU,Push in,50mm,n,b.png,2\n"
    first, second = load(write("shots.csv", text)).shots
    assert (first.code, second.code) == ("1_1", "2_1")
    assert (second.size, second.camera, second.lens, second.description) == ("MCU", "Push in", "50mm", "girl")


def test_a_size_in_pixels_is_a_resolution(write: Write) -> None:
    first, second = load(write("shots.csv", f"{HEADER},Size\na,a.png,3,720p\nb,a.png,3,MCU\n")).shots
    assert (first.width, first.height, first.size) == (1280, 720, "")
    assert (second.width, second.height, second.size) == (1920, 1080, "MCU")


@pytest.mark.parametrize("value", ["", "  ", "# nothing\n", "[]", "shots: []\n", "shots: 5\n", "just words", "{}"])
@pytest.mark.parametrize("suffix", ["yaml", "json", "csv", "xlsx"])
def test_a_list_without_shots_is_an_error(write: Write, said: Said, value: str, suffix: str) -> None:
    assert said(write(f"shots.{suffix}", value))


def test_the_cut_s_order_is_kept_and_equal_numbers_stay(write: Write) -> None:
    text = "Shot,Still,Frames,Cut order\nc,a.png,5,20\na,a.png,5,10\nb,a.png,5,10\n"
    assert [shot.code for shot in load(write("shots.csv", text)).shots] == ["a", "b", "c"]


def test_roots_hold_a_list_in_and_name_the_row(write: Write, said: Said) -> None:
    path = write("in/shots.csv", "Shot,Still,Frames\na,a.png,5\nb,../b.png,5\n")
    (found,) = said(path, allowed=Allowed((str(path.parent),)))
    assert found.startswith('shots.csv:3 column "Still": "')
    assert found.endswith("lies outside the folders this farm may read (move it under one of them)")


def test_paths_are_mapped_by_the_project(write: Write, tmp_path: Path) -> None:
    write("project.yaml", f"path_mapping:\n- ['P:\\', '{tmp_path}']\n")
    path = write("shots.csv", "Shot,Still,Refs,Frames\na,P:\\x\\a.png,p:/r1.png; p:/r2.png,5\n")
    shot = load(path).shots[0]
    assert (shot.still, shot.references) == (f"{tmp_path}/x/a.png", (f"{tmp_path}/r1.png", f"{tmp_path}/r2.png"))


def test_a_list_may_be_called_project(write: Write) -> None:
    assert load(write("project.yaml", "shots:\n- {code: a, still: a.png, duration: 2}\n")).shots[0].code == "a"


def test_a_path_that_leads_nowhere(tmp_path: Path, said: Said) -> None:
    assert said(tmp_path / "a.csv") == [f"a.csv: there is no such file in {tmp_path} (check the path)"]
    (tmp_path / "b.csv").mkdir()
    assert said(tmp_path / "b.csv") == ["b.csv: this is a folder (name the file itself)"]
    assert said(tmp_path / "c.pdf") == [
        'c.pdf: ".pdf" is no format of a shot list (use .yaml, .json, .csv, .xlsx, .storyboarder, .otio, .xml or .edl)'
    ]
    assert said(tmp_path / "d.xls") == ["d.xls: this is an old .xls workbook (save it as .xlsx)"]


CELLS = st.text(max_size=12) | st.sampled_from(
    ["0", "-1", "1e9", "00:00:00:00", "../..", "s3://", "file://x", "P:\\", "\\\\h\\s", "http://[", "1/0", "=1+1", "{}"]
)
FIELDS = st.sampled_from([*FULL[0], "duration", "frame_out", "aspect", "project", "shots", "defaults", "metadata"])
quick = settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def never_but_a_document_error(path: Path, shots: int | None = None) -> None:
    """Loads the list, or raises a document error; never loses a shot."""
    with suppress(DocumentError):
        assert len(load(path).shots) == (shots or len(load(path).shots))


@quick
@given(st.lists(st.dictionaries(FIELDS, CELLS, max_size=8), min_size=1, max_size=4))
@pytest.mark.parametrize("suffix", ["csv", "yaml", "json"])
def test_any_text_in_any_cell_is_a_list_or_a_document_error(
    tmp_path: Path, suffix: str, rows: list[dict[str, str]]
) -> None:
    write_rows: Mapping[str, Callable[[Any], str]] = {"csv": as_csv, "yaml": yaml.safe_dump, "json": json.dumps}
    full = [{"code": f"s{index}", "still": "a.png", "duration": "3"} | row for index, row in enumerate(rows)]
    path = tmp_path / f"any.{suffix}"
    path.write_text(write_rows[suffix](full), encoding="utf-8", errors="replace")
    never_but_a_document_error(path, len(full))


NESTED = st.recursive(
    CELLS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS | FIELDS, inner, max_size=3),
    max_leaves=12,
)


@quick
@given(NESTED | st.fixed_dictionaries({"shots": st.lists(NESTED)}, optional={"defaults": NESTED, "fps": NESTED}))
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_any_document_is_a_list_or_a_document_error(tmp_path: Path, suffix: str, document: object) -> None:
    path = tmp_path / f"any.{suffix}"
    path.write_text(yaml.safe_dump(document) if suffix == "yaml" else json.dumps(document), encoding="utf-8")
    never_but_a_document_error(path)


@quick
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@pytest.mark.parametrize("suffix", ["csv", "yaml", "json", "xlsx"])
def test_any_bytes_are_a_list_or_a_document_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"any.{suffix}"
    path.write_bytes(content)
    never_but_a_document_error(path)
