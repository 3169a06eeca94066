"""A plan that grows with what comes out: `farm.plan`, applied a shot at a time.

    take_up(shots)         every task of those shots that can be named from what is known
    settle, learn          the tasks that outcomes add
    choose(choices)        the tasks that people's choices add
    amend(shot)            … and what they ask of a shot afterwards
    forget(tasks)          … and those that are asked for again, or again have to be waited for

Owns what is known of one job's tasks. Whatever the order in which outcomes and choices arrive, and in which the shots
are taken up, it has planned in the end what `plan(brief, known)` plans at once; a property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from farm.plan import Brief, Plan, ShotPlan, TakePlan, plan_assembly, plan_mix, plan_shot
from farm.shots.model import Shot
from farm.tasks import Outcome, Task, TaskId


class LivePlan:
    """One job on its way."""

    def __init__(self, brief: Brief, known: dict[TaskId, Outcome]) -> None:
        self._choices = dict(brief.choices)
        self.brief = replace(brief, choices=self._choices)
        self.known = known
        self.tasks: dict[TaskId, Task] = {}
        """Every task planned so far, each after its inputs."""
        self.places: dict[TaskId, int] = {}
        """Position of each task among those planned so far."""
        self.endings: tuple[Task, ...] = ()
        """What the whole list ends in, once every shot has settled; people take the last one's files."""
        self._index = {shot.code: index for index, shot in enumerate(brief.shot_list.shots)}
        self._shots: dict[str, ShotPlan] = {}
        self._open = set(self._index)
        self._wanted_by: dict[TaskId, set[str]] = {}
        self._is_changed = False
        """True while shots have been planned that the assembly has not heard of."""

    @property
    def plan(self) -> Plan:
        """Everything planned so far. Every shot must have been taken up."""
        shots = tuple(self._shots[shot.code] for shot in self.brief.shot_list.shots)
        assemble = None if self._open else plan_assembly(self.brief, shots, self.known)
        return Plan(shots, assemble, plan_mix(self.brief, shots, assemble) if assemble else None)

    def shot(self, code: str) -> ShotPlan:
        """What is planned of a shot, taken up or not. KeyError when the list has none of that code."""
        return self._shots.get(code) or self._planned(code)

    def position(self, task: Task) -> int:
        """Of the task's shot in the cut; the assembly comes last."""
        return self._index[task.shot] if task.shot else len(self._index)

    def priority(self, task: Task) -> int:
        """Of the task's shot; the assembly has that of its most urgent one."""
        shots = self.brief.shot_list.shots
        asked = [shots[self._index[task.shot]]] if task.shot else shots
        return max((shot.priority for shot in asked), default=0)

    def begin(self) -> Iterator[Task]:
        """Every task that can be named from what is known."""
        yield from self.take_up(self._index)

    def take_up(self, codes: Iterable[str]) -> Iterator[Task]:
        """Begin with some shots: their tasks, and the assembly if it only waited for them."""
        yield from self._replan(code for code in codes if code not in self._shots)

    def settle(self, task: Task, outcome: Outcome) -> Iterator[Task]:
        """The tasks that this outcome adds."""
        yield from self.learn({task.id: outcome})

    def learn(self, outcomes: Mapping[TaskId, Outcome]) -> Iterator[Task]:
        """The tasks that these outcomes add."""
        codes: set[str] = set()
        for task, outcome in outcomes.items():
            before = self.known.get(task)
            wanted_by = self._wanted_by.get(task, set())
            codes |= wanted_by if before and before.done is not outcome.done else wanted_by & self._open
            self.known[task] = outcome
        yield from self._replan(sorted(codes, key=self._index.__getitem__))

    def forget(self, tasks: Collection[TaskId]) -> Iterator[Task]:
        """Take outcomes back: these tasks are open again. Gives the tasks that are to be waited for because of it."""
        codes: set[str] = set()
        for task in tasks:
            self.known.pop(task, None)
            codes |= self._wanted_by.get(task, set())
        yield from self._replan(sorted(codes, key=self._index.__getitem__))

    def choose(self, choices: Mapping[str, int]) -> Iterator[Task]:
        """Heed people's choices, take numbers by shot, and give the tasks that they add."""
        new = {code: take for code, take in choices.items() if self._choices.get(code) != take}
        self._choices |= new
        yield from self._replan(code for code in self._index if code in new and code in self._shots)

    def amend(self, shot: Shot) -> Iterator[Task]:
        """A shot of the list is asked for differently: gives the tasks that this adds."""
        index = self._index[shot.code]
        shots = (*self.brief.shot_list.shots[:index], shot, *self.brief.shot_list.shots[index + 1 :])
        self.brief = replace(self.brief, shot_list=replace(self.brief.shot_list, shots=shots))
        yield from self._replan([shot.code] if shot.code in self._shots else [])

    def rests(self, code: str) -> ShotPlan | None:
        """What is planned of a shot of which nothing more comes by itself; None while something does."""
        return None if code in self._open else self._shots.get(code)

    @property
    def resting(self) -> Iterator[ShotPlan]:
        """Every shot of which nothing more comes by itself."""
        return (planned for code, planned in self._shots.items() if code not in self._open)

    def open_choices(self) -> dict[str, tuple[int, ...]]:
        """The shots taken up so far that wait for a person's choice, with the takes there are to choose from."""
        held = ((code, planned) for code in self._index if (planned := self._shots.get(code)) and planned.held)
        return {code: tuple(take.number for take in planned.takes if self._usable(take)) for code, planned in held}

    def _usable(self, take: TakePlan) -> bool:
        outcome = self.known.get(take.score.id)
        return outcome is not None and outcome.done

    def _replan(self, codes: Iterable[str]) -> Iterator[Task]:
        for code in codes:
            planned = self._planned(code)
            self._keep(planned)
            self._is_changed = True
            yield from self._new(planned.tasks)
        if self._is_changed and not self._open:
            endings = self.plan.endings  # names published files, for which storage is asked: it may fail
            self._is_changed = False
            self.endings = endings
            yield from self._new(endings)

    def _planned(self, code: str) -> ShotPlan:
        return plan_shot(self.brief, self.brief.shot_list.shots[self._index[code]], self.known)

    def _keep(self, planned: ShotPlan) -> None:
        code = planned.shot.code
        self._shots[code] = planned
        for task in planned.tasks:
            self._wanted_by.setdefault(task.id, set()).add(code)
        if planned.settled(self.known):
            self._open.discard(code)
        else:
            self._open.add(code)

    def _new(self, tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            if task.id not in self.tasks:
                self.places[task.id] = len(self.tasks)
                self.tasks[task.id] = task
                yield task
