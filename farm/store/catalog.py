"""The record of everything made, as Parquet beside the clips, for whatever reads Parquet.

    job store's outbox ── follow ──▶ catalog/takes/project=demo/000000000001-000000005000-1f0c….parquet
                                     catalog/attempts/project=demo/…

Files are written once and named by the changes they cover and a hash of their rows: writing the same again is a no-op,
so a crash between writing and moving the watermark costs nothing. A take whose score or selection arrives later gets a
newer row in a later file; `read` gives the newest of each, as any other reader does by keeping the highest `seq` per
`task` (takes) or any row per `task` and `attempt` (attempts). All of it can be made again from the job store.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from farm.chain import StageName
from farm.errors import KeyExists
from farm.store.catalog_rows import ATTEMPTS, DOWNSTREAM, TAKES, Take, attempt_row, take_row
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import ChangeKind, ChangeRecord, TaskRecord
from farm.tasks import TaskId

CONSUMER = "catalog"
CHANGES_PER_FILE = 5_000

SPAN_PARTS = 3
"""Of a file's name: first and last change number, hash."""

Name = Literal["takes", "attempts"]
SCHEMAS: Mapping[Name, pa.Schema] = {"takes": TAKES, "attempts": ATTEMPTS}
KEYS: Mapping[Name, tuple[str, ...]] = {"takes": ("project", "task"), "attempts": ("project", "task", "attempt")}

Row = dict[str, Any]


class Catalog:
    """Two Parquet datasets in a clip store, partitioned by project. The driver writes, anyone reads."""

    def __init__(self, clips: ClipStore) -> None:
        self._clips = clips

    def follow(self, store: JobStore) -> int:
        """Write what has changed since the last time; gives back how many changes were read."""
        followed = 0
        while lines := store.changes_after(store.watermark(CONSUMER), CHANGES_PER_FILE):
            span = f"{lines[0].seq:012d}-{lines[-1].seq:012d}"
            self._write("attempts", span, _attempts_ended(store, lines))
            self._write("takes", span, _takes_touched(store, lines))
            store.set_watermark(CONSUMER, lines[-1].seq)
            followed += len(lines)
        return followed

    def rebuild(self, store: JobStore) -> None:
        """Write everything anew from the job store, in one file per project, and drop what was there."""
        snapshot = store.snapshot(live_only=False)
        span = f"{0:012d}-{snapshot.seq:012d}"
        generates = [task for task, record in snapshot.tasks.items() if record.task.stage == StageName.GENERATE]
        kept = self._write("attempts", span, _attempt_rows(store, snapshot.tasks))
        kept |= self._write("takes", span, _take_rows(store, generates))
        for key in list(self._clips.keys("catalog/")):
            if key not in kept:
                self._clips.delete(key)
        store.set_watermark(CONSUMER, snapshot.seq)

    def last_seq(self) -> int:
        """The highest change number that any file covers; 0 for an empty catalog."""
        spans = (key.rpartition("/")[2].split("-") for key in self._clips.keys("catalog/"))
        return max((int(span[1]) for span in spans if len(span) == SPAN_PARTS), default=0)

    def read(self, name: Name, project: str | None = None) -> pa.Table:
        """The takes or the attempts, of one project or of all: one row for each, as it stands, sorted by its key."""
        schema = SCHEMAS[name].append(pa.field("project", pa.string()))
        root = f"catalog/{name}"
        if next(self._clips.keys(f"{root}/"), None) is None:
            return schema.empty_table()
        files, base = self._clips.filesystem()
        found = ds.dataset(
            f"{base}/{root}",
            schema=schema,
            format="parquet",
            filesystem=files,
            partitioning=ds.partitioning(pa.schema([("project", pa.string())]), flavor="hive"),
        )
        wanted = None if project is None else ds.field("project") == project
        return _newest(found.to_table(filter=wanted), KEYS[name])

    def _write(self, name: Name, span: str, rows: Iterable[tuple[str, Row]]) -> set[str]:
        """Store rows by project, and give back their keys."""
        by_project: dict[str, list[Row]] = {}
        for project, row in rows:
            by_project.setdefault(project, []).append(row)
        keys: set[str] = set()
        for project, found in by_project.items():
            digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
            keys.add(key := f"catalog/{name}/project={quote(project, safe='')}/{span}-{digest}.parquet")
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(found, schema=SCHEMAS[name]), buffer, compression="zstd")
            try:
                self._clips.put_bytes(key, buffer.getvalue())
            except KeyExists:
                continue  # these very rows, written before a crash
        return keys


def _attempts_ended(store: JobStore, lines: Iterable[ChangeRecord]) -> Iterator[tuple[str, Row]]:
    ended = {(line.task, line.attempt) for line in lines if line.kind is ChangeKind.ATTEMPT_ENDED}
    records = store.tasks(sorted({task for task, _ in ended if task}))
    for project, row in _attempt_rows(store, records):
        if (row["task"], row["attempt"]) in ended:
            yield project, row


def _attempt_rows(store: JobStore, records: Mapping[TaskId, TaskRecord]) -> Iterator[tuple[str, Row]]:
    memberships = store.memberships(records)
    attempts = store.attempts(records)
    for task in sorted(attempts):
        for attempt in attempts[task]:
            if attempt.manifest:
                record = records[task]
                yield record.task.project, attempt_row(record, memberships[task][0], attempt.manifest)


def _takes_touched(store: JobStore, lines: Iterable[ChangeRecord]) -> Iterator[tuple[str, Row]]:
    """Rows of the takes that some change says something about: up from the changed tasks to `generate`."""
    touched = {line.task for line in lines if line.task and line.kind is not ChangeKind.ATTEMPT_STARTED}
    generates: set[TaskId] = set()
    while touched:
        records = store.tasks(sorted(touched))
        generates |= {task for task, record in records.items() if record.task.stage == StageName.GENERATE}
        touched = {
            source.task
            for record in records.values()
            if record.task.stage in DOWNSTREAM
            for source in record.task.inputs.values()
        }
    return _take_rows(store, generates)


def _take_rows(store: JobStore, generates: Iterable[TaskId]) -> Iterator[tuple[str, Row]]:
    records = store.tasks(sorted(generates))
    readers = _readers(store, records)
    attempts, memberships = store.attempts(records), store.memberships(records)
    jobs = {job.id: job for job in store.jobs()}
    for task, record in sorted(records.items()):
        members = memberships[task]
        take = Take(record, attempts.get(task, ()), members, jobs[members[0].job], readers.get(task, ()))
        if take.exists:
            yield record.task.project, take_row(take)


def _readers(store: JobStore, generates: Iterable[TaskId]) -> dict[TaskId, tuple[TaskRecord, ...]]:
    """The score, select and deliver tasks below each `generate` task."""
    below: dict[TaskId, dict[TaskId, TaskRecord]] = {task: {} for task in generates}
    level = {task: {task} for task in below}
    """The tasks just reached -> the generate tasks they were reached from."""
    while level:
        readers = store.readers(sorted(level))
        records = store.tasks(sorted({task for found in readers.values() for task in found}))
        reached: dict[TaskId, set[TaskId]] = {}
        for source, found in readers.items():
            for task in found:
                if records[task].task.stage in DOWNSTREAM:
                    reached.setdefault(task, set()).update(level[source])
        for task, generate in ((task, generate) for task, origins in reached.items() for generate in origins):
            below[generate][task] = records[task]
        level = reached
    return {generate: tuple(found[task] for task in sorted(found)) for generate, found in below.items()}


def _newest(table: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """One row per key: the one with the highest `seq` where there is one."""
    order = [(name, "ascending") for name in key]
    if "seq" in table.column_names:
        order.append(("seq", "descending"))
    table = table.sort_by(order)
    seen: set[tuple[Any, ...]] = set()
    firsts: list[int] = []
    for index, value in enumerate(zip(*(table[name].to_pylist() for name in key), strict=True)):
        if value not in seen:
            seen.add(value)
            firsts.append(index)
    return table.take(pa.array(firsts, pa.int64()))
