"""The contract of a clip store, run by every kind of storage: absent or complete, never partial, never overwritten."""

from __future__ import annotations

import hashlib
import pickle
import threading
from pathlib import Path

import pytest

from farm.errors import InputError, KeyExists, KeyMissing
from farm.store.clips import ClipStore

ODD_KEYS = [
    "a",
    "store/demo/asset/ab/abcd/still 01.png",
    "ünïcødé/場面/шот.mp4",
    "100%/a+b&c=d.txt",
    "[x]*?/{y}",
    "a::b/c#d",
    'quote\'s "double"',
    "~tilde/-dash/_under",
    "back\\slash",
    ".hidden/.file",
    " leading and trailing ",
    "x" * 253,
]


def test_a_key_is_absent_until_it_is_put(clips: ClipStore) -> None:
    assert not clips.exists("a/b")
    with pytest.raises(KeyMissing, match="a/b"):
        clips.read_bytes("a/b")
    with pytest.raises(KeyMissing):
        clips.size("a/b")
    with pytest.raises(KeyMissing):
        clips.delete("a/b")
    with pytest.raises(KeyMissing):
        clips.link("a/b", "c")
    clips.put_bytes("a/b", b"hello")
    assert clips.exists("a/b")
    assert clips.read_bytes("a/b") == b"hello"
    assert clips.size("a/b") == 5


def test_a_folder_is_no_key(clips: ClipStore) -> None:
    clips.put_bytes("a/b/c", b"1")
    assert not clips.exists("a/b")
    with pytest.raises(KeyMissing):
        clips.read_bytes("a/b")
    with pytest.raises(KeyMissing):
        clips.delete("a")


def test_nothing_is_overwritten(clips: ClipStore, tmp_path: Path) -> None:
    clips.put_bytes("k", b"first")
    other = tmp_path / "other"
    other.write_bytes(b"second")
    for write in (
        lambda: clips.put_bytes("k", b"second"),
        lambda: clips.put_bytes("k", b"first"),
        lambda: clips.put_file("k", other),
        lambda: clips.put_file("k", other, adopt=True),
        lambda: clips.link("k", "k"),
    ):
        with pytest.raises(KeyExists, match="k is already written"):
            write()
    assert clips.read_bytes("k") == b"first"
    assert list(clips.keys()) == ["k"]


@pytest.mark.parametrize("adopt", [False, True], ids=["copied", "adopted"])
@pytest.mark.parametrize("size", [0, 1, 12_000_001], ids=["empty", "one byte", "in parts"])
def test_files_arrive_whole(clips: ClipStore, tmp_path: Path, size: int, *, adopt: bool) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    source = tmp_path / "clip.mkv"
    source.write_bytes(data[:size])
    stored = clips.put_file("take/clip.mkv", source, adopt=adopt)
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data[:size]).hexdigest())
    assert clips.size("take/clip.mkv") == size
    assert clips.read_bytes("take/clip.mkv") == data[:size]
    clips.fetch("take/clip.mkv", tmp_path / "deep" / "fetched.mkv")
    assert (tmp_path / "deep" / "fetched.mkv").read_bytes() == data[:size]
    clips.link("take/clip.mkv", "publish/v001.mkv")
    assert clips.read_bytes("publish/v001.mkv") == data[:size]
    assert [item.name for item in (tmp_path / "deep").iterdir()] == ["fetched.mkv"]


def test_fetch_replaces_its_target_and_needs_a_key(clips: ClipStore, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with pytest.raises(KeyMissing):
        clips.fetch("k", target)
    assert target.read_bytes() == b"old"
    clips.put_bytes("k", b"new")
    clips.fetch("k", target)
    clips.fetch("k", target)
    assert target.read_bytes() == b"new"
    assert not list(tmp_path.glob(".*"))


def test_local_path_reads_in_place_or_is_none(clips: ClipStore) -> None:
    assert clips.local_path("k") is None
    clips.put_bytes("k", b"data")
    path = clips.local_path("k")
    assert path is None or path.read_bytes() == b"data"


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_round_trip(clips: ClipStore, key: str) -> None:
    clips.put_bytes(key, key.encode())
    clips.put_bytes(f"{key}.2", b"")
    assert clips.read_bytes(key) == key.encode()
    assert list(clips.keys()) == [key, f"{key}.2"]
    assert list(clips.keys(key)) == [key, f"{key}.2"]
    clips.delete(key)
    assert list(clips.keys()) == [f"{key}.2"]


BAD_KEYS = {
    "empty": "",
    "absolute": "/a",
    "parent": "a/../b",
    "here": "./a",
    "empty part": "a//b",
    "folder": "a/",
    "newline": "a\nb",
    "nul": "a\0b",
    "lone surrogate": "a\udc80",
    "long part": "x" * 256,
    "long part in bytes": "é" * 128,
    "long": "/".join(["x" * 200] * 6),
    "version": "a?versionId=1",
    "unfinished": ".farm-tmp/x",
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_keys_are_named(clips: ClipStore, key: str) -> None:
    for call in (clips.read_bytes, clips.exists, clips.size, clips.delete, clips.url, clips.local_path):
        with pytest.raises(InputError, match="cannot be a key"):
            call(key)
    with pytest.raises(InputError, match="cannot be a key"):
        clips.put_bytes(key, b"")
    clips.put_bytes("good", b"")
    with pytest.raises(InputError, match="cannot be a key"):
        clips.link("good", key)


def test_listing_is_sorted_by_the_whole_key_and_takes_any_prefix(clips: ClipStore) -> None:
    keys = ["a-b/x", "a/x", "a/y/z", "a.b", "ab", "b/c", "B/c", "a/é", "a/z"]
    for key in keys:
        clips.put_bytes(key, key.encode())
    assert list(clips.keys()) == sorted(keys)
    for prefix in ("a", "a/", "a/y", "a/y/", "a/y/z", "a-", "ab", "b/", "none", "none/deep", "a/x/y"):
        assert list(clips.keys(prefix)) == sorted(key for key in keys if key.startswith(prefix)), prefix
    assert [entry.size for entry in clips.entries("a/")] == [3, 5, 3, 4]
    assert all(entry.modified_us > 1_600_000_000_000_000 for entry in clips.entries())


def test_a_missing_source_is_the_users_to_mend(clips: ClipStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"still\.png cannot be read.*moved or deleted"):
        clips.put_file("k", tmp_path / "still.png")
    with pytest.raises(InputError, match="cannot be read"):
        clips.put_file("k", tmp_path)
    assert not list(clips.keys())


@pytest.mark.parametrize("size", [10, 11_000_000], ids=["small", "in parts"])
def test_of_many_writers_exactly_one_wins(clips: ClipStore, tmp_path: Path, size: int) -> None:
    writers = 4
    barrier = threading.Barrier(writers)
    outcomes: dict[int, str] = {}

    def write(number: int) -> None:
        source = tmp_path / str(number)
        source.write_bytes(bytes([number]) * size)
        barrier.wait()
        try:
            clips.put_file("k", source)
            outcomes[number] = "won"
        except KeyExists:
            outcomes[number] = "taken"

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes.values()) == ["taken"] * (writers - 1) + ["won"]
    winner = next(number for number, outcome in outcomes.items() if outcome == "won")
    assert clips.read_bytes("k") == bytes([winner]) * size


def test_links_race_like_writes(clips: ClipStore) -> None:
    for number in range(4):
        clips.put_bytes(f"src/{number}", b"%d" % number)
    barrier = threading.Barrier(4)
    won: list[int] = []

    def publish(number: int) -> None:
        barrier.wait()
        try:
            clips.link(f"src/{number}", "publish/v001")
            won.append(number)
        except KeyExists:
            pass

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert clips.read_bytes("publish/v001") == b"%d" % won[0]


def test_a_deleted_key_can_be_put_again_and_its_links_stay(clips: ClipStore) -> None:
    clips.put_bytes("a/b/k", b"1")
    clips.link("a/b/k", "l")
    clips.delete("a/b/k")
    assert clips.read_bytes("l") == b"1"
    clips.put_bytes("a/b/k", b"2")
    assert clips.read_bytes("a/b/k") == b"2"
    assert clips.read_bytes("l") == b"1"


def test_a_store_travels_to_other_processes(clips: ClipStore) -> None:
    clips.put_bytes("k", b"1")
    assert pickle.loads(pickle.dumps(clips)).read_bytes("k") == b"1"  # noqa: S301


def test_urls_name_the_key(clips: ClipStore) -> None:
    assert clips.url("a/b").endswith("/a/b")
    assert clips.url("a/b").split("://")[0] in {"file", "memory", "s3"}


def test_the_file_system_reads_what_was_put(clips: ClipStore) -> None:
    clips.put_bytes("a/b", b"1")
    files, root = clips.filesystem()
    assert files.cat_file(f"{root}/a/b") == b"1"
