"""The growing plan ends where the plan made at once ends, in whatever order things come out."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farm.liveplan import LivePlan
from farm.plan import plan

LABELS = [f"{stage} sh0{shot}0 take {take}" for stage in ("generate", "score") for shot in (1, 2) for take in (1, 2)]
LABELS += [f"{stage} sh0{shot}0" for stage in ("prepare", "select", "deliver") for shot in (1, 2)]


@given(st.randoms(use_true_random=False), st.sets(st.sampled_from(LABELS), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_order_of_outcomes_ends_in_the_same_plan(brief, shot, result_of, random, failing):
    asked = brief(shot("sh010"), shot("sh020", fallback="other"), shot("sh030", still="/stills/sh010.png"))
    failures = dict.fromkeys(failing, "planted")
    live = LivePlan(asked, {})
    open_tasks = list(live.begin())
    while open_tasks:
        ready = [t for t in open_tasks if all(source.task in live.known for source in t.inputs.values())]
        task = random.choice(ready)
        open_tasks.remove(task)
        open_tasks += live.settle(task, result_of(task, live.known, failures))
    whole = plan(asked, live.known)
    assert live.plan == whole
    assert set(whole.tasks) <= set(live.tasks)
    assert whole.assemble is not None


def test_what_is_known_from_before_is_not_asked_again(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    known = play_all(asked)
    live = LivePlan(asked, dict(known))
    assert all(task.id in known for task in live.begin())
    assert live.plan.assemble is not None


def test_the_assembly_comes_last_in_the_cut(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    live = LivePlan(asked, dict(play_all(asked)))
    tasks = list(live.begin())
    assert live.position(tasks[-1]) == 2
    assert live.position(tasks[0]) == 0
