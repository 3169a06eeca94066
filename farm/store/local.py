"""Clips as files: local disks, NFS and other shared file systems.

    bytes ─▶ .farm-tmp/<random> ─fsync─▶ os.link(…, key) ─▶ unlink temp ─▶ fsync folder

`os.link` fails when the name is taken, atomically and over NFS too: it is the compare-and-swap. Where a file system has
no hard links (exFAT, SMB) `renameat2(RENAME_NOREPLACE)` is, and where neither works nothing is written: claiming the
name first with O_EXCL would show a partial file after a crash. Files are read-only once written, because a published
key shares its bytes with the one it was linked from.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import fsspec
from fsspec import AbstractFileSystem

from farm.store.backend import Entry, Stored
from farm.store.keys import TEMP_FOLDER

CHUNK_BYTES = 4 << 20
READ_ONLY = 0o444

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1


class LocalFiles:
    """A folder of clips; it is made by the first write."""

    errors: tuple[type[Exception], ...] = (OSError,)
    local = True
    remedy = "check the folder's owner and permissions, or choose another with --out"

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would follow the user's links)
        self._temp = self._root / TEMP_FOLDER

    def put_file(self, key: str, source: Path, *, adopt: bool) -> Stored:
        with source.open("rb") as file, self._unfinished() as temp:
            if adopt and _adopt(source, temp):
                digest = hashlib.file_digest(file, "sha256")
                os.fsync(file.fileno())
            else:
                digest = _copy(file, temp)
            size = file.tell()
            self._publish(temp, key)
        return Stored(size, digest.hexdigest())

    def put_bytes(self, key: str, data: bytes) -> None:
        with self._unfinished() as temp:
            with _create(temp) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._publish(temp, key)

    def read_bytes(self, key: str) -> bytes:
        return self._file(key).read_bytes()

    def fetch(self, key: str, target: Path) -> None:
        source = self._file(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temp = target.with_name(f".{uuid.uuid4().hex}")
        try:
            try:
                os.link(source, temp)
            except OSError as error:
                if error.errno not in _NO_LINKS | {errno.EXDEV}:
                    raise
                shutil.copyfile(source, temp)
            temp.replace(target)
        finally:
            temp.unlink(missing_ok=True)

    def local_path(self, key: str) -> Path | None:
        path = self._root / key
        return path if path.is_file() else None

    def size(self, key: str) -> int:
        return self._file(key).stat().st_size

    def entries(self, prefix: str) -> Iterator[Entry]:
        folder = prefix.rpartition("/")[0]
        yield from _walk(self._root / folder, f"{folder}/" if folder else "", prefix)

    def delete(self, key: str) -> None:
        path = self._file(key)
        path.unlink()
        for folder in path.parents:
            if folder == self._root or not _remove_empty(folder):
                break

    def link(self, source: str, target: str) -> None:
        path = self._file(source)
        if not self._place(path, target):
            self.put_file(target, path, adopt=False)

    def sweep(self, before_us: int) -> int:
        stale = [entry for entry in _walk(self._temp, "", "") if entry.modified_us < before_us]
        for entry in stale:
            (self._temp / entry.key).unlink(missing_ok=True)
        return len(stale)

    def url(self, key: str) -> str:
        return f"file://{self._root / key}"

    def filesystem(self) -> tuple[AbstractFileSystem, str]:
        return fsspec.filesystem("file"), str(self._root)

    # -- inside -------------------------------------------------------------------------------------------------

    def _file(self, key: str) -> Path:
        path = self._root / key
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return path

    @contextmanager
    def _unfinished(self) -> Iterator[Path]:
        """A new name on the store's own file system, gone afterwards."""
        _make_folder(self._temp)
        temp = self._temp / uuid.uuid4().hex
        try:
            yield temp
        finally:
            temp.unlink(missing_ok=True)

    def _publish(self, temp: Path, key: str) -> None:
        """Make a finished file appear under `key`, if and only if the key is absent."""
        if not self._place(temp, key):
            _rename_if_absent(temp, self._root / key)
            _sync_folder((self._root / key).parent)

    def _place(self, source: Path, key: str) -> bool:
        """Hard-link `source` to `key`, durably; False when this file system has no hard links."""
        target = self._root / key
        while True:
            _make_folder(target.parent)
            try:
                os.link(source, target)
            except FileExistsError:
                if target.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target)) from None
                raise
            except FileNotFoundError:
                if not source.exists():
                    raise
                continue  # `delete` removed the empty folder meanwhile
            except OSError as error:
                if error.errno in _NO_LINKS:
                    return False
                raise
            _sync_folder(target.parent)
            return True


def _create(path: Path) -> BinaryIO:
    """A new file, open for writing, that nobody can open for writing again."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY), "wb")


def _adopt(source: Path, temp: Path) -> bool:
    """Take a file over by linking it; False where it has to be copied."""
    if source.is_symlink():
        return False
    try:
        os.link(source, temp)
        temp.chmod(READ_ONLY)
    except OSError as error:
        if error.errno in _NO_LINKS | {errno.EXDEV}:
            return False
        raise
    return True


def _copy(file: BinaryIO, temp: Path) -> hashlib._Hash:
    """Copy an open file, durably, and give back the hash of what was copied."""
    digest = hashlib.sha256()
    with _create(temp) as copy:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents; as journals keep order, they are durable once the last is synced."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
            return False
        raise
    return True


def _rename_if_absent(source: Path, target: Path) -> None:
    """Rename, failing when `target` is taken, in one step of the kernel's (Linux)."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOTSUP, "this file system has neither hard links nor a rename that never overwrites")
    if rename(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        if number == errno.EINVAL:
            raise OSError(errno.ENOTSUP, "this file system has neither hard links nor a rename that never overwrites")
        raise OSError(number, os.strerror(number), str(target))


def _walk(folder: Path, stem: str, prefix: str) -> Iterator[Entry]:
    """Files below `folder` whose key begins with `prefix`, in code-point order of their keys."""
    try:
        with os.scandir(folder) as scan:
            found = {f"{item.name}/" if item.is_dir() else item.name: item for item in scan}
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in sorted(found):
        key = stem + name
        if not (key.startswith(prefix) or prefix.startswith(key)) or key == f"{TEMP_FOLDER}/":
            continue
        if name.endswith("/"):
            yield from _walk(folder / name, key, prefix)
        elif key.startswith(prefix):
            try:
                status = found[name].stat()
            except FileNotFoundError:
                continue  # deleted since the folder was read
            yield Entry(key, status.st_size, status.st_mtime_ns // 1000)
