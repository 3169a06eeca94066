"""Paper jobs: tasks without pictures, described in a job's document so that any driver can read them again.

    Paper(flat=…, shots=…) ── in a SUBMIT request ──▶ PaperFarm.accept ─▶ Job ─▶ PaperFarm.open ─▶ PaperPlan

A flat batch is so many tasks side by side. Shots are chains as a real list has them: prepare ─▶ takes ─▶ score each ─▶
select, named when every score has settled ─▶ deliver, named when a take was selected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from farm.errors import InputError
from farm.simulator.cluster import Cluster
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

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(f"{self.name}{number:03d}0" for number in range(1, self.count + 1))


class Paper(_Document):
    """A job."""

    flat: tuple[Flat, ...] = ()
    shots: Shots | None = None


QUICK_S = {"prepare": 2.0, "score": 3.0, "select": 0.5, "deliver": 6.0}
"""How long the stages take that are not takes."""


@dataclass(slots=True)
class PaperPlan:
    """`farm.driver.seams.JobPlan` of a paper."""

    project: str
    paper: Paper
    _known: dict[TaskId, Outcome] = field(default_factory=dict[TaskId, Outcome])
    _places: dict[TaskId, int] = field(default_factory=dict[TaskId, int])
    _by_shot: dict[str, list[Task]] = field(default_factory=dict[str, list[Task]])

    def begin(self) -> Iterator[Task]:
        for batch in self.paper.flat:
            for task in batch.tasks(self.project):
                yield self._keep(task)
        if self.paper.shots:
            for code in self.paper.shots.codes:
                yield from self._chain(self.paper.shots, code)

    def known(self, task: TaskId) -> Outcome | None:
        return self._known.get(task)

    def order(self, task: Task) -> tuple[int, ...]:
        return (self._places[task.id],)

    def settle(self, task: Task, outcome: Outcome) -> Iterable[Task]:
        self._known[task.id] = outcome
        if self.paper.shots and task.stage in {"score", "select"}:
            return self._next(self.paper.shots, task.shot)
        return ()

    def choose(self, choices: Mapping[str, int]) -> Iterable[Task]:
        raise InputError(f"a paper job leaves nothing to choose: {dict(choices)}")

    def inputs(self, task: Task) -> Mapping[str, str]:
        return {name: self._key(source) for name, source in task.inputs.items()}

    def end(self) -> JobState | None:
        if all(self._known[task].done for task in self._places):
            return JobState.DONE
        return JobState.FAILED

    def _key(self, source: Input) -> str:
        manifest = self._known[source.task].manifest
        assert manifest is not None, f"{source.task} is read before it is done"
        return manifest.files[source.output].key

    def _keep(self, task: Task) -> Task:
        self._places.setdefault(task.id, len(self._places))
        self._by_shot.setdefault(task.shot, []).append(task)
        return task

    def _chain(self, shots: Shots, code: str) -> Iterator[Task]:
        prepare = self._step("prepare", code, ())
        yield prepare
        for take in range(1, shots.takes + 1):
            generate = Task.of(
                project=self.project,
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

    def _next(self, shots: Shots, code: str) -> Iterator[Task]:
        """What can be named of a shot now: its selection, then the delivery of the first take that was done."""
        of = self._by_shot[code]
        stages = {task.stage for task in of}
        scores = [task for task in of if task.stage == "score"]
        if len(scores) < shots.takes or not all(task.id in self._known for task in scores):
            return
        good = [task for task in scores if self._known[task.id].done]
        if good and "select" not in stages:
            yield self._step("select", code, good)
        select = next((task for task in of if task.stage == "select"), None)
        if select and select.id in self._known and self._known[select.id].done and "deliver" not in stages:
            chosen = next(task for task in of if task.stage == "generate" and task.take == good[0].take)
            yield self._step("deliver", code, [chosen], chosen.take)

    def _step(self, stage: str, code: str, sources: Iterable[Task], take: int = 0) -> Task:
        return self._keep(
            Task.of(
                project=self.project,
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
class PaperFarm:
    """`farm.driver.seams.Farm` of a simulation."""

    cluster: Cluster

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

    def open(self, job: Job) -> PaperPlan:
        return PaperPlan(job.project, Paper.model_validate(job.document["paper"]))

    def manifest(self, task: Task, attempt: int) -> Manifest | None:
        return self.cluster.shelf.get((task.id, attempt))

    def usable(self, manifest: Manifest) -> bool:
        return (manifest.task, manifest.attempt) in self.cluster.shelf

    def follow(self) -> None:
        """No catalog is kept: what would be in it is in the store."""
