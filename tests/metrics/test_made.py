"""What was made is taken from manifests, of which nothing is taken for granted."""

from __future__ import annotations

import math

import pytest

from farm.metrics.attempts import Alike, OfProject, UnderWay, model_of
from farm.metrics.made import Made
from farm.metrics.rates import Rates
from farm.metrics.series import Count, Times
from farm.tasks import AttemptState, Lane, Manifest, Task

GPU = Lane(name="wan-fast", gpus=1)


def take(number=1, **params):
    params = {"model": "wan", "frames": 81, "fps": "16", **params}
    return Task.of(
        project="lake", stage="generate", version=1, params=params, lane=GPU, shape="generate 1x1", take=number
    )


def under_way(task):
    cells = [Count(), Count(), Times(()), Times(()), Count(), Count()]
    alike = Alike(task.stage, task.lane.name, model_of(task), *cells)
    return UnderWay(task, alike, OfProject(Count(), Count()), 0)


def manifest(task, **facts):
    return Manifest(task=task.id, attempt=1, stage=task.stage, state=AttemptState.DONE, facts=facts)


@pytest.fixture
def rates():
    return Rates()


@pytest.fixture
def made(board, rates):
    return Made(board, rates)


def value(board, name, *labels):
    return board.counts[name].of(*labels).value


def test_a_take_counts_its_frames_and_its_length(made, board, rates):
    task = take(fps="24000/1001", frames=48)
    made.ended(under_way(task), manifest(task))
    assert value(board, "farm_frames_total", "wan") == 48
    assert value(board, "farm_clip_seconds_total", "wan") == pytest.approx(2.002)
    assert (rates.takes, rates.frames, rates.clip_s) == (1, 48, pytest.approx(2.002))


def test_every_step_counts_with_the_mean_of_its_take(made, board):
    task = take()
    made.ended(under_way(task), manifest(task, steps=30, seconds_per_step=0.4))
    times = board.times["farm_denoise_step_duration_seconds"].of("wan", "wan-fast")
    assert (sum(times.counts), times.sum) == (30, pytest.approx(12.0))
    assert value(board, "farm_denoise_steps_total", "wan", "wan-fast") == 30


@pytest.mark.parametrize(
    "facts",
    [
        {"steps": "30", "seconds_per_step": 1.0},
        {"steps": -3, "seconds_per_step": 1.0},
        {"steps": True, "seconds_per_step": 1.0},
        {"steps": 10**12, "seconds_per_step": 1.0},
        {"steps": None},
        {"steps": [1]},
        {},
    ],
    ids=str,
)
def test_facts_that_are_no_steps_are_not_counted(made, board, facts):
    task = take()
    made.ended(under_way(task), manifest(task, **facts))
    assert not board.counts["farm_denoise_steps_total"].shown
    assert not board.times["farm_denoise_step_duration_seconds"].shown


@pytest.mark.parametrize("each_s", [math.nan, math.inf, -1.0, "1", None], ids=str)
def test_durations_that_are_none_leave_the_histogram_alone(made, board, each_s):
    task = take()
    made.ended(under_way(task), manifest(task, steps=3, seconds_per_step=each_s))
    assert value(board, "farm_denoise_steps_total", "wan", "wan-fast") == 3
    assert not board.times["farm_denoise_step_duration_seconds"].shown


@pytest.mark.parametrize(
    "params", [{"frames": 0}, {"frames": "81"}, {"fps": "0"}, {"fps": "1/0"}, {"fps": "x"}, {"fps": None}], ids=str
)
def test_parameters_that_are_no_clip_are_not_counted(made, board, params):
    task = take(**params)
    made.ended(under_way(task), manifest(task))
    assert not board.counts["farm_frames_total"].shown
    assert not board.counts["farm_clip_seconds_total"].shown


@pytest.mark.parametrize(
    ("facts", "chosen", "rejected"),
    [
        ({"chosen": [2], "ranking": [{}, {}, {}]}, 1, 2),
        ({"chosen": [], "ranking": [{}, {}]}, 0, 2),
        ({"chosen": [1, 2], "ranking": [{}]}, 2, 0),
        ({"chosen": 2, "ranking": [{}]}, 0, 0),
        ({}, 0, 0),
    ],
    ids=["one of three", "none", "more than there are", "no list", "nothing"],
)
def test_the_ranking_says_which_takes_were_chosen(made, board, facts, chosen, rejected):
    task = Task.of(project="lake", stage="select", version=1, params={})
    made.ended(under_way(task), manifest(task, **facts))
    assert value(board, "farm_takes_total", "lake", "chosen") == chosen
    assert value(board, "farm_takes_total", "lake", "rejected") == rejected


def test_progress_counts_towards_the_rate_once_a_like_take_was_made(made, rates):
    first, second = take(1), take(2)
    made.progressed(first, 0.5)
    assert rates.steps == {}
    made.ended(under_way(first), manifest(first, steps=40))
    made.progressed(second, 0.25)
    made.progressed(second, 0.2)  # nothing is taken back
    assert rates.steps == {"wan-fast": 50}
    made.ended(under_way(second), manifest(second, steps=40))
    assert rates.steps == {"wan-fast": 80}


def test_a_stage_without_a_model_has_none():
    assert model_of(Task.of(project="p", stage="score", version=1, params={"model": 3})) == ""
    assert model_of(take()) == "wan"
