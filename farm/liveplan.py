"""A plan that grows with what comes out: `farm.plan`, applied a shot at a time.

    begin()              every task that can be named from what is known
    settle(task, outcome) the tasks that this outcome adds

Owns what is known of one job's tasks. Whatever the order in which outcomes arrive, it has planned in the end what
`plan(brief, known)` plans at once; a property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from farm.plan import Brief, Plan, ShotPlan, plan_assembly, plan_shot
from farm.tasks import Outcome, Task, TaskId


class LivePlan:
    """One job on its way."""

    def __init__(self, brief: Brief, known: dict[TaskId, Outcome]) -> None:
        self.brief = brief
        self.known = known
        self.tasks: dict[TaskId, Task] = {}
        """Every task planned so far."""
        self._index = {shot.code: index for index, shot in enumerate(brief.shot_list.shots)}
        self._shots: dict[str, ShotPlan] = {}
        self._open: set[str] = set()
        self._wanted_by: dict[TaskId, set[str]] = {}

    @property
    def plan(self) -> Plan:
        """Everything planned so far."""
        shots = tuple(self._shots[shot.code] for shot in self.brief.shot_list.shots)
        return Plan(shots, None if self._open else plan_assembly(self.brief, shots, self.known))

    def position(self, task: Task) -> int:
        """Of the task's shot in the cut; the assembly comes last."""
        return self._index[task.shot] if task.shot else len(self._index)

    def priority(self, task: Task) -> int:
        """Of the task's shot; the assembly has that of its most urgent one."""
        shots = [self._shots[task.shot].shot] if task.shot else self.brief.shot_list.shots
        return max((shot.priority for shot in shots), default=0)

    def begin(self) -> Iterator[Task]:
        """Every task that can be named from what is known."""
        for shot in self.brief.shot_list.shots:
            planned = plan_shot(self.brief, shot, self.known)
            self._keep(planned)
            yield from self._new(planned.tasks)
        yield from self._assembly()

    def settle(self, task: Task, outcome: Outcome) -> Iterator[Task]:
        """The tasks that this outcome adds."""
        self.known[task.id] = outcome
        for code in sorted(self._wanted_by.get(task.id, set()) & self._open):
            planned = plan_shot(self.brief, self._shots[code].shot, self.known)
            self._keep(planned)
            yield from self._new(planned.tasks)
        if task.shot:
            yield from self._assembly()

    def _assembly(self) -> Iterator[Task]:
        assembly = None if self._open else self.plan.assemble
        if assembly:
            yield from self._new([assembly])

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
                self.tasks[task.id] = task
                yield task
