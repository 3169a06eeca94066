"""What people may want to hear of, told to the outbox where the driver learns of it.

    a task has settled ─▶ its shot is looked at ─┐
    a job's plan is read ─▶ all of its shots     ├─▶ Notices.tell: each occurrence once, also after a restart
    every two seconds ─▶ jobs at their budget ───┘

Looking is cheap, a shot at a time, and what was found is told once a turn: most turns tell nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from farm.changes import Notice, NoticeKind
from farm.driver.patience import Patience
from farm.driver.running import Jobs, Running
from farm.scheduler.explain import limited
from farm.scheduler.ledger import LimitHit, Whose
from farm.scheduler.state import Scheduler
from farm.scheduler.waits import WaitReason
from farm.store.jobs import JobStore


class News:
    """Owns which shots are to be looked at, and which budgets were told of."""

    def __init__(self, store: JobStore, epoch: int, clock: Callable[[], int], patiently: Patience) -> None:
        self._store = store
        self._epoch = epoch
        self._clock = clock
        self._patiently = patiently
        self._shots: dict[str, tuple[Running, dict[str, None]]] = {}
        """By job: the shots of which something has settled."""
        self._found: list[Notice] = []
        self._budgets: set[tuple[str, int]] = set()

    def look_at(self, run: Running, shot: str) -> None:
        """Something of a shot has settled; "" for what is of no shot."""
        if shot:
            self._shots.setdefault(run.job.id, (run, {}))[1][shot] = None

    def look_through(self, run: Running) -> None:
        """A job's plan is there as a whole. What one that has ended had to tell, it has told."""
        if run.job.state.live:
            self._found += self._patiently(lambda: list(run.plan.news()))

    def look_at_budgets(self, scheduler: Scheduler, jobs: Jobs, waits: JsonValue) -> None:
        """Tell of the budgets that keep work from beginning; `waits` are the reasons by job."""
        assert isinstance(waits, dict)
        for job, reasons in waits.items():
            if isinstance(reasons, dict) and WaitReason.LIMIT in reasons:
                hit, run = scheduler.overspent(job), jobs.get(job)
                if hit and run and (hit.name, hit.limit) not in self._budgets:
                    self._budgets.add((hit.name, hit.limit))
                    self._found.append(_budget(hit, run))
        self.tell()

    def tell(self) -> None:
        """Tell of what was found."""
        for run, shots in self._shots.values():
            self._found += self._patiently(lambda run=run, shots=shots: list(run.plan.news(shots)))
        self._shots.clear()
        if self._found:
            self._patiently(lambda: self._store.tell(self._epoch, self._found, self._clock()))
            self._found = []


def _budget(hit: LimitHit, run: Running) -> Notice:
    return Notice(
        kind=NoticeKind.BUDGET_REACHED,
        project=run.job.project,
        job=hit.name if hit.whose is Whose.JOB else "",
        words=limited(hit).message,
        occurrence=hit.limit,
    )
