"""Takes beyond the first round: rerolls, drafts whose chosen ones are rendered in full, several picks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from farm.chain import StageName
from farm.errors import InputError
from farm.liveplan import LivePlan
from farm.plan import plan
from farm.shots.model import Reroll
from farm.submission import TAKES_MAX, Submission


def seeds(planned):
    return [take.generate.params["seed"] for take in planned.takes]


def labels(asked, known):
    return [task.label for task in plan(asked, known).tasks.values() if task.id not in known]


# -- rerolls ------------------------------------------------------------------------------------------------------


def test_a_reroll_adds_takes_of_new_seeds_and_leaves_the_others(brief, shot):
    before = plan(brief(shot("sh010", models=("animatic", "other"))), {}).shots[0]
    after = plan(brief(shot("sh010", models=("animatic", "other"), rerolls=(Reroll(1),))), {}).shots[0]
    assert after.takes[:4] == before.takes
    assert [(take.number, take.model) for take in after.takes[4:]] == [(5, "animatic"), (6, "other")]
    assert seeds(after)[4] == seeds(after)[5], "both models take the same seed"
    assert len(set(seeds(after))) == 3


def test_a_reroll_may_have_words_of_its_own(brief, shot):
    asked = brief(shot("sh010", rerolls=(Reroll(1, "slow pan left"), Reroll(1))))
    prompts = [take.generate.params["prompt"] for take in plan(asked, {}).shots[0].takes]
    assert prompts == ["slow push in", "slow push in", "slow pan left", "slow push in"]
    kinds = [take.generate.params["intent"]["phases"][0][0]["kind"] for take in plan(asked, {}).shots[0].takes[2:3]]
    assert kinds == ["pan"]


def test_takes_that_are_there_are_ranked_with_the_new_ones(brief, shot, play_all):
    known = play_all(brief(shot("sh010"), shot("sh020")))
    asked = brief(shot("sh010", rerolls=(Reroll(1),)), shot("sh020"))
    assert labels(asked, known) == ["generate sh010 take 3", "score sh010 take 3"]
    assert plan(asked, play_all(asked)).shots[0].select.params["takes"] == [1, 2, 3]


def test_a_plan_on_its_way_is_amended_to_what_is_planned_at_once(brief, shot, play_all):
    asked, again = shot("sh010"), shot("sh010", rerolls=(Reroll(2, "slow pan left"),))
    other = shot("sh020")
    live = LivePlan(brief(asked, other), play_all(brief(asked, other)))
    list(live.begin())
    added = list(live.amend(again))
    assert [task.label for task in added] == [
        f"{stage} sh010 take {number}" for number in (3, 4) for stage in ("generate", "score")
    ]
    whole = brief(again, other)
    live.known |= play_all(whole)
    list(live.amend(again))
    assert live.plan == plan(whole, live.known)


def submitted(shot_list):
    return Submission(shot_list=shot_list, assets={each.code: {} for each in shot_list.shots})


def test_a_submission_takes_a_reroll_once(brief, shot):
    first = submitted(brief(shot("sh010")).shot_list)
    once = first.rerolled("sh010", Reroll(2, "", "r1"))
    assert once.rerolled("sh010", Reroll(2, "", "r1")) == once
    assert once.rerolled("sh010", Reroll(2, "", "r2")) != once
    assert "rerolls" in str(once.document())


@pytest.mark.parametrize(
    ("code", "reroll", "said"),
    [
        ("sh999", Reroll(2), "shots has no shot sh999"),
        ("sh010", Reroll(0), "ask for no take"),
        ("sh010", Reroll(TAKES_MAX), f"more than the {TAKES_MAX} takes"),
        ("sh010", Reroll(1, "x" * 200_000), "too long"),
    ],
)
def test_what_no_shot_can_have_is_refused(brief, shot, code, reroll, said):
    with pytest.raises(InputError, match=said):
        submitted(brief(shot("sh010")).shot_list).rerolled(code, reroll)


# -- drafts -------------------------------------------------------------------------------------------------------


def sizes(asked, known, stage):
    found = [task.params for task in plan(asked, known).tasks.values() if task.stage == stage]
    return [(each["width"], each["height"]) for each in found]


def test_only_what_is_chosen_among_drafts_is_made_in_full(brief, shot, play_all):
    asked = brief(shot("sh010", takes=3, draft_first=True))
    known = play_all(asked)
    assert sizes(asked, known, StageName.GENERATE) == [(320, 180)] * 3 + [(640, 360)]
    planned = plan(asked, known).shots[0]
    final, judged = planned.chosen[0].final
    assert (final.params["seed"], final.label) == (planned.takes[0].generate.params["seed"], "generate sh010 take 1")
    assert planned.deliver[0].inputs["mezzanine"].task == final.id
    assert judged.id in known
    assert planned.settled(known)


def test_the_takes_in_full_are_those_of_a_list_without_drafts(brief, shot, play_all):
    drafted, plain = brief(shot("sh010", draft_first=True)), brief(shot("sh010"))
    (final, _) = plan(drafted, play_all(drafted)).shots[0].chosen[0].final
    assert final == plan(plain, {}).shots[0].takes[0].generate


def test_a_model_without_such_drafts_makes_every_take_in_full_and_says_so(brief, shot, play_all):
    asked = brief(shot("sh010", models=("other",), draft_first=True))
    asked = replace(asked, adapters={"other": replace(asked.adapters["other"], drafts=False)})
    planned = plan(asked, play_all(asked)).shots[0]
    assert planned.chosen[0].final is None
    assert planned.notes[-1] == "other has no drafts that predict its takes"
    assert (
        plan(asked, {}).shots[0].takes[0].generate
        == plan(replace(asked, shot_list=brief(shot("sh010", models=("other",))).shot_list), {})
        .shots[0]
        .takes[0]
        .generate
    )


def test_a_draft_that_cannot_be_made_in_full_is_said(brief, shot, end, play_all):
    asked = brief(shot("sh010", draft_first=True))
    known = play_all(asked)
    final, _ = plan(asked, known).shots[0].chosen[0].final
    known[final.id] = end(final, "no room on any GPU")
    planned = plan(asked, known).shots[0]
    assert planned.reason == "take 1 came out as a draft only: no room on any GPU"
    assert planned.deliver == ()


# -- picks --------------------------------------------------------------------------------------------------------


def test_every_pick_is_delivered_and_the_first_stands_in_the_cut(brief, shot, play_all, end):
    asked = brief(shot("sh010", takes=4, picks=2))
    known = play_all(asked)
    select = plan(asked, known).shots[0].select
    assert select.params["top"] == 2
    known = {task: outcome for task, outcome in known.items() if task != select.id}
    known[select.id] = end(select, chosen=[3, 1])
    asked_again = plan(asked, known)
    assert [task.label for task in asked_again.shots[0].deliver] == ["deliver sh010 take 3", "deliver sh010 take 1"]
    known |= {task.id: end(task) for task in asked_again.shots[0].deliver}
    assert plan(asked, known).assemble.params["entries"][0]["take"] == 3


def test_no_more_are_picked_than_there_are(brief, shot, play_all):
    asked = brief(shot("sh010", takes=1, picks=3))
    assert "top" not in plan(asked, play_all(asked)).shots[0].select.params
