"""Jobs as people ask about them: one line each, one job in detail, and what became of a request. Read from the store.

Nothing here needs the driver: what it alone knows (why tasks wait) is what it last said of itself, with its age.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, JsonValue

from farm.chain import StageName
from farm.driver.glance import CHOICE
from farm.errors import InputError
from farm.lastwords import LastWords, last_words
from farm.store.jobs import JobStore
from farm.store.records import Deed, JobLine, JobState, Pulse, Request, RequestState, TaskRecord, Verb
from farm.tasks import TaskState

STALE_US = 10_000_000
"""A driver that has said nothing for so long leads no more."""

ID_DIGITS = 6

PENDING = "pending"
"""The state of a job that was submitted, and that no driver has taken in."""


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DriverView(_View):
    """Who leads, as far as is known."""

    leads: bool
    leader: str = ""
    last_seen_us: int = 0
    """0 for never."""
    pending: int = 0
    """Requests that wait for a driver."""

    @property
    def words(self) -> str:
        if self.leads:
            return f"driven by {self.leader}"
        return f"no driver since {clock(self.last_seen_us)}" if self.last_seen_us else "no driver has run here yet"


class JobView(_View):
    """One job in one line."""

    id: str
    project: str
    name: str
    state: str
    """As the books have it, or "pending"."""
    priority: int
    principal: str
    """Who submitted it."""
    created_us: int
    ended_us: int = 0
    tasks: Mapping[str, int] = {}
    """How many by state."""
    waits: Mapping[str, int] = {}
    """How many waiting tasks by reason, as the driver last said; "choice": shots of which a take is to be chosen."""
    cost_micros: int = 0
    budget_micros: int | None = None
    message: str = ""

    @property
    def live(self) -> bool:
        """True while it may still want something."""
        return self.state == PENDING or JobState(self.state).live


class ShotLine(_View):
    """One shot of a job."""

    code: str
    state: str
    """"done", "failed", "cancelled", "running", "waiting", or "choice" when a person is to choose a take."""
    tasks: Mapping[str, int]
    message: str = ""
    last_words: LastWords | None = None
    """Of the task that failed, where one has."""


class HistoryLine(_View):
    """Something that was done to a job."""

    at_us: int
    who: str
    what: str
    outcome: str = ""


class JobStatus(_View):
    """One job in detail."""

    job: JobView
    stages: Mapping[str, Mapping[str, int]]
    """Tasks by stage and state, in the order of the chain."""
    shots: tuple[ShotLine, ...]
    history: tuple[HistoryLine, ...]
    driver: DriverView


class Receipt(_View):
    """What became of a request."""

    request: str
    verb: str
    state: str
    reason: str = ""
    job: str = ""
    answer: Mapping[str, JsonValue] = {}
    again: bool = False
    """True when the same was asked for before, under the same key: what came of that."""
    subject: str = ""
    """What was asked about, where that is no job: a node."""
    note: str = ""
    """Why nothing came of it yet: "queued, no driver since 14:02"."""

    @classmethod
    def of(cls, request: Request, driver: DriverView, *, again: bool = False) -> Receipt:
        waits = f"{driver.leader} has not answered yet" if driver.leads else driver.words
        return cls(
            request=request.id,
            verb=request.verb,
            state=request.state,
            reason=request.reason,
            job=str(request.answer.get("job", "")) or request.job or job_to_be(request),
            subject=str(request.body.get("node", "")),
            answer=request.answer,
            again=again,
            note=f"queued, {waits}" if request.state is RequestState.PENDING else "",
        )


def answered(job: str, state: str, message: str) -> Receipt:
    """Why a job waits, where that takes no driver to know."""
    answer: dict[str, JsonValue] = {"subject": job, "kind": "job", "state": state, "message": message, "waits": []}
    return Receipt(request="", verb=Verb.WHY, state=RequestState.APPLIED, job=job, answer=answer)


def answered_task(record: TaskRecord) -> Receipt:
    """How a task ended, where nothing more comes of it."""
    words = last_words(record.task, record.manifest) if record.state is TaskState.FAILED else None
    answer: dict[str, JsonValue] = {
        "subject": record.task.id,
        "kind": "task",
        "label": record.task.label,
        "state": record.state,
        "message": record.message,
        "waits": [],
        "last_words": words.model_dump(mode="json") if words else None,
    }
    return Receipt(request="", verb=Verb.WHY, state=RequestState.APPLIED, answer=answer)


def job_id(request: str, name: str) -> str:
    """What a job is called: its list's name, and enough of its request's to tell it from others."""
    return f"{name}-{request[:ID_DIGITS]}"


def driver_view(pulse: Pulse | None, now_us: int) -> DriverView:
    if pulse is None:
        return DriverView(leads=False)
    fresh = now_us - pulse.at_us < STALE_US
    return DriverView(leads=fresh and bool(pulse.leader), leader=pulse.leader, last_seen_us=pulse.at_us)


def job_views(store: JobStore, now_us: int) -> tuple[JobView, ...]:
    """Every job, oldest first; last those that no driver has taken in."""
    return views_of(store.job_lines(), store.pending(), store.last_pulse(), now_us)


def views_of(
    lines: Iterable[JobLine], pending: Iterable[Request], pulse: Pulse | None, now_us: int
) -> tuple[JobView, ...]:
    """Jobs, and last those to be, that no driver has taken in."""
    waits = _waits(pulse, now_us)
    there = tuple(_view(line, waits.get(line.id, {})) for line in lines)
    known = {view.id for view in there}
    return *there, *(view for view in _submitted(pending) if view.id not in known)


def job_status(store: JobStore, job: str, now_us: int) -> JobStatus:
    """One job in detail. Raises `InputError` for one that is not there."""
    view = next((view for view in job_views(store, now_us) if view.id == job), None)
    if view is None:
        raise InputError(f'there is no job "{job}" (farm jobs --all lists them)')
    found = store.job(job)
    return JobStatus(
        job=view,
        stages=_stages(store, job),
        shots=tuple(_shots(view, found.document if found else {}, store.load(job))),
        history=tuple(_history(store.history(job), view)),
        driver=driver_view(store.last_pulse(), now_us),
    )


def clock(at_us: int) -> str:
    """A time as people read it, in their own zone: "14:02", or with its date when it was another day."""
    at = datetime.fromtimestamp(at_us / 1e6, UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%Y-%m-%d %H:%M}"


def job_to_be(request: Request) -> str:
    """The id that a submission's job will have; "" for another request."""
    submission = request.body.get("submission")
    name = submission.get("name") if isinstance(submission, dict) else None
    return job_id(request.id, name) if isinstance(name, str) else ""


def _submitted(requests: Iterable[Request]) -> Iterator[JobView]:
    """Jobs to be, of submissions that no driver has seen."""
    for request in requests:
        submission, priority = request.body.get("submission"), request.body.get("priority")
        if request.verb is Verb.SUBMIT and isinstance(submission, dict):
            settings = submission.get("settings")
            usual = settings.get("priority") if isinstance(settings, dict) else None
            asked = next((each for each in (priority, usual) if isinstance(each, int)), 50)
            budget = request.body.get("budget_micros")
            yield JobView(
                id=job_to_be(request),
                project=str(submission.get("project", "")),
                name=str(submission.get("name", "")),
                state=PENDING,
                priority=asked,
                principal=request.principal,
                created_us=request.at_us,
                budget_micros=budget if isinstance(budget, int) else None,
                message="waits for a driver",
            )


def _stages(store: JobStore, job: str) -> dict[str, dict[str, int]]:
    counts = store.counts(job)
    there = sorted({stage for stage, _ in counts}, key=lambda stage: list(StageName).index(StageName(stage)))
    return {stage: {str(state): n for (of, state), n in counts.items() if of == stage} for stage in there}


def _view(line: JobLine, waits: Mapping[str, int]) -> JobView:
    tasks: Counter[str] = Counter()
    for (_, state), count in line.tasks.items():
        tasks[state] += count
    return JobView(
        id=line.id,
        project=line.project,
        name=line.name,
        state=line.state,
        priority=line.priority,
        principal=line.principal,
        created_us=line.created_us,
        ended_us=line.ended_us,
        tasks=tasks,
        waits=waits,
        cost_micros=line.spent_micros,
        budget_micros=line.budget_micros,
        message=line.message,
    )


def _waits(pulse: Pulse | None, now_us: int) -> dict[str, dict[str, int]]:
    """By job and reason, while there is a driver that knows."""
    if pulse is None or now_us - pulse.at_us >= STALE_US:
        return {}
    waits = pulse.document.get("waits", {})
    assert isinstance(waits, dict)
    found: dict[str, dict[str, int]] = {}
    for job, reasons in waits.items():
        if isinstance(reasons, dict):
            found[job] = {reason: count for reason, count in reasons.items() if isinstance(count, int)}
    return found


def _shots(job: JobView, document: Mapping[str, JsonValue], records: Iterable[TaskRecord]) -> Iterator[ShotLine]:
    """The shots that a job was asked for, in the order of the cut; also those that are refused, and have no task."""
    by_shot: dict[str, list[TaskRecord]] = {}
    for record in records:
        by_shot.setdefault(record.task.shot, []).append(record)
    only = document.get("only")
    for entry in _entries(document.get("shots")):
        code, refused = str(entry.get("code")), entry.get("refused")
        if isinstance(only, list) and code not in only:
            continue
        if refused:
            yield ShotLine(code=code, state="failed", tasks={}, message=str(refused))
        else:
            yield _shot(code, by_shot.get(code, []), job)


def _shot(code: str, tasks: Sequence[TaskRecord], job: JobView) -> ShotLine:
    states = Counter(record.state for record in tasks)
    stages = {record.task.stage for record in tasks}
    state = _worst(states) if tasks else str(TaskState.WAITING)
    failed = next((record for record in tasks if record.state is TaskState.FAILED), None)
    message = failed.message if failed else ""
    if state == TaskState.DONE and StageName.DELIVER not in stages:  # it goes on, or no take was chosen
        state = str(TaskState.WAITING) if job.live else str(TaskState.FAILED)
        if job.live and StageName.SELECT in stages:
            state, message = CHOICE, f"farm approve {job.id} {code} TAKE"
    counts = {str(state): count for state, count in states.items()}
    words = last_words(failed.task, failed.manifest) if failed and state == TaskState.FAILED else None
    return ShotLine(code=code, state=state, tasks=counts, message=message, last_words=words)


def _entries(shots: JsonValue) -> Iterator[Mapping[str, JsonValue]]:
    yield from (entry for entry in shots if isinstance(entry, dict)) if isinstance(shots, list) else ()


def _worst(states: Mapping[TaskState, int]) -> str:
    order = (TaskState.RUNNING, TaskState.WAITING, TaskState.FAILED, TaskState.CANCELLED, TaskState.DONE)
    return next(str(state) for state in order if states.get(state))


def _history(deeds: Sequence[Deed], job: JobView) -> Iterator[HistoryLine]:
    """Who did what, and what became of the job; its states that somebody asked for are told by the request alone."""
    yield HistoryLine(at_us=job.created_us, who=job.principal, what="submit", outcome=_first_state(deeds, job))
    for index, deed in enumerate(deeds):
        if deed.verb:
            yield _asked(deed)
        elif not JobState(deed.state).live and not _was_cancelled(deeds[index:]):
            yield HistoryLine(at_us=deed.at_us, who="the farm", what=deed.state)


def _first_state(deeds: Sequence[Deed], job: JobView) -> str:
    first = next((deed.state for deed in deeds if deed.verb is None), job.state)
    return str(RequestState.APPLIED) if first == JobState.ACTIVE else first


def _was_cancelled(deeds: Sequence[Deed]) -> bool:
    """True when the first of these is a job's end that the request after it asked for."""
    asked = next((deed.verb for deed in deeds if deed.verb and deed.state == RequestState.APPLIED), None)
    return deeds[0].state == JobState.CANCELLED and asked is Verb.CANCEL


def _asked(deed: Deed) -> HistoryLine:
    outcome = f"{deed.state}: {deed.reason}" if deed.reason else deed.state
    details = " ".join(str(value) for value in deed.body.values())
    return HistoryLine(at_us=deed.at_us, who=deed.principal, what=f"{deed.verb} {details}".strip(), outcome=outcome)
