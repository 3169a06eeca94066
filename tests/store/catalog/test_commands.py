"""`farm catalog query` and `farm catalog views` at the command line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from farm.cli import app
from farm.errors import InputError
from farm.store.catalog import Catalog
from farm.store.catalog_views import VIEWS
from farm.store.clips import ClipStore

Farm = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "state")


@pytest.fixture
def farm(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """The command, on a recorded chain."""
    world.whole()
    Catalog(ClipStore(tmp_path / "out")).follow(world.store)
    monkeypatch.setenv("FARM_OUT", str(tmp_path / "out"))
    monkeypatch.setenv("COLUMNS", "100")
    runner = CliRunner()
    return lambda *words, **more: runner.invoke(app, ["catalog", *words], **more)


def test_a_few_columns_are_a_table(farm: Farm) -> None:
    said = farm("query", "SELECT shot, take, score, prompt FROM takes ORDER BY take").stdout
    assert [line.split() for line in said.splitlines()] == [
        ["shot", "take", "score", "prompt"],
        ["sh010", "1", "0.25", "push", "in"],
        ["sh010", "2", "0.75", "push", "in"],
    ]


def test_many_columns_are_a_block_for_each_row(farm: Farm) -> None:
    said = farm("query", "SELECT * FROM takes ORDER BY take").stdout
    assert [line for line in said.splitlines() if line.startswith("row")] == ["row 1", "row 2"]
    assert 'components       {"motion": 0.0, "sharpness": 0.5}' in said


def test_no_rows(farm: Farm) -> None:
    assert farm("query", "FROM takes WHERE false").stdout == "no rows\n"


def test_rows_beyond_the_limit_are_told_of(farm: Farm) -> None:
    done = farm("query", "FROM range(500)")
    assert len(done.stdout.splitlines()) == 101
    assert done.stderr == "the first 100 rows; there are more (--limit)\n"
    assert farm("query", "FROM range(500)", "--limit", "500").stderr == ""
    assert len(farm("query", "FROM range(500)", "--csv").stdout.splitlines()) == 501


def test_csv(farm: Farm) -> None:
    done = farm(
        "query", """SELECT take, components, NULL AS n, 'a,"b' || chr(10) AS t FROM takes ORDER BY take""", "--csv"
    )
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["take", "components", "n", "t"],
        ["1", '{"motion": 0.0, "sharpness": 0.5}', "", 'a,"b\n'],
        ["2", '{"sharpness": 0.9}', "", 'a,"b\n'],
    ]


def test_json_holds_every_kind_of_value(farm: Farm) -> None:
    sql = """SELECT jobs, components, sum(cost_micros) AS whole, 1.5::DECIMAL(4, 2) AS part, 'nan'::DOUBLE AS none,
        make_timestamp(0) AS at, INTERVAL 2 SECOND AS wait, 'ab'::BLOB AS bytes, chosen, uuid() IS NULL AS no
        FROM takes WHERE take = 1 GROUP BY ALL"""
    assert json.loads(farm("query", sql, "--json").stdout) == [
        {
            "jobs": ["job"],
            "components": {"motion": 0.0, "sharpness": 0.5},
            "whole": 30,
            "part": 1.5,
            "none": None,
            "at": "1970-01-01T00:00:00",
            "wait": "P0M0DT2S",
            "bytes": "6162",
            "chosen": False,
            "no": False,
        }
    ]


def test_parquet_goes_into_a_new_file(farm: Farm, tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    assert farm("query", "FROM takes_per_model", "--parquet", str(path)).exit_code == 0
    assert pq.read_table(path)["takes"].to_pylist() == [2]
    for words in (["--parquet", str(path)], ["--parquet", str(tmp_path / "no" / "x")], ["--json", "--csv"]):
        assert isinstance(farm("query", "FROM takes", *words).exception, InputError)
    assert pq.read_table(path).num_rows == 1


def test_a_query_may_come_through_standard_input(farm: Farm) -> None:
    assert farm("query", "-", "--csv", input="SELECT 1 AS a\n").stdout == "a\n1\n"


HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "query-the-catalog.md"
ASKED = re.findall(r'^farm catalog query "([^"]+)"', HOW_TO.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("sql", ASKED)
def test_questions_of_the_how_to_have_answers(farm: Farm, sql: str) -> None:
    done = farm("query", sql, "--csv")
    assert done.exit_code == 0, done.exception
    assert len(done.stdout.splitlines()) > 1


def test_text_cannot_move_the_cursor(farm: Farm) -> None:
    assert farm("query", "SELECT chr(27) || '[31mred[/bold]' AS chr").stdout.split() == ["chr", "�[31mred[/bold]"]


def test_views_are_listed_with_their_columns(farm: Farm) -> None:
    said = farm("views").stdout
    assert all(view.name in said and all(column in said for column in view.columns) for view in VIEWS)
    listed = json.loads(farm("views", "--json").stdout)
    assert [(each["name"], list(each["columns"])) for each in listed] == [(v.name, list(v.columns)) for v in VIEWS]
