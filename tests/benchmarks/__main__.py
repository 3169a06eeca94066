"""`make bench`: every measured line of the targets, as a table and in build/bench.json. Gates nothing."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parent.parent / "support"))

import animatic_frames
import imports
import job_store
import light
import main_job
import metrics
import model_cache
import overhead
import resume
import scheduler
import scoring

BENCHMARKS = {
    "import": imports,
    "job store": job_store,
    "overhead": overhead,
    "speed of light": light,
    "resume": resume,
    "scheduler": scheduler,
    "metrics": metrics,
    "model cache": model_cache,
    "main job": main_job,
    "animatic frames": animatic_frames,
    "scoring": scoring,
}


def main() -> None:
    """Run all of them, or those named on the command line."""
    results: dict[str, object] = {
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"
    }
    for name in sys.argv[1:] or list(BENCHMARKS):
        result = BENCHMARKS[name].run()
        table = getattr(BENCHMARKS[name], "table", _table)
        sys.stdout.write(f"\n{name}\n{table(result)}\n")
        results[name] = result
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_text(json.dumps(results, indent=2) + "\n")


def _table(result: dict[str, object]) -> str:
    return "\n".join(f"{name:<20}{value:>10}" for name, value in result.items())


if __name__ == "__main__":
    main()
