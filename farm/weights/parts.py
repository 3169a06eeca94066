"""Under which name a file grows until it is whole."""

from __future__ import annotations

from pathlib import Path

PART = ".part"


def part_of(target: Path) -> Path:
    """Beside the place that it will have."""
    return target.with_name(target.name + PART)
