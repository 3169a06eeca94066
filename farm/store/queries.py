"""Every statement of the job store, once: the same for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, case, func, select, text

from farm.store.bulk import Among, ManyRows
from farm.store.records import ChangeKind, DeliveryState
from farm.store.tables import (
    IS_JOB,
    PENDING,
    attempts,
    changes,
    choices,
    deliveries,
    farm,
    job_counts,
    job_documents,
    job_task,
    jobs,
    notices,
    pulses,
    requests,
    task_inputs,
    tasks,
    versions,
    watermarks,
)
from farm.tasks import AttemptState, TaskState

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
ADD_DOCUMENT = job_documents.insert()
AMEND = job_documents.update().where(job_documents.c.job == bindparam("b_id")).values(document=bindparam("document"))
_THE_JOB = jobs.c.id == bindparam("b_id")
MOVE_JOB = (
    jobs.update()
    .where(_THE_JOB)
    .values({name: bindparam(name) for name in ("state", "message", "report", "ended_us", "seq")})
)
RANK_JOB = (
    jobs.update().where(_THE_JOB).values(priority=bindparam("priority"), seq=bindparam("seq")).returning(jobs.c.state)
)
SPEND = jobs.update().where(_THE_JOB).values(spent_micros=jobs.c.spent_micros + bindparam("micros"))
COUNT = text(
    "INSERT INTO job_counts (job, stage, state, tasks) VALUES (:job, :stage, :state, :tasks) "
    "ON CONFLICT (job, stage, state) DO UPDATE SET tasks = job_counts.tasks + excluded.tasks"
)
ADD_TASKS = ManyRows(tasks)
ADD_INPUTS = ManyRows(task_inputs)
ADD_MEMBERS = ManyRows(job_task)
MOVE_TASKS = ManyRows(tasks, ("state", "failure", "message", "winner", "reopened_after", "seq"), keys=("id",))
START_ATTEMPTS = ManyRows(attempts)
END_ATTEMPTS = ManyRows(attempts, ("state", "failure", "ended_us", "manifest", "cost_micros"), keys=("task", "number"))
ADD_CHANGES = ManyRows(changes)
ADD_CHANGE = changes.insert()
ADD_VERSION = versions.insert()
ADD_WATERMARK = watermarks.insert()
MOVE_WATERMARK = (
    watermarks.update()
    .where(and_(watermarks.c.consumer == bindparam("b_consumer"), watermarks.c.seq < bindparam("seq")))
    .values(seq=bindparam("seq"))
)
ADD_NOTICES = ManyRows(notices)
ADD_DELIVERY = text(
    "INSERT INTO deliveries (hook, seq, id, event, project, job, shot, body, at_us, created_us, state, tries, due_us, "
    "tried_us, status, answer) VALUES (:hook, :seq, :id, :event, :project, :job, :shot, :body, :at_us, :created_us, "
    ":state, :tries, :due_us, :tried_us, :status, :answer) ON CONFLICT (hook, seq) DO NOTHING"
)
"""One that is there stays: a leader that was thought dead may have been before us."""
MOVE_DELIVERY = (
    deliveries.update()
    .where(and_(deliveries.c.hook == bindparam("b_hook"), deliveries.c.seq == bindparam("b_seq"), PENDING))
    .values({name: bindparam(name) for name in ("state", "tries", "due_us", "tried_us", "status", "answer", "body")})
)
GIVE_UP = (
    deliveries.update()
    .where(and_(deliveries.c.hook == bindparam("b_hook"), PENDING))
    .values(state=DeliveryState.GIVEN_UP.value, tried_us=bindparam("tried_us"), answer=bindparam("answer"))
)
ADD_REQUEST = requests.insert()
DECIDE = (
    requests.update()
    .where(and_(requests.c.id == bindparam("b_id"), PENDING))
    .values({name: bindparam(name) for name in ("state", "reason", "answer", "decided_us", "seq")})
    .returning(requests.c.job)
)
CHOOSE = text(
    "INSERT INTO choices (job, shot, take, principal, at_us) VALUES (:job, :shot, :take, :principal, :at_us) "
    "ON CONFLICT (job, shot) DO UPDATE SET take = excluded.take, principal = excluded.principal, "
    "at_us = excluded.at_us"
)
BEAT = (
    pulses.update()
    .where(select(farm.c.epoch).scalar_subquery() == bindparam("b_epoch"))
    .values({name: bindparam(name) for name in ("at_us", "epoch", "leader", "document")})
)

# -- reading for writing ----------------------------------------------------------------------------------------

STANDINGS = select(
    tasks.c.id, tasks.c.stage, tasks.c.state, tasks.c.failure, tasks.c.message, tasks.c.winner, tasks.c.reopened_after
).where(Among(tasks.c.id))
WANTED_BY = select(job_task.c.task, job_task.c.job).where(Among(job_task.c.task))
ATTEMPT_STATES = (
    select(attempts.c.task, attempts.c.state, attempts.c.job)
    .where(Among(attempts.c.task))
    .order_by(attempts.c.task, attempts.c.number)
)
"""In order: attempts are numbered from 1, and none is left out."""
KNOWN_TASKS = select(tasks.c.id, tasks.c.state).where(Among(tasks.c.id))
MEMBERS_OF = select(job_task.c.task).where(and_(job_task.c.job == bindparam("job"), Among(job_task.c.task)))
TASKS_IN = select(func.coalesce(func.sum(job_counts.c.tasks), 0)).where(job_counts.c.job == bindparam("job"))
"""How many tasks a job has, without a look at them: its next one has that position."""

LAST_OF_TASKS = select(func.coalesce(func.max(tasks.c.seq), 0)).where(Among(tasks.c.id))
SAME_NOTICE = select(notices.c.seq).where(
    and_(*(notices.c[name] == bindparam(name) for name in ("kind", "project", "job", "shot", "occurrence")))
)

_VERSIONS_OF = and_(
    versions.c.project == bindparam("project"),
    versions.c.subject == bindparam("subject"),
    versions.c.product == bindparam("product"),
)
VERSION = select(versions.c.number).where(and_(_VERSIONS_OF, versions.c.content == bindparam("content")))
LAST_VERSION = select(func.coalesce(func.max(versions.c.number), 0)).where(_VERSIONS_OF)

# -- reading ----------------------------------------------------------------------------------------------------

_WHOLE_JOB = select(jobs, job_documents.c.document, job_documents.c.options).join(
    job_documents, job_documents.c.job == jobs.c.id
)
JOB = _WHOLE_JOB.where(jobs.c.id == bindparam("job"))
IS_ATTEMPT = text("kind IN ('attempt started', 'attempt ended')")
_OLDEST_FIRST = (jobs.c.created_us, jobs.c.id)
JOB_ID = select(jobs.c.id).where(jobs.c.id == bindparam("job"))
JOBS = _WHOLE_JOB.order_by(*_OLDEST_FIRST)
JOBS_IN = JOBS.where(jobs.c.state.in_(bindparam("states", expanding=True)))
JOB_IDS = select(jobs.c.id).order_by(*_OLDEST_FIRST)
JOBS_LIKE = JOB_IDS.where(func.substr(jobs.c.id, 1, func.length(bindparam("prefix"))) == bindparam("prefix"))
TASKS_LIKE = (
    select(tasks.c.id)
    .where(and_(tasks.c.id >= bindparam("prefix"), tasks.c.id < bindparam("beyond")))
    .order_by(tasks.c.id)
    .limit(bindparam("limit"))
)
SPENT_IN = select(jobs.c.id, jobs.c.spent_micros).where(jobs.c.state.in_(bindparam("states", expanding=True)))
SPENT = select(jobs.c.spent_micros).where(jobs.c.id == bindparam("job"))
_LATELY = (jobs.c.ended_us == 0) | (jobs.c.ended_us > bindparam("ended_after_us"))
JOB_LINES = select(jobs).where(_LATELY).order_by(*_OLDEST_FIRST)
JOB_LINE = select(jobs).where(jobs.c.id == bindparam("job"))
COUNTS = select(job_counts).where(job_counts.c.tasks > 0)
COUNTS_LATELY = COUNTS.join(jobs, jobs.c.id == job_counts.c.job).where(_LATELY)
COUNTS_OF = COUNTS.where(job_counts.c.job == bindparam("job"))
TASK_TOTALS = (
    select(jobs.c.project, job_counts.c.stage, job_counts.c.state, func.sum(job_counts.c.tasks).label("tasks"))
    .join(jobs, jobs.c.id == job_counts.c.job)
    .where(job_counts.c.tasks > 0)
    .group_by(jobs.c.project, job_counts.c.stage, job_counts.c.state)
)
JOB_TOTALS = select(
    jobs.c.project, jobs.c.state, func.count().label("jobs"), func.sum(jobs.c.spent_micros).label("spent_micros")
).group_by(jobs.c.project, jobs.c.state)
ATTEMPT_TOTALS = (
    select(changes.c.kind, changes.c.state, func.count().label("lines"))
    .where(and_(changes.c.seq > bindparam("after"), changes.c.seq <= bindparam("upto"), IS_ATTEMPT))
    .group_by(changes.c.kind, changes.c.state)
)
NEWEST_IN = (
    select(jobs.c.id, jobs.c.project, jobs.c.spent_micros, jobs.c.budget_micros)
    .where(jobs.c.state.in_(bindparam("states", expanding=True)))
    .order_by(jobs.c.created_us.desc(), jobs.c.id)
    .limit(bindparam("limit"))
)
STATES_IN = (
    select(job_counts.c.job, job_counts.c.state, func.sum(job_counts.c.tasks).label("tasks"))
    .where(and_(job_counts.c.tasks > 0, Among(job_counts.c.job)))
    .group_by(job_counts.c.job, job_counts.c.state)
)
REQUEST = select(requests).where(requests.c.id == bindparam("id"))
SAME_REQUEST = (
    select(requests)
    .where((requests.c.id == bindparam("id")) | (requests.c.key == bindparam("key")))
    .order_by(requests.c.number)
    .limit(1)
)
PENDING_REQUESTS = select(requests).where(PENDING).order_by(requests.c.number).limit(bindparam("limit"))
REQUESTS_OF = select(requests).where(requests.c.job == bindparam("job")).order_by(requests.c.number)
STATES_OF = select(changes).where(and_(IS_JOB, changes.c.job == bindparam("job"))).order_by(changes.c.seq)
CHOICES_OF = select(choices).where(choices.c.job == bindparam("job")).order_by(choices.c.shot)
PULSE = select(pulses).where(pulses.c.epoch > 0)
CHANGES_AFTER = (
    select(changes).where(changes.c.seq > bindparam("after")).order_by(changes.c.seq).limit(bindparam("limit"))
)
_ARE_TOLD = changes.c.kind.in_([ChangeKind.JOB.value, ChangeKind.NOTICE.value])
TOLD_AFTER = CHANGES_AFTER.where(_ARE_TOLD)
NOTICES_AMONG = select(notices).where(and_(notices.c.seq >= bindparam("first"), notices.c.seq <= bindparam("last")))
NEXT_DELIVERY = (
    select(deliveries).where(and_(deliveries.c.hook == bindparam("hook"), PENDING)).order_by(deliveries.c.seq).limit(1)
)
DELIVERIES = select(deliveries).order_by(deliveries.c.seq.desc(), deliveries.c.hook).limit(bindparam("limit"))
TROUBLED = DELIVERIES.where((deliveries.c.state == DeliveryState.GIVEN_UP.value) | (PENDING & (deliveries.c.tries > 0)))
PENDING_COUNTS = select(deliveries.c.hook, func.count().label("pending")).where(PENDING).group_by(deliveries.c.hook)
DURATIONS = (
    select(
        attempts.c.job,
        tasks.c.stage,
        func.count().label("attempts"),
        func.sum(attempts.c.ended_us - attempts.c.started_us).label("total_us"),
    )
    .select_from(changes)
    .join(attempts, and_(attempts.c.task == changes.c.task, attempts.c.number == changes.c.attempt))
    .join(tasks, tasks.c.id == changes.c.task)
    .where(
        and_(
            changes.c.seq > select(farm.c.seq).scalar_subquery() - bindparam("lines"),
            changes.c.kind == ChangeKind.ATTEMPT_ENDED.value,
            changes.c.state == AttemptState.DONE.value,
        )
    )
    .group_by(attempts.c.job, tasks.c.stage)
)
"""Walks only the end of the outbox, however long it is."""
WATERMARK = select(watermarks.c.seq).where(watermarks.c.consumer == bindparam("consumer"))
READERS = select(task_inputs.c.source, task_inputs.c.task).where(Among(task_inputs.c.source)).distinct()
MEMBERSHIPS = select(job_task).where(Among(job_task.c.task)).order_by(job_task.c.seq)
ATTEMPTS_OF = select(attempts).where(Among(attempts.c.task)).order_by(attempts.c.task, attempts.c.number)

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

TASKS_BY_ID = select(*_TASK).where(Among(tasks.c.id))
TASK_ATTEMPTS_BY_ID = (
    select(*_ATTEMPT)
    .join(tasks, tasks.c.id == attempts.c.task)
    .where(Among(attempts.c.task))
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
