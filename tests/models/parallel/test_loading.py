"""Reading a denoiser: the bits of `from_pretrained`, a rank's part and no more, and everything that can be wrong."""

from __future__ import annotations

import json
import logging
import re
import shutil
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from tiny_denoisers import CASES, Case

from farm.errors import InputError
from farm.models.diffusion.parallel.choice import WHOLE_SHARE
from farm.models.diffusion.parallel.shard import ShardOf, load_denoiser, weight_bytes

CPU = torch.device("cpu")
UNETS = {
    "svd": Case(
        "UNetSpatioTemporalConditionModel",
        {
            "block_out_channels": (32, 64),
            "down_block_types": ("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            "up_block_types": ("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            "layers_per_block": 1,
            "cross_attention_dim": 32,
            "num_attention_heads": 4,
            "projection_class_embeddings_input_dim": 96,
            "addition_time_embed_dim": 32,
        },
        dict,
    ),
    "i2vgen-xl": Case(
        "I2VGenXLUNet",
        {
            "block_out_channels": (32, 64),
            "down_block_types": ("CrossAttnDownBlock3D", "DownBlock3D"),
            "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D"),
            "layers_per_block": 1,
            "cross_attention_dim": 32,
            "attention_head_dim": 4,
            "norm_num_groups": 8,
        },
        dict,
    ),
    "pia": Case(
        "UNetMotionModel",
        {
            "block_out_channels": (32, 64),
            "down_block_types": ("CrossAttnDownBlockMotion", "DownBlockMotion"),
            "up_block_types": ("UpBlockMotion", "CrossAttnUpBlockMotion"),
            "layers_per_block": 1,
            "cross_attention_dim": 32,
            "num_attention_heads": 4,
            "in_channels": 9,
        },
        dict,
    ),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> dict[str, Path]:
    """Checkpoints, by case; not to be written to."""
    root = tmp_path_factory.mktemp("saved")
    for name, case in {**CASES, **UNETS}.items():
        case.save(root / name)
    return {name: root / name for name in {**CASES, **UNETS}}


@pytest.fixture
def wan(saved, tmp_path) -> Path:
    """A checkpoint of this test's own, to spoil."""
    return Path(shutil.copytree(saved["wan"], tmp_path / "transformer"))


def load(folder: Path, rank: int = 0, degree: int = 1, dtype: torch.dtype = torch.float32) -> Any:
    return load_denoiser(folder, tp=ShardOf(rank, degree), dtype=dtype, device=CPU)


def tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All of them, buffers that no file holds too."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", [*CASES, *UNETS])
def test_one_rank_reads_the_bits_that_from_pretrained_reads(saved, name, dtype):
    ours = load(saved[name], dtype=dtype)
    theirs = getattr(diffusers, {**CASES, **UNETS}[name].class_name).from_pretrained(
        str(saved[name]), torch_dtype=dtype
    )
    assert type(ours) is type(theirs)
    assert ours.config == theirs.config
    assert not ours.training
    expected = tensors(theirs)
    found = tensors(ours)
    assert list(found) == list(expected)
    for key, tensor in found.items():
        assert tensor.dtype == expected[key].dtype, key
        assert torch.equal(tensor, expected[key]), key


@pytest.mark.parametrize("degree", [2, 4])
@pytest.mark.parametrize("name", CASES)
def test_the_parts_of_all_ranks_are_the_whole(saved, name, degree):
    whole = tensors(load(saved[name]))
    parts = [tensors(load(saved[name], rank, degree)) for rank in range(degree)]
    for key, tensor in whole.items():
        of_ranks = [part[key] for part in parts]
        cut = [dim for dim, size in enumerate(tensor.shape) if of_ranks[0].shape[dim] != size]
        assert len(cut) <= 1
        assert torch.equal(torch.cat(of_ranks, cut[0]) if cut else of_ranks[-1], tensor), key


@pytest.mark.parametrize("degree", [2, 4])
def test_a_rank_reads_its_part_and_no_more(tmp_path, caplog, degree):
    case = CASES["cogvideox"]
    config = {**case.config, "num_layers": 8, "attention_head_dim": 24, "use_learned_positional_embeddings": False}
    Case(case.class_name, config, case.inputs).save(tmp_path)
    caplog.set_level(logging.INFO, "farm.models.diffusion.parallel.shard")
    load(tmp_path)
    load(tmp_path, rank=degree - 1, degree=degree)
    whole, part = (int(count) for count in re.findall(r"read (\d+) bytes", caplog.text))
    assert part == weight_bytes(case.class_name, config, degree=degree, dtype=torch.float32)
    assert part <= (1 + WHOLE_SHARE) / degree * whole


def test_an_index_and_its_files(saved, tmp_path):
    model = diffusers.WanTransformer3DModel.from_pretrained(saved["wan"])
    model.save_pretrained(tmp_path, max_shard_size="40KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    for rank in range(2):
        one, several = tensors(load(saved["wan"], rank, 2)), tensors(load(tmp_path, rank, 2))
        assert all(torch.equal(one[key], several[key]) for key in one)


def test_a_variant_alone_is_taken(wan):
    (wan / "diffusion_pytorch_model.safetensors").rename(wan / "diffusion_pytorch_model.fp16.safetensors")
    assert load(wan).config.num_layers == 2


def test_tensors_that_the_class_does_not_use_are_told(wan, caplog):
    _rewrite(
        wan, lambda stored: stored | {"blocks.0.attn1.extra": torch.zeros(2), "blocks.0.norm_added_q": torch.ones(1)}
    )
    load(wan)
    assert "1 tensors are not used" in caplog.text
    assert "blocks.0.attn1.extra" in caplog.text


def _rewrite(folder: Path, change: Any) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "diffusion_pytorch_model.safetensors"
    save_file(change(load_file(path)), path)


def _config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _truncate(folder: Path) -> None:
    path = folder / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _shards(folder: Path) -> Path:
    """Make it an index and several files; the last of them."""
    model = diffusers.WanTransformer3DModel.from_pretrained(folder)
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    return max(folder.glob("*.safetensors"))


def _pickled(folder: Path) -> None:
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({}, folder / "diffusion_pytorch_model.bin")


def _two(folder: Path) -> None:
    path = folder / "diffusion_pytorch_model.safetensors"
    shutil.copy(path, folder / "a.safetensors")
    path.rename(folder / "b.safetensors")


BLOCK = "blocks.1.attn1.to_q.weight"

SPOILED = {
    "no config": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "config is no json": (lambda f: (f / "config.json").write_text("{"), "config.json is not JSON"),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), "holds no JSON object"),
    "config of something else": (lambda f: (f / "config.json").write_text("{}"), "names no _class_name"),
    "unknown class": (lambda f: _config(f, _class_name="WanTransformer9DModel"), "names WanTransformer9DModel"),
    "a pipeline's name": (lambda f: _config(f, _class_name="WanPipeline"), "which is no model"),
    "another class": (lambda f: _config(f, _class_name="LTXVideoTransformer3DModel"), 'have no "'),
    "impossible config": (lambda f: _config(f, patch_size=3), "makes no WanTransformer3DModel"),
    "truncated": (_truncate, "diffusion_pytorch_model.safetensors is not a whole safetensors file"),
    "truncated in a later file": (
        lambda f: (path := _shards(f)).write_bytes(path.read_bytes()[:-1]),
        "00008.safetensors is not a whole safetensors file",
    ),
    "a file of the index is missing": (lambda f: _shards(f).unlink(), "is missing, which diffusion_pytorch_model"),
    "empty file": (lambda f: (f / "diffusion_pytorch_model.safetensors").write_bytes(b""), "not a whole safetensors"),
    "no weights": (lambda f: (f / "diffusion_pytorch_model.safetensors").unlink(), "holds no safetensors file"),
    "pickled": (_pickled, "diffusion_pytorch_model.bin is pickled"),
    "two files": (_two, "holds a.safetensors, b.safetensors"),
    "a tensor is missing": (lambda f: _rewrite(f, lambda s: {k: v for k, v in s.items() if k != BLOCK}), f'"{BLOCK}"'),
    "another shape": (
        lambda f: _rewrite(f, lambda s: s | {BLOCK: torch.zeros(48, 24)}),
        f'"{BLOCK}" is stored as [48, 24], and config.json makes it [48, 48]',
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_is_wrong_is_named_with_its_file(wan, what):
    spoil, words = SPOILED[what]
    spoil(wan)
    with pytest.raises(InputError) as caught:
        load(wan)
    assert words in str(caught.value)
    assert str(wan) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "degree", "words"),
    [("wan", 3, "4 attention heads, which 3 does not divide"), ("svd", 2, "cannot be split over tp")],
)
def test_a_degree_that_cannot_be_is_refused_before_anything_is_read(saved, caplog, name, degree, words):
    caplog.set_level(logging.INFO)
    with pytest.raises(InputError, match=words):
        load(saved[name], 0, degree)
    assert "bytes" not in caplog.text
