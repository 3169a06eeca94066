"""Weights in a single file: a LoRA or an upscaler, told by the names and shapes of its tensors.

    names ending in lora_A / lora_down, in pairs ─▶ LoRA ─▶ family by the names of the layers it changes
    a first convolution that reads a picture     ─▶ upscaler

A pickled upscaler is taken when its pickle rebuilds tensors and nothing else: its instructions are read, never run.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.installed import Kind
from farm.weights.header import Tensor, read_header

_DOWN = re.compile(r"(?P<layer>.+)[._](lora_A(\.\w+)?|lora_down|lora\.down)\.weight")
_UP = re.compile(r"(?P<layer>.+)[._](lora_B(\.\w+)?|lora_up|lora\.up)\.weight")
_OTHER_ADAPTERS = re.compile(r".*(lokr_w[12]|hada_w[12]|dora_scale|lora_magnitude_vector)")

_LAYERS: tuple[tuple[str, str], ...] = (
    ("ltx2", r"transformer_blocks[._]\d+[._](audio_(attn|ff)|audio_to_video|video_to_audio)"),
    ("hunyuan15", r"(?<!single_)transformer_blocks[._]\d+[._]attn[._](add_[qkv]_proj|to_add_out|to_q)"),
    ("ltx", r"transformer_blocks[._]\d+[._]attn2[._]"),
    ("cogvideox", r"transformer_blocks[._]\d+[._]attn1[._]"),
    ("wan", r"(^|[._])blocks[._]\d+[._](self_attn|cross_attn|attn1|attn2|ffn)[._]"),
)
"""Families by the layers only they have, the more particular first."""

_IMAGE_MODELS = re.compile(r"(single_transformer_blocks|joint_blocks|(down|up)_blocks[._]\d+[._]|mid_block[._])")
"""Layers of models that make pictures, and of U-Nets."""

_WIDTHS = {("wan", 3072): "wan22-5b", ("ltx", 2048): "ltx", ("ltx", 4096): "ltx-13b"}
"""The only checkpoint of a family whose layers are that wide."""

_PICTURE_CHANNELS = frozenset({3, 12, 48})
"""Of RGB, whole or folded 2x2 or 4x4 into channels."""

_REBUILDING = frozenset(
    {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"}
    | {f"torch {kind}Storage" for kind in ("Float", "Half", "BFloat16", "Double", "Long", "Int")}
)
"""All that the pickle of a state dict calls for."""


@dataclass(frozen=True, slots=True)
class Lone:
    """What a single file is."""

    kind: Kind
    family: str = ""
    like: str = ""
    note: str = ""


def identify_file(path: Path) -> Lone:
    """What the file at `path` is. Raises `InputError` for anything else than a LoRA or an upscaler that is whole."""
    if path.suffix in {".pth", ".pt"}:
        return _pickled(path)
    if path.suffix != ".safetensors":
        raise InputError(f"{path} is no weights file (LoRAs are .safetensors, upscalers .safetensors, .pth or .pt)")
    tensors = read_header(path).tensors
    if others := next((name for name in tensors if _OTHER_ADAPTERS.match(name)), ""):
        raise InputError(f'{path} is an adapter of another kind ("{others}"): LoRAs alone are merged here')
    if any(map(_DOWN.fullmatch, tensors)):
        return _lora(path, tensors)
    if any(_reads_pictures(name, tensor) for name, tensor in tensors.items()):
        return Lone(Kind.UPSCALER)
    raise InputError(
        f"{path} is neither a LoRA nor an upscaler ({len(tensors)} tensors; a whole model is a folder in diffusers"
        " layout: convert a single file with from_single_file and save_pretrained)"
    )


def _lora(path: Path, tensors: Mapping[str, Tensor]) -> Lone:
    down, up = _layers(_DOWN, tensors), _layers(_UP, tensors)
    if unpaired := sorted(down.keys() ^ up.keys()):
        raise InputError(f'{path} is an incomplete LoRA: "{unpaired[0]}" has only one of its two matrices')
    names = "\n".join(down)
    if _IMAGE_MODELS.search(names):
        raise InputError(f"{path} is a LoRA of a model that makes pictures, or of a U-Net: no family here takes it")
    family = next((name for name, pattern in _LAYERS if re.search(pattern, names, re.MULTILINE)), "")
    if not family:
        return Lone(Kind.LORA, note="its layers do not tell its family (--like states it)")
    widths = {tensors[name].shape[1] for name in down.values() if len(tensors[name].shape) == 2}
    like = next((_WIDTHS[family, width] for width in sorted(widths) if (family, width) in _WIDTHS), "")
    return Lone(Kind.LORA, family, like)


def _layers(pattern: re.Pattern[str], names: Iterable[str]) -> dict[str, str]:
    """layer -> tensor, of the names that match."""
    return {found["layer"]: name for name in names if (found := pattern.fullmatch(name))}


def _reads_pictures(name: str, tensor: Tensor) -> bool:
    is_filter = len(tensor.shape) == 4 and tensor.shape[1] in _PICTURE_CHANNELS and tensor.shape[2] == tensor.shape[3]
    return is_filter and name.endswith("weight") and not name.startswith(("encoder.", "decoder.", "model.diffusion"))


def _pickled(path: Path) -> Lone:
    """What torch.save wrote: safe when its pickle only rebuilds tensors."""
    try:
        with zipfile.ZipFile(path) as archive:
            pickle = next((name for name in archive.namelist() if name.endswith("/data.pkl")), "")
            opcodes = list(pickletools.genops(archive.read(pickle))) if pickle else []
            bad = archive.testzip()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(f"{path} is no state dict as torch writes it: {error} (save it as .safetensors)") from error
    calls = set(_calls(opcodes))
    if strange := sorted(calls - _REBUILDING):
        raise InputError(f"{path} would run code when it is loaded ({strange[0]}): it is not taken")
    if bad or not calls:
        raise InputError(f"{path} is damaged, or holds no tensors ({bad or 'no data.pkl'})")
    return Lone(Kind.UPSCALER)


def _calls(opcodes: Iterable[tuple[pickletools.OpcodeInfo, object, int | None]]) -> Iterator[str]:
    """ "module name" of all that a pickle would import; torch names them outright, so what computes a name is odd."""
    for opcode, argument, _ in opcodes:
        if opcode.name == "GLOBAL":
            yield str(argument)
        elif opcode.name in {"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}:
            yield f"opcode {opcode.name}"
