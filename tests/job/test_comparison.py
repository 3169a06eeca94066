"""compare: planned when the takes are ranked, keyed by them and by which is delivered, and in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from farm.liveplan import LivePlan
from farm.models.spec import Resolved
from farm.plan import plan
from farm.shots.model import Select


def compared(asked, known):
    return plan(asked, known).shots[0].compare


def test_ranked_takes_are_compared_by_their_proxies_and_scores(brief, shot, play_all):
    asked = brief(shot("sh010", handles=8))
    planned = plan(asked, play_all(asked)).shots[0]
    task = planned.compare
    assert {name: (source.task, source.output) for name, source in task.inputs.items()} == {
        f"{output}_{take.number}": (made.id, output)
        for take in planned.takes
        for output, made in (("proxy", take.generate), ("score", take.score))
    }
    assert [(take["number"], take["model"], take["label"], take["skip"]) for take in task.params["takes"]] == [
        (1, "animatic", "variant 1", 8),
        (2, "animatic", "variant 2", 8),
    ]
    assert (task.params["picked"], task.params["frames"], task.params["fps"]) == ([1], 48, "24")


def test_before_the_ranking_there_is_nothing_to_compare(brief, shot, end):
    asked = brief(shot("sh010"))
    known = {task.id: end(task) for task in plan(asked, {}).tasks.values()}
    assert plan(asked, known).shots[0].select is not None
    assert compared(asked, known) is None


def test_one_take_is_not_compared(brief, shot, play_all):
    alone = brief(shot("sh010", takes=1))
    left = brief(shot("sh010"))
    assert compared(alone, play_all(alone)) is None
    assert compared(left, play_all(left, {"generate sh010 take 1": "out of paint"})) is None


def test_a_failed_take_is_left_out(brief, shot, play_all):
    asked = brief(shot("sh010", takes=3))
    task = compared(asked, play_all(asked, {"generate sh010 take 2": "out of paint"}))
    assert sorted(task.inputs) == ["proxy_1", "proxy_3", "score_1", "score_3"]


def test_a_shot_on_hold_is_compared_without_a_pick_and_again_with_it(brief, shot, play_all):
    asked = brief(shot("sh010", select=Select.HOLD))
    known = play_all(asked)
    assert "picked" not in compared(asked, known).params
    assert compared(replace(asked, choices={"sh010": 2}), known).params["picked"] == [2]


def test_choosing_what_the_ranking_had_picked_compares_nothing_again(brief, shot, play_all):
    asked = brief(shot("sh010"))
    known = play_all(asked)
    assert compared(replace(asked, choices={"sh010": 1}), known) == compared(asked, known)


def test_other_takes_are_another_comparison(brief, shot, play_all):
    asked, again = brief(shot("sh010")), brief(shot("sh010", seed=5))
    assert compared(asked, play_all(asked)).id != compared(again, play_all(again)).id


def test_neither_delivery_nor_assembly_wait_for_it(brief, shot, play_all):
    asked = brief(shot("sh010"))
    known = play_all(asked)
    without = {task: outcome for task, outcome in known.items() if task != compared(asked, known).id}
    found = plan(asked, without)
    assert found.shots[0].settled(without)
    assert found.assemble == plan(asked, known).assemble
    assert found.assemble is not None
    inputs = {source.task for task in (*found.shots[0].deliver, found.assemble) for source in task.inputs.values()}
    assert found.shots[0].compare.id not in inputs


def test_its_failure_is_nobody_elses(brief, shot, play_all):
    asked = brief(shot("sh010"))
    found = plan(asked, play_all(asked, {"compare sh010": "no space left"}))
    assert (found.shots[0].reason, found.shots[0].failed) == ("", False)
    assert found.assemble.params["entries"][0].get("has_clip", True)


def test_it_comes_with_its_shot(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    live = LivePlan(asked, dict(play_all(asked)))
    tasks = {task.label: live.position(task) for task in live.begin()}
    assert (tasks["compare sh010"], tasks["compare sh020"], tasks["assemble"]) == (0, 1, 2)


def test_takes_of_another_rate_skip_as_much_time(brief, shot, play_all, paper_model):
    class Slow(paper_model):
        def resolve(self, shot, intent, take):
            resolved = super().resolve(shot, intent, take)
            assert isinstance(resolved, Resolved)
            return replace(resolved, fps=Fraction(12))

    asked = brief(shot("sh010", handles=8), adapters={"animatic": Slow()})
    assert {take["skip"] for take in compared(asked, play_all(asked)).params["takes"]} == {4}
