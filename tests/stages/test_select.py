"""select: passed takes by total, equal ones by number; nothing is chosen when nothing passes."""

from __future__ import annotations

import json

import pytest

from farm.chain import SelectParams
from farm.stages import select


@pytest.fixture
def selected(ctx, tmp_path):
    """`selected({1: (total, passed)}, top=1)` runs the stage and gives its facts."""

    def run(scores, top=1, signatures=None):
        inputs = {}
        for take, (total, passed) in scores.items():
            why = "pans left as asked" if passed else "fails: it freezes"
            document = {"total": total, "passed": passed, "why": why, "components": {}}
            if signatures:
                document["signature"] = signatures[take]
            inputs[f"score_{take}"] = tmp_path / f"{take}.json"
            inputs[f"score_{take}"].write_text(json.dumps(document))
        outputs = select.run(inputs, SelectParams(takes=tuple(scores), top=top), ctx)
        assert json.loads(outputs.files["ranking"].path.read_text()) == outputs.facts
        return outputs.facts

    return run


@pytest.mark.parametrize(
    ("scores", "top", "chosen", "order"),
    [
        ({1: (80.0, True), 2: (90.0, True), 3: (85.0, True)}, 1, [2], [2, 3, 1]),
        ({1: (80.0, True), 2: (90.0, True), 3: (85.0, True)}, 2, [2, 3], [2, 3, 1]),
        ({1: (80.0, True), 2: (99.0, False)}, 1, [1], [1, 2]),
        ({3: (80.0, True), 1: (80.0, True), 2: (80.0, True)}, 1, [1], [1, 2, 3]),
        ({1: (99.4, True), 2: (100.0, True), 3: (98.0, True)}, 1, [1], [1, 2, 3]),
        ({1: (80.0, True), 2: (99.0, False)}, 3, [1], [1, 2]),
        ({1: (50.0, False), 2: (60.0, False)}, 1, [], [2, 1]),
    ],
    ids=[
        "best",
        "two best",
        "a gate beats a total",
        "ties by number",
        "less than a point is a tie",
        "no failure fills up",
        "all fail",
    ],
)
def test_ranking(selected, scores, top, chosen, order):
    facts = selected(scores, top)

    assert facts["chosen"] == chosen
    assert [entry["take"] for entry in facts["ranking"]] == order


def test_a_shot_without_a_good_take_asks_for_attention(selected):
    facts = selected({1: (50.0, False), 2: (60.0, False)})

    assert facts["attention"] == "take 2 fails: it freezes; take 1 fails: it freezes"


def test_a_shot_with_a_good_take_does_not(selected):
    assert "attention" not in selected({1: (50.0, False), 2: (60.0, True)})


def camera(x):
    """The signature of a take whose camera has gone that far at each quarter."""
    return {"motion": [part for share in (0.25, 0.5, 0.75, 1.0) for part in (x * share, 0, 0, 0)], "colours": [90.0]}


TWINS = {1: camera(0.10), 2: camera(0.101), 3: camera(0.05), 4: camera(-0.10)}


@pytest.mark.parametrize(
    ("scores", "top", "chosen"),
    [
        ({1: (95.0, True), 2: (94.5, True), 3: (90.0, True), 4: (80.0, True)}, 1, [1]),
        ({1: (95.0, True), 2: (94.5, True), 3: (90.0, True), 4: (80.0, True)}, 2, [1, 3]),
        ({1: (95.0, True), 2: (94.5, True), 3: (70.0, True), 4: (60.0, True)}, 2, [1, 2]),
        ({1: (95.0, True), 2: (94.5, True), 3: (90.0, False), 4: (99.0, False)}, 3, [1, 2]),
        ({1: (95.0, True), 2: (94.5, True), 3: (90.0, True), 4: (82.0, True)}, 4, [1, 3, 4, 2]),
    ],
    ids=["the best", "not its twin", "a twin beats what is much worse", "no failure for variety", "all of them"],
)
def test_of_several_such_as_differ_are_chosen(selected, scores, top, chosen):
    assert selected(scores, top, TWINS)["chosen"] == chosen


def test_variety_does_not_change_the_ranking(selected):
    facts = selected({1: (95.0, True), 2: (94.5, True), 3: (90.0, True), 4: (80.0, True)}, 3, TWINS)

    assert [entry["take"] for entry in facts["ranking"]] == [1, 2, 3, 4]
