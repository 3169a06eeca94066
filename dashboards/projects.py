"""Projects: what each gets of the farm, what it costs, and what waits."""

from __future__ import annotations

from dashboards.ask import by_all, share
from dashboards.panel import Column, Dashboard, Query, Row, Unit, Variable, high_is_bad
from dashboards.shorthand import OUTCOMES, REASONS, bars, lines, stack, table

OF = 'project=~"$project"'
JOBS, TASKS = f"farm_store_jobs{{{OF}}}", f"farm_store_project_tasks{{{OF}}}"

SHARE = Row(
    "Who gets what?",
    (
        stack(
            "Share of what gets done",
            "Which part of the tasks that are done is whose? While projects compete it follows their weights, over "
            "time.",
            Query(
                f'sum by (project) (rate(farm_project_tasks_settled_total{{outcome="done", {OF}}}[10m]))',
                "{{project}}",
            ),
            share=True,
            width=12,
        ),
        stack(
            "Share of the cost",
            "Which part of the farm's time, as it is priced, is whose? Nothing where no prices are set.",
            Query(f"sum by (project) (rate(farm_cost_total{{{OF}}}[10m]))", "{{project}}"),
            share=True,
            width=12,
        ),
        table(
            "Projects",
            "Where does each project stand? Exact, from the job store.",
            ("project",),
            (Column("Jobs at work"), by_all(f'farm_store_jobs{{state="active", {OF}}}', JOBS, "project")),
            (
                Column("Open tasks"),
                by_all(f'farm_store_project_tasks{{state=~"waiting|running", {OF}}}', TASKS, "project"),
            ),
            (Column("Done"), by_all(f'farm_store_project_tasks{{state="done", {OF}}}', TASKS, "project")),
            (
                Column("Failed", scale=high_is_bad(1, 20)),
                by_all(f'farm_store_project_tasks{{state="failed", {OF}}}', TASKS, "project"),
            ),
            (Column("Cost", Unit.NUMBER), f"sum by (project) (farm_store_project_cost{{{OF}}})"),
            (Column("Budget", Unit.NUMBER), f"sum by (project) (farm_store_project_budget{{{OF}}})"),
            width=24,
        ),
    ),
)

COST = Row(
    "What does it cost?",
    (
        bars(
            "Budget used",
            "How much of its budget has a project used? At 100 % nothing more of it begins. Projects without one are "
            "not shown.",
            Query(
                f"sum by (project) (farm_store_project_cost{{{OF}}}) / "
                f"sum by (project) (farm_store_project_budget{{{OF}}})",
                "{{project}}",
            ),
            Unit.SHARE,
            high_is_bad(0.8, 1),
            most=1,
        ),
        lines(
            "Cost in all",
            "What has each project cost since it began? Exact, from the job store.",
            Query(f"sum by (project) (farm_store_project_cost{{{OF}}})", "{{project}}"),
            unit=Unit.NUMBER,
        ),
        stack(
            "Cost by the hour",
            "What does each project cost in an hour, at the present rate?",
            Query(f"sum by (project) (rate(farm_cost_total{{{OF}}}[10m])) * 3600", "{{project}}"),
            unit=Unit.PER_HOUR,
        ),
    ),
)

QUEUE = Row(
    "What waits?",
    (
        stack(
            "Waiting tasks by project",
            "Whose work waits?",
            Query(f"sum by (project) (farm_queue_tasks{{{OF}}})", "{{project}}"),
        ),
        stack(
            "Waiting tasks by reason",
            "Why does the work of these projects not run? limit wants a larger budget or more GPUs; share is others' "
            "turn.",
            Query(f"sum by (reason) (farm_queue_tasks{{{OF}}})", "{{reason}}"),
            colours=REASONS,
        ),
        lines(
            "Oldest wait",
            "Whose work has waited longest, and for how long?",
            Query(f"max by (project) (farm_oldest_wait_seconds{{{OF}}})", "{{project}}"),
            unit=Unit.SECONDS,
        ),
    ),
)

WORTH = Row(
    "What comes of it?",
    (
        stack(
            "Tasks settled",
            "How much of these projects' work gets done, and how much fails?",
            Query(
                f"sum by (outcome) (rate(farm_project_tasks_settled_total{{{OF}}}[$__rate_interval])) * 60",
                "{{outcome}}",
            ),
            unit=Unit.PER_MINUTE,
            colours=OUTCOMES,
            bars=True,
        ),
        bars(
            "Takes chosen",
            "Of the takes that were made in the last day, which share was chosen? Low: fewer takes, or better prompts.",
            Query(
                share(f'farm_takes_total{{outcome="chosen", {OF}}}', f"farm_takes_total{{{OF}}}", "1d", "project"),
                "{{project}}",
            ),
            Unit.SHARE,
            most=1,
        ),
        table(
            "Jobs",
            "How many jobs has each project, and in which state?",
            ("project", "state"),
            (Column("Jobs"), f"sum by (project, state) (farm_store_jobs{{{OF}}})"),
            width=8,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="farm-projects",
    title="Projects",
    about="What each project gets of the farm, what it costs, and what waits.",
    rows=(SHARE, COST, QUEUE, WORTH),
    variables=(Variable("project", "Project", "farm_store_jobs", "project"),),
    since="now-24h",
)
