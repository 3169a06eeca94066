"""Is the farm healthy, is it busy, and what is stuck and why? The page to leave open on the wall."""

from __future__ import annotations

from dashboards.ask import by_all, driver_durations, gained
from dashboards.panel import Colour, Column, Dashboard, Query, Row, Step, Unit, high_is_bad, low_is_bad
from dashboards.shorthand import KINDS, OUTCOMES, REASONS, STATES, bars, lines, stack, stat, table

FAILED = 'farm_attempts_total{outcome="failed"}'
ENDED = 'farm_attempts_total{outcome=~"done|failed"}'
GIVEN_UP = 'farm_tasks_settled_total{outcome="failed"}'
LED = (Step(Colour.BAD), Step(Colour.GOOD, 1))

HEALTHY = Row(
    "Is it healthy?",
    (
        stat(
            "Driver",
            "Does a driver lead the farm? Where none does, nothing is begun and requests are queued: start farm up, or "
            "farm drive.",
            "max(farm_lease_held) or vector(0)",
            scale=LED,
            words={0: "nobody leads", 1: "leads"},
            width=3,
        ),
        stat(
            "Alerts",
            "How many of the farm's alerts fire now? Each has a page that says what to do.",
            'count(ALERTS{alertstate="firing", alertname=~"Farm.+"}) or vector(0)',
            scale=high_is_bad(1, 3),
            width=3,
        ),
        stat(
            "Attempts that fail",
            "What share of the attempts that ended in the last hour failed? Attempts that a node took with it count "
            "too: see which kind below.",
            f"({gained(FAILED, '1h')} or vector(0)) / {gained(ENDED, '1h')}",
            Unit.SHARE,
            high_is_bad(0.05, 0.2),
            decimals=1,
        ),
        stat(
            "Tasks failed for good",
            "How many tasks were given up in the last hour? farm status JOB names their shots and the reasons.",
            f"round({gained(GIVEN_UP, '1h')}) or vector(0)",
            scale=high_is_bad(1, 20),
        ),
        stat(
            "Oldest wait",
            "How long has the task waited that has waited longest for a worker? farm why JOB says what for.",
            "max(farm_oldest_wait_seconds)",
            Unit.SECONDS,
            high_is_bad(1800, 7200),
        ),
        stat(
            "Free disk",
            "How much room has the fullest of the driver's disks? Without room nothing can be written.",
            "min(farm_disk_free_bytes)",
            Unit.BYTES,
            low_is_bad(10e9, 50e9),
            width=3,
        ),
        stat(
            "Nodes",
            "How many nodes take work now?",
            'sum(farm_nodes{state="up"})',
            scale=LED,
            width=3,
        ),
    ),
)

BUSY = Row(
    "Is it busy?",
    (
        stack(
            "Workers",
            "What do the farm's workers do? Many that idle while tasks wait: look at what they wait for. Many that "
            "load: lanes change more often than they should.",
            Query("sum by (state) (farm_workers)", "{{state}}"),
            colours=STATES,
        ),
        stack(
            "GPUs",
            "How many GPUs are held by workers, and how many are free?",
            Query("sum by (state) (farm_node_gpus)", "{{state}}"),
            colours={"used": Colour.GOOD, "free": Colour.FAINT},
        ),
        stack(
            "Tasks settled",
            "How much gets done, and how much of it fails?",
            Query(
                "sum by (outcome) (rate(farm_tasks_settled_total[$__rate_interval])) * 60",
                "{{outcome}}",
            ),
            unit=Unit.PER_MINUTE,
            colours=OUTCOMES,
            bars=True,
        ),
    ),
)

STUCK = Row(
    "What is stuck, and why?",
    (
        stack(
            "Waiting tasks by reason",
            "Why does what waits not run? upstream and share resolve by themselves; held, paused and limit want a "
            "decision; no capable worker wants a node.",
            Query("sum by (reason) (farm_queue_tasks)", "{{reason}}"),
            colours=REASONS,
            width=12,
        ),
        table(
            "Projects",
            "Whose work waits, and for how long? Those at the top first.",
            ("project",),
            (
                Column("Oldest wait", Unit.SECONDS, high_is_bad(1800, 7200)),
                "max by (project) (farm_oldest_wait_seconds)",
            ),
            (Column("Waiting"), "sum by (project) (farm_queue_tasks)"),
            (
                Column("No capable worker", scale=high_is_bad(1, 1)),
                by_all('farm_queue_tasks{reason="no capable worker"}', "farm_queue_tasks", "project"),
            ),
        ),
        table(
            "Lanes",
            "Which pool of workers has a queue, pauses after failures, or stays away from nodes?",
            ("lane",),
            (Column("Queue"), "sum by (lane) (farm_lane_queue_tasks)"),
            (Column("Busy"), by_all('farm_workers{state="busy"}', "farm_workers", "lane")),
            (Column("Backs off", scale=high_is_bad(1, 1)), "max by (lane) (farm_lane_backoff)"),
            (Column("Blocked nodes", scale=high_is_bad(1, 3)), "sum by (lane) (farm_lane_blocked_nodes)"),
        ),
        stack(
            "Failed attempts by kind",
            "What went wrong in the ten minutes before? input and moderated are the list's; reclaimed is the nodes'; "
            "oom, crashed and bug are the models' or ours; transient is storage or network; quota is a provider's.",
            Query(gained(FAILED, "10m", "failure"), "{{failure}}"),
            colours=KINDS,
            width=12,
        ),
    ),
)

DRIVER = Row(
    "Does the driver keep up?",
    (
        lines(
            "Turns and commits",
            "How long does the driver need to decide and to write it down? Beyond a second it holds up the farm: look "
            "at the job store's disk or database.",
            *driver_durations(),
            unit=Unit.SECONDS,
            scale=(Step(Colour.CALM), Step(Colour.BAD, 1)),
        ),
        lines(
            "Memory of the driver",
            "Does the driver grow? It keeps every open task in memory; growth without more open tasks is a fault.",
            Query("process_resident_memory_bytes and on (instance) farm_info", "memory"),
            unit=Unit.BYTES,
        ),
        bars(
            "Room on disks",
            "Which of the driver's disks fills up?",
            Query("min by (what) (farm_disk_free_bytes)", "{{what}}"),
            Unit.BYTES,
            low_is_bad(10e9, 50e9),
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="farm-overview",
    title="Farm overview",
    about="Is it healthy, is it busy, and what is stuck and why?",
    rows=(HEALTHY, BUSY, STUCK, DRIVER),
)
