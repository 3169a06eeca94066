"""The machine's cache: whole files or none, within bounds, shared by processes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries

from farm.cluster.cache import Cache


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache", limit_bytes=1000)


@pytest.fixture
def add(cache, tmp_path):
    def add_one(key: str, size: int, *, to: Cache = cache) -> None:
        source = tmp_path / "source.bin"
        source.write_bytes(key.encode().ljust(size, b".")[:size])
        to.add(key, source)
        source.unlink()

    return add_one


@pytest.fixture
def has(cache, tmp_path):
    def has_one(key: str) -> bool:
        target = tmp_path / "target.bin"
        found = cache.get(key, target)
        target.unlink(missing_ok=True)
        return found

    return has_one


def stored(cache: Cache) -> list[Path]:
    return list(cache._files())


def test_what_was_added_is_given(cache, add, tmp_path):
    add("a/still.png", 10)
    assert cache.get("a/still.png", tmp_path / "got.png")
    assert (tmp_path / "got.png").read_bytes() == b"a/still.pn"


def test_what_was_never_added_is_not(has):
    assert not has("a/still.png")


def test_keys_of_one_name_are_told_apart(add, has):
    add("a/still.png", 10)
    assert not has("b/still.png")


def test_a_file_is_fetched_once(cache, tmp_path):
    fetched: list[Path] = []

    def fetch(target: Path) -> None:
        fetched.append(target)
        target.write_bytes(b"far away")

    for name in ("one", "two"):
        cache.through("k/x", tmp_path / name, fetch)
        assert (tmp_path / name).read_bytes() == b"far away"
    assert len(fetched) == 1


def test_the_least_recently_used_goes_first(add, has):
    add("a", 300), add("b", 300), add("c", 300)
    assert has("a")
    add("d", 300)
    assert [has(key) for key in "abcd"] == [True, False, True, True]


def test_what_is_evicted_stays_with_its_user(cache, add, has, tmp_path):
    add("a", 600)
    assert cache.get("a", tmp_path / "mine")
    add("b", 600)
    assert not has("a")
    assert (tmp_path / "mine").stat().st_size == 600


def test_what_is_larger_than_the_whole_is_not_kept(cache, add, has):
    add("a", 400), add("big", 1001)
    assert has("a")
    assert not has("big")


@pytest.mark.parametrize("left", [0, 5, 11], ids=["empty", "half", "longer"])
def test_a_file_that_was_cut_is_never_served(cache, add, has, left):
    add("a", 10)
    ((_, _, file),) = stored(cache)
    file.chmod(0o644)
    file.write_bytes(b"x" * left)
    assert not has("a")
    add("a", 10)
    assert has("a")


def test_files_from_before_the_machine_started_are_removed(cache, add, tmp_path):
    add("a", 10)
    ((_, _, file),) = stored(cache)
    boot = file.parents[3]
    boot.rename(boot.with_name("an earlier boot"))
    again = Cache(tmp_path / "cache", limit_bytes=1000)
    assert not again.get("a", tmp_path / "target")
    assert not (tmp_path / "cache" / "an earlier boot").exists()


def test_a_full_disk_is_no_failure(cache, add, monkeypatch, has):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        add("a", 10)
    assert not has("a")


def test_another_file_system_means_a_copy(cache, add, monkeypatch, has):
    link = os.link

    def across(source, target):
        if Path(source).name == "source.bin":
            raise OSError(18, "Invalid cross-device link")
        link(source, target)

    monkeypatch.setattr(os, "link", across)
    add("a", 10)
    assert has("a")


@settings(max_examples=tries(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 700), max_size=25))
def test_the_bound_is_never_broken(tmp_path_factory, add, sizes):
    cache = Cache(tmp_path_factory.mktemp("cache"), limit_bytes=1000)
    for number, size in enumerate(sizes):
        add(f"k{number}", size, to=cache)
        assert cache.bytes_kept <= 1000


def test_a_booking_whose_process_died_is_put_right(cache, add):
    with cache._total() as total:
        total.book(total.bytes + 10_000)
    for number in range(5):
        add(f"k{number}", 200)
    assert cache.bytes_kept >= 800


MANY = """
import random, sys
from pathlib import Path
from farm.cluster.cache import Cache
root, seed = Path(sys.argv[1]), int(sys.argv[2])
cache, rng = Cache(root / "cache", 3000), random.Random(seed)
mine = root / f"mine{seed}"
mine.mkdir()
for turn in range(150):
    key = f"key{rng.randrange(12)}/file"
    content = key.encode() * 30
    target = mine / str(turn)
    cache.through(key, target, lambda path: path.write_bytes(content))
    assert target.read_bytes() == content, (key, target.stat().st_size)
    assert cache.bytes_kept <= 3000
"""


def test_many_processes_share_it(tmp_path):
    command = [sys.executable, "-c", MANY, str(tmp_path)]
    running = [subprocess.Popen([*command, str(seed)], stderr=subprocess.PIPE, text=True) for seed in range(3)]
    assert [process.communicate()[1] for process in running] == ["", "", ""]


def test_many_threads_share_it(cache, tmp_path):
    wrong: list[str] = []

    def use(seed: int) -> None:
        rng = random.Random(seed)
        for turn in range(100):
            key = f"key{rng.randrange(12)}"
            target = tmp_path / f"{seed}-{turn}"
            cache.through(key, target, lambda path, key=key: path.write_bytes(key.encode() * 50) and None)
            if target.read_bytes() != key.encode() * 50:
                wrong.append(key)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
