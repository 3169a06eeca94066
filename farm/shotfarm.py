"""A farm of shot lists, as the driver needs it: submissions become jobs, jobs become plans, changes become the catalog.

Request(submit) ─▶ accept ─▶ Job ─▶ open ─▶ ShotJob          job store ─▶ follow ─▶ catalog
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from pydantic import JsonValue

from farm.clock import now_us
from farm.course import Course
from farm.driver.desk import checked_priority
from farm.errors import InputError
from farm.jobview import job_id
from farm.kit import Kit
from farm.publish import Publisher
from farm.resume import Past
from farm.shelf import Shelf
from farm.shotjob import Costs, ShotJob, brief_of, shot_job
from farm.store.catalog import Catalog
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request
from farm.submission import Submission
from farm.tasks import Manifest, Task, TaskId


class ShotFarm:
    """What the driver asks about outputs and jobs (`farm.driver.seams.Farm`), for the one that leads."""

    def __init__(self, out: str, clips: ClipStore, store: JobStore, epoch: int, kit: Kit) -> None:
        self._out = out
        self._clips = clips
        self._store = store
        self._epoch = epoch
        self._kit = kit
        self._catalog = Catalog(clips)
        self._shelves: dict[str, Shelf] = {}
        self.plans: dict[str, ShotJob] = {}
        """Of the jobs that were opened."""
        store.advance(epoch, self._catalog.last_seq())

    def accept(self, request: Request) -> Job:
        return job_of(request, self._out)

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> ShotJob:
        self.plans[job.id] = plan = shot_job(
            job,
            books=self._store,
            clips=self._clips,
            shelf=self._shelves.setdefault(job.project, Shelf(self._clips, job.project)),
            versions=self._version,
            choices=self._store.choices(job.id),
            kit=self._kit,
            runs=runs,
            now_us=now_us,
            costs=costs_in(self._store),
        )
        return plan

    def follow(self) -> None:
        self._catalog.follow(self._store)

    def _version(
        self,
        project: str,
        subject: str,
        product: str,
        content: str,
        taken: Callable[[int], bool] = lambda number: False,  # noqa: ARG005
    ) -> int:
        return self._store.version(self._epoch, project, subject, product, content, taken)


def looked_at(job: Job, clips: ClipStore, store: JobStore | None, kit: Kit) -> ShotJob:
    """A job for somebody who only looks: nothing is written. It need not be in the books, which need not be there."""

    def version(
        project: str, subject: str, product: str, content: str, taken: Callable[[int], bool] | None = None
    ) -> int:
        del taken
        return (store.find_version(project, subject, product, content) if store else None) or 0

    submission = Submission.read(job.document)
    shelf = Shelf(clips, job.project)
    publisher = _Onlooker(submission.shot_list, submission.project, clips, version)
    choices = store.choices(job.id) if store else {}
    past = Past(job.id, store, shelf, runs=_somebody_runs, now_us=now_us)
    course = Course(brief_of(submission, publisher, choices, kit), past, shelf)
    return ShotJob(job, submission, course, publisher, costs_in(store) if store else None)


def costs_in(store: JobStore) -> Costs:
    """What tasks cost, by the books."""

    def costs(tasks: Collection[TaskId]) -> dict[TaskId, int]:
        sums = {task: sum(each.cost_micros for each in made) for task, made in store.attempts(tasks).items()}
        return {task: micros for task, micros in sums.items() if micros}

    return costs


class _Onlooker(Publisher):
    """Names products, and publishes none."""

    def publish(self, task: Task, manifest: Manifest) -> dict[str, str]:
        del task, manifest
        return {}

    def document(self, key: str, text: str) -> None:
        """Documents are for those who lead."""


def _somebody_runs(task: TaskId) -> bool:
    """Whoever drives knows what was left behind."""
    del task
    return True


def job_of(request: Request, out: str) -> Job:
    """The job that a submission asks for. Raises `InputError` for one that this farm cannot take."""
    body = request.body
    if body.get("out", out) != out:
        raise InputError(f"this farm renders to {out}, not to {body['out']} (submit with --out {out})")
    document = body.get("submission")
    if not isinstance(document, dict):
        raise InputError("the submission has no document")
    submission = Submission.read(cast("Mapping[str, JsonValue]", document))
    name = submission.shot_list.name
    return Job(
        id=job_id(request.id, name),
        project=submission.shot_list.project,
        name=name,
        out=out,
        document=document,
        created_us=request.at_us,
        priority=_priority(body.get("priority"), submission),
        budget_micros=_budget(body.get("budget_micros")),
        principal=request.principal,
        state=JobState.HELD if body.get("hold") is True else JobState.ACTIVE,
    )


def _priority(asked: JsonValue, submission: Submission) -> int:
    if asked is None:
        return submission.project.priority
    return checked_priority(asked)


def _budget(asked: JsonValue) -> int | None:
    if asked is None:
        return None
    if not isinstance(asked, int) or asked < 0:
        raise InputError(f"a budget is an amount of 0 or more, not {asked}")
    return asked
