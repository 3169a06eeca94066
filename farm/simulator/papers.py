"""Paper jobs: tasks without pictures, described in a job's document so that any driver can read them again.

    Paper(flat=…, shots=…) ── in a SUBMIT request ──▶ PaperFarm.accept ─▶ Job ─▶ PaperFarm.open ─▶ PaperPlan

A flat batch is so many tasks side by side. Shots are chains as a real list has them: prepare ─▶ takes ─▶ score each ─▶
select, named when every score has settled ─▶ upscale, where there is a lane for it, and deliver, named when a take was
selected. Where a person chooses, a shot waits with its scores until one has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pydantic import BaseModel, ConfigDict, JsonValue

from farm.changes import Notice
from farm.driver.seams import Found
from farm.errors import InputError
from farm.resume import Past
from farm.shots.model import Reroll
from farm.simulator.cluster import Cluster
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request
from farm.tasks import Input, Lane, Manifest, Outcome, Task, TaskId


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Flat(_Document):
    """`count` tasks that need nothing of each other. Two batches with equal names, numbers and seconds share tasks."""

    count: int
    first: int = 1
    name: str = "a"
    stage: str = "generate"
    lane: Lane = Lane()
    seconds: float
    """How long an attempt takes on average."""
    spread: float = 0.2
    """Each takes its own time, uniform within `seconds` x (1 ± spread)."""
    price_micros: int = 0
    poison: frozenset[int] = frozenset()
    """Numbers of the tasks that kill every worker."""

    def tasks(self, project: str) -> Iterator[Task]:
        for number in range(self.first, self.first + self.count):
            yield Task.of(
                project=project,
                stage=self.stage,
                version=1,
                params=_params(self.name, number, self.seconds, self.spread, poison=number in self.poison),
                lane=self.lane,
                shape=f"{self.stage} {self.seconds:g}",
                price_micros=self.price_micros,
                shot=f"{self.name}{number:04d}",
            )


class Shots(_Document):
    """`count` shots with `takes` takes each."""

    count: int
    takes: int = 3
    name: str = "sh"
    lane: Lane
    """Of the takes; everything else runs on "cpu"."""
    lanes: tuple[Lane, ...] = ()
    """Where given, the takes go round these instead."""
    seconds: float
    """Of a take."""
    spread: float = 0.2
    price_micros: int = 0
    choice: bool = False
    """Whether a person chooses the take."""
    upscale: Lane | None = None
    """Of what makes the chosen take larger; None where nothing does."""
    upscale_s: float = 60.0

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(f"{self.name}{number:03d}0" for number in range(1, self.count + 1))


class Paper(_Document):
    """A job."""

    flat: tuple[Flat, ...] = ()
    shots: Shots | None = None


QUICK_S = {"prepare": 2.0, "score": 3.0, "select": 0.5, "deliver": 6.0}
"""How long the stages take that are not takes."""


PORTION = 500
"""Tasks that are looked up at a time."""


class PaperPlan:
    """`farm.driver.seams.JobPlan` of a paper."""

    def __init__(self, project: str, paper: Paper, past: Past, choices: Mapping[str, int]) -> None:
        self._project = project
        self._paper = paper
        self._past = past
        self._choices = dict(choices)
        self._waiting: dict[str, list[int]] = {}
        """Shots that wait for a person's choice, with their takes."""
        self._known: dict[TaskId, Outcome] = {}
        self._fresh: set[TaskId] = set()
        """Settled while this plan watched."""
        self._tasks: dict[TaskId, Task] = {}
        self._places: dict[TaskId, int] = {}
        self._by_shot: dict[str, list[Task]] = {}

    def begin(self) -> Iterator[Task]:
        self._past.load()
        named = self._named_at_first()
        while portion := list(islice(named, PORTION)):
            yield from self._meet(portion)

    def found(self, tasks: Sequence[Task]) -> Found:
        return self._past.found(tasks)

    def known(self, task: TaskId) -> Outcome | None:
        return self._known.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (self._places[task.id],)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self._fresh.add(task.id)
        self._known[task.id] = outcome
        return self._meet(list(self._following(task)))

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        self._choices |= choices
        for code in choices:
            self._waiting.pop(code, None)
        shots = self._paper.shots
        return self._meet([task for code in choices for task in self._next(shots, code)]) if shots else ()

    def reroll(self, shot: str, reroll: Reroll) -> tuple[Iterable[Task], Mapping[str, JsonValue]]:
        raise InputError(f"{shot} is made of paper: there are no {reroll.takes} more takes of it")

    def check_choice(self, shot: str, take: int) -> str:
        if take in self.open_choices().get(shot, ()):
            return ""
        return f"{shot} of this paper job does not wait for the choice of take {take}"

    def remark(self) -> str:
        return ""

    def report(self) -> str:
        return ""

    def news(self, shots: Collection[str] | None = None) -> Iterable[Notice]:
        del shots  # nobody is told of paper
        return ()

    def open_choices(self) -> Mapping[str, Sequence[int]]:
        return self._waiting

    def retry(self, shots: Collection[str]) -> Iterable[Task]:
        if unknown := sorted(set(shots) - set(self._by_shot)):
            raise InputError(f"this job has no shot {', '.join(unknown)}")
        failed = [
            task
            for task in self._tasks.values()
            if task.id in self._known and not self._known[task.id].done and (not shots or task.shot in shots)
        ]
        self._past.reopen([task.id for task in failed])
        for task in failed:
            del self._known[task.id]
        return failed

    def inputs(self, task: Task) -> Mapping[str, str]:
        return {name: self._key(source) for name, source in task.inputs.items()}

    def end(self) -> JobState | None:
        if self.open_choices():
            return None
        return JobState.DONE if all(self._known[task].done for task in self._tasks) else JobState.FAILED

    def _key(self, source: Input) -> str:
        manifest = self._known[source.task].manifest
        assert manifest is not None, f"{source.task} is read before it is done"
        return manifest.files[source.output].key

    def _meet(self, tasks: list[Task]) -> list[Task]:
        """These tasks, and those that can be named because of what is there of them already."""
        given: list[Task] = []
        while tasks:
            given += tasks
            outcomes = self._past.read([task for task in tasks if task.id not in self._known], self._fresh)
            self._known |= outcomes
            tasks = [following for task in outcomes for following in self._following(self._tasks[task])]
        return given

    def _named_at_first(self) -> Iterator[Task]:
        for batch in self._paper.flat:
            for task in batch.tasks(self._project):
                yield self._keep(task)
        if self._paper.shots:
            for code in self._paper.shots.codes:
                yield from self._chain(self._paper.shots, code)

    def _following(self, task: Task) -> Iterable[Task]:
        """What can be named because a task has settled."""
        if self._paper.shots and task.stage in {"score", "select", "upscale"}:
            return self._next(self._paper.shots, task.shot)
        return ()

    def _keep(self, task: Task) -> Task:
        self._tasks[task.id] = task
        self._places.setdefault(task.id, len(self._places))
        self._by_shot.setdefault(task.shot, []).append(task)
        return task

    def _chain(self, shots: Shots, code: str) -> Iterator[Task]:
        prepare = self._step("prepare", code, ())
        yield prepare
        for take in range(1, shots.takes + 1):
            generate = Task.of(
                project=self._project,
                stage="generate",
                version=1,
                params=_params(code, take, shots.seconds, shots.spread),
                inputs=_from([prepare]),
                lane=shots.lanes[take % len(shots.lanes)] if shots.lanes else shots.lane,
                shape=f"generate {shots.seconds:g}",
                price_micros=shots.price_micros,
                shot=code,
                take=take,
            )
            yield self._keep(generate)
            yield self._step("score", code, [generate], take)

    def _scored(self, shots: Shots, code: str) -> list[Task]:
        """The takes' scores that were done, once every one has settled; empty before."""
        scores = [task for task in self._by_shot.get(code, ()) if task.stage == "score"]
        if len(scores) < shots.takes or not all(task.id in self._known for task in scores):
            return []
        return [task for task in scores if self._known[task.id].done]

    def _next(self, shots: Shots, code: str) -> Iterator[Task]:
        """What can be named of a shot now: its selection, then what is made of the take that was chosen.

        That is the one that a person chose, or else the first that was done.
        """
        good = self._scored(shots, code)
        if good and shots.choice and code not in self._choices:
            self._waiting[code] = [task.take for task in good]
            return
        if not good:
            return
        select = self._of(code, "select")
        if select is None:
            yield self._step("select", code, good)
        elif self._is_done(select):
            take = self._choices.get(code, good[0].take)
            chosen = next(task for task in self._by_shot[code] if task.stage == "generate" and task.take == take)
            yield from self._finish(shots, chosen)

    def _finish(self, shots: Shots, chosen: Task) -> Iterator[Task]:
        source: Task | None = chosen
        if shots.upscale:
            source = self._of(chosen.shot, "upscale")
            if source is None:
                yield self._enlarge(shots, shots.upscale, chosen)
        if source and self._is_done(source) and self._of(chosen.shot, "deliver") is None:
            yield self._step("deliver", chosen.shot, [source], chosen.take)

    def _enlarge(self, shots: Shots, lane: Lane, chosen: Task) -> Task:
        return self._keep(
            Task.of(
                project=self._project,
                stage="upscale",
                version=1,
                params=_params(chosen.shot, chosen.take, shots.upscale_s, shots.spread),
                inputs=_from([chosen]),
                lane=lane,
                shape=f"upscale {shots.upscale_s:g}",
                shot=chosen.shot,
                take=chosen.take,
            )
        )

    def _of(self, code: str, stage: str) -> Task | None:
        return next((task for task in self._by_shot[code] if task.stage == stage), None)

    def _is_done(self, task: Task) -> bool:
        return task.id in self._known and self._known[task.id].done

    def _step(self, stage: str, code: str, sources: Iterable[Task], take: int = 0) -> Task:
        return self._keep(
            Task.of(
                project=self._project,
                stage=stage,
                version=1,
                params=_params(code, take, QUICK_S[stage], 0.3),
                inputs=_from(sources),
                shape=stage,
                shot=code,
                take=take,
            )
        )


def _params(
    name: str, number: int, seconds: float, spread: float, *, poison: bool = False
) -> dict[str, str | int | float]:
    params: dict[str, str | int | float] = {"name": name, "number": number, "seconds": seconds, "spread": spread}
    return {**params, "poison": True} if poison else params


def _from(sources: Iterable[Task]) -> dict[str, Input]:
    return {f"{source.stage} {source.take}": Input(task=source.id, output="clip") for source in sources}


@dataclass(frozen=True, slots=True)
class PaperShelf:
    """`farm.resume.Shelf`: what lies in a clip store of paper."""

    cluster: Cluster

    def look_for(self, tasks: Sequence[TaskId]) -> None:
        """It is all at hand."""

    def last_attempt(self, task: Task) -> int:
        return self.cluster.left.get(task.id, 0)

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        return self.cluster.shelf.get((task.id, attempt))


@dataclass(frozen=True, slots=True)
class PaperFarm:
    """`farm.driver.seams.Farm` of a simulation."""

    cluster: Cluster
    store: JobStore

    def accept(self, request: Request) -> Job:
        body = request.body
        job, project, priority, budget = (body.get(name) for name in ("job", "project", "priority", "budget_micros"))
        assert isinstance(job, str)
        assert isinstance(project, str)
        assert isinstance(priority, int)
        assert budget is None or isinstance(budget, int)
        return Job(
            id=job,
            project=project,
            name=job,
            out="memory://simulated",
            document={"paper": body["paper"], "shots": []},
            created_us=request.at_us,
            priority=priority,
            budget_micros=budget,
            principal=request.principal,
            state=JobState.HELD if body.get("hold") else JobState.ACTIVE,
        )

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> PaperPlan:
        past = Past(job.id, self.store, PaperShelf(self.cluster), runs=runs, now_us=self.cluster.world.clock)
        paper = Paper.model_validate(job.document["paper"])
        return PaperPlan(job.project, paper, past, self.store.choices(job.id))

    def follow(self) -> None:
        """No catalog is kept: what would be in it is in the store."""
