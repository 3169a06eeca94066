"""A folder of stills as a shot list, and the command that writes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from farm.cli import app
from farm.errors import InputError
from farm.shots.folder import Found, as_csv, look_through
from farm.shots.load import load

KITSU = "${project}_${sequence}-${shot}_${version}"


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Found]:
    """Look through a folder with these pictures in it."""

    def look_at(template: str, *names: str, **more: str) -> Found:
        for name in names:
            path = tmp_path / "stills" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"picture")
        return look_through(tmp_path / "stills", template, beside=tmp_path, **more)

    return look_at


def test_the_newest_version_of_each_shot_is_its_still(look: Callable[..., Found], tmp_path: Path) -> None:
    names = ["lake_sq010-sh010_v001.png", "old/lake_sq010-sh010_v009.png", "lake_sq010-sh010_v010.png"]
    found = look(KITSU, *names, "lake_sq010-sh020_v2.tif", "lake_sq020-sh010_v001.jpg")
    assert (found.older, found.unread) == (2, {})
    path = tmp_path / "shots.csv"
    path.write_text(as_csv(found.rows), encoding="utf-8")
    shot_list = load(path)
    assert shot_list.project == "lake"
    assert [(shot.sequence, shot.code, Path(shot.still).name, shot.notes) for shot in shot_list.shots] == [
        ("sq010", "sq010_sh010", "lake_sq010-sh010_v010.png", "still v010"),
        ("sq010", "sq010_sh020", "lake_sq010-sh020_v2.tif", "still v002"),
        ("sq020", "sq020_sh010", "lake_sq020-sh010_v001.jpg", "still v001"),
    ]
    assert all(Path(shot.still).is_file() and shot.nb_frames == 72 for shot in shot_list.shots)


def test_a_dot_says_what_a_picture_is_for(look: Callable[..., Found]) -> None:
    (row,) = look("{shot}", "lake.jpg", "lake.mask.png", "lake.depth.png", "lake.end.png").rows
    assert {name: row[name] for name in ("Shot", "Still", "Mask", "Depth", "End", "Duration")} == {
        "Shot": "lake",
        "Still": "stills/lake.jpg",
        "Mask": "stills/lake.mask.png",
        "Depth": "stills/lake.depth.png",
        "End": "stills/lake.end.png",
        "Duration": "3",
    }


@pytest.mark.parametrize("template", ["{shot}_{version}", "{shot}_{version}.{frame}"])
def test_two_frames_are_a_start_and_an_end(look: Callable[..., Found], template: str) -> None:
    found = look(template, "sh010_v001.1001.png", "sh010_v001.1096.png", "sh010_v001.1050.png", "sh020_v001.0007.png")
    first, second = found.rows
    assert (first["Still"], first["End"]) == ("stills/sh010_v001.1001.png", "stills/sh010_v001.1096.png")
    assert (first["Frames"], first["Frame in"], second["Frame in"]) == ("96", "1001", "7")
    assert found.unread == {"sh010_v001.1050.png": "is a frame between the first and the last, which are taken"}


def test_a_template_with_folders_is_held_against_the_path(look: Callable[..., Found]) -> None:
    found = look("{sequence}/{shot}/{shot}_{version}", "sq010/sh010/sh010_v001.png", "sq010/sh010/sh020_v001.png")
    assert [(row["Sequence"], row["Shot"]) for row in found.rows] == [("sq010", "sh010")]
    assert list(found.unread) == ["sq010/sh010/sh020_v001.png"]


def test_what_is_in_no_row_is_told_with_its_reason(look: Callable[..., Found]) -> None:
    names = ["sh010_v001.psd", "sh010_v001.png", "notes.png", ".hidden/sh011_v001.png", "sh020_v001.mask.png", "a.txt"]
    found = look("{shot}_{version}", *names)
    assert [row["Still"] for row in found.rows] == ["stills/sh010_v001.psd"]
    assert found.unread == {
        "notes.png": "is no {shot}_{version}",
        "sh010_v001.png": "says the same as sh010_v001.psd, which is taken",
        "sh020_v001.mask.png": "is for shot sh020, which has no still",
    }


def test_a_name_that_can_be_read_in_two_ways_is_not_guessed(look: Callable[..., Found]) -> None:
    found = look("{episode}_{sequence}_{shot}", "e01_sh010.png", "e01_sq01_sh020.png")
    (row,) = found.rows
    assert row["Shot"] == "sh020"
    ways = 'can be read in two ways: episode "" and sequence "e01", or episode "e01" and sequence ""'
    assert found.unread == {"e01_sh010.png": ways}


def test_a_known_project_may_hold_separators(look: Callable[..., Found]) -> None:
    (row,) = look("{project}_{shot}_{version}", "my_show_sh010_v001.png", project="my_show").rows
    assert (row["Project"], row["Shot"]) == ("my_show", "sh010")


@pytest.mark.parametrize(
    ("template", "names", "more", "says"),
    [
        ("{shot}_{version}", [], {}, "is no folder of this machine"),
        ("{shot}_{version}", ["a.txt"], {}, "there are no pictures in"),
        (
            "{shot}_{version}",
            ["a.png"],
            {},
            "a.png is no {shot}_{version} (the template reads names such as sh010",
        ),
        ("{sequence}", ["a.png"], {}, "--template a name is read for its {shot}"),
        ("{shot}", ["a.png"], {"length": "long"}, '--duration "long" is no length'),
    ],
)
def test_what_cannot_be_imported(
    look: Callable[..., Found], template: str, names: list[str], more: dict[str, str], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        look(template, *names, **more)
    assert says in str(caught.value)


def test_the_command_writes_a_list_once(look: Callable[..., Found], tmp_path: Path) -> None:
    look("{shot}", "sh010_v001.png", "sh010_v002.png", "x.png")
    words = ["import", str(tmp_path / "stills"), "--template", "{shot}_{version}", "--to", str(tmp_path / "list.csv")]
    done = CliRunner().invoke(app, words)
    assert (
        done.stdout
        == f"1 shot in {tmp_path}/list.csv, 1 picture of older versions left out: write what moves into Prompt\n"
    )
    assert done.stderr == "not in the list: x.png is no {shot}_{version}\n"
    assert [shot.code for shot in load(tmp_path / "list.csv").shots] == ["sh010"]
    again = CliRunner().invoke(app, words)
    assert "is there already, and may have been edited" in str(again.exception)
    words[-1] = str(tmp_path / "other.csv")
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (told["list"], told["older"], list(told["unread"])) == (words[-1], 1, ["x.png"])


@pytest.mark.parametrize("option", ["--shots", "--model"])
def test_an_option_that_names_nothing_is_refused(option: str, tmp_path: Path) -> None:
    (tmp_path / "shots.csv").write_text("Shot,Still,Duration\nsh010,a.png,2\n")
    done = CliRunner().invoke(app, ["plan", str(tmp_path / "shots.csv"), option, " , "])
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(f'{option} " , " names nothing')
