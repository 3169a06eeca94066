"""Settings of the machine and of the show."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from farm.config import FILE_ONLY, Config, Project, Retention, load_config, load_project
from farm.errors import DocumentError, InputError
from farm.shots.model import Fit, Interpolate

Write = Callable[[str, "str | bytes"], Path]

PROJECT = """\
project: lake
fps: 23.976
size: 720p
handles: 8
fit: overscan
takes: 3
models: [animatic, svd]
fallback: animatic
seed: 11
naming: "{shot}_{version}"
path: "{sequence}/{shot}"
targets: review, reels
upscale: off
upscaler: RealESRGAN_x4plus
interpolate: off
path_mapping:
  - ['P:\\', /mnt/p, s3://bucket/p]
licences: [Apache-2.0, MIT]
retention: {rejected_days: 7}
max_still_megapixels: 100
"""


def test_a_project_file(write: Write) -> None:
    assert load_project(write("show.yaml", PROJECT), Path("/nowhere")) == Project(
        project="lake", fps=Fraction(24000, 1001), size=(1280, 720), handles=8, fit=Fit.OVERSCAN, takes=3,
        models=("animatic", "svd"), fallback="animatic", seed=11, naming="{shot}_{version}", path="{sequence}/{shot}",
        targets=("review", "reels"), upscale="off", upscaler="RealESRGAN_x4plus", interpolate=Interpolate.OFF,
        path_mapping=(("P:\\", "/mnt/p", "s3://bucket/p"),),
        licences=("Apache-2.0", "MIT"), retention=Retention(rejected_days=7), max_still_megapixels=100,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"), [("project.yaml", "fps: 25"), ("project.yml", "fps: 25"), ("project.json", '{"fps": 25}')]
)
def test_it_is_found_beside_the_list(write: Write, name: str, content: str) -> None:
    assert load_project(None, write(name, content).parent).fps == 25


def test_without_one_there_are_defaults(tmp_path: Path) -> None:
    project = load_project(None, tmp_path)
    assert project == Project()
    assert (project.fps, project.size, project.takes, project.models) == (24, (1920, 1080), 4, ("animatic",))


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("fps: 0\n\ntakes: 99\n", [
            'p.yaml:1 column "fps": 0 is no frame rate (give 1 to 240 frames per second, such as 24 or 23.976)',
            'p.yaml:3 column "takes": 99 is no whole number from 1 to 16',
        ]),
        ("project: lake\nhandels: 8\n", [
            'p.yaml:2 column "handels": "handels" is not known here (did you mean "handles"?)'
        ]),
        ("retention: {rejected_day: 3}\n", [
            'p.yaml:1 column "retention.rejected_day": "rejected_day" is not known here (did you mean "rejected_days"?)'
        ]),
        ("score_weights: {flickr: 1}\n", [
            'p.yaml:1 column "score_weights.flickr": "flickr" is not known here (did you mean "flicker"?)'
        ]),
        ("score_weights: {flicker: -1}\n", [
            'p.yaml:1 column "score_weights.flicker": -1 is no weight (write a number from 0 to 100; 0 leaves it out)'
        ]),
        ("retention: 30\n", [
            'p.yaml:1 column "retention": settings belong below this (write lines such as "rejected_days: …")'
        ]),
        ("naming: '{shot}'\n", [
            'p.yaml:1 column "naming": a name needs {shot} and {version} (without them one file would replace another)'
        ]),
        ("path_mapping: [[/mnt/p]]\n", [
            'p.yaml:1 column "path_mapping": a group needs at least two equivalent prefixes (write ["P:\\\\", /mnt/p])'
        ]),
        ("path_mapping: /mnt/p\n", [
            'p.yaml:1 column "path_mapping": path mapping is a list of groups (write - ["P:\\\\", /mnt/p, "s3://bucket/p"])'
        ]),
        ("- a\n", ['p.yaml:1: settings belong here (write lines such as "fps: 25")']),
        ("project: '../x'\n", ['p.yaml:1 column "project": "../x" cannot be part of a file name (use "x")']),
    ],
)  # fmt: skip
def test_bad_settings_name_line_and_remedy(write: Write, content: str, messages: list[str]) -> None:
    with pytest.raises(DocumentError) as caught:
        load_project(write("p.yaml", content), Path())
    assert [str(finding) for finding in caught.value.findings] == messages


def test_a_named_project_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="there is no such file"):
        load_project(tmp_path / "p.yaml", tmp_path)


def test_the_environment_wins_over_the_file(write: Write, tmp_path: Path) -> None:
    file = write("farm.yaml", "out: s3://bucket/renders\nworkers: 3\nroots: [/a, s3://b]\n")
    config = load_config({"FARM_CONFIG": str(file), "FARM_WORKERS": "2", "FARM_STATE": str(tmp_path / "s")})
    assert (config.out, config.workers, config.state) == ("s3://bucket/renders", 2, tmp_path / "s")
    assert config.allowed.roots == ("/a", "s3://b")


def test_a_machine_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda _: tmp_path)
    config = load_config({})
    assert config.workers >= 1
    assert config.state.is_absolute()
    assert (config.out, config.allowed.roots) == ("renders", None)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("FARM_WORKERS", "many", 'FARM_WORKERS: "many" is no number (write digits, such as 12 or 0.5)'),
        ("FARM_WORKERS", "0", "FARM_WORKERS: 0 is no whole number from 1 to 4096"),
        ("FARM_STATE", "a\x07b", 'FARM_STATE: "a�b" holds a control character (type the value anew)'),
        ("FARM_CONFIG", "/nowhere/farm.yaml", "farm.yaml: there is no such file in /nowhere (check the path)"),
    ],
)
def test_a_bad_variable_is_named(tmp_path: Path, variable: str, value: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_config({variable: value})
    assert str(caught.value) == message


def test_roots_in_a_variable_are_parted_by_semicolons() -> None:
    assert load_config({"FARM_ROOTS": "/a; s3://b/c;/d,e"}).roots == ("/a", "s3://b/c", "/d,e")


def test_the_table_in_the_docstring_is_complete() -> None:
    rows = re.findall(r"^ *\| *(?:`FARM_([A-Z_]+)`)? +\| *(?:`(\w+)`)?", Config.__doc__ or "", re.MULTILINE)
    keys = [key for _, key in rows if key]
    assert keys == list(Config.model_fields)
    assert {key for variable, key in rows if key and not variable} == FILE_ONLY
    assert all(variable == key.upper() for variable, key in rows if key and variable)


def test_what_a_farm_grants_its_projects(write: Write) -> None:
    text = "projects:\n- {project: lake, weight: 2, floor: 5%, gpus: 16, budget: 500}\nprices: {gpu_hour: 2.5}\n"
    config = load_config({"FARM_CONFIG": str(write("farm.yaml", text))})
    (lake,) = config.projects
    assert (lake.project, lake.weight, lake.floor, lake.gpus, lake.budget) == ("lake", 2, 0.05, 16, 500)
    assert config.prices.gpu_hour == Fraction(5, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("projects: [{project: sea, weight: 0}]", "0 is no weight"),
        ("projects: [{project: sea, wieght: 2}]", 'did you mean "weight"'),
        ("elastic: [{cpus: -1}]", "no whole number"),
        ("prices: 3", "settings belong below this"),
    ],
)
def test_bad_terms_name_their_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        load_config({"FARM_CONFIG": str(write("farm.yaml", text))})
