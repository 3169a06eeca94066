"""A model on all ranks of a gang, used from rank 0 as if it stood there alone.

    rank 0   pipeline ─▶ module(…) ─▶ Guidance ─▶ Call ─┬─ Sender ══ header, new tensors ══▶ Receiver   rank 1…
                                                        ├▶ Denoiser.compute                  Denoiser.compute
             output ◀───────────────────────────────────┘   collectives of tp, ulysses, cfg ──┘

Rank 0 alone runs the pipeline: text encoders, VAE, scheduler, seed, cancelling and progress are there and nowhere else,
so the ranks agree by construction. The others `serve` while a clip is being denoised (`Ranks.working`) and hold nothing
but their parts of the denoisers.

What ends rank 0's body between two calls leaves the gang as it was. What goes wrong within a call, on any rank, breaks
off the collectives of all of them: the gang is spoilt, and the error of the rank that failed first is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from torch import nn

from farm.models.diffusion.parallel.guidance import Guidance, answered_by
from farm.models.diffusion.parallel.held import HELD, Held, Parts, Result
from farm.models.diffusion.parallel.lora import Lora
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.parallel.wire import Call, Sender
from farm.models.gang import named
from farm.models.spec import Gang, Placement

_HERE = __name__


class Ranks:
    """Rank 0's hold on a model that stands on all ranks of its gang."""

    def __init__(self, gang: Gang, held: Held) -> None:
        self._gang = gang
        self._held = held
        self._serving = False
        self._sender = Sender()
        self._guidance = Guidance(held.denoisers, self._compute)
        self.modules: Mapping[str, nn.Module] = held.modules
        """Rank 0's parts, for the pipeline: same class, same config, called in the same way, within `working`."""
        for name, module in self.modules.items():
            module.forward = answered_by(self._guidance, name)

    @classmethod
    def open(
        cls,
        gang: Gang,
        folder: Path,
        denoisers: Mapping[str, str],
        plan: ParallelPlan,
        *,
        dtype: str,
        loras: Sequence[Lora] = (),
    ) -> Ranks:
        """Every rank joins the groups of the plan and loads its part of every denoiser.

        `denoisers` gives the folder of each below `folder`, by its name in the pipeline. Raises what a rank raised
        first; the gang is spoilt then.
        """
        parts = Parts(
            key=uuid4().hex, folder=folder, denoisers=dict(denoisers), plan=plan, dtype=dtype, loras=tuple(loras)
        )
        try:
            with gang.beside(f"{_HERE}:take", parts):
                held = Held.take(gang.placement, parts)
        except BaseException:
            gang.spoil()
            raise
        return cls(gang, held)

    @property
    def sent_bytes(self) -> int:
        """Of tensors that travelled to the other ranks, each counted once, so far."""
        return self._sender.sent_bytes

    @contextmanager
    def working(self) -> Iterator[None]:
        """The other ranks serve while the body runs; one for each denoising."""
        self._sender = Sender(self._sender.sent_bytes)
        self._guidance.forget()
        self._held.reset()
        with self._gang.beside(f"{_HERE}:serve", self._held.key):
            self._serving = True
            try:
                yield
            finally:
                self._stop()
                self._guidance.forget()

    def everywhere(self, entry: str, *args: Any) -> list[Any]:
        """Call "module:function" as `function(modules, *args)` on every rank, on its own parts; results by rank.

        For what has to be the same on all of them: attention backend, caches, compiling.
        """
        return self._gang.broadcast(f"{_HERE}:apply", self._held.key, entry, args)

    def close(self) -> None:
        """Let go of the model on every rank; the gang can open another."""
        if not self._gang.spoilt:
            self._gang.broadcast(f"{_HERE}:drop", self._held.key)

    def _compute(self, call: Call) -> list[Any]:
        assert self._serving, "a gang's denoiser is called within Ranks.working()"

        def compute() -> list[Any]:
            self._sender.send(call)
            return self._held.denoisers[call.name].compute(call)

        return self._together(compute)

    def _stop(self) -> None:
        if self._serving:
            self._together(self._sender.stop)
        self._serving = False

    def _together(self, work: Callable[[], Result]) -> Result:
        try:
            return self._held.together(work)
        except BaseException:
            self._serving = False
            self._gang.spoil()
            raise


# -- what the other ranks do ------------------------------------------------------------------------------------------


def take(placement: Placement, parts: Parts) -> None:
    """Meet rank 0, and load this rank's part."""
    Held.take(placement, parts)


def serve(_: Placement, key: str) -> None:
    """Compute what rank 0 calls, until it is done."""
    held = HELD[key]
    held.together(held.serve)


def apply(_: Placement, key: str, entry: str, args: Sequence[Any]) -> Any:
    """Call a function on this rank's modules."""
    held = HELD[key]
    return held.together(lambda: named(entry)(held.modules, *args))


def drop(_: Placement, key: str) -> None:
    """Let go of this rank's part."""
    HELD[key].drop()
