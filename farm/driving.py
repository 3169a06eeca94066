"""A driver put together: the farm's policy, its store, its Ray, and the loop that holds them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from fractions import Fraction

from farm.config import Config, ProjectTerms
from farm.driver.seams import Observer
from farm.scheduler.policy import Limits, NodeShape, Policy, Prices, ProjectPolicy
from farm.store.records import JobState
from farm.tasks import Outcome, Task, TaskId


def policy(config: Config) -> Policy:
    """What this farm's settings mean to the scheduler."""
    return Policy(
        projects=_projects(config),
        prices=Prices(micros(config.prices.cpu_hour), micros(config.prices.gpu_hour)),
        elastic=tuple(NodeShape(kind.cpus, kind.gpus, kind.pool, kind.at_most) for kind in config.elastic),
        idle_stop_s=float(config.idle_stop_s),
    )


def micros(amount: Fraction) -> int:
    """An amount of the farm's currency in millionths of it."""
    return round(amount * 1_000_000)


def leader() -> str:
    """What this process is called while it leads."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def _projects(config: Config) -> Mapping[str, ProjectPolicy]:
    return {terms.project: _terms(terms) for terms in config.projects}


def _terms(terms: ProjectTerms) -> ProjectPolicy:
    budget = None if terms.budget is None else micros(terms.budget)
    return ProjectPolicy(float(terms.weight), terms.floor, Limits(terms.gpus, budget))


class OfJob:
    """An observer that hears of one job only, which may not be known from the beginning."""

    def __init__(self, job: Callable[[], str], observer: Observer) -> None:
        self._job = job
        self._observer = observer
        self._tasks: set[TaskId] = set()

    def added(self, job: str, task: Task, *, there: bool) -> None:
        if job == self._job():
            self._tasks.add(task.id)
            self._observer.added(job, task, there=there)

    def progressed(self, task: Task, fraction: float) -> None:
        if task.id in self._tasks:
            self._observer.progressed(task, fraction)

    def settled(self, task: Task, outcome: Outcome) -> None:
        if task.id in self._tasks:
            self._observer.settled(task, outcome)

    def ended(self, job: str, state: JobState) -> None:
        if job == self._job():
            self._observer.ended(job, state)

    def pulse(self) -> None:
        self._observer.pulse()
