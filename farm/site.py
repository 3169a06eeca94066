"""One farm at one output URL: its clip store, its job store, its catalog, and the lead over them.

out ─┬─ publish/   what people open            state folder ── job store (on this machine's disk)
     ├─ store/     content-addressed outputs
     └─ catalog/   Parquet
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from farm.changes import AttemptEnded, Committed, TaskMoved
from farm.clock import now_us
from farm.config import Config
from farm.errors import InputError
from farm.resume import Standing, reclaimed
from farm.scheduler.events import History
from farm.shots.model import Shot, ShotList
from farm.store.catalog import Catalog
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import Job, JobState
from farm.store.state import state_folder
from farm.tasks import Task, TaskId, TaskState


@dataclass(frozen=True, slots=True)
class Ledger:
    """The driver's own hand in the books: every write goes under its lease."""

    job: str
    store: JobStore
    lease: Lease
    catalog: Catalog

    def add(self, tasks: Sequence[Task]) -> None:
        """Make tasks part of the job."""
        if tasks:
            self.store.add_tasks(self.lease.epoch, self.job, tasks, now_us())

    def reopen(self, tasks: Sequence[Task]) -> dict[TaskId, History]:
        """Where tasks that are to run stand in the books. What an earlier run settled, or left running, waits again."""
        changes: list[Committed] = []
        histories: dict[TaskId, History] = {}
        for task, record in self.store.tasks([task.id for task in tasks]).items():
            waits = record.state is TaskState.WAITING
            if record.state is TaskState.RUNNING:
                changes.append(AttemptEnded(reclaimed(record.task, record.attempts, now_us())))
            if not waits:
                changes.append(TaskMoved(task, TaskState.WAITING, now_us()))
            histories[task] = History(attempts=record.attempts, failures=record.failures if waits else {})
        self.commit(changes)
        return histories

    def commit(self, changes: Sequence[Committed]) -> None:
        """Make changes durable, all or none."""
        if changes:
            self.store.commit(self.lease.epoch, changes)

    def follow(self) -> None:
        """Bring the catalog up to date."""
        self.catalog.follow(self.store)

    def end(self, state: JobState) -> None:
        self.store.set_job_state(self.lease.epoch, self.job, state, now_us())
        self.follow()


class Site:
    """Opening one touches nothing."""

    def __init__(self, config: Config, out: str) -> None:
        self.out = _absolute(out)
        self.clips = ClipStore(self.out)
        self._folder = state_folder(config.state, self.out)

    def existing_store(self) -> JobStore | None:
        """The job store, where there is one already."""
        return JobStore.open(self._folder) if self._folder.is_dir() else None

    @contextmanager
    def leading(self) -> Iterator[LedSite]:
        """Lead this farm while inside. Raises `LeaseError`, naming the other driver, while there is one."""
        store = JobStore.open(self._folder)
        try:
            with store.lead() as lease:
                yield LedSite(self, store, lease)
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class LedSite:
    """A site that this process leads."""

    site: Site
    store: JobStore
    lease: Lease

    def version(
        self,
        project: str,
        subject: str,
        product: str,
        content: str,
        taken: Callable[[int], bool] = lambda number: False,  # noqa: ARG005
    ) -> int:
        """The version number of a content, allocated once."""
        return self.store.version(self.lease.epoch, project, subject, product, content, taken)

    def begin(self, shot_list: ShotList, standing: Standing) -> Ledger:
        """Record a new job, with what was found to be there already. It takes the place of unfinished ones like it."""
        for old in self.store.jobs():
            if old.state.live and (old.project, old.name) == (shot_list.project, shot_list.name):
                self.store.set_job_state(self.lease.epoch, old.id, JobState.CANCELLED, now_us())
        job = Job(
            id=uuid.uuid4().hex,
            project=shot_list.project,
            name=shot_list.name,
            out=self.site.out,
            document={"source": shot_list.source, "shots": [_described(shot) for shot in shot_list.shots]},
            created_us=now_us(),
        )
        self.store.create_job(self.lease.epoch, job)
        catalog = Catalog(self.site.clips)
        self.store.advance(self.lease.epoch, catalog.last_seq())
        ledger = Ledger(job.id, self.store, self.lease, catalog)
        ledger.add(list(standing.tasks.values()))
        ledger.commit(standing.changes)
        return ledger


def _described(shot: Shot) -> dict[str, JsonValue]:
    """A shot as the job's document keeps it, for the catalog and for people."""
    return {
        "code": shot.code,
        "sequence": shot.sequence,
        "row": str(shot.place),
        "still": shot.still,
        "prompt": shot.prompt,
        "nb_frames": shot.nb_frames,
        "fps": str(shot.fps),
    }


def _absolute(out: str) -> str:
    """The output as an absolute path or a URL."""
    if "://" in out:
        return out.rstrip("/")
    path = Path(out).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise InputError(f"--out {out} is a file (name a folder, or a URL such as s3://bucket/show)")
    return str(path)
