"""The tables and views that SQL over the catalog finds: what each is for, its columns, and how it is made.

    parts of `takes`, `attempts` ──the row that counts of each key──▶ takes, attempts
                                                                          │
                 takes_per_model · seed_hit_rate · cost_per_project · time_per_stage

`takes` and `attempts` hold what `farm.store.catalog.Catalog.read` gives: the rule of which row counts stands in one
place, `farm.store.catalog_parts`. Views are made of these two and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.store.catalog_parts import KEYS, ORDER, SCHEMAS, Name

TABLES: tuple[Name, ...] = ("takes", "attempts")


def parts_of(name: Name) -> str:
    """What the rows of all parts of a table are registered as."""
    return f"{name}_of_all_parts"


@dataclass(frozen=True, slots=True)
class View:
    """One name that a query may read from."""

    name: str
    says: str
    """What a row of it is, in a sentence."""
    columns: Mapping[str, str]
    """By name: what it holds, "" where the name says it; for tables its type."""
    sql: str


def _table(name: Name, says: str) -> View:
    """A table of the catalog: of the rows of one key the one that counts."""
    order = ", ".join(
        f"{column} {'DESC' if way == 'descending' else 'ASC'} NULLS LAST"
        for column, way in ORDER[name]
        if column not in KEYS[name]
    )
    sql = f"FROM {parts_of(name)} QUALIFY row_number() OVER (PARTITION BY {', '.join(KEYS[name])} ORDER BY {order}) = 1"
    columns = {field.name: str(field.type) for field in SCHEMAS[name]}
    return View(name, says, columns | {"project": "string"}, sql)


_TAKES_PER_MODEL = View(
    "takes_per_model",
    "One row per project and model: how many takes it made, how good they were and how many were picked.",
    {
        "project": "",
        "model": "",
        "takes": "that have come to something",
        "done": "",
        "failed": "",
        "chosen": "picked, by the ranking or by hand",
        "chosen_share": "of those done, 0-1",
        "mean_score": "of those scored, 0-100",
        "best_score": "",
        "mean_s": "seconds of the attempt that counts",
        "cost": "of all their attempts, in the currency's units",
    },
    """
    SELECT project, model, count(*) AS takes,
        count_if(state = 'done') AS done, count_if(state = 'failed') AS failed, count_if(chosen) AS chosen,
        round(count_if(chosen) / nullif(count_if(state = 'done'), 0), 4) AS chosen_share,
        avg(score) AS mean_score, max(score) AS best_score,
        avg(duration_us) FILTER (state = 'done') / 1e6 AS mean_s, sum(cost_micros) / 1e6 AS cost
    FROM takes WHERE model IS NOT NULL GROUP BY project, model ORDER BY project, takes DESC, model
    """,
)

_SEED_HIT_RATE = View(
    "seed_hit_rate",
    "How often a take's number, or a seed that several shots share, was the one picked; per model, decided shots only.",
    {
        "model": "",
        "kind": "'take' or 'seed'",
        "number": "the take's number, or the seed",
        "takes": "done, in shots where some take was picked",
        "chosen": "of those",
        "hit_rate": "chosen / takes, 0-1",
        "mean_score": "of those scored, 0-100",
    },
    """
    WITH decided AS (
        SELECT model, take, seed, chosen, score FROM takes
        WHERE state = 'done' AND model IS NOT NULL
        QUALIFY bool_or(chosen) OVER (PARTITION BY project, sequence, shot)
    ), counted AS (
        SELECT model, 'take' AS kind, take::BIGINT AS number, chosen, score FROM decided
        UNION ALL SELECT model, 'seed', seed, chosen, score FROM decided
    )
    SELECT model, kind, number, count(*) AS takes, count_if(chosen) AS chosen,
        round(count_if(chosen) / count(*), 4) AS hit_rate, avg(score) AS mean_score
    FROM counted GROUP BY model, kind, number HAVING kind = 'take' OR count(*) > 1
    ORDER BY model, kind DESC, hit_rate DESC, number
    """,
)

_COST_PER_PROJECT = View(
    "cost_per_project",
    "One row per project: what its attempts cost in money, hours and bytes, and how much of it went into failures.",
    {
        "project": "",
        "attempts": "of every stage",
        "failed": "",
        "cost": "in the currency's units",
        "cost_failed": "of attempts that failed",
        "hours": "of workers",
        "hours_failed": "",
        "chosen_takes": "",
        "cost_per_chosen": "cost / chosen_takes",
        "gigabytes": "of all files left",
    },
    """
    WITH spent AS (
        SELECT project, count(*) AS attempts, count_if(state = 'failed') AS failed, sum(cost_micros) / 1e6 AS cost,
            coalesce(sum(cost_micros) FILTER (state = 'failed'), 0) / 1e6 AS cost_failed,
            sum(duration_us) / 3.6e9 AS hours,
            coalesce(sum(duration_us) FILTER (state = 'failed'), 0) / 3.6e9 AS hours_failed,
            sum(bytes) / 1e9 AS gigabytes
        FROM attempts GROUP BY project
    ), picked AS (SELECT project, count_if(chosen) AS chosen_takes FROM takes GROUP BY project)
    SELECT project, attempts, failed, cost, cost_failed, hours, hours_failed, coalesce(chosen_takes, 0) AS chosen_takes,
        cost / nullif(chosen_takes, 0) AS cost_per_chosen, gigabytes
    FROM spent LEFT JOIN picked USING (project) ORDER BY cost DESC, hours DESC, project
    """,
)

_TIME_PER_STAGE = View(
    "time_per_stage",
    "One row per project and stage: how many attempts it took, how many failed, and how long they ran.",
    {
        "project": "",
        "stage": "",
        "attempts": "",
        "failed": "",
        "hours": "in all",
        "mean_s": "of those that came out, as the next three",
        "median_s": "",
        "p95_s": "19 of 20 were no slower",
        "longest_s": "",
    },
    """
    SELECT project, stage, count(*) AS attempts, count_if(state = 'failed') AS failed,
        sum(duration_us) / 3.6e9 AS hours,
        avg(duration_us) FILTER (state = 'done') / 1e6 AS mean_s,
        median(duration_us) FILTER (state = 'done') / 1e6 AS median_s,
        quantile_cont(duration_us, 0.95) FILTER (state = 'done') / 1e6 AS p95_s,
        max(duration_us) FILTER (state = 'done') / 1e6 AS longest_s
    FROM attempts GROUP BY project, stage ORDER BY project, hours DESC, stage
    """,
)

VIEWS: tuple[View, ...] = (
    _table(
        "takes", "One row per take, as it stands: what was asked, what came of it, its score, whether it was picked."
    ),
    _table("attempts", "One row per ended attempt of any task: who ran it, how long, what it cost and why it failed."),
    _TAKES_PER_MODEL,
    _SEED_HIT_RATE,
    _COST_PER_PROJECT,
    _TIME_PER_STAGE,
)
"""In the order in which they may refer to each other."""
