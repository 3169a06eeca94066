"""The driver: the one process that decides and writes task state.

    requests ─▶ Desk ─▶ jobs ─▶ plans ─▶ TaskAdded ─┐
    pool ─▶ what happened ──────────────────────────┴▶ Scheduler.handle ─▶ commit the changes ─▶ carry out the commands
                                                             └─ settled tasks ─▶ their plans ─▶ more TaskAdded …

Owns nothing durable: the job store holds the truth, the clip store the files. Killed at any moment, the next driver
reads both and goes on. Time comes from a clock that is handed in, so that a simulation runs this very loop.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from time import perf_counter

from farm.changes import AttemptEnded, Committed
from farm.driver.admission import Admission
from farm.driver.collecting import collecting_rarely
from farm.driver.desk import Answer, Desk
from farm.driver.draining import drain
from farm.driver.explain import Explanation
from farm.driver.glance import glance
from farm.driver.leftovers import ended_spending, leftovers
from farm.driver.news import News
from farm.driver.openings import Openings
from farm.driver.patience import Patience
from farm.driver.running import Jobs, Running
from farm.driver.seams import Farm, Meter, Observer, Pool, Progress, Storage, Unmetered
from farm.errors import InputError, LeaseError, StorageError
from farm.scheduler.events import (
    CancelAttempt,
    Command,
    Event,
    JobDropped,
    Run,
    StartWorker,
    StopAsked,
    StopWorker,
    Tick,
)
from farm.scheduler.state import Scheduler
from farm.shots.model import Reroll
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState
from farm.tasks import SETTLED, Manifest, Outcome, Task, TaskId, TaskState, Work

logger = logging.getLogger(__name__)

POLL_S = 0.5
"""How long the driver waits for something to happen before it looks at the clock and at requests."""
EVENTS_PER_COMMIT = 256
TASKS_PER_SLICE = 100
"""Tasks that a job may plan before the driver listens again: a tenth of a second or so. A plan gives what is left to do
first, so that this is also what is planned before the first command."""
REQUESTS_EVERY_US = 500_000
PULSE_EVERY_US = 2_000_000
RECORDS_EVERY_US = 5_000_000
CHOICES_EVERY_US = 10_000_000
STOP_GRACE_US = 15_000_000
"""How long a stopping driver waits for its attempts to hear of it. Webhooks, workers and Ray end after that, all within
the 30 seconds that a process usually has from SIGTERM on."""


class Driver:
    """Runs the jobs of one farm while it holds the lead."""

    def __init__(
        self,
        *,
        store: JobStore,
        epoch: int,
        farm: Farm,
        scheduler: Scheduler,
        pool: Pool,
        observer: Observer,
        clock: Callable[[], int],
        stop: threading.Event,
        leader: str = "",
        leads: Callable[[], bool] = lambda: True,
        meter: Meter | None = None,
    ) -> None:
        self._store = store
        self._epoch = epoch
        self._farm = farm
        self._scheduler = scheduler
        self._pool = pool
        self._observer = observer
        self._clock = clock
        self._stop = stop
        """Once set: what runs is cancelled, what is finished is kept, and `run` returns."""
        self._leader = leader
        self._leads = leads
        """False once the lead is known to be somebody else's."""
        self._meter = meter or Unmetered()
        self._meter.watch(scheduler)
        self._patiently = Patience(stop, lambda: self._meter.failed(Storage.BOOKS))
        self._jobs = Jobs()
        self._admission = Admission(store, epoch, self._jobs, self._patiently)
        self._openings = Openings(farm, clock, self._runs, lambda: self._meter.failed(Storage.PLAN))
        self._news = News(store, epoch, clock, self._patiently)
        self._desk = Desk(store, epoch, farm, self, clock, self._patiently, self._meter)
        self._queue: deque[Event] = deque()
        self._manifests: dict[TaskId, Manifest] = {}
        self._stop_by_us: int | None = None
        self._due_us = {"requests": 0, "pulse": 0, "records": 0, "choices": 0}

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Until a stop was asked for, or `until` says so.

        Raises `LeaseError` when another driver has taken the lead.
        """
        with collecting_rarely():
            self._take_over()
            while not self._stopped() and not until():
                if not self._leads():
                    raise LeaseError("another driver leads this farm now")
                self._turn()
            self._follow()
            self._beat(leader="")

    def _turn(self) -> None:
        """Hear what has happened, decide, and keep up with the rest."""
        self._open_due()
        heard = self._pool.wait(0.0 if self._planning else POLL_S)
        began_s = perf_counter()
        self._note_progress(heard)
        self._queue.extend(event for event in heard if not isinstance(event, Progress))
        self._read_plans()
        self._decide()
        self._keep_up()
        self._meter.turned(perf_counter() - began_s)

    def _take_over(self) -> None:
        """Expect every live job, and make an end of what ended ones left open."""
        lines = self._patiently(self._store.job_lines)
        live = {line.id for line in lines if line.state.live}
        self._queue.extend(ended_spending(lines))
        for line in lines:
            if line.state.live and (job := self._patiently(lambda line=line: self._store.job(line.id))):
                self._openings.expect(job, line.spent_micros)
            elif not line.state.live and any(state not in SETTLED for _, state in line.tasks):
                self._end_leftovers(line.id, live)

    def _end_leftovers(self, job: str, live: set[str]) -> None:
        """Make an end of what `job` left open, and no other of the `live` ones wants."""
        self._commit(self._patiently(lambda: leftovers(self._store, job, live, self._clock())))

    def rests(self, job: str) -> bool:
        """True when nothing more comes of a job by itself: it has ended, or waits for a person's choice."""
        run = self._jobs.get(job)
        return run.asking if run else not self._openings.expects(job)

    # -- deciding -------------------------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Decide, commit, act on everything that is queued, and go on with what follows from it."""
        self._queue.appendleft(Tick())  # first: it forgets tasks whose end was told in an earlier turn
        if self._stop.is_set() and self._stop_by_us is None:
            self._stop_by_us = self._clock() + STOP_GRACE_US
            self._queue.append(StopAsked())
        while self._queue:
            changes: list[Committed] = []
            commands: list[Command] = []
            settled: list[TaskId] = []
            for event in _taken(self._queue, EVENTS_PER_COMMIT):
                now = self._clock()
                decision = self._scheduler.handle(event, now)
                self._meter.decided(event, decision, now)
                changes += decision.changes
                commands += decision.commands
                settled += decision.settled
            self._commit(changes)
            for task in settled:  # before the commands, whose inputs these outcomes are
                self._settle(task)
            for command in commands:
                self._carry_out(command)
        self._news.tell()
        self._end_jobs()

    def _commit(self, changes: list[Committed]) -> None:
        if not changes:
            return
        for change in changes:
            if isinstance(change, AttemptEnded):
                self._manifests[change.manifest.task] = change.manifest
        began_s = perf_counter()
        self._patiently(lambda: self._store.commit(self._epoch, changes))
        self._meter.committed(len(changes), perf_counter() - began_s)

    def _settle(self, task: TaskId) -> None:
        manifest, wanting = self._manifests.pop(task, None), self._jobs.wanting(task)
        if not wanting:  # cancelled with its last job, and forgotten
            return
        failure, message = self._scheduler.failure(task)
        outcome = Outcome(self._scheduler.state(task), manifest, failure, message)
        self._observer.settled(wanting[0].tasks[task], outcome)
        for run in wanting:
            self._tell(run, run.tasks[task], outcome)

    def _tell(self, run: Running, task: Task, outcome: Outcome) -> None:
        """Let a job's plan know of an outcome, and take in what it plans because of it."""
        self._admit(run, self._patiently(lambda: list(run.plan.settle(task, outcome))))
        self._news.look_at(run, task.shot)

    def _admit(self, run: Running, tasks: Iterable[Task]) -> None:
        new = list(tasks)
        if not new:
            return
        events = self._admission.admit(run, new, self._clock())
        self._queue.extend(events)
        for event in events:
            self._observer.added(run.job.id, event.task, there=event.history.state is TaskState.DONE)
        settled = [
            event.task for event in events if event.history.state in SETTLED and not run.plan.known(event.task.id)
        ]
        if settled:  # by another job, since the plan looked
            records = self._patiently(lambda: self._store.tasks([task.id for task in settled]))
            for task in settled:
                if outcome := records[task.id].outcome:
                    self._tell(run, task, outcome)

    # -- jobs -----------------------------------------------------------------------------------------------------

    @property
    def _planning(self) -> bool:
        return any(not run.begun for run in self._jobs)

    def _open_due(self) -> None:
        for job, spent_micros in self._openings.due():
            self._open(job, spent_micros)

    def _open(self, job: Job, spent_micros: int = 0) -> Running | None:
        """Begin to work for a job; one that cannot be is ended with the reason."""
        self._openings.forget(job)
        try:
            plan = self._openings.plan(job, spent_micros)
        except InputError as error:
            self._set_state(job, JobState.FAILED, str(error))
            return None
        if plan is None:  # storage fails now: it is expected again
            return None
        run = Running(job, plan, spent_micros, iter(plan.begin()))
        self._jobs.open(run)
        self._queue.append(run.terms)
        return run

    def _read_plans(self) -> None:
        """Take in a slice of every plan that has more to give."""
        for run in self._jobs:
            if not run.begun:
                self._read(run)

    def _read(self, run: Running) -> None:
        portion = self._patiently(lambda: self._portion(run))
        self._admit(run, portion)
        run.begun = len(portion) < TASKS_PER_SLICE
        run.asking = False
        if run.begun:
            self._news.look_through(run)

    def _portion(self, run: Running) -> list[Task]:
        """The next tasks of a plan. One that storage failed in the middle of is opened anew, and gives all again."""
        if run.is_broken:
            run.plan = self._farm.open(run.job, self._runs)
            run.unread, run.is_broken = iter(run.plan.begin()), False
        try:
            return list(islice(run.unread, TASKS_PER_SLICE))
        except StorageError:
            run.is_broken = True
            raise

    def _end_jobs(self) -> None:
        for run in self._jobs:
            if run.begun and not run.asking and not self._scheduler.open_tasks(run.job.id) and not self._stop.is_set():
                state = self._patiently(run.plan.end)
                run.asking = state is None
                if state is not None:
                    self._set_state(run.job, state, run.plan.remark(), run.plan.report())
                    self._close(run.job)

    def _close(self, job: Job) -> None:
        if self._jobs.get(job.id):
            self._jobs.close(job.id)
            self._queue.append(JobDropped(job.id))

    def _set_state(self, job: Job, state: JobState, message: str = "", report: str = "") -> None:
        now = self._clock()
        self._patiently(lambda: self._store.set_job_state(self._epoch, job.id, state, now, message, report))
        if not state.live:
            self._observer.ended(job.id, state)

    # -- what people ask (`farm.driver.desk.Hand`) --------------------------------------------------------------------

    def open(self, job: Job) -> None:
        self._open(job)

    def terms(self, job: Job) -> None:
        if run := self._jobs.get(job.id):
            run.job = job
            self._queue.append(run.terms)
        else:
            self._openings.replace(job)

    def drop(self, job: Job) -> None:
        self._openings.forget(job)
        if self._jobs.get(job.id):
            self._close(job)
        else:
            lines = self._patiently(self._store.job_lines)
            self._end_leftovers(job.id, {line.id for line in lines if line.state.live})
        self._observer.ended(job.id, JobState.CANCELLED)

    def retry(self, job: Job, shot: str) -> int:
        run = self._reached(job)
        try:
            tasks = list(run.plan.retry([shot] if shot else []))
        except InputError:
            self._leave(run)
            raise
        if not tasks and job.state is not JobState.CANCELLED:
            self._leave(run)
            raise InputError(f"nothing of {shot or f'job {job.id}'} has failed or was cancelled")
        self._revive(run)
        self._admit(run, tasks)
        return len(tasks)

    def choose(self, job: Job, shot: str, take: int) -> None:
        run = self._reached(job)
        if reason := run.plan.check_choice(shot, take):
            self._leave(run)
            raise InputError(reason)
        more = list(run.plan.choose({shot: take}))
        self._revive(run)
        self._admit(run, more)

    def reroll(self, job: Job, shot: str, reroll: Reroll) -> None:
        run = self._reached(job)
        try:
            more, document = run.plan.reroll(shot, reroll)
        except InputError:
            self._leave(run)
            raise
        self._patiently(lambda: self._store.amend(self._epoch, job.id, document))
        self._revive(run)
        run.job = self._stored(job)
        self._admit(run, list(more))

    def _reached(self, job: Job) -> Running:
        """A job with its whole plan, opened for the moment when it has ended."""
        run = self._jobs.get(job.id) or self._open(job, self._spent(job))
        if run is None:
            raise InputError(f"job {job.id} cannot be opened now (see farm status {job.id}, and ask again)")
        while not run.begun:
            self._read(run)
        return run

    def _leave(self, run: Running) -> None:
        if not run.job.state.live:
            self._close(run.job)

    def _revive(self, run: Running) -> None:
        """Let a job that has ended go on."""
        run.asking = False
        if not run.job.state.live:
            self._set_state(run.job, JobState.ACTIVE)
            run.job = self._stored(run.job)

    def _runs(self, task: TaskId) -> bool:
        return self._jobs.wants(task) and self._scheduler.state(task) is TaskState.RUNNING

    def _stored(self, job: Job) -> Job:
        found = self._patiently(lambda: self._store.job(job.id))
        assert found is not None
        return found

    def _spent(self, job: Job) -> int:
        return self._patiently(lambda: self._store.spent(job.id))

    def drain(self, node: str, within_s: int) -> Answer:
        answer, draining = drain(self._pool, self._scheduler.nodes(), node, within_s, self._clock())
        self._queue.append(draining)
        return answer

    def explain(self, subject: str, shot: str) -> Answer:
        explanation = Explanation(self._jobs, self._scheduler, self._store, self._clock())
        return self._patiently(lambda: explanation.of(subject, shot))

    # -- acting -----------------------------------------------------------------------------------------------------

    def _carry_out(self, command: Command) -> None:
        match command:
            case StartWorker():
                self._pool.start(command.worker, command.lane, command.node, command.market)
            case StopWorker():
                self._pool.stop(command.worker)
            case Run():
                inputs = self._jobs.wanting(command.task.id)[0].plan.inputs(command.task)
                self._pool.run(command.worker, _work(command, inputs))
            case CancelAttempt():
                self._pool.cancel(command.worker, command.task, command.attempt)

    def _note_progress(self, heard: Iterable[Event | Progress]) -> None:
        for event in heard:
            if isinstance(event, Progress) and self._jobs.wants(event.task):
                task = self._jobs.task(event.task)
                self._observer.progressed(task, event.fraction)
                self._meter.progressed(task, event.fraction)

    def _keep_up(self) -> None:
        """What is done by the clock: requests, the pulse, the catalog, the view."""
        if self._is_due("requests", REQUESTS_EVERY_US) and self._desk.heed():
            self._decide()
        if self._is_due("pulse", PULSE_EVERY_US):
            self._beat()
        if self._is_due("records", RECORDS_EVERY_US):
            self._follow()
        if self._is_due("choices", CHOICES_EVERY_US):
            self._look_for_choices()
        self._observer.pulse()

    def _look_for_choices(self) -> None:
        """Let the scheduler know which jobs wait for a person: it keeps warm what they will need again."""
        for run in self._jobs:
            awaited = bool(run.plan.open_choices())
            if awaited != run.awaited:
                run.awaited = awaited
                self._queue.append(run.terms)

    def _follow(self) -> None:
        """Bring the catalog up to date; where storage fails, the next time will do."""
        try:
            self._farm.follow()
        except StorageError as error:
            logger.warning("the catalog stays behind: %s", error)
            self._meter.failed(Storage.CATALOG)

    def _is_due(self, what: str, every_us: int) -> bool:
        now = self._clock()
        if now < self._due_us[what]:
            return False
        self._due_us[what] = now + every_us
        return True

    def _beat(self, leader: str | None = None) -> None:
        """Say how the farm is, and who leads; "" for nobody any more."""
        now = self._clock()
        seen = glance(self._scheduler, self._jobs, now)
        self._news.look_at_budgets(self._scheduler, self._jobs, seen["waits"])
        document = {**seen, **self._meter.pulse(seen, now)}
        self._patiently(
            lambda: self._store.beat(self._epoch, self._leader if leader is None else leader, document, now)
        )

    def _stopped(self) -> bool:
        if self._stop_by_us is None:
            return False
        return not self._scheduler.running or self._clock() > self._stop_by_us


def _taken(queue: deque[Event], at_most: int) -> Iterator[Event]:
    """The first events of `queue`, taken off it."""
    for _ in range(min(at_most, len(queue))):
        yield queue.popleft()


def _work(run: Run, inputs: Mapping[str, str]) -> Work:
    """What a worker is handed."""
    return Work(run.task, run.attempt, inputs, alone=run.alone, lean=run.lean, job=run.job)
