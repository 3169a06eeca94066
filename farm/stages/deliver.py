"""deliver: a chosen take becomes what the studio takes away.

mezzanine ─▶ conform to the cut's frames and rate ─▶ fit ─▶ preset of the product ─▶ clip, counted again
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from farm.chain import DeliverParams
from farm.errors import InputError, MediaError
from farm.media import PRODUCTS, MovieFacts, Target, probe, transcode
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass


def run(inputs: Mapping[str, Path], params: DeliverParams, ctx: Context) -> Outputs:
    """Deliver one clip. Raises `InputError` for an unknown product, `MediaError` when the result is not as asked."""
    preset = PRODUCTS.get(params.product)
    if preset is None:
        raise InputError(f'there is no product "{params.product}": choose one of {", ".join(sorted(PRODUCTS))}')
    source = probe(inputs["mezzanine"])
    clip = ctx.scratch / f"clip{preset.suffix}"
    tags = {"title": params.title, "comment": params.comment}
    transcode(
        inputs["mezzanine"],
        source,
        Target(clip, preset, {name: words for name, words in tags.items() if words}),
        width=params.width,
        height=params.height,
        fps=params.fps,
        frames=params.frames,
        skip=params.skip,
        fit=params.fit,
        threads=ctx.threads,
        check=ctx.check,
    )
    as_asked(probe(clip), params.width, params.height, params.frames, params.fps, clip.name)
    ctx.progress(1.0)
    facts = {"product": params.product, "conform": _conform(source, params)}
    return Outputs({"clip": Output(clip, FileClass.DELIVERABLE)}, facts)


def as_asked(facts: MovieFacts, width: int, height: int, frames: int, fps: Fraction, name: str) -> None:
    """Raise `MediaError` unless a movie has exactly this size, length and rate."""
    made = (facts.width, facts.height, facts.frames, facts.fps)
    if made != (width, height, frames, fps):
        raise MediaError(
            f"{name} came out as {facts.width}x{facts.height}, {facts.frames} frames at {facts.fps} fps, "
            f"where {width}x{height}, {frames} at {fps} was asked for"
        )


def _conform(source: MovieFacts, params: DeliverParams) -> str:
    """What was done to the take's length, in a word: none, trim, hold or retime."""
    if source.fps != params.fps:
        return "retime"
    left = source.frames - params.skip
    if left == params.frames:
        return "none"
    return "trim" if left > params.frames else "hold"
