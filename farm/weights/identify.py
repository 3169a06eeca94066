"""Which family a pipeline in diffusers layout is of, and which known checkpoint it is like, from its configuration.

    model_index.json: class ─▶ family;  facts of the index and of the denoiser's config.json ─▶ checkpoint

What cannot be told is said, and can be stated: two checkpoints of one architecture that differ in training alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

from farm.errors import InputError
from farm.models.diffusion.checkpoints import CHECKPOINTS, Checkpoint
from farm.models.diffusion.family import FAMILIES, Family
from farm.weights.check import read_json
from farm.weights.layout import INDEX, MOTION_ADAPTER

Settings: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a pipeline is."""

    family: str
    like: str
    """The checkpoint whose sizes, rate, length and steps it takes."""
    note: str = ""
    """What could not be told."""


def identify(folder: Path, like: str = "") -> Identity:
    """What the pipeline in `folder` is; `like` states the checkpoint, and must be of the same family.

    Raises `InputError` for a class of no known family, for one that starts from no still, and for a wrong `like`.
    """
    index = read_json(folder / INDEX)
    family = _family(str(index["_class_name"]), index, folder)
    denoiser = folder / family.denoisers[0] / "config.json"
    told = _ALIKE[family.name](index, read_json(denoiser), str(folder)) if family.name in _ALIKE else _all(family)
    if not like:
        return Identity(family.name, told[0], _doubt(told))
    stated = known(like)
    if stated.family != family.name:
        raise InputError(f"{folder} is of the family {family.name}, and {like} of {stated.family} (see farm models)")
    differs = f"its configuration is that of {' or '.join(told)}, not of {like}" if told and like not in told else ""
    return Identity(family.name, like, differs)


def known(name: str) -> Checkpoint:
    """The known checkpoint of that name; `InputError` names the closest."""
    if name in CHECKPOINTS:
        return CHECKPOINTS[name]
    close = get_close_matches(name.lower(), CHECKPOINTS, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    raise InputError(f'there is no checkpoint "{name}" (known: {", ".join(sorted(CHECKPOINTS))}){hint}')


def _family(class_name: str, index: Settings, folder: Path) -> Family:
    for family in FAMILIES.values():
        if class_name in family.pipelines:
            return family
    if class_name == "WanPipeline" and index.get("expand_timesteps"):
        return FAMILIES["wan"]  # one pipeline makes videos from text and from stills, and is published under the first
    if class_name == "StableDiffusionPipeline" and (folder / MOTION_ADAPTER / "config.json").is_file():
        return FAMILIES["pia"]
    kin = next((family for family in FAMILIES.values() if _stem(class_name) == _stem(family.pipelines[0])), None)
    if kin:
        raise InputError(
            f"{folder}: {class_name} does not start from a still (of {kin.title}, {kin.pipelines[0]} does)"
        )
    classes = ", ".join(family.pipelines[0] for family in FAMILIES.values())
    raise InputError(f"{folder}: {class_name} is of no family that is known here (known: {classes})")


def _stem(class_name: str) -> str:
    return class_name.removesuffix("Pipeline").removesuffix("ImageToVideo")


def _wan(index: Settings, denoiser: Settings, where: str) -> tuple[str, ...]:
    if index.get("expand_timesteps"):
        return ("wan22-5b",)
    if denoiser.get("in_channels") == denoiser.get("out_channels"):
        raise InputError(f"{where}: its transformer has no channels for a still: it makes videos from text alone")
    if index.get("boundary_ratio") or (index.get("transformer_2") or [None])[0]:
        return ("wan22-a14b",)
    return ("wan21-flf",) if denoiser.get("pos_embed_seq_len") else ("wan21-480p", "wan21-720p")


def _ltx(index: Settings, denoiser: Settings, where: str) -> tuple[str, ...]:
    del index, where
    width = denoiser.get("num_attention_heads", 0) * denoiser.get("attention_head_dim", 0)
    return ("ltx-13b",) if width >= 4096 else ("ltx",)


def _cogvideox(index: Settings, denoiser: Settings, where: str) -> tuple[str, ...]:
    del index, where
    return ("cogvideox15",) if denoiser.get("patch_size_t") else ("cogvideox",)


def _svd(index: Settings, denoiser: Settings, where: str) -> tuple[str, ...]:
    del index, where
    by_length = {CHECKPOINTS[name].frames: name for name in ("svd", "svd-xt")}
    frames = denoiser.get("num_frames")
    return (by_length[frames],) if frames in by_length else ("svd-xt", "svd")


def _all(family: Family) -> tuple[str, ...]:
    return tuple(each.name for each in CHECKPOINTS.values() if each.family == family.name)


_ALIKE: Mapping[str, Callable[[Settings, Settings, str], tuple[str, ...]]] = {
    "wan": _wan,
    "ltx": _ltx,
    "cogvideox": _cogvideox,
    "svd": _svd,
}
"""By family: the checkpoints whose configuration it has, the likeliest first."""


def _doubt(told: tuple[str, ...]) -> str:
    if len(told) == 1:
        return ""
    return f"it could be like {' or '.join(told)}: {told[0]} is taken (--like states another)"
