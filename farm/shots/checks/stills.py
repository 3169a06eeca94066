"""Is this picture fit to be a start frame? Findings from the facts that `farm.shots.checks.picture` measures.

Thresholds were measured on photographs: in the best tile sharp ones have a Laplacian variance of several hundred;
blurring by sigma 2 at that scale leaves 3-50.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from farm.findings import Finding
from farm.shots.checks.picture import Picture, Unusable
from farm.shots.checks.rules import finding
from farm.shots.model import Fit, Shot

Measure = Callable[[Path], Picture | Unusable]
"""Measures a file, or says why it cannot be used."""

TINY_PX = 300
"""Short side below which nothing good comes out."""
SMALL_PX = (1024, 576)
BLURRED, SOFT = 10.0, 60.0
LOW_QUALITY = 75
BLOCKY = 1.4
DARK = 35.0
CLIPPED = 0.15
CROP_NOTED, CROP_MUCH = 0.005, 0.15
ASPECT_TOLERANCE = 0.01


def check_pictures(shot: Shot, measure: Measure) -> Iterator[Finding]:
    """Findings about every picture of `shot`: the still, its end, mask, depth map and references."""
    still = yield from _opened(shot, "still", shot.still, measure)
    if still is not None:
        yield from _check_size(shot, "still", still)
        yield from _check_detail(shot, "still", still)
        yield from _check_framing(shot, still)
    end = yield from _opened(shot, "end", shot.end, measure)
    if end is not None:
        yield from _check_size(shot, "end", end)
        yield from _check_detail(shot, "end", end)
        if still is not None and not _same_aspect(still, end):
            problem = f"the end frame is {end.width}x{end.height}, the still {still.width}x{still.height}"
            yield finding("end.aspect", shot, "end", problem)
    yield from _check_matte(shot, "mask", shot.mask, still, measure)
    yield from _check_matte(shot, "depth", shot.depth, still, measure)
    for reference in shot.references:
        yield from _opened(shot, "references", reference, measure)


def _opened(shot: Shot, column: str, path: str, measure: Measure) -> Generator[Finding, None, Picture | None]:
    """Yields what is wrong with the file; returns its facts, or None where there are none."""
    if not path:
        if column == "still":
            yield finding("still.missing", shot, column, "no still is named", "every shot starts from a still")
        return None
    if _is_remote(path):
        yield finding("still.remote", shot, column, f"{path} is not on this machine")
        return None
    measured = measure(Path(path))
    if isinstance(measured, Unusable):
        yield finding(measured.rule, shot, column, str(measured))
        return None
    yield from _check_form(shot, column, measured)
    return measured


def _is_remote(path: str) -> bool:
    """True for a URL; "file:" ones have become paths by the time a list is loaded."""
    return "://" in path


def _check_form(shot: Shot, column: str, picture: Picture) -> Iterator[Finding]:
    if picture.frames > 1:
        yield finding("still.frames", shot, column, f"the file holds {picture.frames} pictures")
    oddities = {
        "it is stored turned": picture.turned,
        "it has a colour profile": picture.profile,
        "it is CMYK": picture.mode == "CMYK",
        "it has transparency": picture.alpha,
        f"it has {picture.bits} bits a sample": picture.bits > 8,
    }
    said = [text for text, is_so in oddities.items() if is_so]
    if said:
        yield finding("still.normalised", shot, column, f"{', '.join(said)}: it is made an upright 8-bit sRGB picture")


def _check_size(shot: Shot, column: str, picture: Picture) -> Iterator[Finding]:
    size = f"{picture.width}x{picture.height}"
    short, long = sorted((picture.width, picture.height))
    enlarged = _enlargement(shot, picture)
    if short < TINY_PX:
        yield finding("still.tiny", shot, column, f"it is only {size} pixels")
    elif long < SMALL_PX[0] or short < SMALL_PX[1]:
        yield finding("still.small", shot, column, f"it is only {size} pixels")
    elif enlarged > 1.05:
        yield finding(
            "still.enlarged", shot, column, f"{size} is enlarged {enlarged:.2f}x to {shot.width}x{shot.height}"
        )


def _enlargement(shot: Shot, picture: Picture) -> float:
    ratios = (shot.width / picture.width, shot.height / picture.height)
    return min(ratios) if shot.fit is Fit.PAD else max(ratios)


def _check_detail(shot: Shot, column: str, picture: Picture) -> Iterator[Finding]:
    if picture.sharpness < BLURRED:
        yield finding(
            "still.blurred", shot, column, f"it is blurred all over (sharpness {picture.sharpness:.0f} < {BLURRED:.0f})"
        )
    elif picture.sharpness < SOFT:
        yield finding(
            "still.soft", shot, column, f"it is soft even where it is sharpest ({picture.sharpness:.0f} < {SOFT:.0f})"
        )
    if picture.jpeg_quality is not None and picture.jpeg_quality < LOW_QUALITY:
        yield finding("still.compressed", shot, column, f"it is a JPEG of quality {picture.jpeg_quality}")
    elif picture.blockiness > BLOCKY and not picture.graphic:
        yield finding(
            "still.blocky", shot, column, f"compression blocks show in it ({picture.blockiness:.1f} > {BLOCKY})"
        )
    if picture.graphic:
        return
    if picture.mean_luma < DARK:
        yield finding("still.dark", shot, column, f"it is very dark (mean luma {picture.mean_luma:.0f} of 255)")
    elif picture.clipped > CLIPPED:
        yield finding("still.clipped", shot, column, f"{picture.clipped:.0%} of it is pure black or white")


def _check_framing(shot: Shot, picture: Picture) -> Iterator[Finding]:
    """What the shot's frame does to the still: how much is cut off, or how wide the bars are."""
    wanted = shot.width / shot.height
    lost = 1 - min(picture.aspect, wanted) / max(picture.aspect, wanted)
    if lost <= CROP_NOTED:
        return
    wider = picture.aspect > wanted
    shapes = f"{picture.width}x{picture.height} in a {shot.width}x{shot.height} frame"
    if shot.fit is Fit.PAD:
        bar = shot.height - shot.width / picture.aspect if wider else shot.width - shot.height * picture.aspect
        where = "above and below" if wider else "left and right"
        yield finding("still.padded", shot, "still", f"{shapes} gets bars of {bar / 2:.0f} px {where}")
        return
    pixels = lost * (picture.width if wider else picture.height)
    where = "left and right" if wider else "above and below"
    rule = "still.cropped_much" if lost > CROP_MUCH else "still.cropped"
    yield finding(rule, shot, "still", f"{shapes} loses {pixels / 2:.0f} of its px each {where} ({lost:.0%} in all)")


def _check_matte(shot: Shot, column: str, path: str, still: Picture | None, measure: Measure) -> Iterator[Finding]:
    matte = yield from _opened(shot, column, path, measure)
    if matte is None:
        return
    if still is not None and not _same_aspect(still, matte):
        problem = f"the {column} is {matte.width}x{matte.height}, the still {still.width}x{still.height}"
        yield finding("matte.aspect", shot, column, problem)
    if not matte.grey:
        yield finding("matte.colour", shot, column, f"the {column} has colour")
    if matte.lightest - matte.darkest < 8:
        shade = "black" if matte.lightest < 128 else "white"
        yield finding("matte.flat", shot, column, f"the {column} is {shade} all over")


def _same_aspect(one: Picture, other: Picture) -> bool:
    return abs(one.aspect / other.aspect - 1) <= ASPECT_TOLERANCE
