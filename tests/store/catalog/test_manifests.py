"""When the job store is lost: what manifests alone can say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from farm.store.catalog import Catalog
from farm.store.catalog_parts import SCHEMAS, Name
from farm.store.clips import ClipStore

LOST: dict[Name, set[str]] = {
    "attempts": {"job", "stage_version", "shot", "take", "lane", "params"},
    "takes": {
        "seq", "job", "jobs", "sequence", "shot", "model", "revision", "seed", "prompt", "negative_prompt", "fidelity",
        "width", "height", "frames", "fps_num", "fps_den", "options",
    },
}  # fmt: skip


def test_rows_from_manifests_are_those_of_the_job_store_as_far_as_they_go(
    world: Any, clips: ClipStore, tmp_path: Path
) -> None:
    world.whole()
    world.shelve(clips)
    rebuilt = Catalog(ClipStore(tmp_path / "rebuilt"))
    rebuilt.rebuild(world.store)
    catalog = Catalog(clips)
    recovered = catalog.rebuild_from_manifests(clips)
    assert (recovered.attempts, recovered.takes, recovered.damaged) == (8, 2, [])
    for name, lost in LOST.items():
        told = [column for column in [*SCHEMAS[name].names, "project"] if column not in lost]
        assert catalog.read(name).select(told) == rebuilt.read(name).select(told)
        nulls = catalog.read(name).select(sorted(lost - {"seq"}))
        assert all(column.null_count == len(column) for column in nulls.columns)


def test_clips_of_takes_that_were_finished_first_are_theirs(world: Any, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.finish_take(1)
    world.deliver(1)
    world.shelve(folder_clips)
    catalog = Catalog(folder_clips)
    catalog.rebuild_from_manifests(folder_clips)
    (row,) = catalog.read("takes").to_pylist()
    assert (row["chosen"], [product for product, _ in row["clips"]]) == (True, ["review"])


def test_a_second_time_adds_nothing(world: Any, folder_clips: ClipStore) -> None:
    world.whole()
    world.shelve(folder_clips)
    catalog = Catalog(folder_clips)
    catalog.rebuild_from_manifests(folder_clips)
    before = list(folder_clips.keys("catalog/"))
    recovered = catalog.rebuild_from_manifests(folder_clips)
    assert (recovered.attempts, recovered.takes) == (0, 0)
    assert list(folder_clips.keys("catalog/")) == before


def test_rows_that_are_there_stay_and_what_is_missing_comes(world: Any, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    world.finish("take 2")
    world.shelve(folder_clips)
    recovered = catalog.rebuild_from_manifests(folder_clips)
    assert (recovered.attempts, recovered.takes) == (1, 1)
    assert {row["model"] for row in catalog.read("takes").to_pylist()} == {"animatic", None}


def test_the_job_stores_rows_win_over_those_of_manifests(world: Any, folder_clips: ClipStore, tmp_path: Path) -> None:
    world.whole()
    world.shelve(folder_clips)
    catalog, plain = Catalog(folder_clips), Catalog(ClipStore(tmp_path / "plain"))
    catalog.rebuild_from_manifests(folder_clips)
    catalog.follow(world.store)
    plain.rebuild(world.store)
    for name in ("takes", "attempts"):
        assert catalog.read(name) == plain.read(name)
    catalog.rebuild(world.store)
    assert len(list(folder_clips.keys("catalog/"))) == 2


@pytest.mark.parametrize("data", [b"", b"{", b'{"task": "x"}'], ids=["empty", "cut off", "another document"])
def test_a_damaged_manifest_is_left_out_and_named(world: Any, folder_clips: ClipStore, data: bytes) -> None:
    world.finish("take 1")
    world.shelve(folder_clips)
    key = "store/demo/manifest/ff/ffff/1/manifest.json"
    folder_clips.put_bytes(key, data)
    recovered = Catalog(folder_clips).rebuild_from_manifests(folder_clips)
    assert (recovered.damaged, recovered.attempts) == ([key], 2)


def test_a_delivery_tells_that_a_take_was_chosen_by_hand(world: Any, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.finish("take 2")
    world.deliver(1)
    world.shelve(folder_clips)
    catalog = Catalog(folder_clips)
    catalog.rebuild_from_manifests(folder_clips)
    chosen = {row["task"]: (row["chosen"], len(row["clips"])) for row in catalog.read("takes").to_pylist()}
    assert chosen == {world.tasks["take 1"].id: (True, 1), world.tasks["take 2"].id: (False, 0)}
