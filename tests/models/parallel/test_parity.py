"""Sharded over real ranks, every denoiser gives what it gives whole. `make laws` draws inputs and weights anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import diffusers
import pytest
import torch
from laws import EXTENT
from peft import LoraConfig
from rank_processes import DEGREES, WORLD, Answers, Job, run_ranks
from tiny_denoisers import ACROSS_HEADS, CASES, outputs

from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.shard import weight_bytes

TOLERANCE = 1e-5
LORA_SCALE = 0.7
WITH_LORA = ("wan", "cogvideox")


@dataclass(frozen=True)
class Measured:
    answers: Answers
    whole: dict[str, tuple[torch.Tensor, ...]]
    configs: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> Measured:
    folder = tmp_path_factory.mktemp("ranks")
    seed = 1 if EXTENT < 1 else time.time_ns() % 2**32
    print(f"drawn with seed {seed}")
    torch.manual_seed(seed)
    jobs: list[Job] = []
    whole: dict[str, tuple[torch.Tensor, ...]] = {}
    configs: dict[str, dict[str, Any]] = {}
    for name, case in CASES.items():
        job = Job(name, folder / name / "transformer", folder / name / "inputs.pt")
        case.save(job.folder)
        torch.save(case.inputs(), job.inputs)
        jobs.append(job)
        model = _unsharded(job)
        configs[name] = dict(model.config)
        whole[name] = outputs(model, torch.load(job.inputs))
        if name in ACROSS_HEADS:
            jobs.append(Job(f"{name}, local norms", job.folder, job.inputs, local_norms=True))
        if name in WITH_LORA:
            jobs.append(_with_lora(job, whole))
    return Measured(run_ranks(jobs, folder), whole, configs)


def _unsharded(job: Job) -> Any:
    return getattr(diffusers, CASES[job.name].class_name).from_pretrained(str(job.folder), torch_dtype=torch.float32)


def _with_lora(job: Job, whole: dict[str, tuple[torch.Tensor, ...]]) -> Job:
    """A LoRA on every kind of layer, saved by diffusers; the whole model has it merged by peft."""
    model = _unsharded(job)
    layers = ["to_q", "to_v", "to_out.0", "net.0.proj", "net.2", "norm1.linear", "proj_out"]
    model.add_adapter(LoraConfig(r=3, lora_alpha=5, target_modules=layers, alpha_pattern={"net.2": 2}))
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_lora_adapter(job.folder.parent / "lora", adapter_name="default")
    model.fuse_lora(lora_scale=LORA_SCALE)
    name = f"{job.name}, lora"
    whole[name] = outputs(model, torch.load(job.inputs))
    (file,) = (job.folder.parent / "lora").glob("*.safetensors")
    return Job(name, job.folder, job.inputs, loras=(Lora(file, LORA_SCALE),))


def _error(found: tuple[torch.Tensor, ...], whole: tuple[torch.Tensor, ...]) -> float:
    """The largest difference over the largest value, of the worst output."""
    pairs = zip(found, whole, strict=True)
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)


pytestmark = [pytest.mark.hypothesis, pytest.mark.timeout(600)]  # four ranks on a machine that may have one core
ON_EVERY_RANK = [(degree, rank) for degree in DEGREES for rank in range(WORLD)]


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("name", [*CASES, *(f"{name}, lora" for name in WITH_LORA)])
def test_every_rank_gives_what_the_whole_model_gives(measured, name, degree):
    errors = [_error(measured.answers[name, degree, rank].outputs, measured.whole[name]) for rank in range(WORLD)]
    print(f"{name}, tp{degree}: {max(errors):.1e}")
    assert max(errors) <= TOLERANCE


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("name", ACROSS_HEADS)
def test_without_the_norms_all_reduce_it_is_wrong(measured, name, degree):
    """And runs without an error: this is what the parity above is for."""
    error = _error(measured.answers[f"{name}, local norms", degree, 0].outputs, measured.whole[name])
    print(f"{name}, tp{degree}, norms without all-reduce: {error:.1e}")
    assert error > 100 * TOLERANCE


@pytest.mark.parametrize("name", WITH_LORA)
def test_the_loras_change_something(measured, name):
    assert _error(measured.whole[f"{name}, lora"], measured.whole[name]) > 100 * TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_it_is_still_the_class_with_its_config(measured, name):
    for degree, rank in ON_EVERY_RANK:
        answer = measured.answers[name, degree, rank]
        assert answer.class_name == CASES[name].class_name
        assert answer.config == measured.configs[name]


CALLS = {
    # a block: one all-reduce per attention and per feed-forward, a small one per norm over all heads (q and k share
    # theirs), one all-gather per modulation layer that is cut; once a forward: modulation or text layers outside
    "wan": {"reduce": (3 + 2, 0), "gather": (0, 1)},
    "wan with image": {"reduce": (3 + 3, 0), "gather": (0, 1)},
    "ltx": {"reduce": (3 + 2, 0), "gather": (0, 1)},
    "ltx2": {"reduce": (8 + 6, 0), "gather": (0, 6)},
    "cogvideox": {"reduce": (2, 0), "gather": (2, 0)},
    "hunyuan15": {"reduce": (4, 2), "gather": (2, 0)},
}


@pytest.mark.parametrize("name", CALLS)
def test_ranks_talk_as_little_as_they_can(measured, name):
    blocks = CASES[name].config["num_layers"]
    expected = {kind: per_block * blocks + once for kind, (per_block, once) in CALLS[name].items()}
    for degree, rank in ON_EVERY_RANK:
        calls = measured.answers[name, degree, rank].collectives
        assert calls == {"c10d.allreduce_": expected["reduce"], "c10d._allgather_base_": expected["gather"]}


@pytest.mark.parametrize("name", CASES)
def test_a_rank_holds_what_the_meta_device_says(measured, name):
    for degree in DEGREES:
        said = weight_bytes(CASES[name].class_name, CASES[name].config, degree=degree, dtype=torch.float32)
        assert [measured.answers[name, degree, rank].bytes_held for rank in range(WORLD)] == [said] * WORLD
