"""People's choices: they win over the ranking, before it and after it, and cost nothing when it agrees."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries

from farm.liveplan import LivePlan
from farm.plan import HELD, check_choice, plan
from farm.shots.model import Select


def choosing(asked, **choices):
    return replace(asked, choices=choices)


def test_approving_what_the_ranking_had_picked_plans_no_new_task(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    known = play_all(asked)
    approved = plan(choosing(asked, sh010=1), known)
    assert approved.tasks == plan(asked, known).tasks
    assert approved.shots[0].settled(known)


def test_another_choice_delivers_that_take_and_assembles_anew(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    known = play_all(asked)
    chosen = choosing(asked, sh010=2)
    new = [task.label for task in plan(chosen, known).tasks.values() if task.id not in known]
    assert new == ["deliver sh010 take 2", "compare sh010"]
    assert plan(chosen, play_all(chosen)).assemble.params["entries"][0]["take"] == 2


def test_a_choice_may_come_before_the_ranking(brief, shot, end):
    asked = choosing(brief(shot("sh010", takes=3)), sh010=2)
    first = plan(asked, {}).shots[0]
    made = [first.prepare, first.takes[1].generate, first.takes[1].score]
    known = {task.id: end(task) for task in made}
    planned = plan(asked, known).shots[0]
    assert [task.label for task in planned.deliver] == ["deliver sh010 take 2"]
    assert planned.select is None
    assert not planned.settled({**known, planned.deliver[0].id: end(planned.deliver[0])}), "its takes run on"


def test_a_shot_on_hold_is_ranked_and_stands_as_a_slate_until_somebody_chooses(brief, shot, play_all):
    asked = brief(shot("sh010", select=Select.HOLD), shot("sh020"))
    known = play_all(asked)
    held = plan(asked, known)
    assert (held.shots[0].held, held.shots[0].failed, held.shots[0].deliver) == (True, False, ())
    assert held.shots[0].select.id in known
    assert held.assemble.params["entries"][0]["slate"] == HELD
    chosen = plan(choosing(asked, sh010=1), known).shots[0]
    assert [task.label for task in chosen.deliver] == ["deliver sh010 take 1"]


def test_a_person_may_choose_what_did_not_pass(brief, shot, end):
    asked = brief(shot("sh010"))
    known = {task.id: end(task) for task in plan(asked, {}).tasks.values()}
    select = plan(asked, known).shots[0].select
    known[select.id] = end(select, chosen=[], attention="both takes stand still")
    assert plan(choosing(asked, sh010=2), known).shots[0].chosen[0].number == 2


def test_a_chosen_take_that_fails_is_a_reason_and_not_a_silent_pick(brief, shot, play_all):
    asked = choosing(brief(shot("sh010")), sh010=2)
    known = play_all(asked, {"generate sh010 take 2": "out of paint"})
    assert plan(asked, known).shots[0].reason == "take 2 was chosen, and failed: out of paint (choose another)"
    assert plan(choosing(asked, sh010=1), known).shots[0].reason == ""


@pytest.mark.parametrize(
    ("take", "reason"),
    [
        pytest.param(1, "take 1 of sh010 failed: out of paint", id="failed"),
        pytest.param(2, "", id="made"),
        pytest.param(3, "sh010 has no take 3 (it has 1, 2)", id="none such"),
        pytest.param(0, "sh010 has no take 0 (it has 1, 2)", id="zero"),
    ],
)
def test_what_cannot_be_chosen_says_why(brief, shot, play_all, take, reason):
    asked = brief(shot("sh010"))
    known = play_all(asked, {"generate sh010 take 1": "out of paint"})
    assert check_choice(plan(asked, known).shots[0], take, known) == reason


def test_of_a_refused_shot_nothing_can_be_chosen(brief, shot):
    planned = plan(brief(shot("sh010"), refused={"sh010": "no such file"}), {}).shots[0]
    assert check_choice(planned, 1, {}) == "sh010 has no takes: no such file"


@given(
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.sampled_from(["sh010", "sh020"]), st.integers(1, 3)), max_size=4),
    st.sets(st.sampled_from(["generate sh010 take 1", "score sh020 take 2", "deliver sh010", "prepare sh020"])),
    st.sampled_from(Select),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=tries(60))
def test_choices_at_any_moment_end_in_the_same_plan(brief, shot, result_of, random, choices, failing, select):
    asked = brief(shot("sh010", select=select), shot("sh020", fallback="other"))
    live = LivePlan(asked, {})
    codes = ["sh010", "sh020"]
    random.shuffle(codes)
    open_tasks, left = [], list(choices)
    while open_tasks or codes or left:
        ready = [t for t in open_tasks if all(source.task in live.known for source in t.inputs.values())]
        match random.choice([what for what, there in (("take up", codes), ("choose", left), ("run", ready)) if there]):
            case "take up":
                open_tasks += live.take_up([codes.pop()])
            case "choose":
                code, take = left.pop(0)
                open_tasks += live.choose({code: take})
            case _:
                task = random.choice(ready)
                open_tasks.remove(task)
                open_tasks += live.settle(task, result_of(task, live.known, dict.fromkeys(failing, "planted")))
    assert live.plan == plan(replace(asked, choices=dict(choices)), live.known)
    assert set(live.plan.tasks) <= set(live.tasks)
    assert live.plan.assemble is not None
