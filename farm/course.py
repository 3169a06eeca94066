"""A job on its way: the plan, met with what is there already.

    begin, settle, choose, retry ─▶ LivePlan ─▶ tasks ─▶ Past: which of them are settled? ─▶ LivePlan …
                                                  └─▶ files that somebody needs and are gone ─▶ asked for again

It begins with the shots of which something is left to do, so that work starts at once however much is done; the others
follow a portion at a time. Reads only: what it finds out, the books are told by the driver (`found`). Where storage
fails, `settle`, `choose` and `retry` may be asked again, and give what they would have given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from farm.chain import StageName
from farm.driver.seams import Found
from farm.errors import InputError
from farm.liveplan import LivePlan
from farm.plan import Brief, ShotPlan, check_choice
from farm.resume import Past
from farm.shelf import Shelf
from farm.shots.model import Shot
from farm.store.records import TaskRecord
from farm.tasks import ALL, SETTLED, Outcome, StoredFile, Task, TaskId, TaskState

PORTION = 16
"""Shots that are planned, and looked up, at a time."""

PRODUCTS = frozenset({StageName.COMPARE, StageName.DELIVER, StageName.ASSEMBLE, StageName.MIX})
"""Stages whose own files people take away."""


class Course:
    """What one job still has to do, and what of it is done."""

    def __init__(self, brief: Brief, past: Past, shelf: Shelf) -> None:
        self.live = LivePlan(brief, {})
        self._past = past
        self._shelf = shelf
        self._fresh: set[TaskId] = set()
        """Settled while this job was watched: their files are as they were left."""
        self._owed: dict[TaskId, Task] = {}
        """Planned, and not yet given: storage failed on the way, and whoever asked will ask again."""

    def begin(self) -> Iterator[Task]:
        """Every task that can be named now, each after its inputs; what is left to do first, lazily."""
        records = self._past.load()
        self.live.known |= {record.task.id: outcome for record in records if (outcome := record.outcome)}
        unfinished, finished = _apart(self.live.brief, records)
        for portion in (*_portions(unfinished), *_portions(finished)):
            yield from self._meet(self.live.take_up(portion))

    def settle(self, task: Task, outcome: Outcome) -> list[Task]:
        """The tasks that this outcome adds."""
        self._fresh.add(task.id)
        return self._meet(self.live.settle(task, outcome))

    def choose(self, choices: Mapping[str, int]) -> list[Task]:
        """The tasks that people's choices add."""
        return self._meet(self.live.choose(choices))

    def amend(self, shot: Shot) -> list[Task]:
        """The tasks that a shot adds that is asked for differently."""
        return self._meet(self.live.amend(shot))

    def check_choice(self, shot: str, take: int) -> str:
        """Why a person cannot choose that take; "" when it can be chosen."""
        brief, known = self.live.brief, self.live.known
        if shot not in {each.code for each in brief.shot_list.shots}:
            return f"{brief.shot_list.name} has no shot {shot}"
        return check_choice(self.live.shot(shot), take, known)

    def retry(self, shots: Collection[str]) -> list[Task]:
        """Ask again for what did not come out of those shots; without any, of all without a clip, or cut short."""
        known, codes = self.live.known, {shot.code for shot in self.live.brief.shot_list.shots}
        if unknown := sorted(set(shots) - codes):
            raise InputError(f"{self.live.brief.shot_list.name} has no shot {', '.join(unknown)}")
        plans = [self.live.shot(code) for code in shots] or [
            shot for shot in self.live.plan.shots if self._wants_more(shot)
        ]
        tasks = [task for planned in plans for task in planned.tasks]
        if not shots:
            tasks += self.live.plan.endings
        failed = {task.id: task for task in tasks if task.id in known and not known[task.id].done}
        self._past.reopen(failed)
        return self._meet(self._forgotten(failed))

    def _wants_more(self, planned: ShotPlan) -> bool:
        """True for a shot without a clip, or a comparison, and for one cancelled when only some takes were there."""
        outcomes = (self.live.known.get(task.id) for task in planned.tasks)
        compared = self.live.known.get(planned.compare.id) if planned.compare else None
        is_cut_short = any(each and each.state is TaskState.CANCELLED for each in outcomes)
        return planned.failed or is_cut_short or bool(compared and not compared.done)

    def found(self, tasks: Sequence[Task]) -> Found:
        """Where tasks stand that were just made part of the job; see `JobPlan`."""
        return self._past.found(tasks)

    def inputs(self, task: Task) -> dict[str, str]:
        """Where a task's inputs lie: its assets, and the outputs of the tasks it names, which are done."""
        keys = {name: asset.key for name, asset in task.assets.items()}
        for name, source in task.inputs.items():
            files = self._files(source.task, source.output)
            keys |= files if name == ALL else {name: files[source.output]}
        return keys

    def _files(self, task: TaskId, output: str) -> dict[str, str]:
        manifest = self.live.known[task].manifest
        assert manifest is not None, "a task runs before its input"
        names = manifest.files if output == ALL else (output,)
        return {name: manifest.files[name].key for name in names}

    # -- meeting what is there ----------------------------------------------------------------------------------

    def _meet(self, tasks: Iterable[Task]) -> list[Task]:
        """These tasks, and all that follow from what is there of them, each after its inputs."""
        self._owe(tasks)
        new = list(self._owed.values())
        while new:
            unknown = [task for task in new if task.id not in self.live.known]
            outcomes = self._past.read(unknown, self._fresh)
            new = self._owe(self.live.learn(outcomes))
            if not new:
                gone = self._gone(self._owed.values())
                self._past.reopen(gone)
                new = self._owe(self._forgotten(gone))
        given = sorted(self._owed.values(), key=lambda task: self.live.places[task.id])
        self._owed.clear()
        return given

    def _owe(self, tasks: Iterable[Task]) -> list[Task]:
        """Note tasks that are to be given, each as it is named: naming the next may fail."""
        noted: list[Task] = []
        for task in tasks:
            self._owed[task.id] = task
            noted.append(task)
        return noted

    def _forgotten(self, tasks: Mapping[TaskId, Task]) -> list[Task]:
        """Tasks that are open again, and those that can be named because of it."""
        return [*tasks.values(), *(task for task in self.live.forget(tasks) if task.id not in tasks)]

    def _gone(self, tasks: Iterable[Task]) -> dict[TaskId, Task]:
        """Done tasks of whose files one that will be read, or taken away, is missing or damaged."""
        needed = [(task, file) for task in tasks for task, file in self._needed(task)]
        damaged = self._shelf.damaged(file for _, file in needed)
        return {task.id: task for task, file in needed if file.key in damaged}

    def _needed(self, task: Task) -> Iterator[tuple[Task, StoredFile]]:
        """The files that an open task will read, or that a done one is there for."""
        if task.id not in self.live.known:
            for source in task.inputs.values():
                yield from self._left(source.task, source.output)
        elif task.stage in PRODUCTS:
            yield from self._left(task.id, ALL)

    def _left(self, task: TaskId, output: str) -> Iterator[tuple[Task, StoredFile]]:
        outcome = self.live.known.get(task)
        if task not in self._fresh and outcome and outcome.done and outcome.manifest:
            files = outcome.manifest.files
            for name in files if output == ALL else (output,):
                yield self.live.tasks[task], files[name]


def _apart(brief: Brief, records: Sequence[TaskRecord]) -> tuple[list[str], list[str]]:
    """The codes of the shots of which something seems to be left to do, and of the others."""
    delivered = {record.task.shot for record in records if record.task.stage == StageName.DELIVER}
    finished = delivered - {record.task.shot for record in records if record.state not in SETTLED}
    codes = [shot.code for shot in brief.shot_list.shots]
    return [code for code in codes if code not in finished], [code for code in codes if code in finished]


def _portions(codes: list[str]) -> Iterator[list[str]]:
    return (codes[start : start + PORTION] for start in range(0, len(codes), PORTION))
