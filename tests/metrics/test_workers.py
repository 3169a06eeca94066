"""Starts of workers, their time, and how much of what they could have done they did."""

from __future__ import annotations

import pytest

from farm.metrics.rates import Rates
from farm.metrics.readings import Readings
from farm.metrics.workers import Loads, WorkerTime
from farm.scheduler.events import StartWorker
from farm.scheduler.phases import Phase, TimeSpent
from farm.scheduler.views import LaneView
from farm.tasks import Lane

S = 1_000_000
WAN = Lane(name="wan", gpus=2)


def lane(name="wan", **fields):
    usual = {"starting": 0, "idle": 0, "busy": 0, "queued": 0, "load_s": 30.0, "blocked": {}, "backoff_until_us": 0}
    return LaneView(name=name, **{**usual, **fields}, backoff="")


def spent(loading=0.0, idle=0.0, busy=0.0, name="wan", gpus=2):
    seconds = {Phase.LOADING: loading, Phase.IDLE: idle, Phase.BUSY: busy}
    return TimeSpent(name, gpus, {phase: int(S * each) for phase, each in seconds.items()})


def seconds(board, name, *labels):
    return board.counts[name].of(*labels).value / S


@pytest.fixture
def loads(board):
    return Loads(board)


@pytest.fixture
def time(board):
    return WorkerTime(board, Rates())


def efficiency(time, labels):
    readings = Readings(labels)
    time.efficiency(readings)
    return {s.labels["lane"]: s.value for metric in readings.metrics() for s in metric.samples}


@pytest.mark.parametrize("outcome", ["ready", "lost", "stopped"])
def test_a_start_ends_once(loads, board, outcome):
    loads.started(StartWorker("wan-1", WAN, "n1"), 0)
    for _ in range(2):
        loads.ready("wan-1", 42 * S) if outcome == "ready" else getattr(loads, outcome)("wan-1")
    assert {key: cell.value for key, cell in board.counts["farm_model_loads_total"].shown.items()} == {
        ("wan", outcome): 1
    }
    took = board.times["farm_model_load_duration_seconds"].shown
    assert [cell.sum for cell in took.values()] == ([42.0] if outcome == "ready" else [])


def test_a_worker_that_came_up_is_no_failed_start(loads, board):
    loads.started(StartWorker("wan-1", WAN, "n1"), 0)
    loads.ready("wan-1", S)
    loads.lost("wan-1")
    assert ("wan", "lost") not in board.counts["farm_model_loads_total"].shown


def test_time_is_counted_once_and_gpus_as_many_as_there_are(time, board):
    time.pulse([spent(busy=3.0), spent(idle=5.0, name="cpu", gpus=0)], [lane()], 10 * S)
    time.pulse([spent(busy=7.0, loading=1.0), spent(idle=5.0, name="cpu", gpus=0)], [lane()], 12 * S)
    assert seconds(board, "farm_worker_seconds_total", "wan", "busy") == 7.0
    assert seconds(board, "farm_gpu_seconds_total", "wan", "busy") == 14.0
    assert seconds(board, "farm_gpu_seconds_total", "wan", "loading") == 2.0
    assert seconds(board, "farm_worker_seconds_total", "cpu", "idle") == 5.0
    assert ("cpu", "idle") not in board.counts["farm_gpu_seconds_total"].shown


def test_another_lead_begins_from_nothing_and_adds_to_what_there_is(board):
    for _ in range(2):
        WorkerTime(board, Rates()).pulse([spent(busy=3.0)], [lane()], 10 * S)
    assert seconds(board, "farm_worker_seconds_total", "wan", "busy") == 6.0


def test_a_clock_that_is_set_back_takes_nothing_away(time, board):
    for busy in (3.0, 2.0, 4.0):
        time.pulse([spent(busy=busy)], [lane()], 10 * S)
    assert seconds(board, "farm_worker_seconds_total", "wan", "busy") >= 4.0


@pytest.mark.parametrize(
    ("fields", "missed_s"),
    [
        ({"idle": 3, "could_start": 1}, 2.0),
        ({"idle": 1, "could_start": 5}, 2.0),
        ({"starting": 2, "could_start": 5}, 4.0),
        ({"starting": 2, "pending": 2, "could_start": 5}, 0.0),
        ({"busy": 4, "could_start": 9}, 0.0),
        ({"idle": 3, "queued": 7}, 0.0),
    ],
    ids=["one task", "one worker", "loading", "no node", "all busy", "held back by a limit"],
)
def test_missed_is_what_a_worker_could_have_done(time, board, fields, missed_s):
    time.pulse([], [lane(**fields)], 10 * S)
    time.pulse([], [lane(**fields)], 12 * S)
    assert seconds(board, "farm_missed_seconds_total", "wan") == missed_s


def test_efficiency_is_useful_time_over_possible_time(time, board, labels):
    time.pulse([spent()], [lane()], 10 * S)
    board.counts["farm_wasted_seconds_total"].of("wan").value += 10 * S
    time.pulse([spent(busy=40.0)], [lane(idle=5, could_start=1)], 30 * S)
    assert efficiency(time, labels) == {"wan": pytest.approx((40 - 10) / (40 + 20))}


def test_a_lane_with_nothing_to_do_has_no_efficiency(time, labels):
    time.pulse([spent()], [lane(idle=2)], 10 * S)
    time.pulse([spent(idle=40.0)], [lane(idle=2)], 30 * S)
    assert efficiency(time, labels) == {}


def test_ten_minutes_are_looked_back_on(time, labels):
    for second in range(10, 2000, 2):
        time.pulse([spent(busy=float(min(second, 1000)))], [lane(idle=int(second > 1000), could_start=1)], second * S)
    assert efficiency(time, labels) == {"wan": 0.0}
