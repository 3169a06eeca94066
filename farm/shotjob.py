"""A submitted shot list as the driver sees it: tasks in, published clips, an animatic and a report out.

Job.document ─▶ Submission ─▶ Brief ─▶ Course ─▶ tasks ─▶ driver
                                          ▲                 │
                                          └── outcomes ◀────┘──▶ Publisher ─▶ publish/…, at the end the report
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from farm.canonical import content_id
from farm.chain import StageName
from farm.changes import Notice
from farm.course import Course
from farm.deliverable import Delivery
from farm.driver.seams import Found
from farm.errors import KeyMissing
from farm.kit import Kit
from farm.liveplan import LivePlan
from farm.models.spec import Adapter
from farm.noteworthy import notice_of
from farm.plan import Brief
from farm.publish import Allocate, Publisher
from farm.report import html
from farm.resume import Books, Past
from farm.shelf import Shelf
from farm.shots.intent import MotionIntent
from farm.shots.model import Reroll, Shot, ShotList
from farm.shots.motion import intent_of
from farm.shots.products import Product
from farm.shots.reading.presets import known_products
from farm.store.clips import ClipStore
from farm.store.records import Job, JobState
from farm.submission import Submission
from farm.summary import JobSummary, summarise
from farm.tasks import Outcome, Task, TaskId

FAILED_NAMED = 3

Costs = Callable[[Collection[TaskId]], Mapping[TaskId, int]]
"""What the attempts at tasks cost so far, in micros; nothing is said of tasks that cost nothing."""

logger = logging.getLogger(__name__)


class ShotJob:
    """One job (`farm.driver.seams.JobPlan`)."""

    def __init__(
        self, job: Job, submission: Submission, course: Course, publisher: Publisher, costs: Costs | None = None
    ) -> None:
        self._job = job
        self._submission = submission
        self._course = course
        self._publisher = publisher
        self._costs = costs
        self._report = ""
        self._remark = ""
        self._owed: list[Task] = []
        """Planned, and not yet given: storage failed on the way, and whoever asked will ask again."""

    @property
    def live(self) -> LivePlan:
        """What is planned and known so far."""
        return self._course.live

    def begin(self) -> Iterator[Task]:
        """The tasks that can be named now; what is done and not published, or not any more, is published on the way."""
        for task in self._course.begin():
            if outcome := self.known(task.id):
                self._publish(task, outcome)
            yield task

    def known(self, task: TaskId) -> Outcome | None:
        return self._course.live.known.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        """More urgent shots first, then as they come in the cut."""
        live = self._course.live
        return (-live.priority(task), live.position(task))

    def found(self, tasks: Sequence[Task]) -> Found:
        return self._course.found(tasks)

    def settle(self, task: Task, outcome: Outcome) -> list[Task]:
        self._publish(task, outcome)
        return self._met(self._course.settle(task, outcome))

    def choose(self, choices: Mapping[str, int]) -> list[Task]:
        return self._met(self._course.choose(choices))

    def reroll(self, shot: str, reroll: Reroll) -> tuple[list[Task], dict[str, JsonValue]]:
        amended = self._submission.rerolled(shot, reroll)
        tasks = self._met(self._course.amend(amended.shot_list.shot(shot)))
        self._submission = amended
        return tasks, amended.document()

    def check_choice(self, shot: str, take: int) -> str:
        return self._course.check_choice(shot, take)

    def open_choices(self) -> dict[str, tuple[int, ...]]:
        return self._course.live.open_choices()

    def retry(self, shots: Collection[str]) -> list[Task]:
        return self._met(self._course.retry(shots))

    def inputs(self, task: Task) -> Mapping[str, str]:
        return self._course.inputs(task)

    def end(self) -> JobState | None:
        """How the job ended; None while it waits for a person's choice. Its report is published for either."""
        summary = self.account()
        self._report = publish_report(summary, self._publisher)
        if not summary.finished:
            return None
        self._remark = _remark(summary)
        return JobState.FAILED if summary.failed or summary.message else JobState.DONE

    def remark(self) -> str:
        return self._remark

    def report(self) -> str:
        return self._report

    def news(self, shots: Collection[str] | None = None) -> list[Notice]:
        live = self._course.live
        found = live.resting if shots is None else filter(None, map(live.rests, shots))
        return [notice for planned in found if (notice := notice_of(planned, self._job, live.known))]

    def account(self, since_us: int | None = None) -> JobSummary:
        """The job as it stands, every task that `begin` gives having been taken.

        What was made before `since_us`, else before the job was submitted, counts as reused.
        """
        job, live = self._job, self._course.live
        takes = [task.id for task in live.tasks.values() if task.stage == StageName.GENERATE]
        summary = summarise(
            live,
            self._publisher,
            job.out,
            job.created_us if since_us is None else since_us,
            self._submission.warnings,
            job=job.id,
            costs=self._costs(takes) if self._costs else {},
        )
        return summary.model_copy(update={"report": self._report})

    def _met(self, tasks: list[Task]) -> list[Task]:
        """Publish what turned out to be there already."""
        self._owed += tasks
        for task in self._owed:
            if outcome := self.known(task.id):
                self._publish(task, outcome)
        met, self._owed = self._owed, []
        return met

    def _publish(self, task: Task, outcome: Outcome) -> None:
        if outcome.done and outcome.manifest and not self._is_on_the_way(task):
            try:
                self._publisher.publish(task, outcome.manifest)
            except KeyMissing as error:  # time heals it not: who asks for the list again has it made again
                logger.warning("%s is not published: %s", task.label, error)

    def _is_on_the_way(self, task: Task) -> bool:
        """True for an assembled movie that gets its sound yet: the mix is what people take."""
        return task in self._course.live.endings[:-1]


def shot_job(
    job: Job,
    *,
    books: Books,
    clips: ClipStore,
    shelf: Shelf,
    versions: Allocate,
    choices: Mapping[str, int],
    kit: Kit,
    runs: Callable[[TaskId], bool],
    now_us: Callable[[], int],
    costs: Costs | None = None,
) -> ShotJob:
    """The job, ready to begin. Raises `InputError` for a document that this farm cannot use."""
    submission = Submission.read(job.document)
    publisher = Publisher(submission.shot_list, submission.project, clips, versions)
    past = Past(job.id, books, shelf, runs=runs, now_us=now_us)
    course = Course(brief_of(submission, publisher, choices, kit), past, shelf)
    return ShotJob(job, submission, course, publisher, costs)


def brief_of(submission: Submission, publisher: Publisher, choices: Mapping[str, int], kit: Kit) -> Brief:
    """What a submission asks of the plan. A shot that names what this farm does not have is refused."""
    shot_list, models = submission.shot_list, kit.models
    adapters = {name: models.adapter(name) for name in _models(shot_list) & set(models.names)}
    finishers, unfinishable = kit.finishers(shot_list.shots, submission.project)
    return Brief(
        shot_list=shot_list,
        intents=Intents(shot_list.shots),
        assets=submission.assets,
        adapters=adapters,
        refused={
            **unfinishable,
            **_without_model(shot_list, adapters),
            **_without_product(shot_list, known_products(submission.project.presets)),
            **submission.refused,
        },
        only=submission.only,
        choices=choices,
        media=publisher.media,
        products=known_products(submission.project.presets),
        delivery=Delivery(submission.project.drop_frame, submission.project.provenance),
        beside=publisher.beside,
        music=submission.music,
        score_weights=submission.project.score_weights.given,
        finishers=finishers,
    )


@dataclass(slots=True)
class Intents(Mapping[str, MotionIntent]):
    """What shots ask to move, by code; understood when first asked for, which takes a moment each."""

    shots: Sequence[Shot]
    _understood: dict[str, MotionIntent] = field(default_factory=dict[str, MotionIntent])
    _by_code: dict[str, Shot] = field(default_factory=dict[str, Shot])

    def __post_init__(self) -> None:
        self._by_code = {shot.code: shot for shot in self.shots}

    def __getitem__(self, code: str) -> MotionIntent:
        if code not in self._understood:
            self._understood[code] = intent_of(self._by_code[code])
        return self._understood[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)


def publish_report(summary: JobSummary, publisher: Publisher) -> str:
    """Publish the summary as a page, and give its key. Another job that came to the same has the same page."""
    content = content_id(summary.content())
    key = publisher.document_key("report", content, ".html")
    publisher.document(key, html(summary, key))
    return key


def _remark(summary: JobSummary) -> str:
    """What did not come out: "1 of 3 shots has no clip: sh040"."""
    failed = [shot.code for shot in summary.failed]
    if not failed:
        return summary.message
    more = f" and {len(failed) - FAILED_NAMED} more" if len(failed) > FAILED_NAMED else ""
    have = "has" if len(failed) == 1 else "have"
    return f"{len(failed)} of {len(summary.shots)} shots {have} no clip: {', '.join(failed[:FAILED_NAMED])}{more}"


def _models(shot_list: ShotList) -> set[str]:
    return {name for shot in shot_list.shots for name in (*shot.models, shot.fallback) if name}


def _without_product(shot_list: ShotList, products: Mapping[str, Product]) -> dict[str, str]:
    """Shots that name a target nobody knows: their presets may have gone."""
    missing = {shot.code: [name for name in shot.targets if name not in products] for shot in shot_list.shots}
    return {code: f"there is no delivery target {', '.join(names)}" for code, names in missing.items() if names}


def _without_model(shot_list: ShotList, adapters: Mapping[str, Adapter]) -> dict[str, str]:
    """Shots for which there is no model here: another version of the farm may have had it."""
    missing = {
        shot.code: [name for name in (*shot.models, shot.fallback) if name and name not in adapters]
        for shot in shot_list.shots
    }
    return {code: f"this farm has no model {', '.join(names)}" for code, names in missing.items() if names}
