"""One shot with two takes, driven by hand through its chain, for the catalog to record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest

from farm.chain import (
    DeliverParams,
    GenerateParams,
    InterpolateParams,
    PrepareParams,
    ScoreParams,
    SelectParams,
    UpscaleParams,
)
from farm.errors import FailureKind
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.tasks import ALL, FileClass, Input, StoredFile, Task, TaskState, attempt_prefix, manifest_key

SIZE = {"width": 1920, "height": 1080, "frames": 96, "fps": Fraction(24000, 1001)}


def stored(task: Task, name: str, file_class: FileClass) -> StoredFile:
    key = f"{attempt_prefix(task.project, file_class, task.id, 1)}/{name}"
    return StoredFile(key=key, size=10, sha256="0" * 64, file_class=file_class)


OUTPUTS = {
    "generate": {"mezzanine": FileClass.MEZZANINE, "proxy": FileClass.PROXY},
    "score": {"score": FileClass.LOG},
    "upscale": {"mezzanine": FileClass.MEZZANINE, "proxy": FileClass.PROXY},
    "interpolate": {"mezzanine": FileClass.MEZZANINE, "proxy": FileClass.PROXY},
    "deliver": {"clip": FileClass.DELIVERABLE},
}


@dataclass
class World:
    """One shot with two takes, driven by hand through its chain."""

    store: JobStore
    epoch: int
    make: Any
    project: str = "demo"
    tasks: dict[str, Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = {"shots": [{"code": "sh010", "sequence": "sq01"}, {"code": "other"}]}
        self.store.create_job(self.epoch, self.make.job("job", document=document, project=self.project))
        prepare = self.add("prepare", "prepare", PrepareParams())
        for number in (1, 2):
            asked = GenerateParams(model="animatic", revision="3", seed=7 + number, prompt="push in", **SIZE)
            inputs = {ALL: Input(task=prepare.id, output=ALL)}
            take = self.add(f"take {number}", "generate", asked, take=number, inputs=inputs)
            inputs = {"mezzanine": Input(task=take.id, output="mezzanine")}
            self.add(f"score {number}", "score", ScoreParams(**SIZE), take=number, inputs=inputs)
        self.finish("prepare")

    def add(self, name: str, stage: str, params: Any, job: str = "job", **more: Any) -> Task:
        task = Task.of(project=self.project, stage=stage, version=1, params=params.content(), shot="sh010", **more)
        self.store.add_tasks(self.epoch, job, [task], 1)
        self.tasks[name] = task
        return task

    def finish(self, name: str, attempt: int = 1, **facts: Any) -> None:
        task = self.tasks[name]
        outputs = OUTPUTS.get(task.stage, {})
        files = {name: stored(task, name, file_class) for name, file_class in outputs.items()}
        by_id = {task.id: task for task in self.tasks.values()}
        inputs = {
            name: stored(by_id[source.task], source.output, OUTPUTS[by_id[source.task].stage][source.output]).key
            for name, source in task.inputs.items()
            if source.output in OUTPUTS.get(by_id[source.task].stage, {})
        }
        if task.stage == "deliver":
            facts = {"product": task.params["product"], **facts}
        told = {"files": files, "facts": facts, "inputs": inputs, "versions": {"farm": "0.1"}, "worker": "cpu-1"}
        done = self.make.done(task, attempt, **told)
        self.store.commit(self.epoch, done)

    def fail(self, name: str, attempt: int, kind: FailureKind, state: TaskState, message: str = "") -> None:
        self.store.commit(self.epoch, self.make.failed(self.tasks[name], attempt, kind, state, message))

    def select(self, *chosen: int) -> None:
        inputs = {f"score_{number}": Input(task=self.tasks[f"score {number}"].id, output="score") for number in (1, 2)}
        self.add("select", "select", SelectParams(takes=(1, 2)), inputs=inputs)
        self.finish("select", chosen=list(chosen))

    def finish_take(self, number: int) -> None:
        """Enlarge a take and give it the frames between."""
        take = {"mezzanine": Input(task=self.tasks[f"take {number}"].id, output="mezzanine")}
        size = {"width": SIZE["width"], "height": SIZE["height"], "frames": SIZE["frames"], "revision": "1"}
        large = self.add("upscale", "upscale", UpscaleParams(upscaler="lanczos", **size), inputs=take)
        self.finish("upscale")
        made = InterpolateParams(interpolator="flow", fps=SIZE["fps"], **size)
        self.add("interpolate", "interpolate", made, inputs={"mezzanine": Input(task=large.id, output="mezzanine")})
        self.finish("interpolate")

    def deliver(self, number: int, product: str = "review") -> None:
        source = self.tasks.get("interpolate") or self.tasks[f"take {number}"]
        inputs = {"mezzanine": Input(task=source.id, output="mezzanine")}
        self.add("deliver", "deliver", DeliverParams(product=product, **SIZE), inputs=inputs)
        self.finish("deliver")

    def whole(self) -> None:
        """The chain from end to end, take 2 chosen."""
        self.fail("take 1", 1, FailureKind.TRANSIENT, TaskState.WAITING)
        self.finish("take 1", 2, cost_micros=30, timings={"render": 1.5})
        self.finish("take 2", cost_micros=40)
        self.finish("score 1", total=0.25, components={"sharpness": 0.5, "motion": 0, "note": "no number"})
        self.finish("score 2", total=0.75, components={"sharpness": 0.9})
        self.select(2)
        self.deliver(2)

    def shelve(self, clips: ClipStore) -> None:
        """Leave every manifest in the clip store, as workers do."""
        for attempts in self.store.attempts([task.id for task in self.tasks.values()]).values():
            for attempt in attempts:
                assert attempt.manifest
                key = manifest_key(self.project, attempt.task, attempt.number)
                clips.put_bytes(key, attempt.manifest.model_dump_json().encode())


@pytest.fixture
def world(store: JobStore, epoch: int, make: Any) -> World:
    return World(store, epoch, make)


@pytest.fixture
def make_world(store: JobStore, epoch: int, make: Any) -> Callable[..., World]:
    return lambda **fields: World(store, epoch, make, **fields)
