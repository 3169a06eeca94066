"""What a chosen take needs before it can be delivered: as many pixels, and as many frames a second, as are asked for.

    generate ─▶ upscale (where it is smaller) ─┬▶ interpolate  where it is slower, and keeps its speed  ─┬▶ Finished
                                               ├▶ conform      any other length or rate (`farm.conform`) ─┤
                                               └▶ loop         where it goes round (`farm.looping`) ──────┘

Pure, and a part of the plan. A take that has the size, the rate and the length needs nothing: then its own mezzanine is
the last one, and no task is made. Larger takes are scaled down where they are delivered, and a surplus at the end stays
where it is: delivery reads its range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from farm.chain import (
    ConformParams,
    GenerateParams,
    InterpolateParams,
    LoopParams,
    Params,
    StageName,
    UpscaleParams,
)
from farm.conform import Conform, Done, conform
from farm.errors import InputError
from farm.looping import Loop, looped, method_of
from farm.models.enhance.spec import Interpolator, Upscaler
from farm.shots.model import AUTO, OFF, Fit, Interpolate, Shot
from farm.tasks import Input, Lane, Task

Make = Callable[[StageName, Params, Mapping[str, Input], Lane | None], Task]
"""Makes a task of the shot and take in question."""


LOUDNESS_LUFS = -23.0
"""Of what has no other: EBU R 128."""
SOCIAL_LUFS = -14.0
"""What platforms play everything at."""
LOUDNESS_BY_PRODUCT: Mapping[str, float] = dict.fromkeys(
    ("reels", "tiktok", "linkedin", "x", "youtube-shorts"), SOCIAL_LUFS
)
"""By the name of a delivery preset."""


@dataclass(frozen=True, slots=True)
class Finishers:
    """What takes are finished with."""

    upscalers: Mapping[str, Upscaler]
    """Of those that the list names, the ones there are, by name."""
    interpolator: Interpolator
    upscaler: str
    """Used by shots that leave it open: the project's."""
    gpus: int = 0
    """Of a worker that upscales by a network."""

    def named(self, shot: Shot) -> str:
        """The upscaler that a shot may need; "" for one that wants none."""
        return {AUTO: self.upscaler, OFF: ""}.get(shot.upscale, shot.upscale)


@dataclass(frozen=True, slots=True)
class Finished:
    """A chosen take, ready to be delivered."""

    tasks: tuple[Task, ...]
    """What that takes; none for a take that was ready."""
    mezzanine: Input
    """The last one."""
    skip: int
    """Frames of it before the cut begins: its handle."""


def finish(shot: Shot, generate: Task, finishers: Finishers | None, make: Make) -> Finished:
    """What has to be done to the take that `generate` makes; nothing without `finishers`."""
    take = GenerateParams.model_validate(generate.params)
    size, frames, fps = (take.width, take.height), take.frames, take.fps
    tasks: list[Task] = []
    last = Input(task=generate.id, output="mezzanine")
    if finishers and (name := finishers.named(shot)) and is_smaller(size, shot):
        upscaler, size = finishers.upscalers[name], (shot.width, shot.height)
        tasks.append(
            make(StageName.UPSCALE, _upscale(shot, upscaler, frames), {"mezzanine": last}, _lane(upscaler, finishers))
        )
        last = Input(task=tasks[-1].id, output="mezzanine")
    if finishers is None:
        return Finished(tuple(tasks), last, skipped(shot.handles + shot.trim_in, shot.fps, fps))
    timed = _timed(shot, finishers.interpolator, size, frames, fps, closes=take.loop)
    if timed is not None:
        tasks.append(make(*timed, {"mezzanine": last}, None))
        last = Input(task=tasks[-1].id, output="mezzanine")
    return Finished(tuple(tasks), last, shot.handles + shot.trim_in)


def length_notes(shot: Shot, frames: int, fps: Fraction, *, closes: bool) -> tuple[str, ...]:
    """What will be done to the length of a take, in words."""
    method = method_of(shot, closes=closes)
    if method is None:
        return tuple(filter(None, (_conform(shot, frames, fps).words(),)))
    return tuple(filter(None, (looped(method, frames, fps, shot.nb_frames, shot.fps, shot.handles).words(),)))


def _timed(
    shot: Shot, interpolator: Interpolator, size: tuple[int, int], frames: int, fps: Fraction, *, closes: bool
) -> tuple[StageName, Params] | None:
    """The step that gives a take the frames of its cut; None where it has them."""
    method = method_of(shot, closes=closes)
    is_smooth = shot.interpolate is not Interpolate.OFF
    if method is not None:
        plan = looped(method, frames, fps, shot.nb_frames, shot.fps, shot.handles)
        return None if plan.is_ready else (StageName.LOOP, _loop(plan, interpolator if is_smooth else None, size))
    conformed = _conform(shot, frames, fps)
    if conformed.is_ready:
        return None
    if is_smooth and conformed.keeps_its_speed:
        return StageName.INTERPOLATE, _interpolate(interpolator, size, conformed.frames, shot.fps)
    is_made = is_smooth and conformed.done in {Done.FASTER, Done.SLOWER, Done.BACK}
    return StageName.CONFORM, _conformed(conformed, interpolator if is_made else None, size)


def _conform(shot: Shot, frames: int, fps: Fraction) -> Conform:
    wanted = shot.nb_frames + 2 * shot.handles
    smooth = shot.interpolate is not Interpolate.OFF
    return conform(shot.duration_fit, frames, fps, wanted, shot.fps, smooth=smooth)


def loudness_of(product: str = "") -> float:
    """How loud a product is, in LUFS; the animatic for none."""
    return LOUDNESS_BY_PRODUCT.get(product, LOUDNESS_LUFS)


def is_smaller(size: tuple[int, int], shot: Shot) -> bool:
    """True where a take of `size` has to be enlarged to fill the shot's frame or, shown whole, to reach its bars."""
    ratios = (Fraction(shot.width, size[0]), Fraction(shot.height, size[1]))
    return (min(ratios) if shot.fit is Fit.PAD else max(ratios)) > 1


def skipped(handles: int, shot_fps: Fraction, fps: Fraction) -> int:
    """A handle, counted in the shot's frames, in frames at `fps`, to the nearest."""
    return math.floor(handles * fps / shot_fps + Fraction(1, 2))


def refusals(
    shots: Iterable[Shot], finishers: Finishers, missing: Mapping[str, InputError], licences: Collection[str]
) -> dict[str, str]:
    """Why shots cannot be finished, by their code: an upscaler that is not there, or not allowed."""
    found: dict[str, str] = {}
    for shot in shots:
        name = finishers.named(shot)
        if name in missing:
            found[shot.code] = f"{missing[name]}, or write upscale: {OFF}"
        elif name and licences and finishers.upscalers[name].licence not in licences:
            licence = finishers.upscalers[name].licence or "a licence nobody has declared"
            found[shot.code] = (
                f"the upscaler {name} is under {licence}, which the project does not allow "
                f"(add it to the project's licences, or write upscale: {OFF})"
            )
    return found


def _upscale(shot: Shot, upscaler: Upscaler, frames: int) -> UpscaleParams:
    return UpscaleParams(
        upscaler=upscaler.name,
        revision=upscaler.revision,
        width=shot.width,
        height=shot.height,
        frames=frames,
        fit=shot.fit,
    )


def _interpolate(interpolator: Interpolator, size: tuple[int, int], frames: int, fps: Fraction) -> InterpolateParams:
    return InterpolateParams(
        interpolator=interpolator.name,
        revision=interpolator.revision,
        width=size[0],
        height=size[1],
        frames=frames,
        fps=fps,
    )


def _conformed(plan: Conform, interpolator: Interpolator | None, size: tuple[int, int]) -> ConformParams:
    return ConformParams(
        width=size[0],
        height=size[1],
        frames=plan.frames,
        fps=plan.fps,
        source_frames=plan.source_frames,
        source_fps=plan.source_fps,
        done=plan.done,
        step=plan.step,
        ease=plan.ease,
        interpolator=interpolator.name if interpolator else "",
        revision=interpolator.revision if interpolator else "",
    )


def _loop(plan: Loop, interpolator: Interpolator | None, size: tuple[int, int]) -> LoopParams:
    return LoopParams(
        width=size[0],
        height=size[1],
        frames=plan.total,
        fps=plan.fps,
        handles=plan.handles,
        source_frames=plan.source_frames,
        source_fps=plan.source_fps,
        method=plan.method,
        step=plan.step,
        overlap=plan.overlap,
        ease=plan.ease,
        interpolator=interpolator.name if interpolator else "",
        revision=interpolator.revision if interpolator else "",
    )


def _lane(upscaler: Upscaler, finishers: Finishers) -> Lane | None:
    """A network's own where it has GPUs; else that of everything on the CPU."""
    if not (upscaler.is_network and finishers.gpus):
        return None
    return Lane(name=f"upscale-{upscaler.name}", gpus=finishers.gpus, weights=upscaler.name)
