"""A single file of weights: a LoRA and its family, an upscaler, or neither."""

from __future__ import annotations

import collections
import os
import pickle
import zipfile

import pytest
from tiny_weights import lora, safetensors

from farm.errors import InputError
from farm.models.diffusion.installed import Kind
from farm.weights.lone import identify_file

PATH = "w.safetensors"


def written(folder, body: bytes, name: str = PATH):
    path = folder / name
    path.write_bytes(body)
    return path


@pytest.mark.parametrize(
    ("body", "family", "like"),
    [
        pytest.param(lora(["transformer.blocks.0.attn1.to_q"]), "wan", "", id="wan, as diffusers writes it"),
        pytest.param(
            lora(["diffusion_model.blocks.3.self_attn.q"], 3072, "lora_down", "lora_up"),
            "wan",
            "wan22-5b",
            id="wan 5B, as its authors write it",
        ),
        pytest.param(
            lora(["lora_unet_blocks_0_cross_attn_k"], 5120, "lora_down", "lora_up"), "wan", "", id="wan, kohya"
        ),
        pytest.param(
            lora(["transformer.blocks.0.ffn.net.0.proj"], 8, "lora_A.default", "lora_B.default"),
            "wan",
            "",
            id="wan, an adapter of peft",
        ),
        pytest.param(lora(["transformer.transformer_blocks.0.attn2.to_k"], 2048), "ltx", "ltx", id="ltx 2B"),
        pytest.param(lora(["transformer.transformer_blocks.0.attn2.to_k"], 4096), "ltx", "ltx-13b", id="ltx 13B"),
        pytest.param(
            lora([f"transformer.transformer_blocks.0.{a}.to_q" for a in ("attn1", "audio_attn1")]),
            "ltx2",
            "",
            id="ltx2",
        ),
        pytest.param(lora(["transformer.transformer_blocks.7.attn1.to_q"]), "cogvideox", "", id="cogvideox"),
        pytest.param(lora(["transformer.transformer_blocks.7.attn.add_q_proj"]), "hunyuan15", "", id="hunyuan15"),
    ],
)
def test_a_lora_tells_its_family_by_its_layers(body, family, like, tmp_path):
    found = identify_file(written(tmp_path, body))
    assert (found.kind, found.family, found.like) == (Kind.LORA, family, like)


def test_a_lora_of_layers_nobody_knows_says_so(tmp_path):
    found = identify_file(written(tmp_path, lora(["net.layer"])))
    assert (found.kind, found.family) == (Kind.LORA, "")
    assert "--like" in found.note


@pytest.mark.parametrize(
    ("shapes", "problem"),
    [
        pytest.param({"blocks.0.attn1.to_q.lora_A.weight": (2, 8)}, "only one of its two matrices", id="half a pair"),
        pytest.param(
            {f"unet.down_blocks.0.to_q.lora_{a}.weight": (2, 2) for a in "AB"},
            "a LoRA of a model that makes pictures, or of a U-Net",
            id="of a U-Net",
        ),
        pytest.param(
            {f"single_transformer_blocks.0.attn.to_q.lora_{a}.weight": (2, 2) for a in "AB"},
            "makes pictures",
            id="of an image model",
        ),
        pytest.param({"blocks.0.attn1.to_q.lokr_w1": (2, 8)}, "an adapter of another kind", id="a LoKr"),
        pytest.param({"blocks.0.attn1.to_q.weight": (8, 8)}, "neither a LoRA nor an upscaler", id="a whole model"),
        pytest.param({"encoder.conv_in.weight": (8, 3, 3, 3)}, "neither a LoRA nor an upscaler", id="a VAE"),
    ],
)
def test_what_is_neither_is_refused(shapes, problem, tmp_path):
    with pytest.raises(InputError, match=problem):
        identify_file(written(tmp_path, safetensors(shapes)))


@pytest.mark.parametrize("name", ["conv_first.weight", "body.0.weight", "model.0.weight"])
def test_a_network_that_reads_pictures_is_an_upscaler(name, tmp_path):
    assert identify_file(written(tmp_path, safetensors({name: (64, 3, 3, 3)}))).kind is Kind.UPSCALER


class _Evil:
    def __reduce__(self):
        return os.system, ("true",)


def archive(folder, document: object, protocol: int = 2):
    path = folder / "w.pth"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("w/data.pkl", pickle.dumps(document, protocol=protocol))
        file.writestr("w/data/0", b"\0" * 64)
    return path


def test_a_pickle_of_tensors_alone_is_taken(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"params_ema": {"conv_first.weight": torch.zeros(4, 3, 3, 3)}}, tmp_path / "w.pth")
    assert identify_file(tmp_path / "w.pth").kind is Kind.UPSCALER


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_would_run_code_is_refused(protocol, tmp_path):
    with pytest.raises(InputError, match="would run code when it is loaded"):
        identify_file(archive(tmp_path, {"a": _Evil(), "b": collections.OrderedDict()}, protocol))


def test_a_pickle_without_tensors_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no tensors"):
        identify_file(archive(tmp_path, {"a": 1}))


@pytest.mark.parametrize(
    ("name", "body"), [("w.pth", b"\x80\x02}q\x00."), ("w.ckpt", b"x"), ("w.bin", b"x"), ("w.safetensors", b"x")]
)
def test_other_files_are_refused(name, body, tmp_path):
    with pytest.raises(InputError, match=rf"{name} is no"):
        identify_file(written(tmp_path, body, name))
