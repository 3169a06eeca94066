"""What people should hear of a shot: that it has failed, or that it waits for a person to choose a take.

a shot of which nothing more comes by itself ─▶ held │ failed ─▶ Notice, about the tasks that it follows from
"""

from __future__ import annotations

from farm.changes import Notice, NoticeKind
from farm.plan import Known, ShotPlan
from farm.store.records import Job
from farm.tasks import Task


def notice_of(planned: ShotPlan, job: Job, known: Known) -> Notice | None:
    """The notice about a shot of a job; None where people need not hear of it."""
    if not planned.held and not planned.failed:
        return None
    kind = NoticeKind.SHOT_HELD if planned.held else NoticeKind.SHOT_FAILED
    words = _choice(planned, known) if planned.held else planned.reason
    about = [planned.select] if planned.held else _failed(planned, known)
    return Notice(
        kind=kind,
        project=job.project,
        job=job.id,
        shot=planned.shot.code,
        words=words,
        about=tuple(task.id for task in about if task),
    )


def _failed(planned: ShotPlan, known: Known) -> list[Task | None]:
    """What has failed of a shot, or else the ranking, which let no take pass."""
    awaited = (task for task in planned.tasks if task is not planned.compare)
    return [task for task in awaited if not known[task.id].done] or [planned.select]


def _choice(planned: ShotPlan, known: Known) -> str:
    """ "waits for a choice between takes 1 and 2"; a held shot was ranked, so that one take came out at least."""
    takes = [str(take.number) for take in planned.takes if known[take.score.id].done]
    if len(takes) == 1:
        return f"waits for a yes to take {takes[0]}, the only one that came out"
    return f"waits for a choice between takes {', '.join(takes[:-1])} and {takes[-1]}"
