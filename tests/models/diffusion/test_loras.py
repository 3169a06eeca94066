"""LoRAs of a shot: as written, as options, as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.errors import InputError
from farm.models.diffusion.family import FAMILIES
from farm.models.diffusion.installed import Installed, Kind, WeightFile
from farm.models.diffusion.loras import asked, files
from farm.models.diffusion.parallel.lora import Lora


def record(name: str, family: str, digest: str = "0") -> Installed:
    file = WeightFile(path=f"{name}.safetensors", size=1, sha256=digest * 64)
    return Installed(
        name=name, kind=Kind.LORA, family=family, fingerprint=digest * 32, files=(file,), home=Path("/m") / name
    )


RECORDS = {each.name: each for each in (record("anna", "wan"), record("any", ""), record("sea", "ltx"))}
WAN = FAMILIES["wan"]


def test_what_is_written_comes_out_as_files():
    options = asked(["anna:0.8", "any", "anna:-1:transformer_2"], WAN, RECORDS)
    folder = Path("/m/anna/weights/anna.safetensors")
    assert list(files(options, RECORDS)) == [
        Lora(folder, 0.8),
        Lora(Path("/m/any/weights/any.safetensors"), 1.0),
        Lora(folder, -1.0, "transformer_2"),
    ]


def test_the_weights_of_a_lora_are_part_of_the_option():
    other = {"anna": record("anna", "wan", "1")}
    assert asked(["anna"], WAN, RECORDS) != asked(["anna"], WAN, other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bella", "there is no LoRA bella here .known: anna, any, sea; farm models add FILE"),
        ("anna:strong", '"anna:strong" is no LoRA: write name, or name:0.8'),
        ("anna:99", '"anna:99" is no LoRA'),
        ("anna:nan", '"anna:nan" is no LoRA'),
        ("anna:1:transformer_2:x", "is no LoRA"),
        (":1", "is no LoRA"),
        ("", "is no LoRA"),
        ("sea", "the LoRA sea is for ltx models"),
        ("anna:1:unet", "unet is none of its denoisers"),
    ],
)
def test_a_lora_that_cannot_be_used_is_named(text, said):
    with pytest.raises(InputError, match=said):
        asked([text], WAN, RECORDS)


def test_a_family_without_loras_says_so():
    with pytest.raises(InputError, match="Stable Video Diffusion takes no LoRAs"):
        asked(["any"], FAMILIES["svd"], RECORDS)


def test_a_machine_with_another_file_refuses():
    options = asked(["anna"], WAN, RECORDS)
    with pytest.raises(InputError, match="this machine has another LoRA anna"):
        list(files(options, {"anna": record("anna", "wan", "1")}))
    with pytest.raises(InputError, match="this machine has no LoRA anna"):
        list(files(options, {}))
