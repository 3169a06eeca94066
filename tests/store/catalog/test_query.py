"""SQL over the catalog: what it finds, what it must never reach, and what it says of a query without an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from farm.errors import FailureKind, InputError, StorageError
from farm.store.catalog import Catalog
from farm.store.catalog_parts import parts
from farm.store.catalog_query import Limits, query
from farm.store.catalog_rows import TAKES
from farm.store.catalog_views import VIEWS
from farm.store.clips import ClipStore
from farm.tasks import TaskState


def rows(clips: ClipStore, sql: str, **limits: Any) -> list[dict[str, Any]]:
    return query(clips, sql, Limits(**limits)).rows.to_pylist()


@pytest.fixture
def place(tmp_path: Path) -> str:
    """One kind of job store is enough: a query never asks it."""
    return str(tmp_path / "state")


@pytest.fixture
def recorded(world: Any, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch) -> ClipStore:
    """The whole chain, in many parts that overlap: takes have several rows, of which the newest counts."""
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", 2)
    world.whole()
    Catalog(folder_clips).follow(world.store)
    return folder_clips


@pytest.mark.parametrize("name", ["takes", "attempts"])
def test_tables_hold_what_the_catalog_reads(recorded: ClipStore, name: Any) -> None:
    order = "project, task" if name == "takes" else "project, task, attempt"
    found = query(recorded, f"FROM {name} ORDER BY {order}").rows
    assert found.to_pylist() == Catalog(recorded).read(name).to_pylist()
    assert query(recorded, "FROM takes_of_all_parts").rows.num_rows > 2


def test_of_an_attempt_found_twice_the_row_that_knows_its_job_counts(world: Any, folder_clips: ClipStore) -> None:
    world.whole()
    world.shelve(folder_clips)
    catalog = Catalog(folder_clips)
    catalog.rebuild_from_manifests(folder_clips)
    catalog.follow(world.store)
    assert query(folder_clips, "FROM attempts_of_all_parts").rows.num_rows == 16
    found = query(folder_clips, "FROM attempts ORDER BY project, task, attempt").rows
    assert found.to_pylist() == catalog.read("attempts").to_pylist()
    assert set(found["job"].to_pylist()) == {"job"}


def test_every_storage_answers(world: Any, clips: ClipStore) -> None:
    world.whole()
    Catalog(clips).follow(world.store)
    assert rows(clips, "SELECT take, score, components['sharpness'] AS sharp FROM takes WHERE chosen") == [
        {"take": 2, "score": 0.75, "sharp": 0.9}
    ]
    assert rows(clips, "SELECT DISTINCT project FROM attempts") == [{"project": "demo"}]


def test_a_catalog_of_nothing_has_its_tables(folder_clips: ClipStore) -> None:
    for view in VIEWS:
        answer = query(folder_clips, f"FROM {view.name}")
        assert answer.rows.num_rows == 0
        assert answer.rows.column_names == list(view.columns)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_columns_are_as_they_are_told(recorded: ClipStore, view: Any) -> None:
    assert query(recorded, f"FROM {view.name}").rows.column_names == list(view.columns)


def test_the_views(recorded: ClipStore) -> None:
    (model,) = rows(recorded, "FROM takes_per_model")
    assert (model["model"], model["takes"], model["done"], model["failed"]) == ("animatic", 2, 2, 0)
    assert (model["chosen"], model["chosen_share"], model["mean_score"]) == (1, 0.5, 0.5)
    assert (model["best_score"], model["cost"]) == (0.75, pytest.approx(70e-6))
    assert [
        (row["kind"], row["number"], row["takes"], row["hit_rate"]) for row in rows(recorded, "FROM seed_hit_rate")
    ] == [
        ("take", 2, 1, 1.0),
        ("take", 1, 1, 0.0),
    ]
    (cost,) = rows(recorded, "FROM cost_per_project")
    assert (cost["project"], cost["attempts"], cost["failed"], cost["chosen_takes"]) == ("demo", 8, 1, 1)
    assert cost["cost"] == cost["cost_per_chosen"] == pytest.approx(70e-6)
    assert cost["hours_failed"] == pytest.approx(10 / 3.6e9)
    stages = {row["stage"]: row for row in rows(recorded, "FROM time_per_stage")}
    assert set(stages) == {"prepare", "generate", "score", "select", "deliver"}
    assert (stages["generate"]["attempts"], stages["generate"]["failed"]) == (3, 1)
    assert stages["generate"]["median_s"] == pytest.approx(1e-5)


def take(number: int, shot: str, seed: int, chosen: bool, **more: Any) -> dict[str, Any]:
    row = {"task": f"{shot}-{number}", "seq": 1, "model": "m", "state": "done", "sequence": "", "score": 50.0}
    return {**row, "take": number, "shot": shot, "seed": seed, "chosen": chosen, **more}


def test_hit_rates_count_decided_shots_and_shared_seeds(tmp_path: Path) -> None:
    takes = [
        take(1, "a", 7, True),
        take(2, "a", 8, False),
        take(1, "b", 7, True),
        take(2, "b", 9, False),
        take(1, "c", 9, False),
        take(2, "c", 9, True),
        take(1, "undecided", 7, False),
        take(2, "failed", 7, False, state="failed"),
    ]
    folder = tmp_path / "catalog" / "takes" / "project=p"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(takes, schema=TAKES), folder / f"{1:012d}-{9:012d}.parquet")
    found = rows(ClipStore(tmp_path), "SELECT kind, number, takes, chosen, hit_rate FROM seed_hit_rate")
    assert [tuple(row.values()) for row in found] == [
        ("take", 1, 3, 2, 0.6667),
        ("take", 2, 3, 1, 0.3333),
        ("seed", 7, 2, 2, 1.0),
        ("seed", 9, 3, 1, 0.3333),
    ]


HOSTILE = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_parquet('{parquet}')",
    "SELECT * FROM parquet_metadata('{parquet}')",
    "SELECT * FROM parquet_scan('{parquet}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM '{parquet}'",
    "SELECT * FROM query('FROM read_text(''{secret}'')')",
    "SELECT * FROM read_parquet('s3://somewhere/x.parquet')",
    "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
    "COPY (SELECT 1) TO '{folder}/made.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/made.csv'",
    "EXPORT DATABASE '{folder}/made'",
    "ATTACH '{folder}/made.db'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "CREATE TABLE mine AS SELECT 1",
    "DROP VIEW takes",
    "INSERT INTO takes SELECT * FROM takes",
    "CREATE SECRET (TYPE s3)",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/made.csv'",
    "SELECT getenv('HOME')",
    "SELECT * FROM folder_clips",
    "SELECT * FROM clips",
    "WITH x AS (INSERT INTO takes SELECT * FROM takes RETURNING 1) SELECT 1",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_query_reaches_nothing_but_the_catalog(folder_clips: ClipStore, tmp_path: Path, sql: str) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.txt").write_text("a,b\nsecret,1\n")
    pq.write_table(pa.table({"x": ["secret"]}), folder / "other.parquet")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    asked = sql.format(secret=folder / "secret.txt", parquet=folder / "other.parquet", folder=folder)
    with pytest.raises(InputError) as caught:
        query(folder_clips, asked)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT scor FROM takes", 'there is no column "scor" (did you mean "score"?)'),
        ("SELECT takes.modl FROM takes", 'there is no column "modl" (did you mean "model"?)'),
        ("SELECT a.stag FROM attempts a", 'there is no column "stag" (did you mean "stage" or "state"?)'),
        ("FROM tak", 'there is no table or view "tak" (did you mean "takes"?)'),
        ("FROM seed_hits", 'there is no table or view "seed_hits" (did you mean "seed_hit_rate"?)'),
        ("SELECT zzz FROM takes", 'there is no column "zzz" (`farm catalog views` lists tables, views and columns)'),
        ("selct 1", 'the query is no SQL: look at "selct"'),
        ("SELECT 'x", "the query is no SQL: unterminated"),
        ("SELECT lenght(model) FROM takes", 'Scalar Function with name lenght does not exist (did you mean "length"?)'),
        ("", "a query is one SELECT"),
        ("SELECT 1; SELECT 2", "a query is one SELECT"),
        ("SELECT model, shot FROM takes GROUP BY model", 'column "shot" must appear in the GROUP BY clause'),
    ],
)
def test_errors_are_a_sentence_with_the_nearest_name(folder_clips: ClipStore, sql: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        query(folder_clips, sql)
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


def test_time_is_bounded(folder_clips: ClipStore) -> None:
    endless = "WITH RECURSIVE t(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM t) SELECT count(*) FROM t"
    with pytest.raises(InputError, match=r"longer than 0\.2 s"):
        query(folder_clips, endless, Limits(seconds=0.2))


def test_memory_is_bounded_and_nothing_spills(folder_clips: ClipStore) -> None:
    with pytest.raises(InputError, match="more than 100 MB of memory"):
        query(folder_clips, "SELECT list(x) FROM range(1000000000) t(x)", Limits(memory_mb=100))


def test_rows_are_bounded(folder_clips: ClipStore) -> None:
    answer = query(folder_clips, "FROM range(1000000000000)", Limits(rows=3))
    assert (answer.rows.column(0).to_pylist(), answer.is_cut) == ([0, 1, 2], True)
    assert not query(folder_clips, "FROM range(3)", Limits(rows=3)).is_cut


def test_columns_of_one_name_are_told_apart(folder_clips: ClipStore) -> None:
    assert rows(folder_clips, "SELECT 1 AS a, 2 AS a, 3 AS b") == [{"a": 1, "a_2": 2, "b": 3}]


class RebuiltMeanwhile(ClipStore):
    """A store whose catalog is changed between the listing of its parts and their reading, a number of times."""

    def meanwhile(self, change: Callable[[], None], times: int) -> ClipStore:
        self.change, self.left = change, times
        return self

    def filesystem(self) -> Any:
        if self.left:
            self.left -= 1
            self.change()
        return super().filesystem()


def test_parts_that_a_rebuild_deletes_are_listed_again(world: Any, recorded: ClipStore, tmp_path: Path) -> None:
    before = rows(recorded, "FROM takes ORDER BY task")
    reader = RebuiltMeanwhile(tmp_path / "store").meanwhile(lambda: Catalog(recorded).rebuild(world.store), 1)
    assert rows(reader, "FROM takes ORDER BY task") == before


def test_a_part_that_cannot_be_read_is_named(world: Any, recorded: ClipStore) -> None:
    part = parts(recorded, "takes")[0]
    path = Path(recorded.url(part.key)[7:])
    path.chmod(0o644)
    path.write_bytes(b"no parquet")
    with pytest.raises(StorageError, match="the catalog cannot be read"):
        query(recorded, "FROM takes")


def test_failed_attempts_are_counted_apart(world: Any, folder_clips: ClipStore) -> None:
    world.fail("take 1", 1, FailureKind.INPUT, TaskState.FAILED, "no")
    Catalog(folder_clips).follow(world.store)
    assert rows(folder_clips, "SELECT failed, done, chosen_share FROM takes_per_model") == [
        {"failed": 1, "done": 0, "chosen_share": None}
    ]
