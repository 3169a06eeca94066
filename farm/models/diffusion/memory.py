"""Fitting a pipeline into memory: ever leaner ways to hold it, and one error for all the ways memory runs out.

    standard ──out of memory──▶ tiled ──out of memory──▶ offload

| way | VAE | components |
|---|---|---|
| standard | whole frames at once | all on the device |
| tiled | in tiles and a few frames at a time | all on the device |
| offload | as tiled | on the host, one on the device at a time |

Tiles are blended where they meet: as a picture the same, not bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from farm.errors import OutOfMemory

_HOST_IS_FULL = ("can't allocate memory", "not enough memory", "cannot allocate memory")
"""What torch's allocator on the CPU says, in a plain RuntimeError."""


class Hold(StrEnum):
    """How a pipeline is held in memory, from the fastest to the leanest."""

    STANDARD = "standard"
    TILED = "tiled"
    OFFLOAD = "offload"

    def leaner(self, by: int) -> Hold:
        """The way `by` steps leaner, or the leanest there is."""
        ways = list(Hold)
        return ways[min(ways.index(self) + by, len(ways) - 1)]


def settle(pipe: Any, hold: Hold, device: str) -> None:
    """Put a loaded pipeline on its device the way `hold` says. On the CPU there is nowhere to offload to."""
    if hold is not Hold.STANDARD:
        _tile(pipe.vae)
    if hold is Hold.OFFLOAD and device != "cpu":
        pipe.enable_model_cpu_offload(device=device)
    else:
        pipe.to(device)


def _tile(vae: Any) -> None:
    """Every way of working in parts that the VAE has. LTX does not save that it can also go by few frames."""
    for name in ("enable_tiling", "enable_slicing"):
        if hasattr(vae, name) and _has_tiles(vae, name):
            getattr(vae, name)()
    for name in ("use_framewise_encoding", "use_framewise_decoding"):
        if hasattr(vae, name):
            setattr(vae, name, True)


def _has_tiles(vae: Any, name: str) -> bool:
    """Every VAE has the methods; those that lack the attribute behind them would raise."""
    return hasattr(vae, name.replace("enable", "use"))


@contextmanager
def memory_errors(doing: str) -> Iterator[None]:
    """Raise `OutOfMemory` for whatever says that memory ran out while `doing`; all else passes through."""
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(_sentence(doing, error)) from error
    except RuntimeError as error:
        if any(words in str(error).lower() for words in _HOST_IS_FULL):
            raise OutOfMemory(_sentence(doing, error)) from error
        raise


def _sentence(doing: str, error: BaseException) -> str:
    first = (str(error).splitlines() or [""])[0]
    return f"out of memory while {doing}: {first}; ask for a smaller frame or fewer frames, or a leaner profile"
