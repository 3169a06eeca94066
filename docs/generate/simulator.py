"""What the simulator plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .markdown import code, table

STUDY = Path(__file__).parents[1] / "explanation" / "autoscaling.json"


def scenarios() -> str:
    from farm.simulator import describe

    return table(("scenario", "what is arranged"), ((code(name), says) for name, says in describe().items()))


def scaling_study() -> str:
    """The committed study's figures: `farm simulate autoscale --seeds 3 --json`."""
    found = json.loads(STUDY.read_text(encoding="utf-8"))
    heads = ("policy", "a clip", "used", "take waits", "p95", "urgent", "p95", "list", "nodes", "spot", "lost")
    return table(heads, (_row(row, is_picked=row["name"] == found["picked"]) for row in found["candidates"]))


def _row(row: dict[str, Any], *, is_picked: bool) -> tuple[str, ...]:
    mean = row["mean"]
    waits = ("wait_mean_s", "wait_p95_s", "urgent_mean_s", "urgent_p95_s", "list_s")
    return (
        f"**{row['name']}** (default)" if is_picked else row["name"],
        f"{mean['cost_per_clip']:.2f}",
        f"{mean['used']:.0%}",
        *(f"{mean[name] / 60:.1f} min" for name in waits),
        f"{mean['nodes']:.0f}",
        f"{mean['spot']:.0%}",
        f"{mean['reclaimed']:.1f}",
    )
