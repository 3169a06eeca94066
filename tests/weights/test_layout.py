"""Of a publisher's listing, what a loader reads: one variant, no pickles, no code."""

from __future__ import annotations

import json

import pytest
from tiny_weights import DECOYS, WAN_INDEX, wan

from farm.errors import InputError
from farm.weights.layout import Component, Needed, components, needed, needed_component

MODEL = "diffusion_pytorch_model"
PARTS = {"transformer": Component("diffusers", "WanTransformer3DModel")}


def names(*weights: str, variant: str = "") -> list[tuple[str, str]]:
    """What is taken of a transformer's folder that has these weights: (published as, kept as)."""
    files = needed([f"transformer/{name}" for name in ("config.json", *weights)], PARTS, "w", variant)
    return [
        (file.path.removeprefix("transformer/"), file.local.removeprefix("transformer/"))
        for file in files
        if not file.path.endswith("config.json")
    ]


def shards(total: int, stem: str = MODEL) -> list[str]:
    return [f"{stem}-{number + 1:05}-of-{total:05}.safetensors" for number in range(total)]


def test_decoys_are_left_where_they_are():
    pipeline = wan()
    files = needed([*pipeline, *DECOYS], components(json.loads(pipeline["model_index.json"]), "w"), "w")
    assert {file.path for file in files} == set(pipeline)
    assert all(file.path == file.local for file in files)


def test_a_licence_comes_along():
    assert needed(
        ["LICENSE.txt", "NOTICE", "README.md", "transformer/config.json", f"transformer/{MODEL}.safetensors"],
        PARTS,
        "w",
    )[:2] == (Needed("LICENSE.txt", "LICENSE.txt"), Needed("NOTICE", "NOTICE"))


@pytest.mark.parametrize(
    ("published", "variant", "taken"),
    [
        pytest.param([f"{MODEL}.safetensors", f"{MODEL}.fp16.safetensors"], "", f"{MODEL}.safetensors", id="plain"),
        pytest.param(
            [f"{MODEL}.safetensors", f"{MODEL}.fp16.safetensors"],
            "fp16",
            f"{MODEL}.fp16.safetensors",
            id="the variant asked for",
        ),
        pytest.param([f"{MODEL}.safetensors"], "fp16", f"{MODEL}.safetensors", id="plain where it has no variant"),
        pytest.param(
            [f"{MODEL}.fp16.safetensors", f"{MODEL}.bf16.safetensors"],
            "",
            f"{MODEL}.bf16.safetensors",
            id="bf16 before fp16",
        ),
        pytest.param([f"{MODEL}.fp32.safetensors"], "", f"{MODEL}.fp32.safetensors", id="fp32 where there is no other"),
        pytest.param(
            [f"{MODEL}.safetensors", "model.safetensors"], "", f"{MODEL}.safetensors", id="diffusers' own stem"
        ),
        pytest.param([f"{MODEL}.safetensors", f"{MODEL}.bin", "old.ckpt"], "", f"{MODEL}.safetensors", id="no pickle"),
    ],
)
def test_one_file_is_taken_and_kept_under_its_plain_name(published, variant, taken):
    assert names(*published, variant=variant) == [(taken, f"{MODEL}.safetensors")]


def test_an_encoder_of_transformers_has_its_own_stem():
    part = {"text_encoder": Component("transformers", "UMT5EncoderModel")}
    files = ["text_encoder/config.json", f"text_encoder/{MODEL}.safetensors", "text_encoder/model.safetensors"]
    assert [file.path for file in needed(files, part, "w")][1:] == ["text_encoder/model.safetensors"]


def test_shards_come_with_their_index():
    index = f"{MODEL}.safetensors.index.json"
    assert names(index, *shards(3)) == [(name, name) for name in sorted([index, *shards(3)])]


@pytest.mark.parametrize(
    ("index", "stem"),
    [
        (f"{MODEL}.safetensors.index.fp16.json", f"{MODEL}.fp16"),
        (f"{MODEL}.fp16.safetensors.index.json", f"{MODEL}.fp16"),
    ],
)
def test_the_index_of_a_variant_gets_its_plain_name_and_its_shards_keep_theirs(index, stem):
    taken = dict(names(index, *shards(2, stem), *shards(2), f"{MODEL}.safetensors.index.json", variant="fp16"))
    assert taken == {index: f"{MODEL}.safetensors.index.json"} | {name: name for name in shards(2, stem)}


def test_shards_win_over_a_single_file_where_an_index_names_them():
    index = f"{MODEL}.safetensors.index.json"
    assert f"{MODEL}.safetensors" not in dict(names(index, *shards(2), f"{MODEL}.safetensors"))


@pytest.mark.parametrize(
    ("published", "problem"),
    [
        pytest.param([f"{MODEL}.bin"], rf"transformer: its weights are pickled \({MODEL}.bin\)", id="pickled"),
        pytest.param([], "transformer: its weights are missing", id="none"),
        pytest.param(
            [f"{MODEL}.safetensors.index.json", *shards(3)[:2]],
            "1 of its 3 files of weights are missing",
            id="a shard is missing",
        ),
        pytest.param([f"{MODEL}.safetensors.index.json"], "its weights are missing", id="an index alone"),
        pytest.param(shards(2), "in 2 files without an index", id="no index"),
        pytest.param([f"{MODEL}.fp8.safetensors"], "published as fp8 alone", id="only a variant that is not used"),
        pytest.param([f"{MODEL}.safetensors", "diffusers.py"], r"code of its own \(diffusers.py\)", id="code"),
    ],
)
def test_what_a_loader_could_not_use_is_refused(published, problem):
    with pytest.raises(InputError, match=problem):
        names(*published)


def test_a_component_that_is_not_there_is_named():
    with pytest.raises(InputError, match="w: transformer is missing"):
        needed(["model_index.json"], PARTS, "w")


def test_a_tokenizer_needs_no_weights_though_it_has_a_config():
    part = {"tokenizer": Component("transformers", "T5TokenizerFast")}
    files = needed(["tokenizer/config.json", "tokenizer/spiece.model", "tokenizer/code.py"], part, "w")
    assert [file.path for file in files] == ["tokenizer/config.json", "tokenizer/spiece.model"]


def test_a_lone_component_gets_its_folder():
    files = needed_component(["config.json", f"{MODEL}.fp16.safetensors", "README.md"], "motion_adapter", "w", "fp16")
    assert files == (
        Needed("config.json", "motion_adapter/config.json"),
        Needed(f"{MODEL}.fp16.safetensors", f"motion_adapter/{MODEL}.safetensors"),
    )


def test_components_are_what_the_index_names_and_is_not_null():
    assert set(components(WAN_INDEX, "w")) == {"scheduler", "text_encoder", "tokenizer", "transformer", "vae"}


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        ([], "names no pipeline"),
        ({"transformer": ["diffusers", "X"]}, "_class_name is None"),
        ({"_class_name": ["pipeline", "MyPipeline"]}, "a pipeline with code of its own is not run"),
        ({"_class_name": "WanPipeline"}, "names no component"),
        ({"_class_name": "WanPipeline", "../../etc": ["diffusers", "X"]}, "names no component"),
    ],
    ids=str,
)
def test_an_index_that_names_no_pipeline_is_refused(index, problem):
    with pytest.raises(InputError, match=problem):
        components(index, "w")
