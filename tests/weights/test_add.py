"""Adding what a studio has itself, from a folder or from a hub."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from hub_server import Hold, Repository, commit_of
from tiny_weights import DECOYS, WAN_INDEX, lora, safetensors, save, text, wan

from farm.errors import Cancelled, InputError, OutOfSpace, StorageError
from farm.models.diffusion.installed import Kind, Overrides, installed
from farm.weights.add import Asked, add
from farm.weights.fetch import SPARE
from farm.weights.shelf import damaged, one, remove
from farm.weights.turn import turn

SHARD = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"
PIPELINE = wan()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A studio's own fine-tune, among what else lies in its folder."""
    harmless = {name: body for name, body in DECOYS.items() if not name.endswith(".bin")}
    return save(tmp_path / "house", PIPELINE | harmless)


@pytest.fixture
def adding(models, hub, listener):
    def run(source: object, name: str = "house-wan", *, free=None, allowed=(), **more):
        asked = Asked(str(source), name, **more)
        return add(
            asked,
            models,
            hub=hub,
            progress=listener,
            taken=("animatic",),
            allowed=allowed,
            **({"free": free} if free else {}),
        )

    return run


# -- fine-tunes -------------------------------------------------------------------------------------------------


def test_a_fine_tune_is_recorded_where_it_stands(house, adding, models, listener):
    before = {path: path.stat().st_mtime_ns for path in house.rglob("*")}
    record = adding(house)
    assert (record.kind, record.family, record.like) == (Kind.MODEL, "wan", "wan22-5b")
    assert record.weights == str(house)
    assert {file.path for file in record.files} == set(PIPELINE)
    assert installed(models) == (record,)
    assert [path.name for path in (models / "house-wan").iterdir()] == ["model.json"]
    assert {path: path.stat().st_mtime_ns for path in house.rglob("*")} == before
    assert listener.moved == sum(map(len, PIPELINE.values()))


def test_a_fine_tune_and_the_same_files_pulled_have_one_fingerprint(house, adding, models, hub, listener):
    from farm.weights.pull import pull

    assert adding(house).fingerprint == pull("wan22-5b", models, hub=hub, progress=listener).fingerprint


def test_a_copy_stands_in_the_models_folder(house, adding, models):
    record = adding(house, copy=True)
    shutil.rmtree(house)
    assert (record.weights, record.folder) == ("weights", models / "house-wan" / "weights")
    assert {path: (record.folder / path).read_bytes() for path in PIPELINE} == PIPELINE
    assert record.sources == (str(house),)


def test_a_variant_is_taken_as_a_copy_under_its_plain_name(house, adding, listener):
    plain, variant = (f"vae/diffusion_pytorch_model{infix}.safetensors" for infix in ("", ".fp16"))
    (house / plain).rename(house / variant)
    with pytest.raises(InputError, match=rf"{variant} is a variant, .* called {plain} \(--copy"):
        adding(house)
    record = adding(house, copy=True)
    assert (record.folder / plain).read_bytes() == (house / variant).read_bytes()


def test_pickles_beside_the_weights_are_left_out_of_a_copy(house, adding):
    pickle = save(house, {"text_encoder/pytorch_model.bin": DECOYS["text_encoder/pytorch_model.bin"]})
    with pytest.raises(InputError, match=r"pytorch_model\.bin is a pickle, .*--copy takes only what is needed"):
        adding(house)
    assert (pickle / "text_encoder/pytorch_model.bin").is_file()
    assert {file.path for file in adding(house, copy=True).files} == set(PIPELINE)


def test_an_image_model_with_a_motion_adapter_is_a_pia(tmp_path, adding):
    files = {
        "model_index.json": text({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet"]}),
        "unet/config.json": text({}),
        "unet/diffusion_pytorch_model.safetensors": safetensors({"w": (2, 2)}),
        "motion_adapter/config.json": text({}),
        "motion_adapter/diffusion_pytorch_model.safetensors": safetensors({"w": (2, 2)}),
    }
    record = adding(save(tmp_path / "own", files))
    assert (record.family, {file.path for file in record.files}) == ("pia", set(files))


def test_what_is_stated_is_recorded(house, adding):
    own = Overrides(sizes=((704, 1280),), frames=81, fps=Fraction(12), steps=8)
    record = adding(house, overrides=own, licence="House", like="wan22-5b")
    assert (record.overrides, record.licence) == (own, "House")


@pytest.mark.parametrize(
    ("index", "transformer", "like", "note"),
    [
        ({}, {}, "wan22-5b", ""),
        ({"_class_name": "WanPipeline"}, {}, "wan22-5b", ""),
        ({"expand_timesteps": False, "boundary_ratio": 0.9}, {"in_channels": 36, "out_channels": 16}, "wan22-a14b", ""),
        (
            {"expand_timesteps": False},
            {"in_channels": 36, "out_channels": 16, "pos_embed_seq_len": 514},
            "wan21-flf",
            "",
        ),
        (
            {"expand_timesteps": False},
            {"in_channels": 36, "out_channels": 16},
            "wan21-480p",
            "wan21-480p or wan21-720p",
        ),
    ],
    ids=["5b", "5b under its first class", "a14b", "first and last frame", "2.1"],
)
def test_a_wan_is_told_by_its_configuration(index, transformer, like, note, tmp_path, adding, listener):
    record = adding(save(tmp_path / "own", wan(index=index, transformer=transformer)))
    assert (record.family, record.like) == ("wan", like)
    assert note in listener.text


@pytest.mark.parametrize(
    ("class_name", "folder", "config", "family", "like"),
    [
        ("LTXPipeline", "transformer", {"num_attention_heads": 32, "attention_head_dim": 64}, "ltx", "ltx"),
        (
            "LTXConditionPipeline",
            "transformer",
            {"num_attention_heads": 32, "attention_head_dim": 128},
            "ltx",
            "ltx-13b",
        ),
        ("CogVideoXImageToVideoPipeline", "transformer", {"patch_size_t": None}, "cogvideox", "cogvideox"),
        ("CogVideoXImageToVideoPipeline", "transformer", {"patch_size_t": 2}, "cogvideox", "cogvideox15"),
        ("LTX2ImageToVideoPipeline", "transformer", {}, "ltx2", "ltx2"),
        ("HunyuanVideo15ImageToVideoPipeline", "transformer", {}, "hunyuan15", "hunyuan15-480p"),
        ("StableVideoDiffusionPipeline", "unet", {"num_frames": 14}, "svd", "svd"),
        ("StableVideoDiffusionPipeline", "unet", {"num_frames": 25}, "svd", "svd-xt"),
        ("StableVideoDiffusionPipeline", "unet", {"num_frames": 21}, "svd", "svd-xt"),
        ("I2VGenXLPipeline", "unet", {}, "i2vgen-xl", "i2vgen-xl"),
        ("PIAPipeline", "unet", {}, "pia", "pia"),
    ],
)
def test_every_family_is_told_by_its_class_and_its_denoiser(class_name, folder, config, family, like, tmp_path, adding):
    files = {
        "model_index.json": text({"_class_name": class_name, folder: ["diffusers", "Denoiser"]}),
        f"{folder}/config.json": text(config),
        f"{folder}/diffusion_pytorch_model.safetensors": safetensors({"w": (2, 2)}),
    }
    record = adding(save(tmp_path / "own", files))
    assert (record.family, record.like) == (family, like)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"model_index.json": None}, r"has no model_index\.json", id="no index"),
        pytest.param({"model_index.json": b"{"}, r"model_index\.json is no JSON", id="index no JSON"),
        pytest.param(
            {"model_index.json": text(WAN_INDEX | {"_class_name": "FluxPipeline"})},
            "FluxPipeline is of no family that is known here",
            id="another family",
        ),
        pytest.param(
            {"model_index.json": text(WAN_INDEX | {"_class_name": "CogVideoXPipeline"})},
            "CogVideoXPipeline does not start from a still",
            id="text to video",
        ),
        pytest.param(
            {"model_index.json": text(WAN_INDEX | {"expand_timesteps": False})},
            "has no channels for a still",
            id="wan of text alone",
        ),
        pytest.param(
            {"model_index.json": text(WAN_INDEX | {"transformer": ["modeling", "MyTransformer"]})},
            r"code of its own \(modeling\.py\)",
            id="code in a component",
        ),
        pytest.param(
            {"model_index.json": text(WAN_INDEX | {"_class_name": ["run", "MyPipeline"]})},
            "code of its own is not run",
            id="code in the pipeline",
        ),
        pytest.param(
            {"text_encoder/config.json": text({"auto_map": {"AutoModel": "modeling.Mine"}})},
            r"config\.json asks for code of its own \(auto_map\)",
            id="code in a configuration",
        ),
        pytest.param(
            {
                "text_encoder/model.safetensors": None,
                "text_encoder/model.fp32.safetensors": None,
                "text_encoder/pytorch_model.bin": b"x",
            },
            r"text_encoder: its weights are pickled \(pytorch_model\.bin\)",
            id="pickled alone",
        ),
        pytest.param({SHARD: None}, "1 of its 2 files of weights are missing", id="a shard is missing"),
        pytest.param({SHARD: PIPELINE[SHARD][:-1]}, "is cut short", id="cut short"),
        pytest.param(
            {SHARD: safetensors({"other": (2,)})}, r'looks for "blocks\.0\.\w+\.\S+" in', id="of another shard"
        ),
        pytest.param({"transformer/config.json": b"[]"}, r"config\.json holds no settings", id="config no settings"),
    ],
)
def test_what_could_not_be_loaded_is_refused(changes, problem, house, adding, models):
    for name, body in changes.items():
        (house / name).unlink() if body is None else save(house, {name: body})
    with pytest.raises(InputError, match=problem) as told:
        adding(house)
    assert str(house) in str(told.value)
    assert installed(models) == ()


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        (Overrides(sizes=((1280, 720),)), "--size 1280x720: both sides are multiples of 32"),
        (Overrides(frames=80), r"--frames 80: a model like wan22-5b makes 4k\+1, such as 81"),
    ],
    ids=["size", "frames"],
)
def test_overrides_the_family_cannot_make_are_refused(own, problem, house, adding):
    with pytest.raises(InputError, match=problem):
        adding(house, overrides=own)


def test_like_must_be_of_the_family(house, adding):
    with pytest.raises(InputError, match=r"is of the family wan, and ltx of ltx"):
        adding(house, like="ltx")
    with pytest.raises(InputError, match=r'no checkpoint "wan22-5bb" .* did you mean "wan22-5b"'):
        adding(house, like="wan22-5bb")


def test_like_another_configuration_is_noted(house, adding, listener):
    assert adding(house, like="wan21-720p").like == "wan21-720p"
    assert "its configuration is that of wan22-5b, not of wan21-720p" in listener.text


# -- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../house", "a/b", "", "a b", ".hidden", "con", "x" * 65])
def test_a_name_is_a_slug(name, house, adding, models):
    with pytest.raises(InputError, match="--name: "):
        adding(house, name)
    assert not models.exists()


@pytest.mark.parametrize("name", ["animatic", "wan22-5b"])
def test_a_name_the_farm_knows_is_taken(name, house, adding):
    with pytest.raises(InputError, match=f"{name} is a model the farm knows already"):
        adding(house, name)


def test_a_name_that_is_installed_is_taken(house, adding):
    first = adding(house)
    with pytest.raises(InputError, match=r"house-wan is installed already .*farm models remove house-wan"):
        adding(house)
    assert one("house-wan", first.home.parent) == first


def test_a_source_that_is_not_there_is_named(adding, tmp_path):
    with pytest.raises(InputError, match=r"there is no .*nowhere \(name a folder, a file, or owner/name"):
        adding(tmp_path / "nowhere")


def test_one_at_a_time(house, adding, models):
    with turn(models, "house-wan"), pytest.raises(StorageError, match=f"by process {os.getpid()} on"):
        adding(house)


def test_a_copy_needs_room(house, adding, models):
    with pytest.raises(OutOfSpace, match=r"has 100\.0 MB free, and"):
        adding(house, copy=True, free=lambda _: SPARE)
    assert installed(models) == ()
    assert adding(house, copy=True).is_own_copy


# -- LoRAs and upscalers ----------------------------------------------------------------------------------------


def test_a_lora_is_recorded_with_its_family(tmp_path, adding, models):
    path = tmp_path / "dolly.safetensors"
    path.write_bytes(lora(["transformer.blocks.0.attn1.to_q"], 3072))
    record = adding(path, "dolly")
    assert (record.kind, record.family, record.like) == (Kind.LORA, "wan", "wan22-5b")
    assert record.file == path
    assert installed(models) == (record,)


def test_a_lora_that_does_not_tell_is_stated(tmp_path, adding):
    path = tmp_path / "own.safetensors"
    path.write_bytes(lora(["net.layer"]))
    assert (adding(path, "a").family, adding(path, "b", like="ltx").family) == ("", "ltx")
    with pytest.raises(InputError, match="svd takes no LoRAs"):
        adding(path, "c", like="svd")


def test_a_lora_stated_as_what_it_is_not_is_refused(tmp_path, adding):
    path = tmp_path / "own.safetensors"
    path.write_bytes(lora(["transformer.blocks.0.attn1.to_q"]))
    with pytest.raises(InputError, match="is a LoRA of the family wan, and ltx is of ltx"):
        adding(path, like="ltx")


def test_an_upscaler_is_recorded(tmp_path, adding):
    path = tmp_path / "x4.safetensors"
    path.write_bytes(safetensors({"conv_first.weight": (8, 3, 3, 3)}))
    record = adding(path, "x4", copy=True, licence="BSD-3-Clause")
    assert (record.kind, record.family, record.licence) == (Kind.UPSCALER, "", "BSD-3-Clause")
    assert (record.folder / "x4.safetensors").read_bytes() == path.read_bytes()


def test_a_lora_has_no_frames(tmp_path, adding):
    path = tmp_path / "own.safetensors"
    path.write_bytes(lora(["net.layer"]))
    with pytest.raises(InputError, match="a LoRA has no size, length, rate or steps"):
        adding(path, overrides=Overrides(steps=4))


# -- from a hub -------------------------------------------------------------------------------------------------


def test_a_fine_tune_of_a_hub_is_pulled_and_recorded(server, adding, models):
    server.repositories["studio/wan-house"] = Repository(wan(width=4) | DECOYS, licence="mit")
    record = adding("studio/wan-house", like="wan22-5b")
    assert record.sources == (f"studio/wan-house@{commit_of('first')}",)
    assert (record.licence, record.is_own_copy) == ("mit", True)
    assert installed(models) == (record,)


def test_a_revision_can_be_named(server, adding):
    server.repositories["studio/wan-house"] = Repository(wan())
    assert adding(f"studio/wan-house@{commit_of('first')}").sources
    with pytest.raises(InputError, match='studio/wan-house has no revision "v2"'):
        adding("studio/wan-house@v2", "other")


def test_a_family_nobody_knows_is_told_before_its_weights_are_fetched(server, adding, models):
    index = {"model_index.json": text(WAN_INDEX | {"_class_name": "FluxPipeline"})}
    server.repositories["studio/flux"] = Repository(wan() | index)
    with pytest.raises(InputError, match="FluxPipeline is of no family"):
        adding("studio/flux")
    assert not [path for path in server.fetched if path.endswith(".safetensors")]
    assert installed(models) == ()


def test_a_licence_that_is_not_allowed_is_told_before_anything_comes(server, adding):
    server.repositories["studio/wan-house"] = Repository(wan(), licence="cc-by-nc-4.0")
    with pytest.raises(InputError, match=r"licensed as cc-by-nc-4\.0, and the project's licences are Apache-2\.0"):
        adding("studio/wan-house", allowed=("Apache-2.0",))
    assert not server.fetched


def test_a_lora_of_a_hub_is_its_one_file(server, adding):
    files = {"README.md": b"", "dolly.safetensors": lora(["diffusion_model.blocks.0.self_attn.q"])}
    server.repositories["studio/dolly"] = Repository(files, licence="")
    record = adding("studio/dolly", "dolly")
    assert (record.kind, record.family, record.files[0].path) == (Kind.LORA, "wan", "dolly.safetensors")
    server.repositories["studio/dolly"] = Repository(files | {"other.safetensors": b""})
    with pytest.raises(InputError, match="2 files of weights"):
        adding("studio/dolly", "dolly2")


def test_an_add_that_was_stopped_is_gone_on_with(server, adding, models, hub, listener):
    """Whoever listens may stop it: every file in flight ends with its next block."""
    server.repositories["studio/wan-house"] = Repository(wan())
    hold = server.holds[SHARD] = Hold(after=10)

    class Stopping(type(listener)):
        def advance(self, count: int) -> None:
            if hold.reached.is_set():
                hold.released.set()
                raise Cancelled("stopped")
            super().advance(count)

    with pytest.raises((Cancelled, StorageError)):
        add(Asked("studio/wan-house", "house-wan"), models, hub=hub, progress=Stopping())
    assert installed(models) == ()
    hold.released.set()
    assert adding("studio/wan-house").files


# -- later ------------------------------------------------------------------------------------------------------


def test_what_was_added_is_removed_and_its_files_stay(house, adding, models):
    adding(house)
    assert remove("house-wan", models) == f"house-wan is removed; its weights stay in {house}"
    assert installed(models) == ()
    assert {path: (house / path).read_bytes() for path in PIPELINE} == PIPELINE
    adding(house)


def test_a_copy_goes_with_its_record(house, adding, models):
    adding(house, copy=True)
    assert remove("house-wan", models) == "house-wan is removed, with its weights"
    assert not (models / "house-wan").exists()


def test_what_a_pull_left_can_be_removed(models):
    save(models / "wan22-5b" / "weights", {"vae/config.json.part": b"x"})
    remove("wan22-5b", models)
    assert not (models / "wan22-5b").exists()


@pytest.mark.parametrize("name", ["house-wam", "../house", "", ".locks", "house-wan/weights", "own things"])
def test_only_what_is_there_is_removed(name, house, adding, models):
    adding(house)
    save(models / "own things", {"notes.txt": b"x"})
    with pytest.raises(InputError, match=rf'no model "{name}" is installed in .*\(installed: house-wan\)'):
        remove(name, models)
    assert house.is_dir()
    assert (models / ".locks").is_dir()


def test_the_closest_name_is_told(house, adding, models):
    adding(house)
    with pytest.raises(InputError, match='did you mean "house-wan"'):
        one("house-wam", models)


def test_damage_is_found(house, adding, listener):
    record = adding(house)
    assert damaged(record, listener) == ()
    (house / SHARD).write_bytes(PIPELINE[SHARD][:-1] + b"x")
    (house / "vae/config.json").unlink()
    assert damaged(record, listener) == (SHARD, "vae/config.json")
