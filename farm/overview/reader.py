"""Reading the farm again and again: one job store kept open, and what it takes to look through its restarts.

    read ──▶ Seen (everything read at one moment) ──▶ overview() ──▶ Overview
    look ──▶ the same; while the store is away, the last one with the reason

Owns the open store, the last minute's counts of what ran, and the durations that were last read.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from farm.errors import StorageError
from farm.jobview import JobView, driver_view, views_of
from farm.overview import pulse as said
from farm.overview.headway import share_done, time_left
from farm.overview.values import JobProgress, Overview
from farm.store.jobs import JobStore
from farm.store.records import Durations, JobLine, JobState, Pulse, Request
from farm.tasks import TaskState

ENDED_SHOWN_US = 600_000_000
"""A job is shown for so long after it has ended."""
OUTBOX_LINES = 6_000
"""Durations are those of the last one or two thousand attempts."""
DURATIONS_EVERY_US = 10_000_000
"""They change slowly, and are more than half of what reading a farm of many jobs takes."""
MEMORY_US = 60_000_000
EVERY_JOB = ""
"""In place of a job's id."""

AtWork = Mapping[tuple[str, str], float]
"""How many tasks run, by job and stage."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read at one moment."""

    at_us: int
    pulse: Pulse | None = None
    lines: tuple[JobLine, ...] = ()
    pending: tuple[Request, ...] = ()
    durations: Mapping[tuple[str, str], Durations] = field(default_factory=dict[tuple[str, str], Durations])

    @property
    def running(self) -> Counter[tuple[str, str]]:
        """How many tasks, by job and stage."""
        counts: Counter[tuple[str, str]] = Counter()
        for line in self.lines:
            for (stage, state), count in line.tasks.items():
                counts[line.id, stage] += count * (state is TaskState.RUNNING)
        return counts


class Reader:
    """Reads one farm. Opening one touches nothing; a farm that is not there yet is an empty one."""

    def __init__(self, out: str, opened: Callable[[], AbstractContextManager[JobStore | None]]) -> None:
        """`opened` opens the job store of the farm at `out`, where there is one."""
        self._out = out
        self._opens = opened
        self._stack = ExitStack()
        self._store: JobStore | None = None
        self._last = Seen(0)
        self._durations: Mapping[tuple[str, str], Durations] = {}
        self._durations_due_us = 0
        self._ran: deque[tuple[int, Counter[tuple[str, str]]]] = deque()

    def read(self, now_us: int) -> Overview:
        """The farm now. Raises `StorageError` while its job store cannot be read."""
        store = self._opened()
        if store is None:
            return overview(self._out, Seen(now_us), {}, now_us)
        lines = store.job_lines(ended_after_us=now_us - ENDED_SHOWN_US)
        if now_us >= self._durations_due_us:
            self._durations_due_us = now_us + DURATIONS_EVERY_US
            self._durations = store.durations(OUTBOX_LINES)
        self._last = Seen(now_us, store.last_pulse(), lines, store.pending(), self._durations)
        self._remember(now_us)
        return overview(self._out, self._last, self._at_work(), now_us)

    def look(self, now_us: int) -> Overview:
        """The same; while the job store cannot be read, what was read last, and why."""
        try:
            return self.read(now_us)
        except StorageError as error:  # a database that restarts is back in a while
            return overview(self._out, self._last, self._at_work(), now_us, str(error))

    def close(self) -> None:
        self._stack.close()

    def _opened(self) -> JobStore | None:
        if self._store is None:
            self._stack.close()
            self._store = self._stack.enter_context(self._opens())
        return self._store

    def _remember(self, now_us: int) -> None:
        self._ran.append((now_us, self._last.running))
        while self._ran[0][0] < now_us - MEMORY_US:
            self._ran.popleft()

    def _at_work(self) -> AtWork:
        """The mean over what is remembered, or what runs now where that is more: it has just begun."""
        return typical([counts for _, counts in self._ran])


def typical(ran: Sequence[Mapping[tuple[str, str], int]]) -> AtWork:
    """Of counts in the order in which they were taken: their mean, or the last where that is more."""
    total: Counter[tuple[str, str]] = Counter()
    for counts in ran:
        total.update(counts)
    return {key: max(count / len(ran), ran[-1].get(key, 0)) for key, count in total.items() if count}


def overview(out: str, seen: Seen, at_work: AtWork, now_us: int, trouble: str = "") -> Overview:
    """What was seen, as it is `now_us`."""
    driver = driver_view(seen.pulse, now_us).model_copy(update={"pending": len(seen.pending)})
    word = seen.pulse.document if seen.pulse and driver.leads else {}
    nodes = said.nodes(word)
    return Overview(
        out=out,
        at_us=now_us,
        read_us=seen.at_us,
        trouble=trouble,
        driver=driver,
        rates=said.rates(word),
        lanes=said.lanes(word),
        pools=said.pools(nodes),
        nodes=nodes,
        waits=said.waits(word),
        jobs=tuple(_jobs(seen, at_work if driver.leads else {}, now_us)),
    )


def _jobs(seen: Seen, at_work: AtWork, now_us: int) -> Iterator[JobProgress]:
    lines, means_s = {line.id: line for line in seen.lines}, _means_s(seen.durations)
    for view in sorted(views_of(seen.lines, seen.pending, seen.pulse, now_us), key=_rank):
        line = lines.get(view.id)
        yield _progress(view, line, means_s, at_work) if line else JobProgress(job=view, share=0.0)


def _rank(view: JobView) -> tuple[object, ...]:
    if not view.live:
        return 2, -view.ended_us, view.id
    return int(view.state != JobState.ACTIVE), -view.priority, view.created_us, view.id


def _progress(view: JobView, line: JobLine, means_s: Mapping[str, Mapping[str, float]], at_work: AtWork) -> JobProgress:
    if line.state is not JobState.ACTIVE:
        return JobProgress(job=view, share=1.0 if line.state is JobState.DONE else share_done(line.tasks))
    stages = {stage for stage, _ in line.tasks}
    working = {stage: count for stage in stages if (count := at_work.get((line.id, stage), 0.0))}
    takes_s = {**means_s[EVERY_JOB], **means_s.get(line.id, {})}
    return JobProgress(job=view, share=share_done(line.tasks), eta=time_left(line.tasks, takes_s, working))


def _means_s(durations: Mapping[tuple[str, str], Durations]) -> dict[str, dict[str, float]]:
    """What a task takes, by job and stage; of every job together under `EVERY_JOB`."""
    attempts: Counter[tuple[str, str]] = Counter()
    total_us: Counter[tuple[str, str]] = Counter()
    for (job, stage), found in durations.items():
        for of in (job, EVERY_JOB):
            attempts[of, stage] += found.attempts
            total_us[of, stage] += found.total_us
    means_s: dict[str, dict[str, float]] = {EVERY_JOB: {}}
    for (of, stage), count in attempts.items():
        means_s.setdefault(of, {})[stage] = max(0, total_us[of, stage]) / 1e6 / count
    return means_s
