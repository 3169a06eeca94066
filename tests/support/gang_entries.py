"""What tests let the ranks of a gang do, by name ("gang_entries:rank"), and to their modules."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.errors import OutOfMemory, PeerFailed
from farm.models.spec import Placement


def rank(placement: Placement) -> int:
    return placement.rank


def add(placement: Placement, *numbers: int) -> int:
    return placement.rank + sum(numbers)


def touch(placement: Placement, folder: str) -> None:
    Path(folder, f"rank{placement.rank}").write_text(str(os.getpid()))


def wait_for(placement: Placement, path: str) -> None:
    """Return once rank 0 has made this file."""
    while not Path(path).exists():
        time.sleep(0.01)


def run_out_of_memory(placement: Placement, on: int) -> int:
    """On one rank; the others fail because of it."""
    if placement.rank == on:
        raise OutOfMemory(f"rank {on} has no more")
    return placement.rank


def fail_after_another(placement: Placement) -> None:
    if placement.rank:
        raise PeerFailed("because of rank 0")


def stay(placement: Placement, seconds: float) -> None:
    time.sleep(seconds)


def die(placement: Placement) -> None:
    if placement.rank:
        os.kill(os.getpid(), signal.SIGKILL)


# -- to modules -----------------------------------------------------------------------------------------------


def attend_to_own_tokens(modules: Mapping[str, Any]) -> None:
    for module in modules.values():
        for part in module.modules():
            if hasattr(part, "processor"):
                part.processor._parallel_config = None


def count_calls(modules: Mapping[str, Any]) -> None:
    for module in modules.values():
        module.tally = []
        first = next(module.children())
        first.register_forward_hook(lambda *_, module=module: module.tally.append(1))


def calls(modules: Mapping[str, Any]) -> dict[str, int]:
    return {name: len(module.tally) for name, module in modules.items()}


def allocate_too_much(modules: Mapping[str, Any]) -> None:
    """On the ranks after 0, at the next call."""
    import torch
    from torch import distributed

    if distributed.get_rank():
        for module in modules.values():
            first = next(module.children())
            first.register_forward_pre_hook(lambda *_: torch.empty(1 << 50))


def die_at_next_call(modules: Mapping[str, Any]) -> None:
    """On the ranks after 0."""
    from torch import distributed

    if distributed.get_rank():
        for module in modules.values():
            first = next(module.children())
            first.register_forward_pre_hook(lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def fail_on_rank_0(modules: Mapping[str, Any]) -> None:
    """At the next call."""
    from torch import distributed

    if not distributed.get_rank():
        for module in modules.values():
            next(module.children()).register_forward_pre_hook(lambda *_: 1 // 0)


def cache_first_blocks(modules: Mapping[str, Any]) -> None:
    from diffusers import FirstBlockCacheConfig

    for module in modules.values():
        module.enable_cache(FirstBlockCacheConfig(threshold=1e9))
