"""Real-ESRGAN's two networks, small, with random weights, saved as their authors save theirs."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from spandrel.architectures.Compact import Compact
from spandrel.architectures.ESRGAN import ESRGAN


def rrdb(scale: int) -> ESRGAN:
    """RRDBNet; its 2x form folds pixels first, as Real-ESRGAN's does."""
    torch.manual_seed(scale)
    if scale == 2:
        return ESRGAN(in_nc=12, num_filters=8, num_blocks=1, scale=4, shuffle_factor=2)
    return ESRGAN(num_filters=8, num_blocks=1, scale=scale)


def compact(scale: int, channels: int = 3) -> Compact:
    """SRVGGNetCompact."""
    torch.manual_seed(scale)
    return Compact(num_in_ch=channels, num_out_ch=channels, num_feat=8, num_conv=3, upscale=scale)


def saved(network: torch.nn.Module, path: Path) -> Path:
    """As .safetensors, or as a .pth with the weights under "params_ema"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file(network.state_dict(), path)
    else:
        torch.save({"params_ema": network.state_dict()}, path)
    return path
