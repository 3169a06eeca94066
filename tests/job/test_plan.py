from __future__ import annotations

from collections import Counter

from farm.plan import plan, take_seed
from farm.tasks import ALL


def stages(tasks):
    return Counter(task.stage for task in tasks)


def test_at_first_only_what_needs_no_result_is_planned(brief, shot):
    found = plan(brief(shot("sh010"), shot("sh020")), {})
    assert stages(found.tasks.values()) == {"prepare": 2, "generate": 4, "score": 4}
    assert found.assemble is None


def test_in_the_end_every_shot_is_delivered_and_the_list_assembled(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    found = plan(asked, play_all(asked))
    assert stages(found.tasks.values()) == {
        "prepare": 2,
        "generate": 4,
        "score": 4,
        "select": 2,
        "compare": 2,
        "deliver": 2,
        "assemble": 1,
    }
    assert [entry["code"] for entry in found.assemble.params["entries"]] == ["sh010", "sh020"]


def test_weights_reach_the_score_and_re_render_nothing(brief, shot):
    plain, weighed = (plan(brief(shot("sh010"), **more), {}) for more in ({}, {"score_weights": {"flicker": 0.5}}))
    (take, other), (take_weighed, _) = plain.shots[0].takes, weighed.shots[0].takes
    assert take_weighed.generate == take.generate
    assert take_weighed.score.params["weights"] == {"flicker": 0.5}
    assert "weights" not in other.score.params


def test_planning_again_gives_the_same_tasks(brief, shot, play_all):
    asked = brief(shot("sh010"))
    known = play_all(asked)
    assert plan(asked, known).tasks == plan(asked, known).tasks


def test_a_changed_prompt_touches_its_own_chain_and_the_assembly_only(brief, shot, play_all):
    known = play_all(brief(shot("sh010"), shot("sh020"), shot("sh030")))
    asked = brief(shot("sh010"), shot("sh020", prompt="slow pan left"), shot("sh030"))
    both = known | play_all(asked)
    new = [task for task in plan(asked, both).tasks.values() if task.id not in known]
    assert {task.shot for task in new} == {"sh020", ""}
    assert stages(new) == {"generate": 2, "score": 2, "select": 1, "compare": 1, "deliver": 1, "assemble": 1}


def test_renaming_and_inserting_shots_render_nothing_again(brief, shot, play_all):
    known = play_all(brief(shot("a"), shot("b", still="/stills/b.png")))
    renamed = brief(shot("new"), shot("x", still="/stills/a.png"), shot("y", still="/stills/b.png"))
    found = plan(renamed, known | play_all(renamed))
    again = [task for task in found.tasks.values() if task.id not in known and task.stage == "generate"]
    assert {task.shot for task in again} == {"new"}


def test_the_same_shot_twice_is_rendered_once(brief, shot):
    found = plan(brief(shot("a", still="/s.png"), shot("b", still="/s.png")), {})
    assert stages(found.tasks.values()) == {"prepare": 1, "generate": 2, "score": 2}


def test_select_hears_only_the_takes_that_came_out(brief, shot, play_all):
    asked = brief(shot("sh010", takes=3))
    found = plan(asked, play_all(asked, {"generate sh010 take 1": "no"}))
    select = found.shots[0].select
    assert select.params["takes"] == [2, 3]
    assert found.shots[0].chosen[0].number == 2


def test_deliver_is_keyed_by_the_chosen_takes_generation(brief, shot, play_all):
    asked = brief(shot("sh010"))
    planned = plan(asked, play_all(asked)).shots[0]
    assert planned.deliver[0].inputs["mezzanine"].task == planned.takes[0].generate.id


def test_a_shot_whose_takes_all_failed_stands_as_its_slated_still(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    failures = {"generate sh010 take 1": "out of paint", "generate sh010 take 2": "out of paint"}
    found = plan(asked, play_all(asked, failures))
    entry = found.assemble.params["entries"][0]
    assert (entry["has_clip"], entry["slate"], entry["frames"]) == (False, "out of paint", 48)
    assert found.assemble.inputs["still_0"].task == found.shots[0].prepare.id


def test_a_shot_whose_still_is_no_picture_stands_as_a_plain_slate(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    found = plan(asked, play_all(asked, {"prepare sh010": "still.png is no picture"}))
    assert "still_0" not in found.assemble.inputs
    assert found.assemble.params["entries"][0]["slate"] == "still.png is no picture"


def test_a_refused_shot_runs_nothing_and_stands_in_the_cut(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"), refused={"sh010": "no such file"})
    found = plan(asked, play_all(asked))
    assert {task.shot for task in found.tasks.values()} == {"sh020", ""}
    assert found.assemble.params["entries"][0]["slate"] == "no such file"


def test_no_take_passing_is_a_reason_and_not_a_silent_pick(brief, shot, end):
    asked = brief(shot("sh010"))
    known = {task.id: end(task) for task in plan(asked, {}).tasks.values()}
    select = plan(asked, known).shots[0].select
    known[select.id] = end(select, chosen=[], attention="both takes stand still")
    assert plan(asked, known).shots[0].reason == "both takes stand still"


def test_a_failed_model_has_its_fallback(brief, shot, play_all):
    asked = brief(shot("sh010", models=("other",), fallback="animatic"))
    failures = {f"generate sh010 take {take}": "no GPU" for take in (1, 2)}
    planned = plan(asked, play_all(asked, failures)).shots[0]
    assert [(take.number, take.model) for take in planned.takes] == [
        (1, "other"),
        (2, "other"),
        (3, "animatic"),
        (4, "animatic"),
    ]
    assert planned.chosen[0].model == "animatic"


def test_several_models_share_seeds_and_number_on(brief, shot):
    found = plan(brief(shot("sh010", models=("animatic", "other"))), {}).shots[0]
    seeds = [take.generate.params["seed"] for take in found.takes]
    assert seeds[:2] == seeds[2:]
    assert [take.number for take in found.takes] == [1, 2, 3, 4]


def test_a_model_that_cannot_says_why(brief, shot, paper_model, play_all):
    adapters = {"animatic": paper_model(rejects="needs a square")}
    found = plan(brief(shot("sh010"), adapters=adapters), {})
    assert "needs a square" in found.shots[0].reason
    assert found.assemble is not None


def test_shots_not_asked_for_stand_still_unless_they_are_there(brief, shot, play_all):
    both = brief(shot("sh010"), shot("sh020"))
    only = brief(shot("sh010"), shot("sh020"), only=frozenset({"sh010"}))
    assert {task.shot for task in plan(only, {}).tasks.values()} == {"sh010"}
    assert plan(only, play_all(only)).assemble.params["entries"][1]["has_clip"] is False
    known = play_all(both)
    assert plan(only, known).assemble == plan(both, known).assemble


def test_handles_are_generated_and_the_cut_keeps_its_length(brief, shot, play_all):
    asked = brief(shot("sh010", handles=8))
    found = plan(asked, play_all(asked))
    assert found.shots[0].takes[0].generate.params["frames"] == 48 + 16
    assert found.assemble.params["entries"][0]["frames"] == 48


def test_generate_takes_everything_prepare_left(brief, shot):
    take = plan(brief(shot("sh010")), {}).shots[0].takes[0]
    assert take.generate.inputs[ALL].output == ALL


def test_seeds_come_from_the_still_and_the_take_alone():
    assert take_seed(0, "ab", 1) == take_seed(0, "ab", 1)
    assert len({take_seed(0, "ab", 1), take_seed(0, "ab", 2), take_seed(0, "cd", 1), take_seed(1, "ab", 1)}) == 4


def test_a_fixed_seed_counts_up_by_take(brief, shot):
    takes = plan(brief(shot("sh010", seed=100)), {}).shots[0].takes
    assert [take.generate.params["seed"] for take in takes] == [100, 101]


def test_equal_work_has_an_equal_shape(brief, shot, play_all):
    asked = brief(shot("a", takes=1), shot("b", takes=1, prompt="slow pan left", priority=90))
    shapes = Counter(task.shape for task in plan(asked, play_all(asked)).tasks.values())
    assert shapes == {
        "prepare": 2,
        "generate 640x360x48": 2,
        "score 640x360x48": 2,
        "select": 2,
        "deliver 640x360x48": 2,
        "assemble 640x360x96": 1,
    }


def test_a_model_is_asked_once_for_each_take_however_often_a_shot_is_planned(brief, shot, play_all, paper_model):
    asked: list[int] = []

    class Counting(paper_model):
        def resolve(self, shot, intent, take):
            asked.append(take)
            return super().resolve(shot, intent, take)

    play_all(brief(shot("sh010", takes=3), adapters={"animatic": Counting()}))
    assert asked == [1, 2, 3]


def test_a_changed_brief_plans_anew(brief, shot, changed):
    before = brief(shot("sh010"))
    after = changed(before, shot_list=changed(before.shot_list, seed=5))
    assert not {task.id for task in plan(before, {}).tasks.values() if task.stage == "generate"} & set(
        plan(after, {}).tasks
    )
