"""A brief with a model that only plans, and a hand that plays the farm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from farm.chain import StageName
from farm.errors import FailureKind
from farm.findings import Place
from farm.models.spec import Gang, ModelSpec, Rejection, Resolved
from farm.plan import Brief, Known, plan
from farm.publish import SUFFIXES
from farm.shots.intent import MotionIntent
from farm.shots.model import Shot, ShotList
from farm.tasks import Asset, AttemptState, Lane, Manifest, Outcome, StoredFile, Task, TaskState


@dataclass(frozen=True)
class PaperModel:
    """Plans like a model, makes nothing."""

    name: str = "animatic"
    rejects: str = ""
    drafts: bool = True

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(
            name=self.name,
            title=self.name,
            revision="1",
            licence="Apache-2.0",
            needs_prompt=True,
            follows_intent=True,
            conditions=frozenset({"start"}),
        )

    @property
    def lane(self) -> Lane:
        return Lane()

    def resolve(self, shot: Shot, intent: MotionIntent, take: int) -> Resolved | Rejection:
        if self.rejects:
            return Rejection(self.rejects, "name another model")
        return Resolved(
            width=shot.width,
            height=shot.height,
            frames=shot.nb_frames + 2 * shot.handles,
            fps=shot.fps,
            prompt=shot.prompt,
            negative_prompt=shot.negative_prompt,
            options={"variant": take},
            follows=intent,
            label=f"variant {take}",
        )

    def draft(self, resolved: Resolved) -> Resolved | None:
        half = replace(resolved, width=resolved.width // 2, height=resolved.height // 2)
        return half if self.drafts else None

    def open(self, gang: Gang, lane: Lane):
        raise AssertionError("planning opens no model")


def make_shot(code: str, **changes) -> Shot:
    asked = {
        "code": code,
        "place": Place("shots.csv", 2),
        "sequence": "sq010",
        "still": f"/stills/{code}.png",
        "fps": Fraction(24),
        "nb_frames": 48,
        "width": 640,
        "height": 360,
        "prompt": "slow push in",
        "takes": 2,
    }
    return Shot(**(asked | changes))


def make_brief(*shots: Shot, **changes) -> Brief:
    shot_list = ShotList(project="demo", name="shots", shots=shots, fps=Fraction(24), width=640, height=360)
    asked = {
        "shot_list": shot_list,
        "intents": {shot.code: MotionIntent() for shot in shots},
        "assets": {shot.code: {"still": make_asset(shot.still)} for shot in shots},
        "adapters": {name: PaperModel(name) for name in ("animatic", "other")},
    }
    return Brief(**(asked | changes))


def make_asset(path: str) -> Asset:
    return Asset(digest=f"digest of {path}", name="still.png", key=f"store/demo/asset/{path}")


def outcome(task: Task, failure: str = "", **facts) -> Outcome:
    """What came of a task: done with `facts`, or failed with a message."""
    if failure:
        return Outcome(TaskState.FAILED, None, FailureKind.INPUT, failure)
    published = (name for outputs in SUFFIXES.values() for name in outputs)
    names = ("still", "mezzanine", "proxy", "poster", "score", "ranking", *published)
    left = {"clip": "clip.mp4"} if task.stage == StageName.DELIVER else {name: name for name in names}
    files = {
        output: StoredFile(key=f"{task.id}/{name}", size=1, sha256="", file_class="mezzanine")
        for output, name in left.items()
    }
    facts = facts or {"chosen": [task.params["takes"][0]]} if task.stage == StageName.SELECT else facts
    said = Manifest(task=task.id, attempt=1, stage=task.stage, state=AttemptState.DONE, files=files, facts=facts)
    return Outcome(TaskState.DONE, said)


def play(brief: Brief, failures: dict[str, str] | None = None) -> dict:
    """Everything that comes out when each task in turn succeeds, or fails as `failures` says by its label."""
    known: dict = {}
    while todo := [task for task in plan(brief, known).tasks.values() if task.id not in known]:
        for task in todo:
            known[task.id] = result(task, known, failures or {})
    return known


def result(task: Task, known: Known, failures: dict[str, str]) -> Outcome:
    broken = [known[source.task] for source in task.inputs.values() if not known[source.task].done]
    return broken[0] if broken else outcome(task, failures.get(task.label, ""))


@pytest.fixture
def shot():
    return make_shot


@pytest.fixture
def brief():
    return make_brief


@pytest.fixture
def play_all():
    return play


@pytest.fixture
def end():
    return outcome


@pytest.fixture
def result_of():
    return result


@pytest.fixture
def paper_model():
    return PaperModel


@pytest.fixture
def changed():
    return replace
