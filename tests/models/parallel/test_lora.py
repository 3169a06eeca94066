"""LoRAs merged while reading: every naming, every cut, and everything that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tiny_denoisers import CASES

from farm.errors import InputError
from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.shard import ShardOf, load_denoiser

CPU = torch.device("cpu")
RANK = 3
Tensors = dict[str, torch.Tensor]
WAN_LAYERS = {"q": "to_q", "k": "to_k", "v": "to_v", "o": "to_out.0"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "transformer"
    CASES["wan"].save(path)
    return path


@pytest.fixture(scope="module")
def whole(folder) -> Tensors:
    return dict(load(folder).named_parameters())


def load(folder: Path, *loras: Lora, rank: int = 0, degree: int = 1) -> torch.nn.Module:
    return load_denoiser(folder, tp=ShardOf(rank, degree), dtype=torch.float32, device=CPU, loras=loras)


def save(path: Path, tensors: Tensors, **metadata: Any) -> Path:
    header = {"lora_adapter_metadata": json.dumps(metadata)} if metadata else None
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path, header)
    return path


@pytest.fixture
def factors(whole) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Up and down for every layer that trainers of Wan change, by the name the class has for it."""
    names = [name.removesuffix(".weight") for name in whole if ".attn" in name or ".ffn." in name]
    linears = [name for name in names if f"{name}.weight" in whole and whole[f"{name}.weight"].ndim == 2]
    shapes = {name: whole[f"{name}.weight"].shape for name in linears}
    return {name: (torch.randn(out, RANK), torch.randn(RANK, inner)) for name, (out, inner) in shapes.items()}


def _diffusers(factors) -> Tensors:
    return {
        f"transformer.{name}.{key}.weight": tensor
        for name, (up, down) in factors.items()
        for key, tensor in (("lora_B", up), ("lora_A", down))
    }


def _peft(factors) -> Tensors:
    return {
        f"base_model.model.{name}.{key}.default.weight": tensor
        for name, (up, down) in factors.items()
        for key, tensor in (("lora_B", up), ("lora_A", down))
    }


def _with_alphas(factors, alpha: float) -> Tensors:
    tensors: Tensors = {}
    for name, (up, down) in factors.items():
        tensors |= {f"transformer.{name}.lora_up.weight": up, f"transformer.{name}.lora_down.weight": down}
        tensors[f"transformer.{name}.alpha"] = torch.tensor(alpha)
    return tensors


def _original(name: str) -> str:
    """As the model's authors name the layer."""
    for theirs, ours in WAN_LAYERS.items():
        name = name.replace(f"attn1.{ours}", f"self_attn.{theirs}").replace(f"attn2.{ours}", f"cross_attn.{theirs}")
    return name.replace("ffn.net.0.proj", "ffn.0").replace("ffn.net.2", "ffn.2")


def _comfy(factors, alpha: float) -> Tensors:
    tensors: Tensors = {}
    for name, (up, down) in factors.items():
        theirs = f"diffusion_model.{_original(name)}"
        tensors |= {f"{theirs}.lora_B.weight": up, f"{theirs}.lora_A.weight": down}
        tensors[f"{theirs}.alpha"] = torch.tensor(alpha)
    return tensors


def _kohya(factors, alpha: float) -> Tensors:
    tensors: Tensors = {}
    for name, (up, down) in factors.items():
        theirs = "lora_unet_" + _original(name).replace(".", "_")
        tensors |= {f"{theirs}.lora_up.weight": up, f"{theirs}.lora_down.weight": down}
        tensors[f"{theirs}.alpha"] = torch.tensor(alpha)
    return tensors


NAMINGS = {
    "diffusers": (_diffusers, {}, 1.0),
    "peft": (_peft, {}, 1.0),
    "down, up and alpha": (lambda factors: _with_alphas(factors, 6.0), {}, 2.0),
    "comfy": (lambda factors: _comfy(factors, 6.0), {}, 2.0),
    "kohya": (lambda factors: _kohya(factors, 6.0), {}, 2.0),
    "alpha in the header": (_diffusers, {"transformer.r": RANK, "transformer.lora_alpha": 6}, 2.0),
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_every_naming_adds_the_same(folder, whole, factors, tmp_path, naming):
    name, metadata, strength = NAMINGS[naming]
    merged = dict(
        load(folder, Lora(save(tmp_path / "lora.safetensors", name(factors), **metadata), 0.5)).named_parameters()
    )
    assert len(factors) == 2 * 10
    for layer, (up, down) in factors.items():
        expected = whole[f"{layer}.weight"] + 0.5 * strength * up @ down
        assert torch.allclose(merged[f"{layer}.weight"], expected, atol=1e-5), layer
    changed = {f"{layer}.weight" for layer in factors}
    assert all(torch.equal(merged[key], whole[key]) for key in whole if key not in changed)


@pytest.mark.parametrize("degree", [2, 4])
def test_parts_of_ranks_are_parts_of_the_merged_whole(folder, factors, tmp_path, degree):
    bias = {"transformer.blocks.0.attn1.to_q.lora_B.bias": torch.randn(48)}
    lora = Lora(save(tmp_path / "lora.safetensors", _diffusers(factors) | bias))
    merged = dict(load(folder, lora).named_parameters())
    parts = [dict(load(folder, lora, rank=rank, degree=degree).named_parameters()) for rank in range(degree)]
    for key, tensor in merged.items():
        of_ranks = [part[key] for part in parts]
        cut = [dim for dim, size in enumerate(tensor.shape) if of_ranks[0].shape[dim] != size]
        found = torch.cat(of_ranks, cut[0]) if cut else of_ranks[0]
        assert torch.allclose(found, tensor, atol=1e-5), key


def test_loras_add_up(folder, whole, factors, tmp_path):
    lora = save(tmp_path / "lora.safetensors", _diffusers(factors))
    merged = dict(load(folder, Lora(lora, 0.75), Lora(lora, -0.25)).named_parameters())
    layer, (up, down) = next(iter(factors.items()))
    assert torch.allclose(merged[f"{layer}.weight"], whole[f"{layer}.weight"] + 0.5 * up @ down, atol=1e-5)


def test_a_bias_is_added(folder, whole, factors, tmp_path):
    change = torch.randn(48)
    bias = {"transformer.blocks.0.attn1.to_out.0.lora_B.bias": change}
    merged = dict(
        load(folder, Lora(save(tmp_path / "lora.safetensors", _diffusers(factors) | bias), 0.5)).named_parameters()
    )
    key = "blocks.0.attn1.to_out.0.bias"
    assert torch.allclose(merged[key], whole[key] + 0.5 * change)


def test_rank_stabilised_scaling_from_the_header(folder, whole, factors, tmp_path):
    metadata = {"transformer.r": RANK, "transformer.lora_alpha": 6, "transformer.use_rslora": True}
    lora = Lora(save(tmp_path / "lora.safetensors", _diffusers(factors), **metadata))
    layer, (up, down) = next(iter(factors.items()))
    expected = whole[f"{layer}.weight"] + 6 / RANK**0.5 * up @ down
    assert torch.allclose(dict(load(folder, lora).named_parameters())[f"{layer}.weight"], expected, atol=1e-5)


def test_one_file_for_two_denoisers(folder, whole, factors, tmp_path):
    second = {f"transformer_2.{key.removeprefix('transformer.')}": 9 * t for key, t in _diffusers(factors).items()}
    merged = dict(
        load(folder, Lora(save(tmp_path / "lora.safetensors", _diffusers(factors) | second))).named_parameters()
    )
    layer, (up, down) = next(iter(factors.items()))
    assert torch.allclose(merged[f"{layer}.weight"], whole[f"{layer}.weight"] + up @ down, atol=1e-5)


def test_a_lora_for_the_other_denoiser_is_left_out(folder, whole, factors, tmp_path):
    lora = Lora(save(tmp_path / "lora.safetensors", _diffusers(factors)), denoiser="transformer_2")
    merged = dict(load(folder, lora).named_parameters())
    assert all(torch.equal(merged[key], whole[key]) for key in whole)


QUERY = "transformer.blocks.0.attn1.to_q"
SPOILED = {
    "unknown layer": (
        {"transformer.blocks.7.attn1.to_q.lora_A.weight": torch.ones(1, 1)},
        '"blocks.7.attn1.to_q.lora_A.',
    ),
    "unknown part": ({f"{QUERY}.lokr_w1": torch.ones(1)}, '"blocks.0.attn1.to_q.lokr_w1" has no place'),
    "no owner": ({"blocks.9.attn1.to_q.lora_A.weight": torch.ones(1, 1)}, '"blocks.9.attn1.to_q.lora_A.weight" has no'),
    "dora": ({f"{QUERY}.dora_scale": torch.ones(48, 1)}, 'dora_scale" has no place'),
    "text encoder": ({"text_encoder.layers.0.q.lora_A.weight": torch.ones(1, 1)}, "changes the text_encoder"),
    "another width": ({f"{QUERY}.lora_A.weight": torch.ones(RANK, 64)}, "[3, 64], and its weight is [48, 48]"),
    "another rank": ({f"{QUERY}.lora_B.weight": torch.ones(48, 5)}, "factors [48, 5] and [3, 48]"),
    "a bias too wide": ({f"{QUERY}.lora_B.bias": torch.ones(64)}, "has no bias of [64]"),
    "foreign names": ({"diffusion_model.head.head.lora_A.weight": torch.ones(1, 1)}, "not those of a LoRA for Wan"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_does_not_fit_is_named(folder, factors, tmp_path, what):
    more, words = SPOILED[what]
    path = save(tmp_path / "lora.safetensors", _diffusers(factors) | more)
    with pytest.raises(InputError) as caught:
        load(folder, Lora(path))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_half_a_pair_is_named(folder, factors, tmp_path):
    tensors = _diffusers(factors)
    del tensors[f"{QUERY}.lora_B.weight"]
    with pytest.raises(InputError, match=r'"blocks.0.attn1.to_q" has one of its two factors'):
        load(folder, Lora(save(tmp_path / "lora.safetensors", tensors)))


def test_a_truncated_file_is_named(folder, factors, tmp_path):
    path = save(tmp_path / "lora.safetensors", _diffusers(factors))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"lora.safetensors is not a whole safetensors file"):
        load(folder, Lora(path))


def test_a_missing_file_is_named(folder, tmp_path):
    with pytest.raises(InputError, match=r"gone.safetensors"):
        load(folder, Lora(tmp_path / "gone.safetensors"))
