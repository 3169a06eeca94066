"""What a chosen take is to be delivered as: a product's rules, and the shot's, as parameters of a task.

Product (size, crop, slate, burn-in) + Shot + Credit ──▶ DeliverParams        pure
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.chain import Credit, DeliverParams
from farm.shots.model import Shot
from farm.shots.products import Product
from farm.shots.timecode import has_drop_frame
from farm.tasks import Task


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a show wants of every deliverable."""

    drop_frame: bool = True
    provenance: bool = True


def deliver_params(product: Product, shot: Shot, skip: int, delivery: Delivery, credit: Credit) -> DeliverParams:
    """`shot` as `product`. `skip` frames of the mezzanine lie before the cut."""
    width, height = product.size_of(shot)
    return DeliverParams(
        product=product.name,
        base="" if product.base == product.name else product.base,
        width=width,
        height=height,
        frames=shot.length,
        fps=shot.fps,
        skip=skip,
        fit=product.fit_of(shot),
        title=shot.code,
        comment=comment(credit),
        quality=product.quality,
        frame_in=shot.frame_in,
        drop_frame=delivery.drop_frame and has_drop_frame(shot.fps),
        slate_frames=product.slate_frames(shot.fps),
        burn_in=product.burn_in,
        credit=credit,
        provenance=delivery.provenance,
    )


def comment(credit: Credit) -> str:
    """What players show below the title."""
    made = "AI-generated" if credit.trained else ""
    take = f"take {credit.take}"
    return ", ".join(filter(None, (credit.model, take, f"seed {credit.seed}", made)))


def step_words(task: Task) -> str:
    """What a finishing task did, in words: "upscale lanczos"."""
    means = task.params.get("upscaler") or task.params.get("interpolator") or task.params.get("method") or ""
    return f"{task.stage} {means}".strip()
