"""From the outbox to messages for one webhook: what of a job's history is news, and whom it is for.

lines (jobs, notices) ─▶ event ─▶ wanted by the hook? ─▶ Message, with the job as it stands now ─▶ Delivery
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from farm.canonical import content_id
from farm.changes import Notice
from farm.notify.hook import Hook
from farm.notify.message import CostPart, JobPart, LinksPart, Message, at
from farm.store.jobs import JobStore
from farm.store.records import ChangeKind, ChangeRecord, Delivery, JobLine, JobState
from farm.webhook import Event

_ENDS = {JobState.DONE: Event.JOB_DONE, JobState.FAILED: Event.JOB_FAILED}
_WORDS = {Event.JOB_DONE: "every shot has its clip", Event.JOB_FAILED: "some shots have no clip"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one webhook of one farm."""

    store: JobStore
    hook: Hook
    out: str
    """The farm's output."""

    def deliveries(self, lines: Sequence[ChangeRecord], now_us: int) -> list[Delivery]:
        """What the hook is to be told of those lines of the outbox."""
        told = any(line.kind is ChangeKind.NOTICE for line in lines)
        notices = self.store.notices(lines[0].seq, lines[-1].seq) if told else {}
        events = ((line, _event(line), notices.get(line.seq)) for line in lines)
        return [*self._wanted([each for each in events if each[1]], now_us)]

    def _wanted(
        self, events: Sequence[tuple[ChangeRecord, Event | None, Notice | None]], now_us: int
    ) -> Iterator[Delivery]:
        jobs = {name: self.store.job_line(name) for name in {line.job for line, _, _ in events if line.job}}
        for line, event, notice in events:
            job = jobs.get(line.job or "")
            project = notice.project if notice else job.project if job else ""
            if event and self.hook.wants(event, project):
                yield self._delivery(line, event, self._message(line, event, project, notice, job), now_us)

    def _message(
        self, line: ChangeRecord, event: Event, project: str, notice: Notice | None, job: JobLine | None
    ) -> Message:
        words = notice.words if notice else (job.message if job else "") or _WORDS[event]
        shot = notice.shot if notice else ""
        return Message(
            event=event,
            id=self._id(line),
            time=at(line.at_us),
            farm=self.out,
            project=project,
            shot=shot or None,
            message=words,
            remedy=self._remedy(event, job, notice) if job else None,
            job=_job(job) if job else None,
            counts=_counts(job) if job else {},
            cost=CostPart(spent_micros=job.spent_micros, budget_micros=job.budget_micros) if job else CostPart(),
            links=self._links(job) if job else LinksPart(),
        )

    def _delivery(self, line: ChangeRecord, event: Event, message: Message, now_us: int) -> Delivery:
        return Delivery(
            hook=self.hook.name,
            seq=line.seq,
            id=message.id,
            event=event,
            project=message.project,
            job=message.job.id if message.job else "",
            shot=message.shot or "",
            body=message.model_dump_json(),
            at_us=line.at_us,
            created_us=now_us,
            due_us=now_us,
        )

    def _id(self, line: ChangeRecord) -> str:
        """One for each change of a farm, whoever is told of it, and however often."""
        return f"msg_{content_id({'farm': self.out, 'seq': line.seq, 'at_us': line.at_us})}"

    def _links(self, job: JobLine) -> LinksPart:
        return LinksPart(report=job.report, report_url=f"{self.out}/{job.report}") if job.report else LinksPart()

    def _remedy(self, event: Event, job: JobLine, notice: Notice | None) -> str | None:
        match event:
            case Event.SHOT_FAILED if notice and notice.occurrence:
                words = ["retry", job.id, "--shot", notice.shot]
            case Event.SHOT_HELD if notice:
                words = ["approve", job.id, notice.shot, "TAKE"]
            case Event.BUDGET_REACHED:
                words = ["why", job.id]
            case Event.JOB_DONE:
                return None
            case _:
                words = ["status", job.id]
        return shlex.join(["farm", *words, "--out", self.out])


def _event(line: ChangeRecord) -> Event | None:
    if line.kind is ChangeKind.NOTICE:
        return Event(line.state)
    return _ENDS.get(JobState(line.state)) if line.kind is ChangeKind.JOB else None


def _job(job: JobLine) -> JobPart:
    return JobPart(id=job.id, name=job.name, state=job.state, principal=job.principal)


def _counts(job: JobLine) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (_, state), count in job.tasks.items():
        counts[state.value] = counts.get(state.value, 0) + count
    return dict(sorted(counts.items()))
