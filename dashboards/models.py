"""Models: how long they load, how fast they denoise, and how they fail."""

from __future__ import annotations

from dashboards.ask import gained, quantiles, share
from dashboards.panel import Column, Dashboard, Query, Row, Unit, Variable, high_is_bad, low_is_bad
from dashboards.shorthand import KINDS, bars, heat, lines, stack, stat, table

OF = 'model=~"$model"'
DONE = f'farm_attempts_total{{outcome="done", {OF}}}'
FAILED = f'farm_attempts_total{{outcome="failed", {OF}}}'
ENDED = f'farm_attempts_total{{outcome=~"done|failed", {OF}}}'
READY = 'farm_model_loads_total{outcome="ready"}'
LOST = 'farm_model_loads_total{outcome="lost"}'

LOADS = Row(
    "Do they load?",
    (
        stat(
            "Loads",
            "How many workers became ready in the last day?",
            f"round({gained(READY, '1d')})",
            width=6,
        ),
        stat(
            "Lost while loading",
            "How many workers were lost before they were ready, in the last day? Out of memory, or weights that "
            "cannot be read: see the driver's log.",
            f"round({gained(LOST, '1d')}) or vector(0)",
            scale=high_is_bad(1, 5),
            width=6,
        ),
        stat(
            "Slowest lane",
            "How long does a worker of the lane that loads slowest need until it is ready, at the median of the last "
            "day?",
            f"max(histogram_quantile(0.5, {gained('farm_model_load_duration_seconds_bucket', '1d', 'lane, le')}))",
            Unit.SECONDS,
            high_is_bad(120, 600),
            width=6,
        ),
        stat(
            "Time spent loading",
            "What share of workers' time went into loading in the last day?",
            share('farm_worker_seconds_total{state="loading"}', "farm_worker_seconds_total", "1d"),
            Unit.SHARE,
            high_is_bad(0.1, 0.3),
            width=6,
        ),
        heat(
            "Duration of loads",
            "How do load times spread? Two bands: one of nodes that have the weights cached, one of those that fetch "
            "them.",
            "farm_model_load_duration_seconds",
        ),
        lines(
            "Duration of loads by lane",
            "Which lane loads slowest?",
            *quantiles("farm_model_load_duration_seconds", "lane", 0.5, 0.95, grain="1h"),
            unit=Unit.SECONDS,
            width=12,
        ),
    ),
)

SPEED = Row(
    "How fast are they?",
    (
        lines(
            "Denoise steps",
            "How many denoise steps does each model make in a second, on all its workers together?",
            Query(
                f"sum by (model, lane) (rate(farm_denoise_steps_total{{{OF}}}[5m]))",
                "{{model}} on {{lane}}",
            ),
            unit=Unit.PER_SECOND,
        ),
        lines(
            "Duration of a step",
            "How long does one step take? A jump without a change of size is a slow node or a hot GPU.",
            *quantiles(f"farm_denoise_step_duration_seconds{{{OF}}}", "model", 0.5, 0.95, grain="10m"),
            unit=Unit.SECONDS,
        ),
        lines(
            "Duration of a take",
            "How long does a whole take take, by lane?",
            *quantiles('farm_attempt_duration_seconds{stage="generate"}', "lane", 0.5, 0.95, grain="10m"),
            unit=Unit.SECONDS,
        ),
        lines(
            "Frames",
            "How many frames does each model make in a second?",
            Query(f"sum by (model) (rate(farm_frames_total{{{OF}}}[5m]))", "{{model}}"),
            unit=Unit.PER_SECOND,
            width=12,
        ),
        lines(
            "Against the speed of light",
            "Of what a lane's workers could have done in ten minutes, how much was useful? Far below its usual: look "
            "at the nodes.",
            Query("max by (lane) (farm_efficiency_ratio)", "{{lane}}"),
            unit=Unit.SHARE,
            most=1,
            width=12,
        ),
    ),
)

FAILURES = Row(
    "How do they fail?",
    (
        stack(
            "Failed attempts by kind",
            "What went wrong with these models in the ten minutes before?",
            Query(gained(FAILED, "10m", "failure"), "{{failure}}"),
            colours=KINDS,
        ),
        bars(
            "Share of attempts that succeed",
            "Which model fails most, in the last day?",
            Query(share(DONE, ENDED, "1d", "model"), "{{model}}"),
            Unit.SHARE,
            low_is_bad(0.8, 0.95),
            most=1,
        ),
        table(
            "Failures",
            "Which model failed how often with what, in the last day?",
            ("model", "failure"),
            (
                Column("Attempts", scale=high_is_bad(1, 20)),
                f"round({gained(FAILED, '1d', 'model, failure')})",
            ),
            width=8,
        ),
        lines(
            "Quarantined",
            "How many tasks were set aside because they kill workers, in an hour? See farm status JOB for their shots.",
            Query(gained("farm_quarantined_total", "1h", "stage"), "{{stage}}"),
            unit=Unit.PER_HOUR,
            width=12,
        ),
        lines(
            "Nodes that lanes stay away from",
            "Which lane fails on nodes where others succeed? farm why TASK gives the reason for each.",
            Query("sum by (lane) (farm_lane_blocked_nodes)", "{{lane}}"),
            width=12,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="farm-models",
    title="Models",
    about="How long models load, how fast they denoise, and how they fail.",
    rows=(LOADS, SPEED, FAILURES),
    variables=(Variable("model", "Model", "farm_attempts_total", "model", every=".+"),),
    since="now-24h",
)
