"""A LoRA asked for, as a value: it travels to the ranks, the weights do not. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lora:
    """One file of low-rank changes, and how strongly they apply."""

    file: Path
    """safetensors."""
    scale: float = 1.0
    denoiser: str = ""
    """Folder of the denoiser it was trained for ("transformer_2"); "" for every denoiser of the model."""
