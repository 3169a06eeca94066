"""Layouts as data: complete for what they name, and the table in the docs says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from farm.models.diffusion.parallel.facts import ULYSSES
from farm.models.diffusion.parallel.layouts import LAYOUTS, Layout

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "parallel.md"
COLUMNS = ("class", "attentions", "columns", "rows", "gathered", "norms over all heads", "rotary positions")


def short(layout: Layout, patterns: tuple[str, ...]) -> list[str]:
    """Names as the table has them: within an attention the layer alone, within a block what follows the block."""
    return list(dict.fromkeys(_short(layout, pattern.removesuffix("?")) for pattern in patterns))


def _short(layout: Layout, path: str) -> str:
    within = [attention for attention in layout.heads if path.startswith(f"{attention}.")]
    return path.removeprefix(f"{within[0]}.") if within else re.sub(r"^(transformer_)?blocks\.\*\.", "", path)


def row(name: str, layout: Layout) -> str:
    cells = (
        [name],
        short(layout, layout.heads),
        short(layout, layout.columns),
        short(layout, layout.rows),
        short(layout, layout.gathered),
        short(layout, layout.norms),
        [rope.module for rope in layout.ropes],
    )
    return "| " + " | ".join(", ".join(f"`{word}`" for word in cell) or "none" for cell in cells) + " |"


def test_the_docs_table_is_the_layouts():
    table = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join(["---"] * len(COLUMNS)) + " |"]
    table += [row(name, layout) for name, layout in LAYOUTS.items()]
    assert "\n".join(table) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_attention_is_cut_as_a_whole(name):
    """What comes out of a rank's heads goes into a row-wise layer; queries, keys and values are cut alike."""
    layout = LAYOUTS[name]
    for attention in layout.heads:
        assert {f"{attention}.{part}" for part in ("to_q", "to_k", "to_v")} <= set(layout.columns)
        assert f"{attention}.to_out.0" in layout.rows


@pytest.mark.parametrize("name", LAYOUTS)
def test_nothing_is_cut_twice(name):
    layout = LAYOUTS[name]
    cut = [*layout.columns, *layout.rows, *layout.gathered, *layout.norms]
    assert len(cut) == len(set(cut))


@pytest.mark.parametrize("name", LAYOUTS)
def test_feed_forwards_are_cut_in_pairs(name):
    inner = {pattern.removesuffix(".net.0.proj") for pattern in LAYOUTS[name].columns if "net.0" in pattern}
    outer = {pattern.removesuffix(".net.2") for pattern in LAYOUTS[name].rows if "net.2" in pattern}
    assert inner == outer != set()


def test_ulysses_is_what_diffusers_has_a_plan_for():
    import diffusers

    planned = {name for name in LAYOUTS if getattr(diffusers, name)._cp_plan}
    assert planned == ULYSSES
