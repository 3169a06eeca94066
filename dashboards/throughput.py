"""How much comes out, how long each step takes, and how much of the workers' time makes pictures."""

from __future__ import annotations

from dashboards.ask import driver_durations, gained, quantiles, share
from dashboards.panel import Colour, Column, Dashboard, Query, Row, Step, Unit, Variable, low_is_bad
from dashboards.shorthand import OUTCOMES, STATES, heat, lines, stack, stat, table

OF = 'stage=~"$stage"'

OUT = Row(
    "How much comes out?",
    (
        stat(
            "Clip made",
            "How many seconds of takes are made in an hour, at the rate of the last hour?",
            gained("farm_clip_seconds_total", "1h"),
            Unit.SECONDS,
        ),
        stat(
            "Frames",
            "How many frames are made in a second, now?",
            "sum(rate(farm_frames_total[5m]))",
            Unit.PER_SECOND,
            decimals=1,
        ),
        stat(
            "Takes chosen",
            "What share of the takes of the last day was chosen? Low: more takes are made than are needed, or prompts "
            "ask for what the model cannot do.",
            share('farm_takes_total{outcome="chosen"}', "farm_takes_total", "1d"),
            Unit.SHARE,
            low_is_bad(0.1, 0.25),
        ),
        stat(
            "Warm starts",
            "What share of the attempts of the last hour began on a worker that had run before? Each of the others "
            "paid for a load.",
            share('farm_dispatches_total{warm="yes"}', "farm_dispatches_total", "1h"),
            Unit.SHARE,
            low_is_bad(0.5, 0.8),
        ),
        stat(
            "Busy time",
            "What share of their time did workers work in the last hour, rather than load or idle?",
            share('farm_worker_seconds_total{state="busy"}', "farm_worker_seconds_total", "1h"),
            Unit.SHARE,
            low_is_bad(0.4, 0.7),
        ),
        stat(
            "Cost",
            "What did the farm cost in the last hour, in its own currency? Nothing where no prices are set.",
            gained("farm_cost_total", "1h"),
            Unit.NUMBER,
            decimals=2,
        ),
        lines(
            "Frames by model",
            "Which models make how many frames?",
            Query("sum by (model) (rate(farm_frames_total[5m]))", "{{model}}"),
            unit=Unit.PER_SECOND,
        ),
        stack(
            "Attempts by outcome",
            "How many attempts end, and how?",
            Query(
                f"sum by (outcome) (rate(farm_attempts_total{{{OF}}}[$__rate_interval])) * 60",
                "{{outcome}}",
            ),
            unit=Unit.PER_MINUTE,
            colours=OUTCOMES,
            bars=True,
        ),
        stack(
            "Takes by outcome",
            "How many takes are chosen, and how many are made for nothing?",
            Query("sum by (outcome) (rate(farm_takes_total[$__rate_interval])) * 60", "{{outcome}}"),
            unit=Unit.PER_MINUTE,
            colours={"chosen": Colour.GOOD, "rejected": Colour.FAINT},
            bars=True,
        ),
    ),
)

LONG = Row(
    "How long does it take?",
    (
        heat(
            "Duration of attempts",
            "How do the durations of attempts spread? A second band above the first is another size of shot, or a "
            "slower kind of node.",
            f"farm_attempt_duration_seconds{{{OF}}}",
        ),
        lines(
            "Duration by stage",
            "Which step takes longest, typically and at worst?",
            *quantiles(f"farm_attempt_duration_seconds{{{OF}}}", "stage", 0.5, 0.95, grain="10m"),
            unit=Unit.SECONDS,
            width=12,
        ),
        heat(
            "Wait for a worker",
            "How long do tasks wait from when they could run until they do? It grows when the farm is too small for "
            "what is asked.",
            "farm_queue_duration_seconds",
        ),
        lines(
            "Wait by lane",
            "Which pool of workers is the narrow one?",
            *quantiles("farm_queue_duration_seconds", "lane", 0.5, 0.95, grain="10m"),
            unit=Unit.SECONDS,
            width=12,
        ),
    ),
)

EFFICIENT = Row(
    "How much of it is work?",
    (
        stack(
            "Time of workers",
            "What share of workers' time makes pictures? Loading is time lost to changes of lanes, idle to too little "
            "work or too slow a driver.",
            Query("sum by (state) (rate(farm_worker_seconds_total[$__rate_interval]))", "{{state}}"),
            colours=STATES,
            share=True,
            width=6,
        ),
        lines(
            "Against the speed of light",
            "Of what a lane's workers could have done in ten minutes, how much was useful? The rest failed, or loaded "
            "or idled beside a queue.",
            Query("max by (lane) (farm_efficiency_ratio)", "{{lane}}"),
            unit=Unit.SHARE,
            width=6,
            most=1,
        ),
        stack(
            "Workers lost",
            "How many workers work for nothing (wasted: the attempt failed, or was cancelled), or load and idle while "
            "tasks of their lane are queued (missed)?",
            Query("sum(rate(farm_wasted_seconds_total[10m]))", "wasted"),
            Query("sum(rate(farm_missed_seconds_total[10m]))", "missed"),
            colours={"wasted": Colour.BAD, "missed": Colour.WARN},
            width=6,
        ),
        lines(
            "Warm starts by lane",
            "Which lane loads its model again and again?",
            Query(
                'sum by (lane) (rate(farm_dispatches_total{warm="yes"}[10m])) / '
                "sum by (lane) (rate(farm_dispatches_total[10m]))",
                "{{lane}}",
            ),
            unit=Unit.SHARE,
            width=6,
            most=1,
        ),
    ),
)

RECORDS = Row(
    "Does the driver keep up, and does storage?",
    (
        lines(
            "Turns and commits",
            "How long does the driver need to decide, and how long to write it down?",
            *driver_durations(),
            unit=Unit.SECONDS,
            scale=(Step(Colour.CALM), Step(Colour.BAD, 1)),
        ),
        lines(
            "Changes and requests",
            "How many changes of state are committed in a second, and how often do people ask for something?",
            Query("sum(rate(farm_changes_total[$__rate_interval]))", "changes"),
            Query("sum by (verb) (rate(farm_requests_total[$__rate_interval]))", "{{verb}}"),
            unit=Unit.PER_SECOND,
        ),
        stack(
            "Written to storage",
            "How much is written, and of what? Mezzanines of takes that nobody chose fall under the retention rule.",
            Query(
                "sum by (file_class) (rate(farm_storage_written_bytes_total[$__rate_interval]))",
                "{{file_class}}",
            ),
            unit=Unit.BYTES_PER_SECOND,
        ),
        table(
            "Everything there is",
            "How many tasks has the farm in its books, by step and state? Exact, from the job store.",
            ("stage", "state"),
            (Column("Tasks"), "sum by (stage, state) (farm_store_tasks)"),
        ),
        table(
            "Faults of storage",
            "What could not be read or written in the last day?",
            ("what",),
            (Column("Faults"), f"round({gained('farm_storage_faults_total', '1d', 'what')})"),
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="farm-throughput",
    title="Throughput and efficiency",
    about="How much comes out, how long each step takes, and how much of the workers' time makes pictures.",
    rows=(OUT, LONG, EFFICIENT, RECORDS),
    variables=(Variable("stage", "Stage", "farm_attempts_total", "stage"),),
)
