"""The study of growing and shrinking: its rule, its figures, and that one seed is one study."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from farm.scheduler.policy import SPOT, NodeShape
from farm.simulator.study import draw, own_kinds, study, study_table, write_traces
from farm.simulator.study.candidates import CANDIDATES, EAGER
from farm.simulator.study.facts import KINDS, ON_DEMAND, terms
from farm.simulator.study.figures import percentile
from farm.simulator.study.pick import TAKES_LATER_S, URGENT_LATER_S, Point, bearable, pick
from farm.simulator.study.studying import Study, is_default
from farm.simulator.study.timeline import levels

RESULT = Path(__file__).parents[2] / "docs" / "explanation" / "autoscaling.json"
WAITS = st.floats(0, 10_000)
POINTS = st.lists(st.builds(Point, st.text(max_size=3), st.floats(0.01, 10), WAITS, WAITS), min_size=1, max_size=12)
PICKED = next(candidate for candidate in CANDIDATES if candidate.name == "paced 20")


# -- the rule -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "name"),
    [
        ([Point("dear", 2.0, 60, 60), Point("cheap", 1.0, 600, 120)], "cheap"),
        ([Point("dear", 2.0, 60, 60), Point("late", 1.0, 700, 60)], "dear"),
        ([Point("dear", 2.0, 60, 60), Point("late for the urgent", 1.0, 60, 200)], "dear"),
        ([Point("b", 1.0, 60, 60), Point("a", 1.0, 60, 60)], "a"),
        ([Point("slower", 1.0, 90, 60), Point("sooner", 1.0, 60, 60)], "sooner"),
    ],
    ids=["cheaper", "takes wait too long", "urgent ones do", "equal", "equally cheap"],
)
def test_the_rule(points: list[Point], name: str) -> None:
    assert pick(points).name == name


@given(POINTS)
def test_what_is_picked_is_bearable_and_nothing_bearable_is_cheaper(points: list[Point]) -> None:
    picked = pick(points)
    assert picked.urgent_p95_s <= min(point.urgent_p95_s for point in points) + URGENT_LATER_S
    assert picked in bearable(points)
    assert picked.cost_per_clip == min(point.cost_per_clip for point in bearable(points))


@given(POINTS, st.randoms())
def test_the_order_of_the_points_does_not_matter(points: list[Point], luck: object) -> None:
    assert hasattr(luck, "sample")
    mixed = luck.sample(points, len(points))
    assert pick(mixed) == pick(points)


@given(POINTS, st.floats(0.1, 10))
def test_the_currency_does_not_matter(points: list[Point], rate: float) -> None:
    """But for what rounding makes equal."""
    changed = [replace(point, cost_per_clip=point.cost_per_clip * rate) for point in points]
    assert pick(changed).cost_per_clip == pytest.approx(pick(points).cost_per_clip * rate)


@given(POINTS)
def test_one_that_is_worse_in_everything_is_not_picked(points: list[Point]) -> None:
    best = pick(points)
    worse = Point("worse", best.cost_per_clip + 1, best.wait_mean_s + TAKES_LATER_S, best.urgent_p95_s + URGENT_LATER_S)
    assert pick([*points, worse]) == best


# -- the default --------------------------------------------------------------------------------------------------


def test_the_default_of_the_code_is_what_the_committed_study_picks() -> None:
    found = json.loads(RESULT.read_text(encoding="utf-8"))
    points = [
        Point(row["name"], row["mean"]["cost_per_clip"], row["mean"]["wait_mean_s"], row["mean"]["urgent_p95_s"])
        for row in found["candidates"]
        if row["may_be_default"]
    ]
    assert found["violations"] == []
    picked = pick(points).name
    assert picked == found["picked"]
    assert is_default(next(candidate for candidate in CANDIDATES if candidate.name == picked))


def test_exactly_one_candidate_is_the_default() -> None:
    assert sum(is_default(candidate) and candidate.may_be_default for candidate in CANDIDATES) == 1


# -- figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("percent", "found"), [(1, 1), (50, 5), (95, 10), (100, 10)])
def test_percentiles(percent: int, found: int) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == found


def test_levels_count_what_covers_each_column() -> None:
    assert levels([(0, 5), (2, 4), (4, 10)], 10, 10.0) == [1, 1, 2, 2, 2, 1, 1, 1, 1, 1]


def test_kinds_of_ones_own_are_played_with_their_prices_and_start_up() -> None:
    mine = NodeShape(cpus=32, gpus=4, market=SPOT, hour_micros=9, start_s=100.0)
    assert own_kinds([mine, NodeShape(cpus=8, hour_micros=5)]) == (replace(mine, cpus=4),)
    assert own_kinds([NodeShape(cpus=8, gpus=8)]) == KINDS
    assert (terms([mine])[SPOT].start_s, terms([mine])[SPOT].start_more_s) == (80.0, 20.0)
    assert terms([replace(mine, market="reserved")])["reserved"].reclaims_per_hour == 0


# -- playing ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> Study:
    """Two policies, a tenth of a day's work."""
    return study([1], 0.1, candidates=[EAGER, PICKED])


def test_a_day_is_played_without_a_violation(small: Study) -> None:
    assert small.violations == []
    eager, paced = (row.mean for row in small.rows)
    assert eager.clips == paced.clips > 10
    assert paced.cost_per_clip < eager.cost_per_clip
    assert paced.used > eager.used
    assert paced.nodes < eager.nodes
    assert paced.wait_mean_s > eager.wait_mean_s


def test_one_seed_is_one_day(small: Study) -> None:
    (again,) = study([1], 0.1, candidates=[PICKED]).rows
    assert again.days == small.row(PICKED.name).days


def test_the_bill_is_the_sum_of_the_nodes(small: Study) -> None:
    played = small.first_days[EAGER.name]
    paid = [row for row in played.trace.nodes if row.market]
    prices = {kind.market: kind.hour_micros for kind in KINDS}
    expected = sum(-(-(-(-(row.ended_us - row.granted_us) // 1_000_000) * prices[row.market]) // 3600) for row in paid)
    assert played.figures.billed == expected / 1e6
    assert {row.market for row in paid} <= {SPOT, ON_DEMAND}


def test_it_is_drawn_told_and_written(small: Study, tmp_path: Path) -> None:
    draw(small, tmp_path / "study.png")
    picture = Image.open(tmp_path / "study.png").convert("RGB")
    colours = {colour for _, colour in picture.getcolors(2**24) or []}
    assert {(0x2F, 0x7D, 0x4A), (0x57, 0xA0, 0x6B), (0xE9, 0xC7, 0xA1)} <= colours  # what is picked, spot, who waits
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(study_table(small))
    assert "default: paced 20" in console.export_text()
    write_traces(small, tmp_path)
    assert pq.read_table(tmp_path / "eager" / "nodes.parquet").num_rows == len(small.first_days["eager"].trace.nodes)


def test_a_document_of_it_is_the_same_again(small: Study) -> None:
    assert json.loads(json.dumps(small.document)) == small.document
    assert small.document["picked"] == "paced 20"
