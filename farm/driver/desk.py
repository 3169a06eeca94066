"""What people ask of the farm: each request is applied, or refused with a reason, and keeps its outcome.

    JobStore.ask (CLI, HTTP) ─▶ pending ─▶ Desk ─▶ applied │ refused(reason) ─▶ whoever waits for it

Applying one twice is applying it once: a driver that dies between the deed and the note finds the deed done. Refused
is what the job's state does not allow, in words that name the job and the remedy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from farm.driver.draining import checked_within
from farm.driver.patience import Patience
from farm.driver.seams import Farm, Meter, Storage
from farm.errors import InputError, StorageError
from farm.shots.model import Reroll
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request, RequestState, Verb

logger = logging.getLogger(__name__)

Answer = dict[str, JsonValue]

PRIORITY_MAX = 100


class Hand(Protocol):
    """What the driver does for a request that is in order."""

    def open(self, job: Job) -> None: ...
    def terms(self, job: Job) -> None:
        """The job's state or priority has changed."""
        ...

    def drop(self, job: Job) -> None: ...
    def retry(self, job: Job, shot: str) -> int:
        """Ask again for what failed or was cancelled, of one shot or of all (""); gives how many tasks.

        Raises `InputError` for a shot that the job does not have.
        """
        ...

    def choose(self, job: Job, shot: str, take: int) -> None:
        """Deliver that take of a shot. Raises `InputError` when it cannot be."""
        ...

    def reroll(self, job: Job, shot: str, reroll: Reroll) -> None:
        """Make more takes of a shot. Raises `InputError` where it cannot have them."""
        ...

    def drain(self, node: str, within_s: int) -> Answer:
        """Take a node out. Raises `InputError` for one that is not there, or cannot be taken out."""
        ...

    def explain(self, subject: str, shot: str) -> Answer:
        """Why a job, or one shot of it, or a task does not run. Raises `InputError` for what is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Heeds requests for one driver."""

    store: JobStore
    epoch: int
    farm: Farm
    hand: Hand
    clock: Callable[[], int]
    patiently: Patience
    meter: Meter

    def heed(self) -> int:
        """Apply or refuse what is pending, up to where storage fails; gives how many that were."""
        pending = self.patiently(self.store.pending)
        for decided, request in enumerate(pending):
            try:
                self._decide(request)
            except StorageError as error:  # it stays pending, and with it those that were asked for later
                logger.warning("%s waits: %s", request.verb, error)
                self.meter.failed(Storage.REQUEST)
                return decided
        return len(pending)

    def _decide(self, request: Request) -> None:
        try:
            answer = self._apply(request)
        except InputError as error:
            outcome, reason, answer = RequestState.REFUSED, str(error), {}
        else:
            outcome, reason = RequestState.APPLIED, ""
        now = self.clock()
        self.patiently(lambda: self.store.decide(self.epoch, request.id, outcome, now, reason, answer))
        self.meter.answered(request.verb, outcome)

    def _apply(self, request: Request) -> Answer:
        match request.verb:
            case Verb.WHY:
                return self.hand.explain(str(request.body.get("subject", "")), str(request.body.get("shot", "")))
            case Verb.DRAIN:
                return self.hand.drain(str(request.body.get("node", "")), checked_within(request.body.get("within_s")))
            case Verb.SUBMIT:
                return self._submit(request)
            case _:
                return self._apply_to(self._job(request.job), request)

    def _apply_to(self, job: Job, request: Request) -> Answer:
        named: Answer = {"job": job.id}
        match request.verb:
            case Verb.PAUSE:
                return named | self._move(job, JobState.PAUSED, "paused")
            case Verb.RESUME:
                return named | self._move(job, JobState.ACTIVE, "resumed")
            case Verb.CANCEL:
                return named | self._cancel(job)
            case Verb.PRIORITY:
                return named | self._prioritise(job, request.body.get("priority"))
            case Verb.RETRY:
                return named | self._retry(job, str(request.body.get("shot", "")))
            case Verb.APPROVE:
                return named | self._approve(job, request)
            case Verb.REROLL:
                return named | self._reroll(job, request)
            case Verb.WHY | Verb.DRAIN | Verb.SUBMIT:
                raise AssertionError(f"{request.verb} is of no job")

    def _job(self, name: str) -> Job:
        job = self.patiently(lambda: self.store.job(name))
        if job is None:
            raise InputError(f"there is no job {name} (farm jobs lists them)")
        return job

    def _submit(self, request: Request) -> Answer:
        job = self.farm.accept(request)
        if request.body.get("instead") is True and (same := self._replaced(job)):
            return {"job": same.id, "state": same.state}
        if self.patiently(lambda: self.store.job(job.id)) is None:
            self.patiently(lambda: self.store.create_job(self.epoch, job))
            self.hand.open(job)
        return {"job": job.id, "state": job.state}

    def _replaced(self, job: Job) -> Job | None:
        """Make room for a job that takes the place of unfinished ones of its name; gives one that asks for the same."""
        same: Job | None = None
        for line in self.patiently(self.store.job_lines):
            if line.state.live and (line.project, line.name) == (job.project, job.name) and line.id != job.id:
                old = self._job(line.id)
                if same is None and old.document == job.document:
                    same = old
                else:
                    self._cancel(old)
        return same

    def _move(self, job: Job, state: JobState, moved: str) -> dict[str, JsonValue]:
        if job.state is state:
            raise InputError(f"job {job.id} is {state} already")
        if not job.state.live:
            raise InputError(f"job {job.id} is {job.state}, so it cannot be {moved}")
        self._set_state(job, state)
        self.hand.terms(self._job(job.id))
        return {"state": state}

    def _cancel(self, job: Job) -> dict[str, JsonValue]:
        if not job.state.live:
            raise InputError(f"job {job.id} is {job.state} already")
        self._set_state(job, JobState.CANCELLED)
        self.hand.drop(job)
        return {"state": JobState.CANCELLED}

    def _retry(self, job: Job, shot: str) -> dict[str, JsonValue]:
        return {"tasks": self.hand.retry(job, shot), "shot": shot}

    def _prioritise(self, job: Job, priority: JsonValue) -> dict[str, JsonValue]:
        number = checked_priority(priority)
        if not job.state.live:
            raise InputError(f"job {job.id} is {job.state}: its priority says nothing any more")
        now = self.clock()
        self.patiently(lambda: self.store.set_priority(self.epoch, job.id, number, now))
        self.hand.terms(self._job(job.id))
        return {"priority": number}

    def _approve(self, job: Job, request: Request) -> dict[str, JsonValue]:
        shot, take = request.body.get("shot"), request.body.get("take")
        if not isinstance(shot, str) or not isinstance(take, int):
            raise InputError("an approval names a shot and the number of a take")
        _check_wanted(job)
        self.hand.choose(job, shot, take)
        now = self.clock()
        self.patiently(lambda: self.store.choose(self.epoch, job.id, shot, take, request.principal, now))
        return {"shot": shot, "take": take}

    def _reroll(self, job: Job, request: Request) -> dict[str, JsonValue]:
        shot, takes, prompt = (request.body.get(name) for name in ("shot", "takes", "prompt"))
        if not isinstance(shot, str) or not isinstance(takes, int) or not isinstance(prompt, str):
            raise InputError("a reroll names a shot, how many takes, and perhaps a prompt")
        _check_wanted(job)
        self.hand.reroll(job, shot, Reroll(takes, prompt, request.id))
        return {"shot": shot, "takes": takes}

    def _set_state(self, job: Job, state: JobState) -> None:
        now = self.clock()
        self.patiently(lambda: self.store.set_job_state(self.epoch, job.id, state, now))


def _check_wanted(job: Job) -> None:
    if job.state is JobState.CANCELLED:
        raise InputError(f"job {job.id} is cancelled (farm retry {job.id} brings it back)")


def checked_priority(asked: JsonValue) -> int:
    """A job's priority as it was asked for. Raises `InputError` for what is none."""
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 <= asked <= PRIORITY_MAX:
        raise InputError(f"a priority is a whole number from 0 to {PRIORITY_MAX}, not {asked}")
    return asked
