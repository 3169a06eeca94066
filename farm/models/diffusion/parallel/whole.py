"""A denoiser from its folder, whole, as diffusers reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn


def load_whole(folder: Path, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """The class is the config's."""
    import diffusers
    from diffusers.models import unets

    name = json.loads((folder / "config.json").read_text())["_class_name"]
    kind: Any = getattr(diffusers, name, None) or getattr(unets, name)
    return kind.from_pretrained(str(folder), torch_dtype=dtype).eval().to(device)
