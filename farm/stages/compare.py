"""compare: the takes of a shot beside each other, as a movie and as a contact sheet.

    proxy_1, proxy_2 … ─▶ conformed to the shot's clock ─┬▶ wall ─▶ Encoder ─▶ movie
    score_1, score_2 … ─▶ names, scores, reasons ────────┴▶ rows ─▶ contact sheet

Memory does not grow with the length of the takes: one frame of each is held.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from farm.chain import ComparedTake, CompareParams
from farm.compare import Grid, Judged, Row, Wall, moments, takes_sheet
from farm.compare.sheet import size
from farm.fitting import fitted
from farm.media import PROXY, Encoder, Target, frames, probe, write_jpeg
from farm.shots.model import Fit
from farm.stages.assemble import conformed
from farm.stages.deliver import as_asked
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

if TYPE_CHECKING:
    from farm.models.spec import Frame

SIDE_BY_SIDE = replace(PROXY, name="side by side", longest_edge=None)
"""Like the proxies it is made from, but as large as it is. Without B-frames it begins at 0, and loops without a gap."""


def run(inputs: Mapping[str, Path], params: CompareParams, ctx: Context) -> Outputs:
    """Show all takes. Raises `MediaError` for a proxy that does not decode, `OutOfSpace`, `Cancelled`."""
    movie, sheet = ctx.scratch / "takes.mp4", ctx.scratch / "takes.jpg"
    takes = [_judged(take, params, inputs[f"score_{take.number}"]) for take in params.takes]
    proxies = [inputs[f"proxy_{take.number}"] for take in params.takes]
    aspect = params.width / params.height
    grid = Grid.of(len(takes), aspect, largest=max(probe(proxy).width for proxy in proxies))
    wall = Wall(grid, takes, params.title, _subtitle(params))
    kept = dict.fromkeys(moments(params.frames))
    pictures: list[list[Frame]] = [[] for _ in takes]
    with Encoder(
        [Target(movie, SIDE_BY_SIDE, {"title": params.title})],
        width=wall.width,
        height=wall.height,
        fps=params.fps,
        threads=ctx.threads,
    ) as encoder:
        for number, shown in enumerate(_together(proxies, params)):
            ctx.check()
            encoder.write(wall.moment(shown))
            if number in kept:
                for row, frame in zip(pictures, shown, strict=True):
                    row.append(fitted(frame, *size(aspect), Fit.PAD))
            ctx.progress(encoder.count / params.frames)
    as_asked(probe(movie), wall.width, wall.height, params.frames, params.fps, movie.name)
    rows = [Row(take, tuple(row)) for take, row in zip(takes, pictures, strict=True)]
    picture = takes_sheet(params.title, _facts(params), params.prompt, rows, params.fps, params.frames)
    write_jpeg(sheet, picture, quality=88)
    files = {"movie": Output(movie, FileClass.DELIVERABLE), "contact_sheet": Output(sheet, FileClass.DELIVERABLE)}
    return Outputs(files, {"takes": len(takes), "grid": f"{grid.columns}x{grid.rows}", "frames": params.frames})


def _together(proxies: list[Path], params: CompareParams) -> Iterator[tuple[Frame, ...]]:
    """The frames of all takes, a moment at a time, on the shot's clock."""
    clocks = (
        conformed(islice(frames(proxy), take.skip, None), probe(proxy).fps, params.fps, params.frames)
        for proxy, take in zip(proxies, params.takes, strict=True)
    )
    return zip(*clocks, strict=True)


def _judged(take: ComparedTake, params: CompareParams, score: Path) -> Judged:
    said = json.loads(score.read_text(encoding="utf-8"))
    return Judged(
        number=take.number,
        model=take.model,
        seed=take.seed,
        label=take.label,
        total=float(said["total"]),
        passed=bool(said["passed"]),
        why=str(said["why"]),
        picked=take.number in params.picked,
    )


def _facts(params: CompareParams) -> str:
    rate = f"{float(params.fps):.3f}".rstrip("0").rstrip(".")
    length = f"{float(params.frames / params.fps):.2f} s"
    parts = (params.sequence, f"{len(params.takes)} takes", length, f"{params.frames} frames", f"{rate} fps")
    return " · ".join(part for part in parts if part)


def _subtitle(params: CompareParams) -> str:
    return " — ".join(words for words in (_facts(params), params.prompt) if words)
