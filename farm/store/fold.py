"""What a batch of changes makes of the tasks it names: checked against the state machine before anything is written.

    Standing (as stored) + changes ──fold──▶ Writes (rows)         pure; an illegal change raises and nothing is written

Several changes of one task in a batch become one row. What is illegal is a mistake of ours, never of the user's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.store.records import ChangeKind
from farm.store.rows import legible
from farm.tasks import SETTLED, TRANSITIONS, AttemptState, TaskId, TaskState

LEGAL = frozenset((before, after) for (before, _), after in TRANSITIONS.items())
"""Every step that some change of the state machine takes."""

Row = dict[str, Any]

_STARTED, _ENDED = ChangeKind.ATTEMPT_STARTED.value, ChangeKind.ATTEMPT_ENDED.value
_MOVED, _RUNNING = ChangeKind.TASK_MOVED.value, AttemptState.RUNNING.value


class IllegalChange(AssertionError):
    """A change that the state machine does not have, or about an attempt that is not there."""


@dataclass(slots=True)
class Standing:
    """A task as stored, before the batch; moved along by `fold`."""

    state: TaskState
    failure: str | None = None
    message: str = ""
    winner: int = 0
    reopened_after: int = 0
    stage: str = ""
    jobs: tuple[str, ...] = ()
    """Those that want it."""
    attempts: list[AttemptState] = field(default_factory=list[AttemptState])
    """From number 1 on."""
    payers: list[str] = field(default_factory=list[str])
    """The job in whose name each attempt runs."""
    seq: int = 0

    def attempt(self, number: int) -> AttemptState | None:
        return self.attempts[number - 1] if 0 < number <= len(self.attempts) else None


@dataclass(frozen=True, slots=True)
class Writes:
    """The rows a batch comes to, by table and statement."""

    tasks: list[Row]
    new_attempts: list[Row]
    ended_attempts: list[Row]
    changes: list[Row]
    counts: list[Row]
    """How many tasks more or fewer are in a state, by job and stage."""
    spent: list[Row]
    """What each job has spent more."""


def fold(standings: Mapping[TaskId, Standing], changes: Sequence[Committed], first_seq: int) -> Writes:
    """Apply `changes` in order, the n-th with `first_seq` + n. Raises `IllegalChange`; updates `standings`."""
    started: dict[tuple[TaskId, int], Row] = {}
    ended: dict[tuple[TaskId, int], Row] = {}
    lines: list[Row] = []
    spent: Counter[str] = Counter()
    before = {task: standing.state for task, standing in standings.items()}
    for seq, change in enumerate(changes, first_seq):
        standing = _standing(standings, change)
        standing.seq = seq
        match change:
            case AttemptStarted():
                _start(standing, change)
                started[change.task, change.attempt] = _started_row(change)
                lines.append(_line(seq, _STARTED, _RUNNING, change.task, change.attempt, change.at_us))
            case AttemptEnded(manifest, micros):
                _end(standing, change)
                spent[standing.payers[manifest.attempt - 1]] += micros
                row, key = _ended_row(change), (manifest.task, manifest.attempt)
                if key in started:
                    started[key].update(row)
                else:
                    ended[key] = row
                lines.append(_line(seq, _ENDED, row["state"], manifest.task, manifest.attempt, manifest.ended_us))
            case TaskMoved():
                _move(standing, change)
                lines.append(_line(seq, _MOVED, change.state.value, change.task, change.winner or None, change.at_us))
    tasks = [_task_row(task, standing) for task, standing in standings.items()]
    bills = [{"b_id": job, "micros": micros} for job, micros in sorted(spent.items()) if job and micros]
    return Writes(tasks, list(started.values()), list(ended.values()), lines, _counts(before, standings), bills)


def counted(tasks: Mapping[tuple[str, str, TaskState], int]) -> list[Row]:
    """The rows that add to the counters of (job, stage, state), always in one order."""
    return [
        {"job": job, "stage": stage, "state": state.value, "tasks": number}
        for (job, stage, state), number in sorted(tasks.items())
        if number
    ]


def _counts(before: Mapping[TaskId, TaskState], standings: Mapping[TaskId, Standing]) -> list[Row]:
    moved: Counter[tuple[str, str, TaskState]] = Counter()
    for task, standing in standings.items():
        if standing.state is not before[task]:
            for job in standing.jobs:
                moved[job, standing.stage, before[task]] -= 1
                moved[job, standing.stage, standing.state] += 1
    return counted(moved)


def subject(change: Committed) -> TaskId:
    """The task a change is about."""
    return change.manifest.task if isinstance(change, AttemptEnded) else change.task


def _standing(standings: Mapping[TaskId, Standing], change: Committed) -> Standing:
    try:
        return standings[subject(change)]
    except KeyError:
        raise IllegalChange(f"{change} is about a task that was never added") from None


def _step(standing: Standing, state: TaskState, change: Committed) -> None:
    if (standing.state, state) not in LEGAL:
        raise IllegalChange(f"{change}: a {standing.state} task cannot become {state}")
    standing.state = state


def _start(standing: Standing, change: AttemptStarted) -> None:
    last = len(standing.attempts)
    if change.attempt != last + 1:
        raise IllegalChange(f"{change}: the next attempt is number {last + 1}")
    _step(standing, TaskState.RUNNING, change)
    standing.attempts.append(AttemptState.RUNNING)
    standing.payers.append(change.job)


def _end(standing: Standing, change: AttemptEnded) -> None:
    manifest = change.manifest
    if standing.attempt(manifest.attempt) is not AttemptState.RUNNING:
        raise IllegalChange(f"attempt {manifest.attempt} of {manifest.task} does not run, so it cannot end")
    if manifest.state is AttemptState.RUNNING:
        raise IllegalChange(f"the manifest of attempt {manifest.attempt} of {manifest.task} says that it runs")
    standing.attempts[manifest.attempt - 1] = manifest.state


def _move(standing: Standing, change: TaskMoved) -> None:
    before = standing.state
    _step(standing, change.state, change)
    if change.state is TaskState.RUNNING:
        raise IllegalChange(f"{change}: a task runs by starting an attempt")
    if (change.state is TaskState.DONE) != bool(change.winner):
        raise IllegalChange(f"{change}: a done task has a winner, and no other has")
    if change.winner and standing.attempt(change.winner) is not AttemptState.DONE:
        raise IllegalChange(f"{change}: attempt {change.winner} is not done, so it cannot win")
    if AttemptState.RUNNING in standing.attempts:
        raise IllegalChange(f"{change}: an attempt still runs")
    if before in SETTLED:
        standing.reopened_after = len(standing.attempts)
    standing.winner = change.winner
    standing.failure = change.failure.value if change.failure else None
    standing.message = legible(change.message) if change.message else ""


def _started_row(change: AttemptStarted) -> Row:
    return {
        "task": change.task,
        "number": change.attempt,
        "worker": change.worker,
        "node": change.node,
        "started_us": change.at_us,
        "state": _RUNNING,
        "failure": None,
        "ended_us": None,
        "manifest": None,
        "job": change.job,
        "cost_micros": 0,
    }


def _ended_row(change: AttemptEnded) -> Row:
    manifest = change.manifest
    return {
        "task": manifest.task,
        "number": manifest.attempt,
        "state": manifest.state.value,
        "failure": manifest.failure.value if manifest.failure else None,
        "ended_us": manifest.ended_us,
        "manifest": manifest.model_dump_json(exclude_defaults=True),
        "cost_micros": change.cost_micros,
    }


def _task_row(task: TaskId, standing: Standing) -> Row:
    return {
        "id": task,
        "state": standing.state.value,
        "failure": standing.failure,
        "message": standing.message,
        "winner": standing.winner,
        "reopened_after": standing.reopened_after,
        "seq": standing.seq,
    }


def _line(seq: int, kind: str, state: str, task: TaskId, attempt: int | None, at_us: int) -> Row:
    return {"seq": seq, "kind": kind, "state": state, "job": None, "task": task, "attempt": attempt, "at_us": at_us}
