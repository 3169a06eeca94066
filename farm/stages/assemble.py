"""assemble: the whole cut as one continuous movie, contact sheets, and timelines for every editor.

    entry ─┬▶ clip: its mezzanine, conformed to the entry's frames ─┐
           └▶ no clip: its still under a slate, as long            ─┴▶ one Encoder ─▶ movie
                                       first, middle, last frame ────▶ contact sheet

The cut never moves: the movie is as long as its entries say, whatever the clips are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from farm.chain import AssembleParams, CutEntry
from farm.cut.losses import losses
from farm.cut.sheet import Card, contact_sheet, thumb
from farm.cut.slate import slate
from farm.cut.timecode import timecode
from farm.cut.timelines import write_timelines
from farm.media import REVIEW, Encoder, Target, fitted, frames, probe, read_rgb, write_jpeg
from farm.shots.model import Fit
from farm.stages.deliver import as_asked
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

if TYPE_CHECKING:
    from farm.models.spec import Frame


def run(inputs: Mapping[str, Path], params: AssembleParams, ctx: Context) -> Outputs:
    """Assemble the cut. Raises `MediaError` for a clip that does not decode, `OutOfSpace`, `Cancelled`."""
    movie, sheet = ctx.scratch / "movie.mp4", ctx.scratch / "contact-sheet.jpg"
    starts = list(accumulate((entry.frames for entry in params.entries), initial=0))
    total = starts.pop()
    cards: list[Card] = []
    with Encoder(
        [Target(movie, REVIEW, {"title": params.title} if params.title else {})],
        width=params.width,
        height=params.height,
        fps=params.fps,
        threads=ctx.threads,
        cuts=starts,
    ) as encoder:
        for number, (entry, start) in enumerate(zip(params.entries, starts, strict=True)):
            keep = {0, entry.frames // 2, entry.frames - 1}
            thumbs: list[Frame] = []
            for position, frame in enumerate(_pictures(inputs, number, start, params, ctx.threads)):
                ctx.check()
                encoder.write(frame)
                if position in keep:
                    thumbs.append(thumb(frame, params.width / params.height))
                ctx.progress(encoder.count / total)
            cards.append(_card(entry, start, params.fps, thumbs))
    as_asked(probe(movie), params.width, params.height, total, params.fps, movie.name)
    write_jpeg(sheet, contact_sheet(params.title, _subtitle(params, params.entries), cards), quality=88)
    files = {
        "movie": movie,
        "contact_sheet": sheet,
        **_sequence_sheets(params, cards, ctx.scratch),
        **write_timelines(ctx.scratch, params),
    }
    slated = [entry.code for entry in params.entries if not entry.has_clip]
    lost: dict[str, JsonValue] = {output: [*said] for output, said in losses(params).items()}
    return Outputs(
        {output: Output(path, FileClass.DELIVERABLE) for output, path in files.items()},
        {"frames": total, "shots": len(params.entries), "slated": [*slated], "losses": lost},
    )


def conformed(source: Iterator[Frame], source_fps: Fraction, fps: Fraction, count: int) -> Iterator[Frame]:
    """Exactly `count` frames at `fps` out of frames at `source_fps`: each the one seen at its time, the last one held.

    Raises ValueError for a source without frames.
    """
    seen: Frame | None = None
    read = 0
    for position in range(count):
        due = int(position * source_fps / fps) + 1
        while read < due and (frame := next(source, None)) is not None:
            seen, read = frame, read + 1
        if seen is None:
            raise ValueError("a clip without frames")
        yield seen


def _pictures(
    inputs: Mapping[str, Path], number: int, start: int, params: AssembleParams, threads: int
) -> Iterator[Frame]:
    """The frames of one entry, at the cut's size."""
    entry = params.entries[number]
    clip = inputs.get(f"clip_{number}")
    if clip is None:
        return repeat(_slate(inputs.get(f"still_{number}"), entry, start, params), entry.frames)
    source = islice(frames(clip, threads=threads), entry.skip, None)
    pictures = conformed(source, probe(clip).fps, params.fps, entry.frames)
    return (fitted(frame, params.width, params.height, Fit.PAD) for frame in pictures)


def _slate(still: Path | None, entry: CutEntry, start: int, params: AssembleParams) -> Frame:
    stand = f"{timecode(start, params.fps)} – {timecode(start + entry.frames, params.fps)}"
    return slate(
        None if still is None else read_rgb(still),
        params.width,
        params.height,
        heading=_joined(params.title, entry.sequence),
        code=entry.code,
        reason=entry.slate or "no clip",
        footer=_joined(_count(entry.frames, "frame"), stand, f"{_rate(params.fps)} fps"),
    )


def _sequence_sheets(params: AssembleParams, cards: Sequence[Card], folder: Path) -> dict[str, Path]:
    """A contact sheet of each sequence, where there are several."""
    sheets: dict[str, Path] = {}
    for output, name in params.sheets.items():
        own = [(entry, card) for entry, card in zip(params.entries, cards, strict=True) if entry.sequence == name]
        title = f"{params.title} · {name or 'no sequence'}"
        subtitle = _subtitle(params, [entry for entry, _ in own])
        path = folder / f"{output.replace('_', '-')}.jpg"
        write_jpeg(path, contact_sheet(title, subtitle, [card for _, card in own]), quality=88)
        sheets[output] = path
    return sheets


def _card(entry: CutEntry, start: int, fps: Fraction, thumbs: list[Frame]) -> Card:
    facts = _joined(f"{float(entry.frames / fps):.1f} s", _count(entry.frames, "frame"), timecode(start, fps))
    take = f"take {entry.take}" if entry.take else ""
    return Card(
        code=entry.code,
        facts=facts,
        take=_joined(take, entry.label) if entry.has_clip else "",
        note=entry.note if entry.has_clip else entry.slate or "no clip",
        slated=not entry.has_clip,
        thumbs=tuple(thumbs) if entry.has_clip else tuple(thumbs[:1]),
    )


def _subtitle(params: AssembleParams, entries: Sequence[CutEntry]) -> str:
    total = sum(entry.frames for entry in entries)
    minutes, seconds = divmod(float(total / params.fps), 60)
    length = f"{int(minutes)} min {seconds:.1f} s" if minutes else f"{seconds:.1f} s"
    size = f"{params.width} x {params.height}"
    return _joined(_count(len(entries), "shot"), length, size, f"{_rate(params.fps)} fps")


def _joined(*words: str) -> str:
    return " · ".join(word for word in words if word)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _rate(fps: Fraction) -> str:
    return f"{float(fps):.3f}".rstrip("0").rstrip(".")
