"""A range of changes is written once, whatever dies on the way and whatever is decided meanwhile."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from farm.errors import StorageError
from farm.store.catalog import Catalog
from farm.store.catalog_parts import parts
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore

NAMES = ("takes", "attempts")


def crash(*_: object) -> None:
    raise StorageError("out of power")


def as_rebuilt(world: Any, folder: Path) -> dict[str, Any]:
    fresh = Catalog(ClipStore(folder))
    fresh.rebuild(world.store)
    return {name: fresh.read(name) for name in NAMES}


def ranges(clips: ClipStore, name: Any) -> list[tuple[int, int]]:
    return sorted((part.first, part.last) for part in parts(clips, name))


@pytest.mark.parametrize("same", [True, False], ids=["the same driver", "the next driver"])
def test_a_crash_before_the_watermark_ends_the_range_where_it_ended(
    world: Any, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, same: bool
) -> None:
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    world.whole()
    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "set_watermark", crash)
        for _ in range(2):
            with pytest.raises(StorageError):
                catalog.follow(world.store)
    written = ranges(folder_clips, "takes")
    world.deliver(1, "prores")
    catalog = catalog if same else Catalog(folder_clips)
    catalog.follow(world.store)
    found = ranges(folder_clips, "takes")
    assert len(written) == 1
    assert found[0] == written[0]
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert {name: catalog.read(name) for name in NAMES} == as_rebuilt(world, tmp_path / "fresh")


@pytest.mark.parametrize("write", range(4))
def test_a_crash_at_any_write_loses_and_doubles_nothing(
    world: Any, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write: int
) -> None:
    """GIVEN a crash at some write WHEN the store goes on before the next try THEN all is told once, as it stands."""
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", 9)
    put, left = ClipStore.put_bytes, [write]

    def put_or_die(self: ClipStore, key: str, data: bytes) -> None:
        if left and left[0] == 0:
            left.clear()
            crash()
        if left:
            left[0] -= 1
        put(self, key, data)

    world.finish("take 1")
    world.finish("score 1", total=0.5)
    world.finish("take 2")
    with monkeypatch.context() as patch:
        patch.setattr(ClipStore, "put_bytes", put_or_die)
        with pytest.raises(StorageError):
            Catalog(folder_clips).follow(world.store)
    world.finish("score 2", total=0.75)
    world.select(2)
    world.deliver(2)
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    for name in NAMES:
        found = ranges(folder_clips, name)
        assert len(found) == len(set(found))
        assert all(before[1] < after[0] for before, after in pairwise(found))
    assert {name: catalog.read(name) for name in NAMES} == as_rebuilt(world, tmp_path / "fresh")


def test_no_row_is_newer_than_its_range(
    world: Any, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else a row that was read while the store moved on could tie with the one that tells the move."""
    world.whole()
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", 4)
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    for part in parts(folder_clips, "takes"):
        alone = ClipStore(tmp_path / f"alone-{part.first}")
        alone.put_bytes(part.key, folder_clips.read_bytes(part.key))
        assert max(Catalog(alone).read("takes")["seq"].to_pylist()) <= part.last


def test_two_drivers_that_write_one_range_leave_one_part(
    world: Any, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.whole()
    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "set_watermark", lambda *_: crash())
        for _ in range(2):
            with pytest.raises(StorageError):
                Catalog(folder_clips).follow(world.store)
    assert Catalog(folder_clips).follow(world.store) > 0
    assert (len(ranges(folder_clips, "takes")), len(ranges(folder_clips, "attempts"))) == (1, 1)
