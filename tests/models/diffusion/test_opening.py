"""A weights folder is looked through before anything is loaded, and what is wrong is named with its remedy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from farm.errors import InputError
from farm.models.diffusion.families import ltx, ltx2, pia, svd, wan
from farm.models.diffusion.memory import Hold
from farm.models.diffusion.opening import attention_backend, open_pipeline
from farm.models.diffusion.weights import check_component, parameters

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    """A copy of the tiny TI2V-5B, to be spoilt."""
    return shutil.copytree(tiny_checkpoint("wan22_5b"), tmp_path / "wan22-5b")


def edited(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def cut(path: Path, size_bytes: int) -> None:
    path.write_bytes(path.read_bytes()[:size_bytes])


def in_shards(folder: Path) -> None:
    """The transformer's weights in two files and an index."""
    place = folder / "transformer"
    tensors = load_file(place / WEIGHTS)
    (place / WEIGHTS).unlink()
    names = sorted(tensors)
    where = {name: f"diffusion_pytorch_model-{1 + (name > names[9]):05}-of-00002.safetensors" for name in names}
    for file in set(where.values()):
        save_file({name: tensors[name] for name in names if where[name] == file}, place / file)
    (place / f"{WEIGHTS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def without_second_shard(folder: Path) -> None:
    in_shards(folder)
    (folder / "transformer" / "diffusion_pytorch_model-00002-of-00002.safetensors").unlink()


def without_a_tensor(path: Path) -> None:
    tensors = load_file(path)
    del tensors[max(tensors, key=lambda name: tensors[name].numel())]
    save_file(tensors, path)


SPOILT = {
    "no index": (lambda f: (f / "model_index.json").unlink(), "no model_index.json.*diffusers layout"),
    "no JSON": (lambda f: (f / "model_index.json").write_text("{"), "model_index.json: this is no JSON"),
    "no object": (lambda f: (f / "model_index.json").write_text("[]"), "model_index.json: this is no JSON object"),
    "another family": (
        lambda f: edited(f / "model_index.json", _class_name="FluxPipeline"),
        "this is a FluxPipeline checkpoint, where WanImageToVideoPipeline or WanPipeline is wanted",
    ),
    "text to video": (
        lambda f: edited(f / "model_index.json", _class_name="WanPipeline", expand_timesteps=False),
        "text-to-video checkpoint",
    ),
    "a component missing": (lambda f: shutil.rmtree(f / "text_encoder"), "text_encoder.*the folder is missing"),
    "weights missing": (lambda f: (f / "vae" / WEIGHTS).unlink(), r"vae: there are no \*\.safetensors"),
    "weights cut short": (lambda f: cut(f / "vae" / WEIGHTS, 100_000), "vae/.*has 100000 bytes where its header"),
    "header cut short": (lambda f: cut(f / "vae" / WEIGHTS, 100), "no whole safetensors file"),
    "empty file": (lambda f: cut(f / "vae" / WEIGHTS, 0), "no whole safetensors file"),
    "no safetensors": (lambda f: (f / "vae" / WEIGHTS).write_bytes(b"\2" + bytes(20)), "this is no safetensors file"),
    "a shard missing": (without_second_shard, "00002-of-00002.safetensors.*names this file, but it is missing"),
    "a pickle": (
        lambda f: (f / "vae" / "diffusion_pytorch_model.bin").touch(),
        "convert the checkpoint to safetensors",
    ),
    "code of its own": (
        lambda f: edited(f / "transformer" / "config.json", auto_map={"AutoModel": "mine.Mine"}),
        "its own Python code, which is never run",
    ),
    "code beside the weights": (lambda f: (f / "transformer" / "diffusers.py").touch(), "its own Python code"),
    "weights of another size": (
        lambda f: edited(f / "transformer" / "config.json", ffn_dim=48),
        "cannot be opened as WanImageToVideoPipeline",
    ),
    "tensors missing": (
        lambda f: without_a_tensor(f / "text_encoder" / "model.safetensors"),
        "text_encoder: the weights hold .* parameters where its configuration wants",
    ),
    "tensors of the denoiser missing": (
        lambda f: without_a_tensor(f / "transformer" / WEIGHTS),
        "wan22-5b",
    ),
    "a pipeline of its own": (
        lambda f: edited(f / "model_index.json", _class_name=["pipeline", "MyPipeline"]),
        "MyPipeline.* is wanted",
    ),
    "an unknown class": (
        lambda f: edited(f / "model_index.json", transformer=["diffusers", "NoSuchModel"]),
        "cannot be opened as WanImageToVideoPipeline",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_folder_is_an_input_error_with_place_and_remedy(what, folder):
    spoil, words = SPOILT[what]
    spoil(folder)
    with pytest.raises(InputError, match=words) as raised:
        open_pipeline(folder, wan.RECIPE)
    assert str(folder) in str(raised.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: there is no model_index\.json"):
        open_pipeline(tmp_path / "nowhere", svd.RECIPE)


def test_python_files_of_a_checkpoint_are_never_run(folder, tmp_path):
    trace = tmp_path / "was_run"
    for place in (folder, folder / "transformer", folder / "vae"):
        (place / "mine.py").write_text(f"open({str(trace)!r}, 'w')")
    open_pipeline(folder, wan.RECIPE)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "published", "recipe"),
    [
        ("wan22_5b", "WanPipeline", wan.RECIPE),
        ("ltx", "LTXPipeline", ltx.RECIPE),
        ("ltx2", "LTX2Pipeline", ltx2.RECIPE),
    ],
)
def test_a_checkpoint_published_for_text_to_video_is_opened_as_image_to_video(
    name, published, recipe, tiny_checkpoint, tmp_path
):
    folder = shutil.copytree(tiny_checkpoint(name), tmp_path / name)
    edited(folder / "model_index.json", _class_name=published)
    assert type(open_pipeline(folder, recipe)).__name__ == recipe.pipeline


def test_shards_are_read_through_their_index(folder, tiny_checkpoint):
    in_shards(folder)
    whole = open_pipeline(tiny_checkpoint("wan22_5b"), wan.RECIPE).transformer.state_dict()
    parts = open_pipeline(folder, wan.RECIPE).transformer.state_dict()
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_weights_that_are_there_in_one_variant_only_are_opened(folder):
    for file in folder.rglob("*.safetensors"):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    assert open_pipeline(folder, wan.RECIPE).transformer is not None


@pytest.mark.parametrize(
    ("files", "variant"),
    [
        (["model.safetensors"], None),
        (["model.fp16.safetensors"], "fp16"),
        (["model.fp16.safetensors", "model.safetensors"], None),
        (["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], None),
        (["model.fp16-00001-of-00002.safetensors", "model.fp16-00002-of-00002.safetensors"], "fp16"),
    ],
    ids=str,
)
def test_plain_weights_are_read_where_there_are_any(files, variant, tmp_path):
    for file in files:
        save_file({"weight": torch.zeros(3)}, tmp_path / file)
    assert check_component(tmp_path) == variant
    assert parameters(tmp_path) == 3 * (2 if "-of-" in files[0] else 1)


def test_a_component_handed_in_is_not_loaded(folder):
    mine = open_pipeline(folder, wan.RECIPE).transformer
    assert open_pipeline(folder, wan.RECIPE, components={"transformer": mine}).transformer is mine


def test_the_dtype_is_that_of_all_but_what_needs_full_precision(folder):
    pipe = open_pipeline(folder, wan.RECIPE, dtype="bfloat16")
    assert pipe.transformer.dtype == pipe.text_encoder.dtype == torch.bfloat16
    assert pipe.vae.dtype == torch.float32
    with pytest.raises(InputError, match='no dtype "float8"'):
        open_pipeline(folder, wan.RECIPE, dtype="float8")


def test_a_missing_package_is_named_with_the_way_to_install_it(folder):
    class Needy(wan.Wan):
        needs = ("no_such_package",)

    with pytest.raises(InputError, match=r"needs the Python package no_such_package.*pip install 'farm\[diffusion\]'"):
        open_pipeline(folder, Needy())


def test_pia_joins_a_base_model_and_its_adapter(tmp_path, tiny_checkpoint, opened, asked, take):
    from tiny_unets import motion_adapter, sd_unet

    joined = shutil.copytree(tiny_checkpoint("pia"), tmp_path / "base")
    shutil.rmtree(joined / "motion_adapter")
    edited(joined / "model_index.json", _class_name="StableDiffusionPipeline", motion_adapter=[None, None])
    with pytest.raises(InputError, match="motion_adapter folder"):
        open_pipeline(joined, pia.RECIPE)
    sd_unet().save_pretrained(joined / "unet")
    edited(joined / "model_index.json", unet=["diffusers", "UNet2DConditionModel"])
    motion_adapter().save_pretrained(joined / "motion_adapter")
    request = asked("pia")
    clip = take(open_pipeline(joined, pia.RECIPE), pia.RECIPE, request)
    assert clip.shape[0] == request.frames
    assert not np.array_equal(clip[0], clip[-1])


@pytest.mark.parametrize("name", ["wan22_5b", "ltx", "svd", "cogvideox", "hunyuan15", "ltx2", "pia"])
def test_tiles_change_nothing_of_a_picture_smaller_than_one(name, opened):
    picture = torch.rand(1, 3, 1, 32, 64, generator=torch.Generator().manual_seed(1))
    plain, tiled = (_through(opened(name, hold=hold)[0].vae, picture) for hold in (Hold.STANDARD, Hold.TILED))
    assert torch.allclose(plain, tiled, atol=1e-5)


def _through(vae, picture):
    """Encoded and decoded, as one picture or as a movie of one, whichever the VAE takes."""
    images = type(vae).__name__ in {"AutoencoderKL", "AutoencoderKLTemporalDecoder"}
    count = {"num_frames": 1} if type(vae).__name__ == "AutoencoderKLTemporalDecoder" else {}
    with torch.no_grad():
        return vae.decode(vae.encode(picture[:, :, 0] if images else picture).latent_dist.mode(), **count).sample


def test_on_the_cpu_there_is_nowhere_to_offload_to(opened, asked, take):
    pipe, recipe = opened("wan22_5b", hold=Hold.OFFLOAD)
    assert take(pipe, recipe, asked("wan22_5b")).shape[0] == 5
    assert pipe.vae.use_tiling


def test_torch_s_own_attention_serves_the_cpu_and_masks():
    assert attention_backend(wan.RECIPE, "cpu") is None
    assert attention_backend(svd.RECIPE, "cuda") is None
