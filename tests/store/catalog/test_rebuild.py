"""Rebuilding: the same rows in larger parts, beside a driver, and never a moment without a whole catalog."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from farm.chain import SelectParams
from farm.errors import StorageError
from farm.store import catalog_parts
from farm.store.catalog import Catalog
from farm.store.catalog_parts import parts, read_keys, write_range
from farm.store.catalog_rows import ATTEMPTS, TAKES, attempt_row
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import AttemptRecord, Membership
from farm.tasks import AttemptState

NAMES = ("takes", "attempts")


@pytest.fixture
def followed(world: Any, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """The whole chain, in many small parts."""
    world.whole()
    catalog = Catalog(folder_clips)
    with monkeypatch.context() as patch:
        patch.setattr("farm.store.catalog.CHANGES_PER_FILE", 5)
        catalog.follow(world.store)
    return catalog


def read(catalog: Catalog) -> dict[str, pa.Table]:
    return {name: catalog.read(name) for name in NAMES}


def test_rebuilding_replaces_small_parts_by_large_ones(world: Any, followed: Catalog, folder_clips: ClipStore) -> None:
    before, many = read(followed), len(parts(folder_clips))
    followed.rebuild(world.store)
    followed.rebuild(world.store)
    assert read(followed) == before
    assert many > len(parts(folder_clips)) == 2
    assert followed.follow(world.store) == 0


@pytest.mark.parametrize("rows_per_part", [1, 3])
def test_large_parts_end_when_they_are_full(
    world: Any, followed: Catalog, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch, rows_per_part: int
) -> None:
    before = read(followed)
    monkeypatch.setattr("farm.store.catalog.ROWS_PER_PART", rows_per_part)
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", 3)
    followed.rebuild(world.store)
    assert read(followed) == before
    assert len(parts(folder_clips, "attempts")) > 1


def test_a_rebuild_that_dies_while_writing_has_changed_nothing(
    world: Any, followed: Catalog, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, listed = read(followed), parts(folder_clips)
    put = ClipStore.put_bytes

    def put_attempts_only(self: ClipStore, key: str, data: bytes) -> None:
        if "/takes/" in key:
            raise StorageError("full")
        put(self, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(ClipStore, "put_bytes", put_attempts_only)
        with pytest.raises(StorageError):
            followed.rebuild(world.store)
    assert set(listed) < set(parts(folder_clips))
    assert read(followed) == before
    followed.rebuild(world.store)
    assert read(followed) == before
    assert len(parts(folder_clips)) == 2


def test_readers_find_every_row_at_every_moment(
    world: Any, followed: Catalog, folder_clips: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = read(followed), []
    delete = ClipStore.delete

    def look_and_delete(self: ClipStore, key: str) -> None:
        plain = ds.dataset(tmp_path / "store" / "catalog" / "attempts", partitioning="hive").to_table()
        seen.append((read(followed) == before, len(set(zip(*plain.select(["task", "attempt"]), strict=True)))))
        delete(self, key)

    with monkeypatch.context() as patch:
        patch.setattr(ClipStore, "delete", look_and_delete)
        followed.rebuild(world.store)
    assert len(seen) > 4
    assert set(seen) == {(True, before["attempts"].num_rows)}


def test_a_reader_whose_parts_are_deleted_under_its_hands_lists_again(
    world: Any, followed: Catalog, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, left = read(followed), [1, 1]

    def rebuild_first(*args: Any) -> pa.Table:
        if left:
            left.pop()
            world.add(f"late {len(left)}", "prepare", SelectParams(takes=(len(left),)))
            Catalog(folder_clips).rebuild(world.store)
        return catalog_parts.read_parts(*args)

    with monkeypatch.context() as patch:
        patch.setattr("farm.store.catalog.read_parts", rebuild_first)
        assert followed.read("takes") == before["takes"]
    assert len(left) < 2


def test_a_driver_that_goes_on_meanwhile_loses_nothing(
    world: Any, followed: Catalog, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put, left = ClipStore.put_bytes, ["once"]

    def go_on(self: ClipStore, key: str, data: bytes) -> None:
        if left:
            left.clear()
            world.deliver(1, "prores")
            Catalog(folder_clips).follow(world.store)
        put(self, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(ClipStore, "put_bytes", go_on)
        Catalog(folder_clips).rebuild(world.store)
    assert followed.follow(world.store) == 0
    fresh = Catalog(ClipStore(tmp_path / "fresh"))
    fresh.rebuild(world.store)
    assert read(followed) == read(fresh)


def test_what_a_lost_job_store_made_outlives_a_rebuild_from_its_successor(
    world: Any, followed: Catalog, folder_clips: ClipStore, tmp_path: Path
) -> None:
    before = read(followed)
    successor = JobStore.open(tmp_path / "successor")
    with successor.lead() as lease:
        successor.advance(lease.epoch, followed.last_seq())
        Catalog(folder_clips).rebuild(successor)
    successor.close()
    assert read(Catalog(folder_clips)) == before


def test_a_job_store_of_yesterday_drops_nothing_of_today(
    world: Any, followed: Catalog, folder_clips: ClipStore
) -> None:
    """A part of changes beyond the job store's, as when that was brought back from a backup."""
    row = {"task": world.tasks["take 1"].id, "attempt": 2, "seq": 900_000, "score": 0.99}
    write_range(folder_clips, "takes", "demo", (900_000, 900_001), [row])
    followed.rebuild(world.store)
    assert 0.99 in followed.read("takes")["score"].to_pylist()


def test_a_task_of_two_jobs_is_written_once(
    world: Any, followed: Catalog, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.store.create_job(world.epoch, world.make.job("later"))
    world.store.add_tasks(world.epoch, "later", list(world.tasks.values()), 1)
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", 5)
    followed.rebuild(world.store)
    rows = [row for part in parts(folder_clips, "attempts") for row in read_keys(folder_clips, part)]
    assert len(rows) == len(set(rows)) == 8


def test_parts_of_before_still_read(world: Any, followed: Catalog, folder_clips: ClipStore) -> None:
    """A part that lacks columns, under a name with a hash of its rows, as older versions wrote."""
    rows = [{"task": "old", "attempt": 1, "seq": 3, "shot": "sh001", "state": "done"}]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    key = "catalog/takes/project=demo/000000000001-000000000003-0123456789abcdef.parquet"
    folder_clips.put_bytes(key, buffer.getvalue())
    found = {row["task"]: row for row in followed.read("takes").to_pylist()}
    assert (found["old"]["shot"], found["old"]["score"], found["old"]["project"]) == ("sh001", None, "demo")
    assert len(found) == 3
    followed.rebuild(world.store)
    assert "old" in followed.read("takes")["task"].to_pylist()


def test_an_attempt_names_the_job_it_ran_for_and_its_cost(world: Any) -> None:
    world.finish("take 1", cost_micros=7)
    (record,) = world.store.tasks([world.tasks["take 1"].id]).values()
    manifest, first = record.manifest, Membership("asked first", "sh010", 1, 1)

    def row(**booked: Any) -> tuple[str, int]:
        attempt = AttemptRecord(manifest.task, 1, "cpu-1", "n", AttemptState.DONE, 10, manifest, **booked)
        made = attempt_row(record, first, attempt, manifest)
        assert made.keys() == set(ATTEMPTS.names)
        return made["job"], made["cost_micros"]

    assert row(job="night", cost_micros=900) == ("night", 900)
    assert row() == ("asked first", 7)


def test_an_empty_catalog_has_every_column(folder_clips: ClipStore) -> None:
    assert Catalog(folder_clips).read("takes").schema.names == [*TAKES.names, "project"]
    assert Catalog(folder_clips).last_seq() == 0
