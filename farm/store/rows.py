"""Between the values of the job store and the rows of its tables; documents travel as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from pydantic import JsonValue
from sqlalchemy import Row

from farm.errors import FailureKind
from farm.store.records import (
    AttemptRecord,
    ChangeKind,
    ChangeRecord,
    Delivery,
    DeliveryState,
    Job,
    JobLine,
    JobState,
    Pulse,
    Request,
    RequestState,
    TaskRecord,
    Verb,
)
from farm.tasks import AttemptState, Manifest, Task, TaskId, TaskState

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


def task_records(rows: Iterable[AnyRow], attempts: Iterable[AnyRow]) -> dict[TaskId, TaskRecord]:
    """Tasks under the names they were made with."""
    of_task = {task: tuple(group) for task, group in groupby(attempts, key=attrgetter("task"))}
    return {row.id: _task_record(row, of_task.get(row.id, ()), None) for row in rows}


def member_records(rows: Iterable[AnyRow], attempts: Iterable[AnyRow]) -> dict[TaskId, TaskRecord]:
    """Tasks under the names that one job has for them: rows with `shot` and `take`."""
    of_task = {task: tuple(group) for task, group in groupby(attempts, key=attrgetter("task"))}
    return {row.id: _task_record(row, of_task.get(row.id, ()), (row.shot, row.take)) for row in rows}


def _task_record(row: AnyRow, attempts: tuple[AnyRow, ...], label: tuple[str, int] | None) -> TaskRecord:
    task = Task.model_validate_json(row.body)
    if label and (task.shot, task.take) != label:
        task = task.model_copy(update={"shot": label[0], "take": label[1]})
    failures: dict[FailureKind, int] = {}
    manifest: str | None = None
    for attempt in attempts:
        manifest = attempt.manifest or manifest
        if attempt.failure and attempt.number > row.reopened_after:
            kind = FailureKind(attempt.failure)
            failures[kind] = failures.get(kind, 0) + 1
    return TaskRecord(
        task=task,
        state=TaskState(row.state),
        failure=FailureKind(row.failure) if row.failure else None,
        message=row.message,
        winner=row.winner,
        attempts=attempts[-1].number if attempts else 0,
        failures=failures,
        manifest=Manifest.model_validate_json(manifest) if manifest else None,
        seq=row.seq,
    )


def attempt_record(row: AnyRow) -> AttemptRecord:
    manifest = Manifest.model_validate_json(row.manifest) if row.manifest else None
    return AttemptRecord(
        row.task,
        row.number,
        row.worker,
        row.node,
        AttemptState(row.state),
        row.started_us,
        manifest,
        row.job,
        row.cost_micros,
    )


def change_record(row: AnyRow) -> ChangeRecord:
    return ChangeRecord(row.seq, ChangeKind(row.kind), row.state, row.job, row.task, row.attempt, row.at_us)


def delivery_record(row: AnyRow) -> Delivery:
    return Delivery(
        hook=row.hook,
        seq=row.seq,
        id=row.id,
        event=row.event,
        project=row.project,
        job=row.job,
        shot=row.shot,
        body=row.body,
        at_us=row.at_us,
        created_us=row.created_us,
        state=DeliveryState(row.state),
        tries=row.tries,
        due_us=row.due_us,
        tried_us=row.tried_us,
        status=row.status,
        answer=row.answer,
    )


def job_record(row: AnyRow) -> Job:
    return Job(
        id=row.id,
        project=row.project,
        name=row.name,
        out=row.out,
        document=json.loads(row.document),
        options=json.loads(row.options),
        created_us=row.created_us,
        priority=row.priority,
        budget_micros=row.budget_micros,
        principal=row.principal,
        state=JobState(row.state),
        message=row.message,
        ended_us=row.ended_us,
        seq=row.seq,
    )


def job_line_record(row: AnyRow, tasks: Mapping[tuple[str, TaskState], int]) -> JobLine:
    return JobLine(
        id=row.id,
        project=row.project,
        name=row.name,
        out=row.out,
        created_us=row.created_us,
        priority=row.priority,
        budget_micros=row.budget_micros,
        spent_micros=row.spent_micros,
        principal=row.principal,
        state=JobState(row.state),
        message=row.message,
        ended_us=row.ended_us,
        tasks=tasks,
        report=row.report,
    )


def job_row(job: Job, seq: int) -> dict[str, Any]:
    return {
        "id": job.id,
        "project": job.project,
        "name": job.name,
        "out": job.out,
        "state": job.state.value,
        "created_us": job.created_us,
        "priority": job.priority,
        "budget_micros": job.budget_micros,
        "principal": job.principal,
        "message": legible(job.message),
        "ended_us": job.ended_us,
        "spent_micros": 0,
        "report": "",
        "seq": seq,
    }


def request_record(row: AnyRow) -> Request:
    return Request(
        id=row.id,
        verb=Verb(row.verb),
        principal=row.principal,
        at_us=row.at_us,
        job=row.job,
        body=json.loads(row.body),
        key=row.key or "",
        state=RequestState(row.state),
        reason=row.reason,
        answer=json.loads(row.answer),
        decided_us=row.decided_us,
        seq=row.seq,
    )


def request_row(request: Request) -> dict[str, Any]:
    """As it is asked: without an outcome."""
    return {
        "id": request.id,
        "verb": request.verb.value,
        "principal": request.principal,
        "at_us": request.at_us,
        "job": request.job,
        "body": json.dumps(request.body, ensure_ascii=False),
        "key": request.key or None,
        "state": RequestState.PENDING.value,
        "reason": "",
        "answer": "{}",
        "decided_us": 0,
        "seq": 0,
    }


def pulse_record(row: AnyRow) -> Pulse:
    return Pulse(row.at_us, row.epoch, row.leader, json.loads(row.document))


def legible(words: str) -> str:
    """`words` without NUL, which PostgreSQL's text cannot hold: a traceback may quote one."""
    return words.replace("\0", "\ufffd")


def document_row(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "document": text(job.document),
        "options": text(job.options),
    }


def text(document: Mapping[str, JsonValue]) -> str:
    """A document as it is kept."""
    return json.dumps(document, ensure_ascii=False)


def job_line(seq: int, job: str, state: JobState, at_us: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": ChangeKind.JOB.value,
        "state": state.value,
        "job": job,
        "task": None,
        "attempt": None,
        "at_us": at_us,
    }


def request_line(seq: int, job: str | None, state: RequestState, at_us: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": ChangeKind.REQUEST.value,
        "state": state.value,
        "job": job,
        "task": None,
        "attempt": None,
        "at_us": at_us,
    }


def task_row(task: Task, seq: int) -> dict[str, Any]:
    return {
        "id": task.id,
        "project": task.project,
        "stage": task.stage,
        "version": task.version,
        "body": task.model_dump_json(exclude_defaults=True),
        "state": TaskState.WAITING.value,
        "failure": None,
        "message": "",
        "winner": 0,
        "reopened_after": 0,
        "seq": seq,
    }


def input_rows(task: Task) -> list[dict[str, Any]]:
    return [{"task": task.id, "name": name, "source": source.task} for name, source in task.inputs.items()]


def member_row(job: str, position: int, task: Task, seq: int) -> dict[str, Any]:
    return {"job": job, "task": task.id, "position": position, "shot": task.shot, "take": task.take, "seq": seq}


def added_line(job: str, task: Task, seq: int, at_us: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": ChangeKind.TASK_ADDED.value,
        "state": TaskState.WAITING.value,
        "job": job,
        "task": task.id,
        "attempt": None,
        "at_us": at_us,
    }
