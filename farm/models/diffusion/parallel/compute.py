"""What one rank computes for a call of its denoiser, and how the halves of a gang put theirs together.

    PLAIN   forward(arguments)                                                         on every rank
    PAIR    cfg 1: forward(both as one batch), or one after the other   ─▶ two outputs
            cfg 2: forward(this half's), gathered over the cfg axis     ─▶ two outputs
    HALVES  cfg 2: forward(this half's rows), gathered, joined on dim 0 ─▶ one output

diffusers' caches keep a state for each context: a batch of two passes has one of its own, as its states have twice the
rows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed

from farm.errors import OutOfMemory
from farm.models.diffusion.parallel.forwards import FORWARDS, Forward
from farm.models.diffusion.parallel.group import Axis
from farm.models.diffusion.parallel.nest import filled, joined, leaves
from farm.models.diffusion.parallel.octets import from_octets, to_octets
from farm.models.diffusion.parallel.rows import as_batch, as_two, half
from farm.models.diffusion.parallel.wire import Arguments, Call, Mode


@dataclass(slots=True)
class Denoiser:
    """A rank's module, with its own forward, from before anybody wraps it."""

    module: Any
    """A torch module, of a class whose attributes no stub knows."""
    cfg: Axis
    forward: Callable[..., Any]
    known: Forward | None
    context: str = ""
    """Of diffusers' caches, which the pipeline or this rank has entered."""

    @classmethod
    def of(cls, module: Any, cfg: Axis | None = None) -> Denoiser:
        known = FORWARDS.get(type(module).__name__)
        denoiser = cls(module, cfg or Axis(0, 1), module.forward, known)
        if hasattr(module, "cache_context"):
            module.cache_context = _tracked(denoiser, module.cache_context)
        return denoiser

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call by name."""
        names = list(inspect.signature(type(self.module).forward).parameters)[1:]
        return dict(zip(names, args, strict=False)) | kwargs

    def compute(self, call: Call) -> list[Any]:
        """The call's outputs: two for a pair, else one."""
        with _memory_told():
            match call.mode:
                case Mode.PLAIN:
                    return [self._run(call.arguments, *call.contexts[:1])]
                case Mode.PAIR:
                    return self._pair(call.arguments, {**call.arguments, **call.second}, call.contexts)
                case Mode.HALVES:
                    assert self.known, "only a known class's batch is halved"
                    mine = half(self.known, call.arguments, self.cfg.rank)
                    return [joined(self._gathered(self._run(mine, *call.contexts[:1])))]

    def reset(self) -> None:
        """Forget what caches keep from an earlier clip."""
        if hasattr(self.module, "_reset_stateful_cache"):
            self.module._reset_stateful_cache()

    def _pair(self, first: Arguments, second: Arguments, contexts: tuple[str, ...]) -> list[Any]:
        if self.cfg.degree == 2:
            mine = (first, second)[self.cfg.rank]
            return self._gathered(self._run(mine, *contexts[self.cfg.rank : self.cfg.rank + 1]))
        if batch := as_batch(self.known, first, second):
            return as_two(self._run(batch, *(["+".join(contexts)] if contexts else [])))
        return [self._run(first, *contexts[:1]), self._run(second, *contexts[1:])]

    def _run(self, arguments: Arguments, context: str = "") -> Any:
        if context and context != self.context:
            with self.module.cache_context(context):
                return self.forward(**arguments)
        return self.forward(**arguments)

    def _gathered(self, output: Any) -> list[Any]:
        """The output of each half of the ranks."""
        parts = [_of_all(tensor, self.cfg) for tensor in leaves(output)]
        return [filled(output, [part[rank] for part in parts]) for rank in range(self.cfg.degree)]


def _of_all(tensor: torch.Tensor, axis: Axis) -> list[torch.Tensor]:
    """What each rank of the axis has of it."""
    mine = to_octets(tensor)
    octets = [torch.empty_like(mine) for _ in range(axis.degree)]
    distributed.all_gather(octets, mine, group=axis.group)
    return [from_octets(other, tensor.dtype, tensor.shape) for other in octets]


@contextmanager
def _memory_told() -> Iterator[None]:
    """Say in the farm's words that memory ran out."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(f"the denoiser did not fit: {error}") from error
    except RuntimeError as error:
        if "DefaultCPUAllocator" not in str(error):
            raise
        raise OutOfMemory(f"the denoiser did not fit: {error}") from error


def _tracked(denoiser: Denoiser, enter: Callable[..., AbstractContextManager[None]]) -> Any:
    """The module's own `cache_context`, with a note of which is entered."""

    @contextmanager
    def cache_context(name: str, **more: Any) -> Iterator[None]:
        outer, denoiser.context = denoiser.context, name
        try:
            with enter(name, **more):
                yield
        finally:
            denoiser.context = outer

    return cache_context
