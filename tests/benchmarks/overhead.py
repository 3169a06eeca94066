"""What the farm costs: items that do nothing, against a bare loop over actors in the same Ray, in the same minutes.

    300 items x 3 stages, 2 workers each, workers up          farm / bare >= 0.5 in items a second

Both write every step's manifest through the clip store, which waits for the disk; the farm commits every attempt's
start and end besides. Rounds are taken in turns, a ratio is the median of pairs. Also measured: the loop that writes
nothing, and Ray Data, which brings its actors up first, with a block for each item and with blocks of its own choice.
"""

from __future__ import annotations

import resource
import statistics
from collections.abc import Sequence

from chains import BareLoop, Cost, bench_ray, run_farm, run_ray_data

ITEMS = 300
ROUNDS = 7


def run() -> dict[str, float]:
    """Seconds, medians of rounds; `ratio` is the bare loop's time over the farm's."""
    with bench_ray() as folder:
        bare = BareLoop(str(folder / "bare"), seconds=0.0)
        bares: list[Cost] = []
        silents: list[Cost] = []

        def between() -> None:
            bares.append(bare.run(ITEMS))
            silents.append(bare.run(ITEMS, write=False))

        farms = run_farm(folder, ITEMS, 0.0, ROUNDS, between)
        bare.close()
    data = {
        "ray_data_s": run_ray_data(ITEMS, 0.0, blocks=ITEMS),
        "ray_data_own_blocks_s": run_ray_data(ITEMS, 0.0, blocks=None),
    }
    pairs = zip(bares, farms, strict=True)
    return {
        "farm_s": _median([cost.wall_s for cost in farms]),
        "bare_s": _median([cost.wall_s for cost in bares]),
        "ratio": _median([one.wall_s / other.wall_s for one, other in pairs]),
        "target_ratio": 0.5,
        "farm_cpu_s": _median([cost.cpu_s for cost in farms]),
        "bare_cpu_s": _median([cost.cpu_s for cost in bares]),
        "farm_driver_cpu_s": _median([cost.driver_cpu_s for cost in farms]),
        "bare_driver_cpu_s": _median([cost.driver_cpu_s for cost in bares]),
        "bare_no_files_s": _median([cost.wall_s for cost in silents]),
        **{name: round(cost.wall_s, 2) for name, cost in data.items() if cost},
        "driver_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def table(figures: dict[str, float]) -> str:
    return "\n".join(f"{name:<24}{value:>10}" for name, value in figures.items())


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)
