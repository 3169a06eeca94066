from __future__ import annotations

from fractions import Fraction

from farm.chain import STAGES, DeliverParams, GenerateParams, StageName
from farm.tasks import SETTLED, TRANSITIONS, Asset, Change, Lane, Task, TaskState

ASKED = GenerateParams(model="animatic", revision="1", width=1280, height=720, frames=81, fps=Fraction(24), seed=7)


def make(**changes):
    asked = {"project": "demo", "stage": "generate", "version": 1, "params": ASKED.content()} | changes
    return Task.of(**asked)


def test_golden_id():
    """This id must never change: finished work lies under it."""
    assert make().id == "10b6f65543d3d5ebf4add8fa7e537a96"


def test_labels_and_lane_are_not_part_of_the_id():
    assert make(shot="sh010", take=2, lane=Lane(name="wan", gpus=2)).id == make().id


def test_everything_that_determines_the_output_is():
    other = [
        make(project="other"),
        make(version=2),
        make(params=ASKED.model_copy(update={"seed": 8}).content()),
        make(assets={"still": Asset(digest="ab", name="still.png", key="k")}),
    ]
    assert len({make().id, *(task.id for task in other)}) == 5


def test_an_asset_counts_by_content_not_by_name():
    one, two = (make(assets={"still": Asset(digest="ab", name=name, key=name)}) for name in ("a.png", "b.png"))
    assert one.id == two.id


def test_defaults_are_elided():
    assert "fidelity" not in ASKED.content()
    assert ASKED.model_copy(update={"fidelity": 0.8}).content()["fidelity"] == 0.8


def test_params_survive_the_store():
    task = Task.model_validate_json(make().model_dump_json())
    assert GenerateParams.model_validate(task.params) == ASKED
    assert task == make()


def test_every_state_but_done_can_still_change_and_every_change_is_used():
    assert {change for _, change in TRANSITIONS} == set(Change)
    assert {state for state, _ in TRANSITIONS} == set(TaskState)
    reopened = {state for state, change in TRANSITIONS if change is Change.REOPEN}
    assert reopened == SETTLED


def test_every_stage_of_the_chain_has_parameters_and_an_entry():
    assert set(STAGES) == set(StageName)
    assert STAGES[StageName.DELIVER].params is DeliverParams
