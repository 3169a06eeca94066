"""Farms to look at, and what is drawn of them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

sys.path.append(str(Path(__file__).parent))

from farms import NOW_US

from farm.overview.reader import Seen, overview
from farm.overview.values import Overview
from farm.top.frame import Look, frame


def see(seen: Seen, trouble: str = "", out: str = "s3://studio/renders") -> Overview:
    """The overview of what was seen, just now and for the first time."""
    return overview(out, seen, {key: float(count) for key, count in seen.running.items()}, NOW_US, trouble)


@pytest.fixture(name="see")
def _see() -> Callable[..., Overview]:
    return see


@pytest.fixture
def draw() -> Callable[..., list[str]]:
    """The lines of a frame as a terminal of that size shows them."""

    def drawn(view: Overview, width: int = 80, height: int | None = 24, look: Look | None = None) -> list[str]:
        console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
        console.print(frame(view, width, height, look))
        return console.file.getvalue().split("\n")[:-1]  # pyright: ignore[reportAttributeAccessIssue]

    return drawn
