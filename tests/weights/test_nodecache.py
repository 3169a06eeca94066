"""A node's cache of models: each comes once, whole or not at all, however often its workers start and are killed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import kept_models
import pytest
from node_worker import NodeWorker, TalliedSource, tallied

from farm.errors import InputError, OutOfSpace, StorageError
from farm.models.diffusion.installed import Installed, Kind, WeightFile, installed
from farm.models.registry import Registry
from farm.weights.fetch import SPARE
from farm.weights.hashing import BLOCK
from farm.weights.nodecache import NodeCache
from farm.weights.parts import part_of
from farm.weights.source import FolderSource

BIG, SMALL = "transformer/model.safetensors", "vae/config.json"
Keep = Callable[..., Installed]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The models folder that every node sees."""
    return tmp_path / "shared"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The node's own."""
    return tmp_path / "node" / "models"


@pytest.fixture
def tally(tmp_path: Path) -> Path:
    return tmp_path / "tally"


@pytest.fixture
def keep(source: Path) -> Keep:
    """Puts a model into the source."""
    return partial(kept_models.keep, source)


@pytest.fixture
def wan(keep: Keep) -> Installed:
    return keep("house-wan", {BIG: os.urandom(3 * BLOCK + 1000), SMALL: b"{}"})


@pytest.fixture
def start(source: Path, folder: Path, tally: Path) -> Iterator[Callable[..., NodeWorker]]:
    """Starts workers of one node."""
    with ExitStack() as running:

        def one(name: str = "house-wan", hold_after: int | None = None) -> NodeWorker:
            worker = NodeWorker(source, folder, name, tally, hold_after)
            running.callback(worker.kill)
            return worker

        yield one


def cache_of(source: Path, folder: Path, **more: object) -> NodeCache:
    return NodeCache(FolderSource(source), folder, **more)  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- what comes ---------------------------------------------------------------------------------------------------


def test_a_model_comes_whole_and_is_found_by_a_registry(source, folder, wan):
    cache = cache_of(source, folder)
    assert cache.whole == frozenset()
    here = cache.bring("house-wan")
    assert contents(here.folder) == contents(wan.folder)
    assert here.fingerprint == wan.fingerprint
    assert folder in here.folder.parents
    assert cache.whole == {"house-wan"}
    assert installed(folder) == (here,)
    specs = [Registry(models).adapter("house-wan").spec for models in (source, folder)]
    assert specs[0] == specs[1]


def test_what_is_here_is_not_read_again(source, folder, tally, wan):
    for _ in range(3):
        NodeCache(TalliedSource(source, tally), folder).bring("house-wan")
    assert tallied(tally) == wan.size


def test_weights_that_stand_elsewhere_come_too(source, folder, keep, tmp_path):
    record = keep("theirs", {BIG: b"theirs"}, weights=str(tmp_path / "elsewhere"))
    here = cache_of(source, folder).bring("theirs")
    assert contents(here.folder) == contents(record.folder)
    assert folder in here.folder.parents


@pytest.mark.parametrize("kind", [Kind.LORA, Kind.UPSCALER])
def test_loras_and_upscalers_come_likewise(source, folder, keep, kind):
    record = keep("one-file", {"one.safetensors": b"small"}, kind=kind)
    here = cache_of(source, folder).bring("one-file")
    assert (here.kind, here.file.read_bytes()) == (kind, b"small")
    assert here.file != record.file


def test_the_same_files_under_two_names_come_once(source, folder, tally, keep):
    for name in ("first", "second"):
        keep(name, {BIG: b"the same"})
    cache = NodeCache(TalliedSource(source, tally), folder)
    assert cache.bring("first").folder == cache.bring("second").folder
    assert tallied(tally) == len(b"the same")
    assert cache.whole == {"first", "second"}


def test_a_second_name_of_what_another_worker_uses_is_not_waited_for(source, folder, keep, start):
    for name in ("first", "second"):
        keep(name, {BIG: b"the same"})
    users = start("first")
    assert users.says()
    assert start("second").says() == str(cache_of(source, folder).bring("first").folder)


def test_a_model_that_was_changed_at_its_source_comes_anew_beside_the_one_in_use(source, folder, keep):
    keep("house", {BIG: b"before"})
    used = cache_of(source, folder)
    before = used.bring("house")
    keep("house", {BIG: b"and after"})
    after = cache_of(source, folder).bring("house")
    assert (after.folder / BIG).read_bytes() == b"and after"
    assert installed(folder) == (after,)
    assert (before.folder / BIG).read_bytes() == b"before"


# -- at once, and broken off --------------------------------------------------------------------------------------


def test_of_two_workers_at_once_one_brings_and_the_other_waits(tally, wan, start):
    first = start(hold_after=BLOCK)
    assert first.says() == "held"
    second = start()
    assert "house-wan" in second.logs("is brought by another worker")
    assert tallied(tally) < wan.size
    first.go_on()
    assert first.says() == second.says() != ""
    assert tallied(tally) == wan.size


def test_a_killed_worker_leaves_what_it_brought_and_the_one_that_waited_goes_on(source, folder, tally, wan, start):
    first = start(hold_after=2 * BLOCK)
    assert first.says() == "held"
    second = start()
    second.logs("is brought by another worker")
    assert cache_of(source, folder).whole == frozenset()
    first.kill()
    here = Path(second.says())
    assert contents(here) == contents(wan.folder)
    assert tallied(tally) == wan.size + (len(b"{}") if _read_small_twice(tally) else 0)


def _read_small_twice(tally: Path) -> bool:
    """Whether the small file, which comes beside the big one, had been asked for and not yet been written."""
    return tally.read_text().split().count("2") == 2


def test_a_worker_that_is_killed_later_is_gone_on_from(source, folder, tally, wan, start):
    worker = start(hold_after=3 * BLOCK)
    assert worker.says() == "held"
    worker.kill()
    read = tallied(tally)
    assert read >= 3 * BLOCK
    here = NodeCache(TalliedSource(source, tally), folder).bring("house-wan")
    assert contents(here.folder) == contents(wan.folder)
    assert tallied(tally) - read <= 1000 + len(b"{}")


# -- damage -------------------------------------------------------------------------------------------------------


def flip(path: Path, at: int = -1) -> None:
    body = bytearray(path.read_bytes())
    body[at] ^= 1
    path.write_bytes(body)


def test_a_flipped_byte_at_the_source_is_found(source, folder, tally, wan):
    flip(wan.folder / BIG, BLOCK + 17)
    cache = NodeCache(TalliedSource(source, tally), folder)
    with pytest.raises(StorageError) as refusal:
        cache.bring("house-wan")
    assert f"{wan.folder / BIG} is not what the record of house-wan says" in str(refusal.value)
    assert "farm models check house-wan" in str(refusal.value)
    assert tallied(tally) >= 2 * (3 * BLOCK + 1000)
    assert cache.whole == frozenset()
    assert not [path for path in folder.rglob("*") if path.name.startswith("model.safetensors")]


@pytest.mark.parametrize("cut", [BLOCK, 0], ids=["cut short", "empty"])
def test_a_file_that_is_shorter_at_the_source_is_found(source, folder, wan, cut):
    os.truncate(wan.folder / BIG, cut)
    with pytest.raises(StorageError, match=f"{BIG} is not what the record"):
        cache_of(source, folder).bring("house-wan")


def test_of_a_file_that_grows_at_the_source_no_more_is_taken_than_was_recorded(source, folder, wan):
    before = (wan.folder / BIG).read_bytes()
    with (wan.folder / BIG).open("ab") as file:
        file.write(b"more" * BLOCK)
    assert (cache_of(source, folder).bring("house-wan").folder / BIG).read_bytes() == before


def put_part(source: Path, folder: Path, body: bytes) -> None:
    """Leave that of the big file, as a broken-off bringing would."""
    fingerprint = FolderSource(source).record("house-wan").fingerprint
    part = part_of(folder / ".weights" / fingerprint / "files" / BIG)
    part.parent.mkdir(parents=True)
    part.write_bytes(body)


def test_a_flipped_byte_in_a_part_is_found_and_the_file_comes_anew(source, folder, tally, wan):
    body = bytearray((wan.folder / BIG).read_bytes()[:BLOCK])
    body[100] ^= 1
    put_part(source, folder, bytes(body))
    here = NodeCache(TalliedSource(source, tally), folder).bring("house-wan")
    assert contents(here.folder) == contents(wan.folder)
    assert tallied(tally) == 2 * wan.size - BLOCK - len(b"{}")


@pytest.mark.parametrize("size", [0, 1, BLOCK, 3 * BLOCK + 1000], ids=["nothing", "a byte", "a block", "all of it"])
def test_of_a_part_only_the_rest_is_read(source, folder, tally, listener, wan, size):
    put_part(source, folder, (wan.folder / BIG).read_bytes()[:size])
    here = NodeCache(TalliedSource(source, tally), folder, progress=listener).bring("house-wan")
    assert contents(here.folder) == contents(wan.folder)
    assert tallied(tally) == wan.size - size
    assert listener.parts == [("bringing", wan.size)]
    assert listener.moved == wan.size


def test_a_part_that_is_too_long_is_of_something_else(source, folder, wan):
    put_part(source, folder, bytes(4 * BLOCK))
    assert contents(cache_of(source, folder).bring("house-wan").folder) == contents(wan.folder)


def test_what_was_lost_from_the_cache_comes_again(source, folder, tally, wan):
    (cache_of(source, folder).bring("house-wan").folder / SMALL).unlink()
    assert cache_of(source, folder).whole == frozenset()
    NodeCache(TalliedSource(source, tally), folder).bring("house-wan")
    assert tallied(tally) == len(b"{}")


# -- room ---------------------------------------------------------------------------------------------------------


def test_too_little_room_is_told_before_anything_comes(source, folder, tally, wan):
    cache = NodeCache(TalliedSource(source, tally), folder, free=lambda _: wan.size + SPARE - 1)
    with pytest.raises(OutOfSpace) as refusal:
        cache.bring("house-wan")
    for words in ("no room for house-wan", "12.6 MB", "1 bytes are too many", "FARM_MODEL_CACHE to a larger disk"):
        assert words in str(refusal.value)
    assert tallied(tally) == 0


def test_what_is_there_in_part_needs_less_room(source, folder, wan):
    put_part(source, folder, (wan.folder / BIG).read_bytes()[:BLOCK])
    cache_of(source, folder, free=lambda _: wan.size - BLOCK + SPARE).bring("house-wan")


def used(source: Path, folder: Path, name: str, start: Callable[..., NodeWorker]) -> None:
    """Brought by a worker that has gone since."""
    worker = start(name)
    assert worker.says()
    worker.end()


def test_what_nobody_uses_makes_way_the_least_recently_used_first(source, folder, keep, start):
    for name in "abcd":
        keep(name, {BIG: name.encode() * 1000})
    for name in ("a", "b", "c", "a"):
        used(source, folder, name, start)
    cache = cache_of(source, folder, limit_bytes=3500)
    cache.bring("d")
    assert cache.whole == {"a", "c", "d"}
    assert sum(len(body) for path, body in contents(folder).items() if "/files/" in path) == 3000


def test_for_what_will_never_fit_nothing_makes_way(source, folder, keep, start):
    keep("small", {BIG: b"s" * 1000})
    keep("large", {BIG: b"l" * 4000})
    used(source, folder, "small", start)
    cache = cache_of(source, folder, limit_bytes=3500)
    with pytest.raises(OutOfSpace, match="no room for large"):
        cache.bring("large")
    assert cache.whole == {"small"}


def test_what_a_worker_uses_does_not_make_way(source, folder, keep, start):
    for name in "ab":
        keep(name, {BIG: name.encode() * 1000})
    user = start("a")
    assert user.says()
    cache = cache_of(source, folder, limit_bytes=1500)
    with pytest.raises(OutOfSpace, match=r"may hold 1\.5 kB"):
        cache.bring("b")
    assert cache.whole == {"a"}
    user.end()
    cache.bring("b")
    assert cache.whole == {"b"}


def test_two_models_that_come_at_once_do_not_count_on_the_same_room(source, folder, keep, start):
    """The first is on its way: what it still needs of the disk is not free for the second."""
    keep("first", {BIG: os.urandom(3 * BLOCK)})
    keep("second", {BIG: os.urandom(BLOCK)})
    held = start("first", hold_after=BLOCK)
    assert held.says() == "held"
    with pytest.raises(OutOfSpace):
        cache_of(source, folder, free=lambda _: 3 * BLOCK - 1 + SPARE).bring("second")
    cache_of(source, folder, free=lambda _: 3 * BLOCK + SPARE).bring("second")


class FullDisk(FolderSource):
    """The disk fills up while it is read."""

    def blocks(self, record: Installed, file: WeightFile, begin: int) -> Iterator[memoryview]:
        yield next(super().blocks(record, file, begin))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")


def test_a_disk_that_fills_up_meanwhile_is_told(folder, source, wan):
    with pytest.raises(OutOfSpace, match="filled up while house-wan was brought"):
        NodeCache(FullDisk(source), folder).bring("house-wan")
    NodeCache(FolderSource(source), folder).bring("house-wan")


# -- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["house-wam", "../shared/house-wan", "", ".", "/etc", "a/b"])
def test_a_name_that_the_source_does_not_have_is_refused(source, folder, wan, name):
    with pytest.raises(InputError) as refusal:
        cache_of(source, folder).bring(name)
    assert "installed: house-wan" in str(refusal.value)
    assert not folder.exists()


@pytest.mark.parametrize("path", ["../../../outside", "/etc/passwd", "a/../../b", "..\\b"])
def test_a_record_whose_files_leave_its_folder_is_refused(source, folder, wan, path):
    document = json.loads((wan.home / "model.json").read_text())
    document["files"][0]["path"] = path
    (wan.home / "model.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="does not stay inside the folder"):
        cache_of(source, folder).bring("house-wan")
    assert not folder.exists()


def test_a_record_of_another_fingerprint_is_refused(source, folder, wan):
    document = json.loads((wan.home / "model.json").read_text())
    document["fingerprint"] = "../../elsewhere"
    (wan.home / "model.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="its fingerprint is not that of its files"):
        cache_of(source, folder).bring("house-wan")


def test_a_folder_that_cannot_be_written_is_named(source, tmp_path, wan):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError) as refusal:
        cache_of(source, tmp_path / "file" / "models").bring("house-wan")
    for words in ("house-wan cannot be brought to", str(tmp_path / "file"), "FARM_MODEL_CACHE"):
        assert words in str(refusal.value)


def test_a_source_whose_files_are_gone_is_named(source, folder, wan):
    (wan.folder / BIG).unlink()
    with pytest.raises(StorageError) as refusal:
        cache_of(source, folder).bring("house-wan")
    assert str(wan.folder / BIG) in str(refusal.value)
