"""Classifier-free guidance, recognised at the denoiser: both passes of a step computed at once.

    two calls a step (Wan, HunyuanVideo)         one call, both passes in the batch (LTX, LTX-2, CogVideoX, UNets)
      step 1   first, second: plain, learned       cfg 2: a half of the batch on each half of the ranks
      step 2…  first ─▶ PAIR ─▶ first's output     else: as it is
               second ─────────▶ kept output

Two calls are a pair when they differ in nothing but the embeddings. The pipeline makes the second one itself: it is
answered with what was computed ahead only if every argument is the very object, unchanged, that was foreseen. What is
not foreseen is computed as it comes, so that a wrong guess costs time and never a wrong frame; an output that nobody
fetched means that guidance has ended, and the pair is forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from farm.models.diffusion.parallel.compute import Denoiser
from farm.models.diffusion.parallel.forwards import Forward
from farm.models.diffusion.parallel.rows import halvable
from farm.models.diffusion.parallel.seen import same, snapshot
from farm.models.diffusion.parallel.wire import Arguments, Call, Mode

Compute = Callable[[Call], list[Any]]


@dataclass(frozen=True, slots=True)
class _Made:
    """A call, to compare others with."""

    name: str
    arguments: Any
    """A snapshot."""
    context: str = ""
    """Of diffusers' caches."""

    @classmethod
    def of(cls, denoiser: Denoiser, name: str, arguments: Arguments) -> _Made:
        return cls(name, snapshot(arguments), denoiser.context)

    def again(self, name: str, arguments: Arguments) -> bool:
        return self.name == name and same(self.arguments, arguments)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The embeddings of the two passes, as they are given."""

    first: Any
    """A snapshot."""
    second: Arguments
    contexts: tuple[str, ...]


@dataclass(slots=True)
class Guidance:
    """Answers the calls of a pipeline's denoisers; one for all of them, as experts share their embeddings."""

    denoisers: Mapping[str, Denoiser]
    compute: Compute
    _before: _Made | None = None
    _pair: _Pair | None = None
    _step: _Made | None = None
    """What the two calls of the latest pair shared: further calls of its step are no pair."""
    _ahead: tuple[_Made, Any] | None = None
    """The second call that is foreseen, and its output."""

    def answer(self, name: str, arguments: Arguments) -> Any:
        """The output of a denoiser's call."""
        ahead, self._ahead = self._ahead, None
        if ahead:
            foreseen, output = ahead
            if foreseen.again(name, arguments):
                return output
            self._pair = None
        denoiser = self.denoisers[name]
        known = denoiser.known
        if known and known.embeddings:
            return self._first_or_second(denoiser, known, name, arguments)
        halved = known and denoiser.cfg.degree == 2 and halvable(known, arguments)
        return self._alone(denoiser, name, arguments, Mode.HALVES if halved else Mode.PLAIN)

    def forget(self) -> None:
        """Let go of what was seen, and of its memory; a pair is learned anew."""
        self._before = self._pair = self._step = self._ahead = None

    def _first_or_second(self, denoiser: Denoiser, known: Forward, name: str, arguments: Arguments) -> Any:
        embeddings, shared = _parted(known, arguments)
        new_step = not (self._step and self._step.again(name, shared))
        if self._pair and new_step and same(self._pair.first, embeddings):
            self._step = _Made.of(denoiser, name, shared)
            return self._both(denoiser, name, arguments, self._pair)
        output = self._alone(denoiser, name, arguments, Mode.PLAIN)
        before, self._before = self._before, _Made.of(denoiser, name, arguments)
        if before and new_step:
            self._learn(before, self._before, known, arguments)
        return output

    def _alone(self, denoiser: Denoiser, name: str, arguments: Arguments, mode: Mode) -> Any:
        contexts = (denoiser.context,) if denoiser.context else ()
        return self.compute(Call(name, mode, arguments, contexts=contexts))[0]

    def _both(self, denoiser: Denoiser, name: str, arguments: Arguments, pair: _Pair) -> Any:
        foreseen = _Made.of(denoiser, name, {**arguments, **pair.second})
        first_output, second_output = self.compute(Call(name, Mode.PAIR, arguments, pair.second, pair.contexts))
        self._ahead = foreseen, second_output
        return first_output

    def _learn(self, before: _Made, now: _Made, known: Forward, arguments: Arguments) -> None:
        """These two calls are a pair if they differ in their embeddings only."""
        first, shared_before = _parted(known, before.arguments)
        second, shared = _parted(known, arguments)
        if before.again(now.name, arguments) or not _Made(before.name, shared_before).again(now.name, shared):
            return
        contexts = (before.context, now.context) if before.context and now.context else ()
        self._pair, self._step = _Pair(first, second, contexts), _Made(now.name, shared_before)


def _parted(known: Forward, arguments: Arguments) -> tuple[dict[str, Any], dict[str, Any]]:
    """The embeddings, and the rest."""
    embeddings = {name: value for name, value in arguments.items() if name in known.embeddings}
    return embeddings, {name: value for name, value in arguments.items() if name not in known.embeddings}


def answered_by(guidance: Guidance, name: str) -> Callable[..., Any]:
    """A forward for that denoiser's module, with the signature of its own."""
    denoiser = guidance.denoisers[name]

    @functools.wraps(denoiser.forward)
    def forward(*args: Any, **kwargs: Any) -> Any:
        return guidance.answer(name, denoiser.named(args, kwargs))

    return forward


def batch_guidance(modules: Mapping[str, nn.Module]) -> Guidance:
    """Let denoisers on one device compute both passes of a step as one batch, where a pipeline makes two calls.

    The modules' forwards are wrapped in place. Results differ from two calls by rounding only.
    """
    denoisers = {name: Denoiser.of(module) for name, module in modules.items()}
    guidance = Guidance(denoisers, lambda call: denoisers[call.name].compute(call))
    for name, denoiser in denoisers.items():
        denoiser.module.forward = answered_by(guidance, name)
    return guidance
