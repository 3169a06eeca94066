"""Four real ranks over gloo, started once for many questions.

    parent: jobs (a checkpoint, inputs, a layout) ──files──▶ ranks 0-3: degree 4, and twice degree 2 ──files──▶ Answers

Started by the tests' fork server, which has torch and diffusers loaded, so that four ranks cost one import. They meet
through a file, not a port.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

WORLD = 4
DEGREES = (2, 4)
_MEETING_S = 100


@dataclass(frozen=True)
class Job:
    """One denoiser to be sharded and run."""

    name: str
    folder: Path
    inputs: Path
    loras: tuple[Any, ...] = ()
    local_norms: bool = False
    """Norms over all heads without their all-reduce: what each rank holds is normed alone."""


@dataclass(frozen=True)
class Answer:
    """What one rank found."""

    outputs: tuple[torch.Tensor, ...]
    class_name: str
    config: Mapping[str, Any]
    bytes_held: int
    collectives: Mapping[str, int]
    """Calls during one forward, by name."""


Answers = Mapping[tuple[str, int, int], Answer]
"""By job, degree and rank."""


def run_ranks(jobs: Sequence[Job], folder: Path) -> Answers:
    """Every job on degrees 2 and 4; a rank that fails fails the caller."""
    context = multiprocessing.get_context("forkserver")
    ranks = [context.Process(target=_rank, args=(rank, list(jobs), folder)) for rank in range(WORLD)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join()
    assert [process.exitcode for process in ranks] == [0] * WORLD
    answers: dict[tuple[str, int, int], Answer] = {}
    for rank in range(WORLD):
        answers |= torch.load(folder / f"answers-{rank}.pt", weights_only=False)
    return answers


def _rank(rank: int, jobs: list[Job], folder: Path) -> None:
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'meeting'}",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(seconds=_MEETING_S),
    )
    pairs = [dist.new_group([first, first + 1]) for first in range(0, WORLD, 2)]
    groups = {2: (rank % 2, pairs[rank // 2]), 4: (rank, dist.group.WORLD)}
    answers = {
        (job.name, degree, rank): _answer(job, place, degree, group)
        for job in jobs
        for degree, (place, group) in groups.items()
    }
    torch.save(answers, folder / f"answers-{rank}.pt")
    dist.destroy_process_group()


def _answer(job: Job, rank: int, degree: int, group: Any) -> Answer:
    from tiny_denoisers import outputs
    from torch.distributed.tensor.debug import CommDebugMode

    from farm.models.diffusion.parallel.layouts import LAYOUTS
    from farm.models.diffusion.parallel.shard import ShardOf, load_denoiser

    layouts = {name: _with_local_norms(layout) for name, layout in LAYOUTS.items()} if job.local_norms else LAYOUTS
    model: Any = load_denoiser(
        job.folder,
        tp=ShardOf(rank, degree, group),
        dtype=torch.float32,
        device=torch.device("cpu"),
        loras=job.loras,
        layouts=layouts,
    )
    with CommDebugMode() as counted:
        found = outputs(model, torch.load(job.inputs))
    return Answer(
        outputs=found,
        class_name=type(model).__name__,
        config=dict(model.config),
        bytes_held=sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values()),
        collectives={str(name): count for name, count in counted.get_comm_counts().items()},
    )


def _with_local_norms(layout: Any) -> Any:
    return replace(layout, norms=(), columns=layout.columns + layout.norms)
