"""What the study takes for granted: start-up, prices, reclaims, loads. Every figure with where it comes from.

None was measured on a cloud of ours. *Assumption* marks what a studio should replace by its own figures before it
believes a sum of money; what the study compares, policies under one set of figures, depends on them far less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from farm.scheduler.policy import SPOT, NodeShape
from farm.simulator.market import Terms
from farm.tasks import Lane

ON_DEMAND = "on-demand"

MODEL = Lane(name="wan-14b", gpus=1, weights="wan-14b")
"""Image to video on one GPU."""
UPSCALER = Lane(name="upscale", gpus=1, weights="upscale")

LOAD_S = {MODEL.name: 105.0, UPSCALER.name: 25.0}
"""Assumption: about 60 GB (a model of 14 billion parameters with its text encoder; two experts are 56 GB in bf16) from
a node's disk at 0.4 to 1 GB/s; an upscaler is a few GB, and mostly imports."""
LOAD_SPREAD = 0.43
"""So that the model's loads take 60 to 150 s."""

GPU_NODE_HOUR_MICROS = 4_000_000
"""Assumption: a current data-centre GPU with its share of a machine, in the order of what clouds ask per hour."""
SPOT_RATIO = 0.4
"""Assumption: spot costs 35 to 45 % of on-demand; it is a market and moves."""

START_S = 300.0
START_LEAST = 0.8
"""Assumption: 4 to 6 minutes until a pod takes work: machine 1 to 2 min, driver and device plugin about 1 min, an image
with several GB of CUDA 2 to 3 min. So never less than 4, 5 on average, and one in seven takes longer than 6."""

_TERMS = {
    ON_DEMAND: Terms(start_s=START_S),
    SPOT: Terms(
        start_s=START_S,
        reclaims_per_hour=0.05,
        notice_s=120.0,
        offered_s=5 * 3600.0,
        dry_s=40 * 60.0,
    ),
}
"""Assumption: 5 % of spot nodes are taken away per hour, which is a bad day (clouds' own advisors speak of 5 to 20 % a
month), with two minutes' notice; and spot is sold out for 40 minutes every 5 hours or so."""

NODES_AT_MOST = 24
"""Of each market: what a studio's quota may be."""
NODE_IDLE_S = 120.0
"""An empty node stays so long: as the chart has it (`idleTimeoutSeconds`)."""

KINDS = (
    NodeShape(
        cpus=1,
        gpus=1,
        at_most=NODES_AT_MOST,
        market=SPOT,
        hour_micros=round(GPU_NODE_HOUR_MICROS * SPOT_RATIO),
        start_s=START_S,
    ),
    NodeShape(
        cpus=1,
        gpus=1,
        at_most=NODES_AT_MOST,
        market=ON_DEMAND,
        hour_micros=GPU_NODE_HOUR_MICROS,
        start_s=START_S,
    ),
)
"""Nodes of one GPU, in two markets. One CPU, so that no light work keeps one: that has a node of its own, always there
and not counted in the costs."""


def terms(kinds: Iterable[NodeShape]) -> Mapping[str, Terms]:
    """How nodes of these kinds come and go, by market; a market that is not known is as steady as on-demand."""
    found: dict[str, Terms] = {}
    for kind in kinds:
        known = _TERMS.get(kind.market, _TERMS[ON_DEMAND])
        least_s = START_LEAST * kind.start_s
        found[kind.market] = replace(known, start_s=least_s, start_more_s=kind.start_s - least_s)
    return found


def own_kinds(elastic: Iterable[NodeShape]) -> tuple[NodeShape, ...]:
    """A farm's own kinds of nodes that have GPUs and a price, as the study plays them; the study's where there is none.

    With a CPU for each GPU, so that light work stays on its own node.
    """
    priced = (kind for kind in elastic if kind.gpus and kind.hour_micros)
    return tuple(replace(kind, cpus=kind.gpus) for kind in priced) or KINDS
