"""Weights of no use but to be moved, checked and hashed: safetensors files written by hand, pipelines around them."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Shapes = Mapping[str, Sequence[int]]


def safetensors(shapes: Shapes, metadata: Mapping[str, str] | None = None, fill: bytes = b"\0") -> bytes:
    """A whole safetensors file of float16 tensors."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + fill * end


def text(document: object) -> bytes:
    return json.dumps(document, indent=2).encode()


def sharded(stem: str, shards: Sequence[Shapes], variant: str = "") -> dict[str, bytes]:
    """An index and its shards, as save_pretrained writes them."""
    infix = f".{variant}" if variant else ""
    names = [f"{stem}{infix}-{number + 1:05}-of-{len(shards):05}.safetensors" for number in range(len(shards))]
    places = {tensor: name for name, shapes in zip(names, shards, strict=True) for tensor in shapes}
    index = f"{stem}.safetensors.index{infix}.json"
    files = {name: safetensors(shapes) for name, shapes in zip(names, shards, strict=True)}
    return {index: text({"metadata": {}, "weight_map": places}), **files}


def below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": body for name, body in files.items()}


WAN_INDEX = {
    "_class_name": "WanImageToVideoPipeline",
    "_diffusers_version": "0.35.0",
    "boundary_ratio": None,
    "expand_timesteps": True,
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "UMT5EncoderModel"],
    "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "WanTransformer3DModel"],
    "transformer_2": [None, None],
    "vae": ["diffusers", "AutoencoderKLWan"],
}
WAN_TRANSFORMER = {"_class_name": "WanTransformer3DModel", "in_channels": 48, "out_channels": 48}


def wan(
    *, index: Mapping[str, object] | None = None, transformer: Mapping[str, object] | None = None, width: int = 8
) -> dict[str, bytes]:
    """A pipeline in diffusers layout, with a transformer in two shards: what a loader reads, and nothing else."""
    layers: list[Shapes] = [
        {f"blocks.{number}.attn1.to_q.weight": (width, width), f"blocks.{number}.norm.weight": (width,)}
        for number in range(2)
    ]
    return {
        "model_index.json": text(WAN_INDEX | dict(index or {})),
        "scheduler/scheduler_config.json": text({"_class_name": "UniPCMultistepScheduler"}),
        "tokenizer/tokenizer_config.json": text({}),
        "tokenizer/spiece.model": b"pieces",
        "text_encoder/config.json": text({"model_type": "umt5"}),
        "text_encoder/model.safetensors": safetensors({"shared.weight": (16, width)}),
        "transformer/config.json": text(WAN_TRANSFORMER | dict(transformer or {})),
        **below("transformer", sharded("diffusion_pytorch_model", layers)),
        "vae/config.json": text({"_class_name": "AutoencoderKLWan"}),
        "vae/diffusion_pytorch_model.safetensors": safetensors({"decoder.conv_in.weight": (4, 4, 1, 1)}),
    }


DECOYS = {
    "README.md": b"---\nlicense: apache-2.0\n---\n",
    ".gitattributes": b"*.safetensors filter=lfs\n",
    "run.py": b"raise SystemExit('this must not run')\n",
    "wan_single_file.safetensors": safetensors({"everything": (64, 64)}),
    "text_encoder/pytorch_model.bin": b"\x80\x02pickled" * 100,
    "text_encoder/model.fp32.safetensors": safetensors({"shared.weight": (64, 64)}),
    "text_encoder/flax_model.msgpack": b"flax" * 100,
    "transformer/diffusion_pytorch_model.bin.index.json": b"{}",
    "transformer/modeling.py": b"raise SystemExit('this must not run')\n",
    "vae/diffusion_pytorch_model.fp16.safetensors": safetensors({"decoder.conv_in.weight": (4, 4, 1, 1)}),
    "onnx/model.onnx": b"onnx" * 100,
    "assets/examples/still.png": b"png",
}
"""What publishers put beside it."""


def lora(layers: Sequence[str], width: int = 8, down: str = "lora_A", up: str = "lora_B") -> bytes:
    """A LoRA of rank 2 over these layers."""
    pairs = {f"{layer}.{down}.weight": (2, width) for layer in layers}
    return safetensors(pairs | {f"{layer}.{up}.weight": (width, 2) for layer in layers})


def save(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write `files` below `folder`."""
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder
