"""What lies in the clip store of one project, asked for only where the job store cannot tell.

    task the books never heard of ──▶ its own folders, or for many at once the whole project ──▶ attempts, manifests
    file that somebody needs ──▶ is it there, with the size it was written with?

Attempts are looked for once: what lies there for a task that is in no book was left by an earlier job store, and what
is written later is in the books. Files are looked at every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from farm.errors import KeyMissing
from farm.store.clips import ClipStore
from farm.tasks import FileClass, Manifest, StoredFile, Task, TaskId, attempt_prefix, manifest_key

ATTEMPT_DEPTH = 7
"""Parts of a key that belongs to an attempt."""

APART_MAX = 32
"""Up to so many tasks are looked for one by one; for more the whole project is listed."""

THREADS = 8
"""Questions asked of storage at once: each may take as long as a network does."""

_KEPT = tuple(each for each in FileClass if each is not FileClass.ASSET)


class Shelf:
    """One project's part of a clip store. The jobs of one driver may share it."""

    def __init__(self, clips: ClipStore, project: str) -> None:
        self._clips = clips
        self._project = project
        self._attempts: dict[str, set[int]] = {}
        self._looked_for: set[TaskId] = set()
        self._is_listed = False

    def look_for(self, tasks: Sequence[TaskId]) -> None:
        """See what attempts of these tasks there are."""
        new = [task for task in tasks if task not in self._looked_for]
        if self._is_listed or not new:
            return
        if not self._looked_for and self._is_empty():
            self._is_listed = True
        elif len(new) > APART_MAX:
            self._take(self._clips.keys(self._root))
            self._is_listed = True
        else:
            prefixes = [attempt_prefix(self._project, each, task, 0)[:-1] for task in new for each in _KEPT]
            with ThreadPoolExecutor(THREADS) as pool:
                for found in pool.map(lambda prefix: list(self._clips.keys(prefix)), prefixes):
                    self._take(found)
        self._looked_for.update(new)

    def last_attempt(self, task: Task) -> int:
        """The highest number of an attempt that left anything; 0 for none. `look_for` comes first."""
        return max(self._attempts.get(task.id, ()), default=0)

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        """What an attempt left as its last word; None where it left none."""
        try:
            return Manifest.model_validate_json(self._clips.read_bytes(manifest_key(task.project, task.id, attempt)))
        except KeyMissing:
            return None

    def damaged(self, files: Iterable[StoredFile]) -> set[str]:
        """Keys of those files that are gone, or have another size than they were written with."""
        asked = {file.key: file for file in files}
        if not asked:
            return set()
        with ThreadPoolExecutor(min(THREADS, len(asked))) as pool:
            whole = pool.map(self._is_whole, asked.values())
            return {key for key, is_whole in zip(asked, whole, strict=True) if not is_whole}

    @property
    def _root(self) -> str:
        return f"store/{self._project}/"

    def _is_empty(self) -> bool:
        return next(iter(self._clips.keys(self._root)), None) is None

    def _is_whole(self, file: StoredFile) -> bool:
        try:
            return self._clips.size(file.key) == file.size
        except KeyMissing:
            return False

    def _take(self, keys: Iterable[str]) -> None:
        for key in keys:
            # store/{project}/{class}/{id[:2]}/{id}/{attempt}/{file}; what was handed in has no attempt, notes have 0
            parts = key.split("/")
            if len(parts) == ATTEMPT_DEPTH and parts[5] != "0":
                self._attempts.setdefault(parts[4], set()).add(int(parts[5]))
