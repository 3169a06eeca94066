"""Every statement of the job store, once: the same for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, case, func, select

from farm.store.tables import attempts, changes, farm, job_task, jobs, task_inputs, tasks, versions, watermarks
from farm.tasks import TaskState

# -- the lead ---------------------------------------------------------------------------------------------------

TAKE_LEAD = farm.update().values(epoch=farm.c.epoch + 1).returning(farm.c.epoch)
TAKE_SEQS = (
    farm.update()
    .where(farm.c.epoch == bindparam("b_epoch"))
    .values(seq=farm.c.seq + bindparam("b_count"))
    .returning(farm.c.seq)
)
"""Checks the epoch and reserves numbers; no row comes back for a stale epoch."""
EPOCH = select(farm.c.epoch)
SEQ = select(farm.c.seq)

# -- writing ----------------------------------------------------------------------------------------------------

ADD_JOB = jobs.insert()
MOVE_JOB = jobs.update().where(jobs.c.id == bindparam("b_id")).values(state=bindparam("state"), seq=bindparam("seq"))
ADD_TASK = tasks.insert()
ADD_INPUT = task_inputs.insert()
ADD_MEMBER = job_task.insert()
MOVE_TASK = (
    tasks.update()
    .where(tasks.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in ("state", "failure", "message", "winner", "reopened_after", "seq")})
)
START_ATTEMPT = attempts.insert()
END_ATTEMPT = (
    attempts.update()
    .where(and_(attempts.c.task == bindparam("b_task"), attempts.c.number == bindparam("b_number")))
    .values({name: bindparam(name) for name in ("state", "failure", "ended_us", "manifest")})
)
ADD_CHANGE = changes.insert()
ADD_VERSION = versions.insert()
ADD_WATERMARK = watermarks.insert()
MOVE_WATERMARK = (
    watermarks.update()
    .where(and_(watermarks.c.consumer == bindparam("b_consumer"), watermarks.c.seq < bindparam("seq")))
    .values(seq=bindparam("seq"))
)

# -- reading for writing ----------------------------------------------------------------------------------------

_IDS = bindparam("ids", expanding=True)

STANDINGS = select(
    tasks.c.id, tasks.c.state, tasks.c.failure, tasks.c.message, tasks.c.winner, tasks.c.reopened_after, tasks.c.seq
).where(tasks.c.id.in_(_IDS))
ATTEMPT_STATES = select(attempts.c.task, attempts.c.number, attempts.c.state).where(attempts.c.task.in_(_IDS))
KNOWN_TASKS = select(tasks.c.id).where(tasks.c.id.in_(_IDS))
MEMBERS_OF = select(job_task.c.task).where(and_(job_task.c.job == bindparam("job"), job_task.c.task.in_(_IDS)))
LAST_POSITION = select(func.coalesce(func.max(job_task.c.position), -1)).where(job_task.c.job == bindparam("job"))

_VERSIONS_OF = and_(
    versions.c.project == bindparam("project"),
    versions.c.subject == bindparam("subject"),
    versions.c.product == bindparam("product"),
)
VERSION = select(versions.c.number).where(and_(_VERSIONS_OF, versions.c.content == bindparam("content")))
LAST_VERSION = select(func.coalesce(func.max(versions.c.number), 0)).where(_VERSIONS_OF)

# -- reading ----------------------------------------------------------------------------------------------------

JOB = select(jobs).where(jobs.c.id == bindparam("job"))
JOBS = select(jobs).order_by(jobs.c.created_us, jobs.c.id)
CHANGES_AFTER = (
    select(changes).where(changes.c.seq > bindparam("after")).order_by(changes.c.seq).limit(bindparam("limit"))
)
WATERMARK = select(watermarks.c.seq).where(watermarks.c.consumer == bindparam("consumer"))
READERS = select(task_inputs.c.source, task_inputs.c.task).where(task_inputs.c.source.in_(_IDS)).distinct()
MEMBERSHIPS = select(job_task).where(job_task.c.task.in_(_IDS)).order_by(job_task.c.seq)
ATTEMPTS_OF = select(attempts).where(attempts.c.task.in_(_IDS)).order_by(attempts.c.task, attempts.c.number)

_TASK = (
    tasks.c.id,
    tasks.c.body,
    tasks.c.state,
    tasks.c.failure,
    tasks.c.message,
    tasks.c.winner,
    tasks.c.reopened_after,
    tasks.c.seq,
)
_ATTEMPT = (
    attempts.c.task,
    attempts.c.number,
    attempts.c.failure,
    case(
        ((attempts.c.number == tasks.c.winner) | (tasks.c.state == TaskState.FAILED.value), attempts.c.manifest)
    ).label("manifest"),
)
_OF_JOB = job_task.c.job == bindparam("job")

TASKS_BY_ID = select(*_TASK).where(tasks.c.id.in_(_IDS))
TASK_ATTEMPTS_BY_ID = (
    select(*_ATTEMPT)
    .join(tasks, tasks.c.id == attempts.c.task)
    .where(attempts.c.task.in_(_IDS))
    .order_by(attempts.c.task, attempts.c.number)
)
TASKS_OF_JOB = (
    select(*_TASK, job_task.c.shot, job_task.c.take)
    .join(job_task, job_task.c.task == tasks.c.id)
    .where(_OF_JOB)
    .order_by(job_task.c.position)
)
TASK_ATTEMPTS_OF_JOB = (
    select(*_ATTEMPT)
    .join(tasks, tasks.c.id == attempts.c.task)
    .join(job_task, job_task.c.task == tasks.c.id)
    .where(_OF_JOB)
    .order_by(attempts.c.task, attempts.c.number)
)
