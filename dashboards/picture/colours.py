"""Grafana's dark colours, by the names that panels use."""

from __future__ import annotations

from dashboards.panel import Panel, Scale

PAPER, PANEL, EDGE, GRID = "#111217", "#181b1f", "#26292f", "#2a2d33"
INK, FAINT = "#d8d9e0", "#8e9099"

_NAMED = {
    "green": "#73bf69",
    "yellow": "#f2cc0c",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "orange": "#ff9830",
}
_PALETTE = (
    *("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#f2495c", "#8ab8ff", "#ffa6b0"),
    *("#96d98d", "#ffee52", "#c0d8ff", "#ffcb7d", "#deb6f2", "#37872d", "#1f60c4", "#8f3bb8"),
)
MEANT = (PAPER, PANEL, EDGE, GRID, INK, FAINT, *_NAMED.values(), *_PALETTE)
"""Colours that must not be mistaken for others."""


def hexed(name: str) -> str:
    return _NAMED.get(name, name)


def of_series(panel: Panel, name: str, at: int) -> str:
    """The colour of a curve: by its name, or by its place."""
    return hexed(panel.colours[name]) if name in panel.colours else _PALETTE[at % len(_PALETTE)]


def of_value(scale: Scale, value: float) -> str:
    """The colour of a number on its scale."""
    reached = [step for step in scale if step.start is None or value >= step.start]
    return hexed(reached[-1].colour)


def heat(share: float) -> str:
    """From the panel's own colour to bright orange; 0-1."""
    stops = ((24, 27, 31), (88, 44, 20), (196, 98, 16), (255, 152, 48), (255, 222, 160))
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    left = min(int(place), len(stops) - 2)
    mixed = (round(a + (b - a) * (place - left)) for a, b in zip(stops[left], stops[left + 1], strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
