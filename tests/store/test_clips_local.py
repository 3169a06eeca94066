"""What only files on disk can suffer: kills, permissions, full disks, file systems without hard links."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farm.errors import FailureKind, InputError, KeyExists, OutOfSpace, StorageError
from farm.store.clips import SWEEP_AGE_US, ClipStore
from farm.store.keys import TEMP_FOLDER

SLOW_WRITER = """
import sys, pathlib
from farm.store import local
from farm.store.clips import ClipStore

class Slow:
    def __init__(self, file): self.file, self.left = file, 3
    def read(self, size):
        if not self.left:
            print("half way", flush=True)
            sys.stdin.read()
        self.left -= 1
        return self.file.read(1000)

copy = local._copy
local._copy = lambda file, temp: copy(Slow(file), temp)
ClipStore(sys.argv[1]).put_file("a/clip.mkv", pathlib.Path(sys.argv[2]))
"""


def test_sigkill_in_the_middle_of_a_put_leaves_nothing_visible(folder_clips: ClipStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 10_000)
    writer = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(tmp_path / "store"), str(source)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert writer.stdout.readline() == b"half way\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    writer.stdin.close()

    left = list((tmp_path / "store" / TEMP_FOLDER).iterdir())
    assert len(left) == 1
    assert list(folder_clips.keys()) == []
    folder_clips.put_file("a/clip.mkv", source)
    assert list(folder_clips.keys()) == ["a/clip.mkv"]

    now_us = left[0].stat().st_mtime_ns // 1000
    assert folder_clips.sweep(now_us) == 0
    assert folder_clips.sweep(now_us + SWEEP_AGE_US + 1) == 1
    assert not left[0].exists()
    assert folder_clips.read_bytes("a/clip.mkv") == source.read_bytes()


WRITER = """
import sys, pathlib
from farm.errors import KeyExists
from farm.store.clips import ClipStore
clips = ClipStore(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    try:
        clips.put_bytes(f"k/{number}", sys.argv[2].encode() * 50_000)
        print(number, flush=True)
    except KeyExists:
        pass
"""


def test_of_many_processes_exactly_one_wins_each_key(folder_clips: ClipStore, tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "store"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    won = [writer.communicate()[0].split() for writer in writers]
    assert sorted(won[0] + won[1]) == sorted(str(number) for number in range(20))
    for name, numbers in zip("ab", won, strict=True):
        for number in numbers:
            assert folder_clips.read_bytes(f"k/{number}") == name.encode() * 50_000


def test_stored_files_are_read_only_and_adopted_ones_are_not_copied(folder_clips: ClipStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    folder_clips.put_file("copied", source)
    folder_clips.put_file("adopted", source, adopt=True)
    folder_clips.link("adopted", "published")
    paths = {key: folder_clips.local_path(key) for key in folder_clips.keys()}  # noqa: SIM118
    assert {key: path.stat().st_mode & 0o222 for key, path in paths.items() if path} == dict.fromkeys(paths, 0)
    assert paths["adopted"].samefile(source)
    assert paths["adopted"].samefile(paths["published"])
    assert not paths["copied"].samefile(source)


def test_a_linked_source_is_copied_not_adopted(folder_clips: ClipStore, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    folder_clips.put_file("k", tmp_path / "alias", adopt=True)
    path = folder_clips.local_path("k")
    assert path is not None
    assert not path.is_symlink()
    assert path.read_bytes() == b"x"


def raising(number: int) -> Callable[..., None]:
    def fail(*arguments: object, **_: object) -> None:
        raise OSError(number, os.strerror(number), str(arguments[0]))

    return fail


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EMLINK], ids=["EPERM", "ENOTSUP", "EMLINK"])
def test_without_hard_links_the_law_holds(
    folder_clips: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", raising(number))
    source = tmp_path / "source"
    source.write_bytes(b"x")
    folder_clips.put_file("a/k", source, adopt=True)
    with pytest.raises(KeyExists):
        folder_clips.put_bytes("a/k", b"other")
    folder_clips.link("a/k", "b/k")
    with pytest.raises(KeyExists):
        folder_clips.link("a/k", "b/k")
    folder_clips.fetch("a/k", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"x"
    assert source.read_bytes() == b"x"
    assert list(folder_clips.keys()) == ["a/k", "b/k"]
    assert not list((tmp_path / "store" / TEMP_FOLDER).iterdir())


def test_where_nothing_is_atomic_nothing_is_written(folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", raising(errno.EPERM))
    monkeypatch.setattr("farm.store.local._RENAME_NOREPLACE", 1 << 30)  # a flag no kernel knows
    with pytest.raises(StorageError, match="neither hard links nor a rename"):
        folder_clips.put_bytes("k", b"x")
    assert list(folder_clips.keys()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=["disk full", "quota"])
@pytest.mark.parametrize("call", ["fsync", "link", "open"])
def test_a_full_disk_is_named_and_leaves_nothing(
    folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    folder_clips.put_bytes("other", b"x")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, raising(number))
        with pytest.raises(OutOfSpace, match=r"no space is left for file://.*/k .*farm gc") as caught:
            folder_clips.put_bytes("k", b"data")
    assert caught.value.kind is FailureKind.TRANSIENT
    assert list(folder_clips.keys()) == ["other"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_really_full_disk(tiny_disk: Path, tmp_path: Path) -> None:
    clips = ClipStore(str(tiny_disk))
    source = tmp_path / "source"
    source.write_bytes(b"x" * 200_000)
    with pytest.raises(OutOfSpace):
        clips.put_file("k", source)
    assert list(clips.keys()) == []
    clips.put_bytes("small", b"fits, since the unfinished file is gone")


def test_a_full_disk_under_a_fetch_names_its_target(tiny_disk: Path, folder_clips: ClipStore) -> None:
    folder_clips.put_bytes("k", b"x" * 200_000)
    with pytest.raises(OutOfSpace, match=rf"no space is left for {tiny_disk}/fetched"):
        folder_clips.fetch("k", tiny_disk / "fetched")
    assert not list(tiny_disk.iterdir())


def test_a_file_size_limit_is_a_storage_error(folder_clips: ClipStore) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageError, match="File too large"):
            folder_clips.put_bytes("k", b"x" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert list(folder_clips.keys()) == []


DENIED = """
import os, sys
from farm.errors import StorageError
from farm.store.clips import ClipStore
clips = ClipStore(sys.argv[1])
clips.exists("warm")
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for call in (
    lambda: clips.put_bytes("a/k", b"x"),
    lambda: clips.link("a/there", "b/k"),
    lambda: clips.delete("a/there"),
):
    try:
        call()
    except StorageError as error:
        print(type(error).__name__, error)
"""


def test_no_permission_names_the_path_and_the_remedy() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders let nobody else in
        store = Path(folder) / "store"
        clips = ClipStore(store)
        clips.put_bytes("a/there", b"x")
        Path(folder).chmod(0o755)
        locked = (store, store / "a", store / TEMP_FOLDER)
        for each in locked:
            each.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", DENIED, str(store)], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for each in locked:
            each.chmod(0o755)
        assert len(done) == 3
        for line, key in zip(done, ("a/k", "b/k", "a/there"), strict=True):
            assert line.startswith(f"StorageError no permission for file://{store}/{key}: ")
            assert line.endswith("or choose another with --out)")
        assert list(clips.keys()) == ["a/there"]


def test_a_key_cannot_be_the_folder_of_another(folder_clips: ClipStore) -> None:
    folder_clips.put_bytes("a/b", b"1")
    for key in ("a", "a/b/c", "a/b/c/d"):
        with pytest.raises(InputError, match="cannot also be the folder"):
            folder_clips.put_bytes(key, b"2")


def test_opening_touches_nothing(tmp_path: Path) -> None:
    clips = ClipStore(f"file://{tmp_path}/new/store")
    assert list(clips.keys()) == []
    assert not clips.exists("k")
    assert not list(tmp_path.iterdir())
    clips.put_bytes("k", b"x")
    assert ClipStore(tmp_path / "new" / "store").read_bytes("k") == b"x"


def test_relative_paths_are_fixed_when_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clips = ClipStore("out")
    assert clips.url("k") == f"file://{tmp_path}/out/k"


def test_other_storage_is_refused() -> None:
    with pytest.raises(InputError, match=r"ftp://.*\(use a path, file://, s3:// or memory://\)"):
        ClipStore("ftp://host/clips")
