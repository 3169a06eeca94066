"""The record of everything made, as Parquet beside the clips, for whatever reads Parquet.

    job store's outbox ── follow ──▶ a part for each range of changes      (the driver, behind every commit)
    job store ─────────── rebuild ─▶ few large parts instead of many small (anyone, at any time)
    manifests ── rebuild_from_manifests ─▶ what the catalog lacks          (when the job store is lost)

Parts are written once (`farm.store.catalog_parts`). A take whose score or selection arrives later gets a newer row in a
later part; `read` gives the newest of each, as any other reader does by keeping the highest `seq` per `task` (takes) or
any row per `task` and `attempt` (attempts). A row of a range shows at least the changes of its range, and its `seq` is
never beyond the range: had the store moved on while it was read, the change it met is told again by a later part.

A crash between writing and moving the watermark: the next `follow` ends its range where the parts that are there end
theirs, finds those, and writes what is missing. A rebuild deletes nothing before everything new is written, nothing
that was written after it began, and no part with a row that the job store does not know. So at every moment the parts
that lie there hold every row; a reader that listed them before an old one was deleted finds it gone, and lists again.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from farm.errors import StorageError
from farm.store import catalog_manifests
from farm.store.catalog_manifests import Recovered
from farm.store.catalog_parts import LargeParts, Name, Part, Row, newest, parts, read_keys, read_parts, write_range
from farm.store.catalog_source import Lists, Source
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import ChangeKind, ChangeRecord
from farm.store.transactions import without_collecting
from farm.tasks import TaskId

CONSUMER = "catalog"
CHANGES_PER_FILE = 5_000
ROWS_PER_PART = 50_000
"""Of a rebuild; rounded up to a portion of changes."""
READS = 5
"""How often a reader lists the parts again when a rebuild deletes under its hands."""


class Catalog:
    """Two Parquet datasets in a clip store, partitioned by project. The driver writes, anyone reads."""

    def __init__(self, clips: ClipStore) -> None:
        self._clips = clips
        self._lists: tuple[JobStore, Lists] | None = None
        self._unsure = True
        """True while a part may lie there that the watermark has not passed."""

    def follow(self, store: JobStore) -> int:
        """Write what has changed since the last time; gives back how many changes were read."""
        followed = 0
        while lines := self._next_range(store):
            self._unsure = True
            with without_collecting():
                self._write_range(store, lines)
            store.set_watermark(CONSUMER, lines[-1].seq)
            self._unsure = False
            followed += len(lines)
        return followed

    def rebuild(self, store: JobStore) -> None:
        """Write everything anew from the job store, in large parts, and then drop the parts that say nothing more.

        May run beside a driver. Holds a portion of changes and the open parts in memory, however many tasks there are.
        """
        before, last = parts(self._clips), _last_seq(store)
        written = self._write_all(store, last)
        store.set_watermark(CONSUMER, last)
        for part in before:
            if part.key not in written and part.last <= last and self._is_known(part, store):
                self._clips.delete(part.key)

    def rebuild_from_manifests(self, clips: ClipStore) -> Recovered:
        """Add what the catalog lacks from the manifests in `clips`; for when the job store is lost.

        Rows that are there stay as they are. See `farm.store.catalog_manifests` for what manifests cannot tell.
        """
        large = LargeParts(self._clips, 0, ROWS_PER_PART)
        recovered = catalog_manifests.recover(clips, self._has, large.add)
        large.close()
        return recovered

    def last_seq(self) -> int:
        """The highest change number that any part covers; 0 for an empty catalog."""
        return max((part.last for part in parts(self._clips)), default=0)

    def read(self, name: Name, project: str | None = None) -> pa.Table:
        """The takes or the attempts, of one project or of all: one row for each, as it stands, sorted by its key."""
        for _ in range(READS):
            listed = parts(self._clips, name, project)
            try:
                table = read_parts(self._clips, name, listed)
            except FileNotFoundError:
                continue
            if _stands(listed, parts(self._clips, name, project)):
                return newest(name, table)
        raise StorageError(
            f"the parts of {self._clips.url(f'catalog/{name}')} are deleted faster than they can be read "
            "(is `farm catalog rebuild` running again and again?)"
        )

    # -- inside -------------------------------------------------------------------------------------------------

    def _next_range(self, store: JobStore) -> tuple[ChangeRecord, ...]:
        """The next changes to write about: as far as a part that was begun before a crash, where there is one."""
        watermark = store.watermark(CONSUMER)
        lines = store.changes_after(watermark, CHANGES_PER_FILE)
        if not lines or not self._unsure:
            return lines
        begun = max((part.last for part in parts(self._clips) if part.first == lines[0].seq), default=0)
        if not begun:
            return lines
        lines = store.changes_after(watermark, begun - watermark)
        return tuple(line for line in lines if line.seq <= begun)

    def _write_range(self, store: JobStore, lines: tuple[ChangeRecord, ...]) -> None:
        span, source = (lines[0].seq, lines[-1].seq), self._source(store)
        ended = {(line.task, line.attempt) for line in lines if line.kind is ChangeKind.ATTEMPT_ENDED}
        rows = source.attempt_rows(task for task, _ in ended if task)
        attempts = ((project, row) for project, row in rows if (row["task"], row["attempt"]) in ended)
        for project, found in _by_project(attempts).items():
            write_range(self._clips, "attempts", project, span, found)
        takes = source.take_rows(source.takes_touched(_touched(lines)))
        for project, found in _by_project(takes).items():
            write_range(self._clips, "takes", project, span, _not_beyond(span[1], found))

    def _write_all(self, store: JobStore, last: int) -> set[str]:
        """Write a row for everything there is up to change `last`: each task when the outbox tells of its first job."""
        large, seq = LargeParts(self._clips, last, ROWS_PER_PART), 0
        while lines := [line for line in store.changes_after(seq, CHANGES_PER_FILE) if line.seq <= last]:
            with without_collecting():
                self._add_portion(store, lines, large, last)
            seq = lines[-1].seq
        large.close()
        return large.keys

    def _add_portion(self, store: JobStore, lines: list[ChangeRecord], large: LargeParts, last: int) -> None:
        added = {(line.task, line.seq) for line in lines if line.kind is ChangeKind.TASK_ADDED and line.task}
        source = self._source(store)
        members = source.memberships(task for task, _ in added)
        first = [task for task, joined in members.items() if (task, joined[0].seq) in added]
        for project, rows in _by_project(source.attempt_rows(first)).items():
            large.add("attempts", project, rows)
        for project, rows in _by_project(source.take_rows(source.generates(first))).items():
            large.add("takes", project, _not_beyond(last, rows))

    def _is_known(self, part: Part, store: JobStore) -> bool:
        """True when the job store knows what every row of a part is about, so that it was written anew."""
        rows = set(read_keys(self._clips, part))
        found = store.attempts({TaskId(task) for task, _ in rows}).values()
        ended = {(attempt.task, attempt.number) for each in found for attempt in each if attempt.manifest}
        if part.name == "attempts":
            return rows <= ended
        missing = {TaskId(task) for task, _ in rows} - {task for task, _ in ended}
        settled = {task for task, record in store.tasks(missing).items() if record.outcome}
        return missing == settled

    def _has(self, name: Name, project: str) -> set[tuple[str, int]]:
        """Task and attempt of every row of a project."""
        return {row for part in parts(self._clips, name, project) for row in read_keys(self._clips, part)}

    def _source(self, store: JobStore) -> Source:
        if self._lists is None or self._lists[0] is not store:
            self._lists = store, Lists(store)
        return Source(store, self._lists[1])


def _last_seq(store: JobStore) -> int:
    """The number of the last change."""
    seq = store.watermark(CONSUMER)
    while lines := store.changes_after(seq, CHANGES_PER_FILE):
        seq = lines[-1].seq
    return seq


def _touched(lines: Iterable[ChangeRecord]) -> set[TaskId]:
    return {line.task for line in lines if line.task and line.kind is not ChangeKind.ATTEMPT_STARTED}


def _by_project(rows: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    by_project: dict[str, list[Row]] = {}
    for project, row in rows:
        by_project.setdefault(project, []).append(row)
    return by_project


def _not_beyond(last: int, rows: list[Row]) -> list[Row]:
    return [{**row, "seq": min(row["seq"], last)} for row in rows]


def _stands(listed: list[Part], now: list[Part]) -> bool:
    """True when no part was deleted, and none of a rebuild added, since `listed`: the list was whole."""
    return set(listed) <= set(now) and not any(part.rebuilt for part in set(now) - set(listed))
