"""What the simulator's paper leaves out and metrics count: frames of takes, denoise steps, rankings, sizes of files.

farm.simulator.papers, pool ──▶ the same with numbers like those of a model of 5 s at 1280x720 and 16 fps
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic import JsonValue

from farm.chain import StageName
from farm.resume import Past
from farm.simulator.faults import Fate
from farm.simulator.papers import Paper, PaperFarm, PaperPlan, PaperShelf
from farm.simulator.pool import SimPool, Worker
from farm.store.records import Job
from farm.tasks import FileClass, Manifest, Task, TaskId, Work

FRAMES, FPS, STEPS = 81, 16, 40
BYTES = {"generate": 240_000_000, "prepare": 6_000_000, "deliver": 30_000_000}


class NightPlan(PaperPlan):
    """A paper job whose takes name their model and their length."""

    def _keep(self, task: Task) -> Task:
        if task.stage == StageName.GENERATE:
            more: dict[str, JsonValue] = {"model": task.lane.name, "frames": FRAMES, "fps": str(FPS)}
            task = replace(task, params={**task.params, **more})
        return super()._keep(task)


class NightFarm(PaperFarm):
    """Opens such plans."""

    def open(self, job: Job, runs: Callable[[TaskId], bool]) -> PaperPlan:
        past = Past(job.id, self.store, PaperShelf(self.cluster), runs=runs, now_us=self.cluster.world.clock)
        choices = self.store.choices(job.id)
        return NightPlan(job.project, Paper.model_validate(job.document["paper"]), past, choices)


class NightPool(SimPool):
    """A pool whose manifests say what workers say."""

    def _manifest(self, worker: Worker, work: Work, fate: Fate) -> Manifest:
        made = super()._manifest(worker, work, fate)
        files = {
            name: replace(file, size=BYTES.get(made.stage, 40_000), file_class=_class(made.stage))
            for name, file in made.files.items()
        }
        return replace(made, files=files, facts=_facts(work.task, made))


def _class(stage: str) -> FileClass:
    return {"prepare": FileClass.ASSET, "deliver": FileClass.DELIVERABLE}.get(stage, FileClass.MEZZANINE)


def _facts(task: Task, made: Manifest) -> dict[str, JsonValue]:
    if task.stage == StageName.GENERATE:
        return {"steps": STEPS, "seconds_per_step": (made.ended_us - made.started_us) / 1e6 * 0.9 / STEPS}
    if task.stage == StageName.SELECT:
        takes: list[JsonValue] = [*sorted(task.inputs)]
        return {"chosen": takes[:1], "ranking": takes}
    return {}
