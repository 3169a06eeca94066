"""The job store's own numbers, as gauges: exact, whatever process wrote them, and exported by who leads."""

from __future__ import annotations

from collections.abc import Mapping

from farm.metrics.readings import Readings
from farm.store.totals import Totals

YOUNG_S = 2.0
"""Totals are read at most so often, however often they are asked for."""
STALE_S = 60.0
"""Older ones are not shown: better no number than one that stands still."""


def read_totals(readings: Readings, totals: Totals, age_s: float, budgets: Mapping[str, int]) -> None:
    """What the job store held `age_s` ago. `budgets` of projects, in micros."""
    readings.add("farm_store_seq", totals.seq)
    readings.add("farm_store_age_seconds", age_s)
    for (project, stage, state), tasks in totals.tasks.items():
        readings.add("farm_store_tasks", tasks, stage, state.value)
        readings.add("farm_store_project_tasks", tasks, project, state.value)
    for outcome, attempts in totals.attempts.items():
        readings.add("farm_store_attempts", attempts, outcome.value)
    spent: dict[str, int] = {}
    for (project, state), found in totals.jobs.items():
        readings.add("farm_store_jobs", found.jobs, project, state.value)
        spent[project] = spent.get(project, 0) + found.spent_micros
    for project, micros in spent.items():
        readings.add("farm_store_project_cost", micros / 1e6, project)
    for project, micros in budgets.items():
        readings.add("farm_store_project_budget", micros / 1e6, project)
    for job in totals.live:
        for state, tasks in job.tasks.items():
            readings.add("farm_job_tasks", tasks, job.project, job.id, state.value)
        readings.add("farm_job_cost", job.spent_micros / 1e6, job.project, job.id)
        if job.budget_micros is not None:
            readings.add("farm_job_budget", job.budget_micros / 1e6, job.project, job.id)
