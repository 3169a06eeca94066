"""Does a shot suit what it is to be delivered as? Length, loop, crop and size, known before a frame is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from farm.findings import Finding
from farm.shots.checks.rules import finding
from farm.shots.model import Fit, Shot
from farm.shots.products import Product, crop_of

ENLARGED = 1.05
"""Enlargement below this is not worth a word."""


def check_targets(shot: Shot, products: Mapping[str, Product]) -> Iterator[Finding]:
    """Findings about every delivery target of `shot`, of the products there are."""
    for name in shot.targets:
        product = products.get(name)
        if product is None:
            problem = f'there is no delivery target "{name}"'
            yield finding("target.unknown", shot, "targets", problem, f"choose of {', '.join(sorted(products))}")
        else:
            yield from _check_length(shot, product)
            yield from _check_picture(shot, product)
            yield from _check_slate(shot, product)


def _check_length(shot: Shot, product: Product) -> Iterator[Finding]:
    limits = f"{product.shortest_s}-{product.longest_s} s"
    seconds = f"{float(shot.duration_s):.1f}".removesuffix(".0")
    if product.shortest_s and shot.duration_s < product.shortest_s:
        yield finding("target.short", shot, "targets", f"{product.name} takes {limits}, and this shot has {seconds} s")
    if product.longest_s and shot.duration_s > product.longest_s:
        yield finding("target.long", shot, "targets", f"{product.name} takes {limits}, and this shot has {seconds} s")
    if product.loops and not shot.loop:
        yield finding("target.loop", shot, "targets", f"{product.name} plays in a loop, and this shot does not loop")


def _check_picture(shot: Shot, product: Product) -> Iterator[Finding]:
    width, height = product.size_of(shot)
    if width < product.least[0] or height < product.least[1]:
        least = "{}x{}".format(*product.least)
        yield finding("target.size", shot, "targets", f"{product.name} holds {least} at least, not {width}x{height}")
    if not product.size:
        return
    frame = f"{shot.width}x{shot.height}"
    pads = product.fit_of(shot) is Fit.PAD
    kept = crop_of((shot.width, shot.height), (width, height))
    if kept != (shot.width, shot.height):
        said = "shows {0} on bars in {3}x{4}" if pads else "crops {0} to {1}x{2} around the middle"
        yield finding("target.crop", shot, "targets", f"{product.name} {said.format(frame, *kept, width, height)}")
    ratios = (width / shot.width, height / shot.height)
    enlarged = min(ratios) if pads else max(ratios)
    if enlarged > ENLARGED:
        problem = f"{product.name} enlarges the picture {enlarged:.2f}x to {width}x{height}"
        yield finding("target.enlarged", shot, "targets", problem)


def _check_slate(shot: Shot, product: Product) -> Iterator[Finding]:
    slate = product.slate_frames(shot.fps)
    if product.is_sequence and slate > shot.frame_in:
        problem = f"the slate of {product.name} has {slate} frames, and the shot begins at frame {shot.frame_in}"
        yield finding("target.slate", shot, "targets", problem)
