"""deliver: a chosen take becomes what the studio takes away.

mezzanine ─▶ conform to the cut's frames and rate ─▶ fit ─▶ burn-in, slate ─▶ preset of the product ─▶ clip, or frames
                                                                 counted again ─▶ signed last ─▶ read back ◀──┘
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from PIL import Image

from farm.chain import DeliverParams
from farm.delivery import BurnIn, Signer, Still, leader
from farm.errors import InputError, MediaError
from farm.media import (
    ENCODINGS,
    Burn,
    Conform,
    Lead,
    MovieFacts,
    Preset,
    Target,
    probe,
    read_rgb,
    transcode,
    write_png,
)
from farm.shots.products import PRODUCTS, Product
from farm.shots.reading.timing import rate_text
from farm.shots.timecode import Timebase
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

LAYER, SLATE = "burn-in.png", "slate.png"


def run(inputs: Mapping[str, Path], params: DeliverParams, ctx: Context) -> Outputs:
    """Deliver one clip, or one sequence.

    Raises `InputError` for an unknown product and for a certificate that cannot sign, `MediaError` when the result is
    not as asked or does not say how it was made.
    """
    product = _product(params)
    preset = ENCODINGS[product.encoding]
    source = probe(inputs["mezzanine"])
    conform = _conformed(params, product)
    target = _target(ctx.scratch / f"clip{preset.suffix}", preset, params)
    transcode(
        inputs["mezzanine"],
        source,
        target,
        conform,
        burn=_burn(params, conform, ctx.scratch),
        lead=_lead(params, inputs, ctx.scratch),
        threads=ctx.threads,
        check=ctx.check,
    )
    for name in (LAYER, SLATE):
        (ctx.scratch / name).unlink(missing_ok=True)
    files = _written(target, conform.written_frames + params.slate_frames)
    _check(files, preset, conform, params.slate_frames)
    facts = {"product": params.product, "conform": _conform(source, params), "files": len(files)}
    if params.provenance:
        facts["signed_by"] = _sign(list(files.values()), inputs, params, ctx)
    ctx.progress(1.0)
    return Outputs({name: Output(path, FileClass.DELIVERABLE) for name, path in files.items()}, facts)


def as_asked(facts: MovieFacts, width: int, height: int, frames: int, fps: Fraction, name: str) -> None:
    """Raise `MediaError` unless a movie has exactly this size, length and rate."""
    made = (facts.width, facts.height, facts.frames, facts.fps)
    if made != (width, height, frames, fps):
        raise MediaError(
            f"{name} came out as {facts.width}x{facts.height}, {facts.frames} frames at {facts.fps} fps, "
            f"where {width}x{height}, {frames} at {fps} was asked for"
        )


def _product(params: DeliverParams) -> Product:
    name = params.base or params.product
    if name not in PRODUCTS:
        raise InputError(f'there is no product "{name}": choose one of {", ".join(sorted(PRODUCTS))}')
    return PRODUCTS[name]


def _conformed(params: DeliverParams, product: Product) -> Conform:
    return Conform(
        width=params.width,
        height=params.height,
        fps=params.fps,
        frames=params.frames,
        skip=params.skip,
        fit=params.fit,
        step=product.step_of(params.fps),
    )


def _target(path: Path, preset: Preset, params: DeliverParams) -> Target:
    tags = {"title": params.title, "comment": params.comment}
    first = params.frame_in - params.slate_frames
    return Target(
        path,
        preset,
        {name: words for name, words in tags.items() if words} if preset.is_movie else {},
        timecode=_timebase(params).text(first),
        first_frame=first,
        quality=params.quality,
    )


def _burn(params: DeliverParams, conform: Conform, scratch: Path) -> Burn | None:
    """What is written over the picture, if anything is."""
    if not params.burn_in:
        return None
    drawn = BurnIn(
        credit=params.credit,
        fields=params.burn_in,
        width=params.width,
        height=params.height,
        fps=params.fps,
        frame_in=params.frame_in,
        last_frame=params.frame_in + params.frames - 1,
        drop_frame=params.drop_frame,
    )
    write_png(scratch / LAYER, drawn.layer())
    return Burn(scratch / LAYER, drawn.strip_at, drawn.strip_size, drawn.strips(conform.step))


def _lead(params: DeliverParams, inputs: Mapping[str, Path], scratch: Path) -> Lead | None:
    """The slate, if one is asked for."""
    if not params.slate_frames:
        return None
    still = read_rgb(inputs["still"]) if "still" in inputs else None
    picture = leader(params.credit, _slate_facts(params), still, params.width, params.height)
    write_png(scratch / SLATE, picture)
    return Lead(scratch / SLATE, params.slate_frames)


def _timebase(params: DeliverParams) -> Timebase:
    return Timebase.of(params.fps, drop_frame=params.drop_frame)


def _slate_facts(params: DeliverParams) -> dict[str, str]:
    last = params.frame_in + params.frames - 1
    first, until = (_timebase(params).text(frame) for frame in (params.frame_in, last))
    return {
        "Product": params.product,
        "Frames": f"{params.frame_in:04} – {last:04}  ({params.frames} at {rate_text(params.fps)} fps)",
        "Timecode": f"{first} – {until}",
        "Picture": f"{params.width} x {params.height}",
    }


def _written(target: Target, frames: int) -> dict[str, Path]:
    """What was written, by output name: one clip, or as many frames as are due. `MediaError` where one is missing."""
    if not target.preset.is_sequence:
        return {"clip": target.path}
    due = range(target.first_frame, target.first_frame + frames)
    files = {f"frame_{number:04}": target.path_of(number) for number in due}
    found = set(target.path.parent.glob(f"{target.path.stem}.*{target.path.suffix}"))
    if found != set(files.values()):
        raise MediaError(f"the sequence came out with {len(found)} frames, where {frames} were asked for")
    return files


def _check(files: Mapping[str, Path], preset: Preset, conform: Conform, slate_frames: int) -> None:
    """Raise `MediaError` unless everything has the size, length and rate that are due."""
    size, due = (conform.width, conform.height), conform.written_frames + slate_frames
    if preset.is_movie:
        (clip,) = files.values()
        as_asked(probe(clip), *size, due, conform.written_fps, clip.name)
        return
    for path in files.values():
        with Image.open(path) as image:
            made = (image.size, getattr(image, "n_frames", 1))
        if made != (size, 1 if preset.is_sequence else due):
            raise MediaError(f"{path.name} came out as {made[0][0]}x{made[0][1]} with {made[1]} frames, not as asked")


def _sign(files: list[Path], inputs: Mapping[str, Path], params: DeliverParams, ctx: Context) -> str:
    """Give every file its word on how it was made, read back. Gives who signed."""
    identity = ctx.identity()
    still = Still.of(inputs["original"], inputs["still"]) if "original" in inputs else None
    signer = Signer(identity, params.credit, still)
    additions = ("a slate before the picture",) * bool(params.slate_frames) + ("a burn-in",) * bool(params.burn_in)
    title = " ".join(filter(None, (params.credit.shot or params.title, params.product)))
    for path in files:
        ctx.check()
        signer.sign(path, title, additions)
    return identity.name


def _conform(source: MovieFacts, params: DeliverParams) -> str:
    """What was done to the take's length, in a word: none, trim, hold or retime."""
    if source.fps != params.fps:
        return "retime"
    left = source.frames - params.skip
    if left == params.frames:
        return "none"
    return "trim" if left > params.frames else "hold"
