"""The docs keep to the truth: generated parts are up to date, links lead somewhere, examples load and run."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from farm.cli import app
from farm.findings import Severity
from farm.shots.checks.prompts import check_words
from farm.shots.load import load
from farm.store.catalog_rows import ATTEMPTS, TAKES

ROOT = Path(__file__).parents[1]
_FOLDER = ROOT / "docs" / "generate"
_SPEC = importlib.util.spec_from_file_location(
    "docs_generate", _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
)
assert _SPEC is not None
assert _SPEC.loader is not None
generate = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = generate  # before it imports its own parts
_SPEC.loader.exec_module(generate)

PAGES = generate.pages()
FENCE = re.compile(
    r"^```(?P<language>\w+)(?: (?P<file>[\w.]+))?(?: columns=(?P<columns>\S+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
LISTS = {"csv", "json", "yaml"}
SETTINGS = {"project.yaml", "columns.yaml", "config.yaml"}
COMMAND: Any = get_command(app)  # typer hides its click


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fences(page: Path) -> list[re.Match[str]]:
    return list(FENCE.finditer(page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def of_pages(wanted: set[str]) -> list[object]:
    """Every fenced block of these languages that names a file, with its page."""
    found = [(page, fence) for page in PAGES for fence in fences(page)]
    return [
        pytest.param(page, fence, id=f"{named(page)}:{fence['file']}")
        for page, fence in found
        if fence["language"] in wanted and fence["file"]
    ]


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the table below this head."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"| {head} |\n")[2].splitlines()[1:]
    table = itertools.takewhile(lambda line: line.startswith("|"), lines)
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert found, f"{page} has no table of {head}"
    return found


LIST_EXAMPLES = [one for one in of_pages(LISTS) if one.values[1]["file"] not in SETTINGS]
PROGRAMS = of_pages({"python"})
LINES = [
    pytest.param(line, id=f"{named(page)}:{line}")
    for page in PAGES
    for fence in fences(page)
    if fence["language"] == "sh"
    for line in fence["text"].splitlines()
    if re.match(r"(\.venv/bin/)?farm ", line)
]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_generated_parts_are_up_to_date(page):
    text = page.read_text(encoding="utf-8")
    assert generate.rendered(text) == text, "run: python -m docs.generate"


def test_every_generated_section_stands_on_some_page():
    used = {name for page in PAGES for name in re.findall(r"<!-- generated: ([a-z-]+) -->", page.read_text())}
    assert used == set(generate.SECTIONS)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_and_images_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_every_page_is_named_in_the_index():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.parent != ROOT} - {index} <= linked


@pytest.mark.parametrize(("page", "fence"), LIST_EXAMPLES)
def test_lists_in_the_docs_load_and_ask_for_something(page, fence, tmp_path):
    for other in fences(page):
        if other["file"] in SETTINGS:
            (tmp_path / other["file"]).write_text(other["text"], encoding="utf-8")
    path = tmp_path / fence["file"]
    path.write_text(fence["text"], encoding="utf-8")
    shot_list = load(path, columns=tmp_path / fence["columns"] if fence["columns"] else None)
    assert shot_list.shots
    assert not shot_list.findings
    said = [finding for shot in shot_list.shots for finding in check_words(shot)]
    assert [str(finding) for finding in said if finding.severity is not Severity.NOTE] == []


def test_the_list_in_the_readme_names_stills_that_are_there(tmp_path):
    (text,) = (fence["text"] for fence in fences(ROOT / "README.md") if fence["file"])
    assert all((ROOT / row.split(",")[1]).is_file() for row in text.splitlines()[1:])


def told(prompt: str, folder: Path) -> list[str]:
    """Rules of the warnings and errors that a prompt gets."""
    path = folder / "one.json"
    path.write_text(json.dumps([{"code": "sh010", "still": "a.png", "duration": 3, "prompt": prompt}]), "utf-8")
    findings = check_words(load(path).shots[0])
    return [finding.rule for finding in findings if finding.severity is not Severity.NOTE]


@pytest.mark.parametrize("row", rows("how-to/fix-what-lint-says.md", "finding | instead of | write"), ids=str)
def test_advice_about_prompts_helps(row, tmp_path):
    _, bad, good = row
    assert told(bad.strip("`"), tmp_path)
    assert not good.startswith("`") or not told(good.strip("`"), tmp_path)


@pytest.mark.parametrize("row", rows("how-to/write-a-shot-list.md", "you write | you get"), ids=str)
def test_moves_in_the_docs_are_understood(row, tmp_path):
    assert not row[0].startswith("`") or not told(row[0].strip("`"), tmp_path)


def test_six_ways_to_write_a_length_give_one_length(tmp_path):
    page = ROOT / "docs" / "how-to" / "write-a-shot-list.md"
    (text,) = (fence["text"] for fence in fences(page) if fence["file"] == "lengths.csv")
    (tmp_path / "lengths.csv").write_text(text, encoding="utf-8")
    assert [shot.nb_frames for shot in load(tmp_path / "lengths.csv").shots] == [84] * 6


@pytest.mark.parametrize(("page", "fence"), [one for one in of_pages({"yaml"}) if one.values[1]["file"] in SETTINGS])
def test_settings_in_the_docs_can_be_read(page, fence, tmp_path):
    from farm.config import load_config, load_project
    from farm.shots.reading.columns import read_columns

    path = tmp_path / fence["file"]
    path.write_text(fence["text"], encoding="utf-8")
    match fence["file"]:
        case "project.yaml":
            assert load_project(path, tmp_path).model_fields_set
        case "config.yaml":
            assert load_config({"FARM_CONFIG": str(path)}).model_fields_set
        case _:
            assert read_columns(path).own


def parsed(command: Any, words: list[str]) -> None:
    """Parse a command line as the command itself would, and run nothing. Raises what it would complain of."""
    name = words[0] if words else ""
    if name in getattr(command, "commands", {}):
        parsed(command.commands[name], words[1:])
    else:
        command.make_context(command.name, words)


@pytest.mark.parametrize("line", LINES)
def test_commands_in_the_docs_parse(line):
    _, *words = shlex.split(line.partition(" > ")[0])
    assert words[0] in COMMAND.commands
    parsed(COMMAND, words)


def test_every_command_is_shown_somewhere():
    shown = {shlex.split(param.values[0])[1] for param in LINES}
    assert set(COMMAND.commands) - shown <= {"models"}


@pytest.mark.parametrize("command", ["lint lake.csv", "plan lake.csv", "jobs", "simulate"])
def test_commands_of_the_readme_run(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARM_STATE", str(tmp_path / "state"))
    (text,) = (fence["text"] for fence in fences(ROOT / "README.md") if fence["file"] == "lake.csv")
    (tmp_path / "lake.csv").write_text(text, encoding="utf-8")
    (tmp_path / "jobs").symlink_to(ROOT / "jobs")
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 0, done.output
    assert done.output


def test_lists_in_a_readers_hands_are_queued_when_nobody_drives(tmp_path, monkeypatch):
    """The excerpt of the how-to: a request that nobody answers says since when."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FARM_STATE", str(tmp_path / "state"))
    (text,) = (fence["text"] for fence in fences(ROOT / "README.md") if fence["file"] == "lake.csv")
    (tmp_path / "lake.csv").write_text(text.replace("jobs/", f"{ROOT}/jobs/"), encoding="utf-8")
    done = CliRunner().invoke(app, ["submit", str(tmp_path / "lake.csv"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "queued, no driver has run here yet" in " ".join(done.output.split())


@pytest.mark.parametrize(("page", "fence"), PROGRAMS)
def test_programs_in_the_docs_run(page, fence, tmp_path):
    catalog = tmp_path / "out" / "lake" / "catalog"
    attempt = {"task": "a", "stage": "score", "state": "done", "duration_us": 1, "bytes": 1}
    tables = {"takes": (TAKES, {"task": "a", "seq": 1, "shot": "sh010"}), "attempts": (ATTEMPTS, attempt)}
    for name, (schema, row) in tables.items():
        folder = catalog / name / "project=lake"
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist([row], schema=schema), folder / "1.parquet")
    program = tmp_path / fence["file"]
    program.write_text(fence["text"], encoding="utf-8")
    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
