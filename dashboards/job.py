"""One job: how far it is, when it will be done, what it costs, and what holds it up."""

from __future__ import annotations

from dashboards.panel import Dashboard, Query, Row, Unit, Variable, high_is_bad
from dashboards.shorthand import OUTCOMES, REASONS, lines, stack, stat

OF = 'project="$project", job="$job"'
PROJECT = 'project="$project"'
OPEN = f'sum(farm_job_tasks{{{OF}, state=~"waiting|running"}})'
DONE = f'sum(farm_job_tasks{{{OF}, state="done"}})'

FAR = Row(
    "How far is it?",
    (
        stat(
            "Done",
            "What share of the tasks that are known so far is done? More become known as takes are made and picked.",
            f"{DONE} / sum(farm_job_tasks{{{OF}}})",
            Unit.SHARE,
        ),
        stat("Open", "How many tasks wait or run?", OPEN),
        stat(
            "Time left",
            "When will it be done, if it goes on as in the last quarter of an hour and nothing more becomes known?",
            f'{OPEN} / sum(deriv(farm_job_tasks{{{OF}, state="done"}}[15m]) > 0)',
            Unit.SECONDS,
        ),
        stat(
            "Failed",
            "How many tasks failed for good? farm status JOB names their shots; farm retry JOB asks again.",
            f'sum(farm_job_tasks{{{OF}, state="failed"}}) or vector(0)',
            scale=high_is_bad(1, 10),
        ),
        stat(
            "Cost",
            "What has it cost so far, in the farm's own currency? Nothing where no prices are set.",
            f"sum(farm_job_cost{{{OF}}})",
            Unit.NUMBER,
            decimals=2,
        ),
        stat(
            "Budget used",
            "How much of its budget has it used? At 100 % nothing more begins. Empty without a budget.",
            f"sum(farm_job_cost{{{OF}}}) / sum(farm_job_budget{{{OF}}})",
            Unit.SHARE,
            high_is_bad(0.8, 1),
        ),
        stack(
            "Tasks by state",
            "Does it go on? Flat lines with tasks that wait: farm why JOB says what for. A job is shown while it is "
            "live.",
            Query(f"sum by (state) (farm_job_tasks{{{OF}}})", "{{state}}"),
            colours=OUTCOMES,
            width=16,
        ),
        lines(
            "Cost and budget",
            "Will its budget do?",
            Query(f"sum(farm_job_cost{{{OF}}})", "cost"),
            Query(f"sum(farm_job_budget{{{OF}}})", "budget"),
            unit=Unit.NUMBER,
        ),
    ),
)

AROUND = Row(
    "What is around it?",
    (
        stack(
            "What its project waits for",
            "Why do tasks of this job's project wait? For this job alone: farm why JOB.",
            Query(f"sum by (reason) (farm_queue_tasks{{{PROJECT}}})", "{{reason}}"),
            colours=REASONS,
        ),
        stack(
            "The project's jobs",
            "Which other jobs of the project want workers too?",
            Query(f'sum by (job) (farm_job_tasks{{{PROJECT}, state=~"waiting|running"}})', "{{job}}"),
        ),
        stack(
            "What the project gets done",
            "How much of the project's work gets done, and how much fails?",
            Query(
                f"sum by (outcome) (rate(farm_project_tasks_settled_total{{{PROJECT}}}[$__rate_interval])) * 60",
                "{{outcome}}",
            ),
            unit=Unit.PER_MINUTE,
            colours=OUTCOMES,
            bars=True,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="farm-job",
    title="One job",
    about="How far a job is, when it will be done, what it costs, and what holds it up. Only while it is live.",
    rows=(FAR, AROUND),
    variables=(
        Variable("project", "Project", "farm_job_tasks", "project", several=False),
        Variable("job", "Job", "farm_job_tasks", "job", given=PROJECT, several=False),
    ),
    since="now-3h",
)
