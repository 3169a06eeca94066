"""One call of a pipeline, watched from its scheduler: every family steps it once a step, whatever else it calls back.

    pipe(...)  ──▶ scheduler.step ──▶ count ─▶ check (may cancel) ─▶ progress ─▶ preview, every few steps
                        ▲ once a step; LTX-2's copy for the sound is not counted

Around the call, caches of the denoisers are emptied, and what a pipeline draws without the request's generator
(I2VGen-XL: the still's latents) is drawn from the request's seed. A call that was cancelled or failed leaves the
pipeline as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farm.models.diffusion.overlay import overlay

if TYPE_CHECKING:
    import torch

_OTHER_DRAWS = 0x5DEECE66D
"""Added to the seed for draws without a generator, so that they are not the same numbers as the initial noise."""


@dataclass(slots=True)
class Steps:
    """How far the denoising is."""

    done: int = 0
    total: int = 0
    """0 before the first step has been taken."""


@contextmanager
def denoising(
    pipe: Any,
    *,
    seed: int,
    check: Callable[[], None],
    progress: Callable[[float], None] | None = None,
    preview: Callable[[torch.Tensor], None] | None = None,
    every: int = 5,
) -> Iterator[Steps]:
    """Watch the one call of `pipe` made inside.

    `check` raises to cancel: at the next step. `progress` takes a fraction between 0 and 1, `preview` the sample after
    every `every` steps, but for the last.
    """
    steps = Steps()

    def step(scheduler: Any, inner: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        made = inner(*args, **kwargs)
        if scheduler is not pipe.scheduler:
            return made
        steps.done, steps.total = steps.done + 1, steps.total or _expected(pipe)
        check()
        if progress is not None:
            progress(min(1.0, steps.done / steps.total))
        if preview is not None and steps.done % every == 0 and steps.done < steps.total:
            preview(_sample(made))
        return made

    back = overlay(pipe.scheduler, "step", step)
    try:
        _empty_caches(pipe)
        with _seeded(pipe, seed):
            yield steps
    except BaseException:
        pipe.maybe_free_model_hooks()
        raise
    finally:
        back()


def _expected(pipe: Any) -> int:
    """Steps of this call: fewer than the scheduler's where the start is not pure noise."""
    return getattr(pipe, "_num_timesteps", None) or len(pipe.scheduler.timesteps)


def _sample(made: Any) -> torch.Tensor:
    """What the step believes the end to be, where the scheduler says it; else the sample it made."""
    if isinstance(made, tuple):
        return made[0]
    return made.get("pred_original_sample", made.prev_sample)


def _empty_caches(pipe: Any) -> None:
    for component in pipe.components.values():
        if hasattr(component, "_reset_stateful_cache"):
            component._reset_stateful_cache()


@contextmanager
def _seeded(pipe: Any, seed: int) -> Iterator[None]:
    import torch

    device = pipe._execution_device
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed((seed + _OTHER_DRAWS) % 2**63)
        yield
