"""Names of deliverables."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.config import Project
from farm.findings import Place
from farm.shots.model import Shot
from farm.shots.naming import FIELDS, clash, fill, name_template, path_template
from farm.shots.reading.values import BadValue

LAKE: Mapping[str, str | int] = {
    "project": "lake", "list": "cut", "episode": "", "sequence": "sq01", "scene": "INT. LAKE", "shot": "sh010",
    "product": "review", "model": "animatic", "take": 2, "version": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "fields", "name"),
    [
        (Project().naming, {}, "lake_sq01_sh010_review_v003"),
        (Project().naming, {"sequence": ""}, "lake_sh010_review_v003"),
        (Project().path, {}, "lake/sq01/sh010/review/v003"),
        (Project().path, {"sequence": ""}, "lake/sh010/review/v003"),
        ("{episode}_{shot}_{version}", {}, "sh010_v003"),
        ("{shot}_{take}-{version}", {}, "sh010_t02-v003"),
        ("{shot}_{scene}_{version}", {}, "sh010_INT._LAKE_v003"),
        ("{shot}_{version}", {"shot": "../../etc"}, "etc_v003"),
        ("{shot}_{version}_final", {"version": 1234}, "sh010_v1234_final"),
        ("{project}/a/{sequence}/b", {"sequence": ""}, "lake/a/b"),
    ],
)
def test_a_template_is_filled(template: str, fields: Mapping[str, str | int], name: str) -> None:
    assert fill(template, {**LAKE, **fields}) == name


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{project}_{shot}", "a name needs {shot} and {version}"),
        ("{version}", "a name needs {shot} and {version}"),
        ("{shot}_{version}_{foo}", '"foo" is no field of a name'),
        ("{shot}_{version", '"{shot}_{version" is no template'),
        ("{shot}_{version:03d}", "{version} takes no format"),
        ("{shot!r}_{version}", "{shot} takes no format"),
        ("{shot.x}_{version}", '"shot.x" is no field of a name'),
        ("{}_{shot}_{version}", '"" is no field of a name'),
        ("{shot}*{version}", '"*" cannot be part of a name'),
        ("{shot}/{version}", '"{shot}/{version}" names a folder'),
    ],
)
def test_bad_name_templates(template: str, problem: str) -> None:
    with pytest.raises(BadValue) as caught:
        name_template(template)
    assert caught.value.problem == problem
    assert caught.value.remedy


@pytest.mark.parametrize("template", ["../{shot}", "/{shot}", "{shot}/../x", "{user}/x"])
def test_bad_path_templates(template: str) -> None:
    with pytest.raises(BadValue):
        path_template(template)


@given(st.fixed_dictionaries({name: st.text() | st.integers(0, 9999) for name in FIELDS}))
def test_no_value_leaves_the_folder(fields: dict[str, str | int]) -> None:
    name = fill(Project().path, fields)
    assert not name.startswith("/")
    assert not {"..", ".", ""} & set(name.split("/")) or name == ""


@pytest.mark.parametrize(
    ("naming", "path", "code", "targets", "problem"),
    [
        ("{shot}_{version}", "{project}", "shots", ("review",), "shot shots is called like its list"),
        ("{shot}_{version}", "{project}", "Shots", ("review",), "shot Shots is called like its list"),
        ("{shot}_{version}", "{project}", "sh010", ("review", "prores"), "the 2 clips of shot sh010"),
        ("{shot}_{version}", "{project}", "sh010", ("review",), ""),
        ("{shot}_{version}", "{product}", "shots", ("review", "prores"), ""),
        ("{shot}_{product}_{version}", "{project}", "shots", ("review", "prores"), ""),
    ],
)
def test_two_products_never_get_one_name(naming, path, code, targets, problem):
    shot = Shot(
        code=code,
        place=Place("shots.csv", 2),
        still="a.png",
        fps=Fraction(24),
        nb_frames=24,
        width=640,
        height=360,
        targets=targets,
    )
    found = clash(naming, path, "shots", [shot])
    assert (found.problem if found else "").startswith(problem)
    assert bool(found) is bool(problem)
