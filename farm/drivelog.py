"""What a driver did, in its log: jobs as they begin and end, and every failure with the last words of its log.

Driver ─▶ DriveLog ─▶ logging        text at a terminal, JSON with the job, the shot and the task elsewhere
"""

from __future__ import annotations

import logging

from farm.lastwords import last_words
from farm.logs.fields import log_context
from farm.store.records import JobState
from farm.tasks import Outcome, Task, TaskId

logger = logging.getLogger(__name__)


class DriveLog:
    """Logs what it observes (`farm.driver.seams.Observer`)."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._jobs: dict[TaskId, str] = {}
        """Of tasks that are open, the job that asked first."""

    def added(self, job: str, task: Task, *, there: bool) -> None:
        if not there:
            self._jobs.setdefault(task.id, job)
        if job not in self._begun:
            self._begun.add(job)
            with log_context(job=job, project=task.project):
                logger.info("%s begins", job)

    def progressed(self, task: Task, fraction: float) -> None:
        """Too much for a log."""

    def settled(self, task: Task, outcome: Outcome) -> None:
        job = self._jobs.pop(task.id, "")
        words = None if outcome.done else last_words(task, outcome.manifest)
        if words is None:  # what fails with another is not worth a line
            return
        with log_context(job=job, project=task.project, shot=task.shot, take=task.take, stage=task.stage, task=task.id):
            said = "\n".join((f"{task.label} failed: {outcome.message}", *words.lines, words.command))
            logger.error("%s", said)

    def ended(self, job: str, state: JobState) -> None:
        self._begun.discard(job)
        with log_context(job=job):
            logger.info("%s is %s", job, state)

    def pulse(self) -> None:
        """Nothing to redraw."""
