"""The main job against the speed of light: wall time of `farm render` over what its stages had to compute.

    ratio = wall / (processor seconds of all attempts and their children / cores)          target <= 1.3

1.0 would be a render with every core busy with stages from the first moment to the last: no start-up, no waiting.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from farm.tasks import Manifest

LIST = Path("jobs/demo/shots.csv")


def run() -> dict[str, float]:
    """Render the demo list afresh; seconds, and the ratio."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as folder:
        env = {**os.environ, "FARM_STATE": f"{folder}/state"}
        command = [sys.executable, "-m", "farm", "render", str(LIST), "--out", f"{folder}/out", "--json"]
        first = _wall(command, env)
        again = _wall(command, env)
        said = [Manifest.model_validate_json(path.read_bytes()) for path in Path(folder).rglob("manifest.json")]
    cores = len(os.sched_getaffinity(0))
    ideal = sum(manifest.cpu_us for manifest in said) / 1e6 / cores
    return {
        "wall_s": round(first, 1),
        "stages_cpu_s": round(ideal * cores, 1),
        "cores": cores,
        "ratio": round(first / ideal, 3),
        "target_ratio": 1.3,
        "again_s": round(again, 1),
    }


def _wall(command: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=env)
    return time.perf_counter() - start
