"""What people should hear of a shot, and which tasks tell one time from another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from farm.changes import NoticeKind
from farm.liveplan import LivePlan
from farm.noteworthy import notice_of
from farm.plan import plan
from farm.shots.model import Select
from farm.store.records import Job

JOB = Job(id="shots-1", project="demo", name="shots", out="/out", document={}, created_us=1)


def news(asked, known) -> list:
    return [notice_of(planned, JOB, known) for planned in plan(asked, known).shots]


def test_a_shot_that_comes_out_is_no_news(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    assert news(asked, play_all(asked)) == [None, None]


def test_a_shot_on_hold_waits_for_a_choice_between_those_that_came_out(brief, shot, play_all):
    asked = brief(shot("sh010", select=Select.HOLD, takes=4))
    known = play_all(asked, {"score sh010 take 3": "it broke"})
    (found,) = news(asked, known)
    assert (found.kind, found.project, found.job, found.shot) == (NoticeKind.SHOT_HELD, "demo", "shots-1", "sh010")
    assert found.words == "waits for a choice between takes 1, 2 and 4"
    assert found.about == (plan(asked, known).shots[0].select.id,)
    chosen = replace(asked, choices={"sh010": 2})
    assert news(chosen, play_all(chosen)) == [None]


@pytest.mark.parametrize(
    ("takes", "words"),
    [(1, "waits for a yes to take 1, the only one that came out"), (2, "waits for a choice between takes 1 and 2")],
)
def test_how_a_choice_is_put(brief, shot, play_all, takes, words):
    asked = brief(shot("sh010", select=Select.HOLD, takes=takes))
    assert news(asked, play_all(asked))[0].words == words


def test_a_shot_fails_with_what_failed_of_it(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    known = play_all(asked, {"prepare sh010": "the still is torn"})
    failed, fine = news(asked, known)
    assert fine is None
    assert (failed.kind, failed.words) == (NoticeKind.SHOT_FAILED, "the still is torn")
    planned = plan(asked, known).shots[0]
    assert set(failed.about) == {task.id for task in planned.tasks if not known[task.id].done}
    assert planned.prepare.id in failed.about


def test_a_shot_of_which_no_take_passed_fails_by_its_ranking(brief, shot, play_all, end):
    asked = brief(shot("sh010"))
    known = play_all(asked)
    select = plan(asked, known).shots[0].select
    known[select.id] = end(select, chosen=[], attention="no take passed: all freeze")
    (failed,) = news(asked, {task: each for task, each in known.items() if task in plan(asked, known).tasks})
    assert (failed.words, failed.about) == ("no take passed: all freeze", (select.id,))


def test_a_refused_shot_fails_without_a_task(brief, shot, play_all):
    asked = brief(shot("sh010"), refused={"sh010": "its still is missing"})
    (failed,) = news(asked, play_all(asked))
    assert (failed.words, failed.about) == ("its still is missing", ())


def test_a_shot_that_nobody_asked_for_is_no_news(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"), only=frozenset({"sh020"}))
    assert news(asked, play_all(asked)) == [None, None]


def test_a_shot_is_looked_at_when_nothing_more_comes_of_it(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    live = LivePlan(asked, {})
    assert live.rests("sh010") is None
    outcomes = play_all(asked, {"prepare sh010": "torn"})
    todo = list(live.begin())
    while todo:
        assert live.rests("sh020") is None or live.rests("sh010")
        task = todo.pop(0)
        todo += live.settle(task, outcomes[task.id])
    assert [planned.shot.code for planned in live.resting] == ["sh010", "sh020"]
    assert live.rests("sh010").failed
    assert live.rests("nothing") is None
