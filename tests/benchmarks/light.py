"""How near the farm comes to what its workers could do at best: items that take half a second a stage.

    ideal = (items / workers + stages - 1) x seconds = (20 / 2 + 2) x 0.5 s = 6.0 s          farm <= 1.15 x ideal

The last item of a stage cannot begin before the others have passed: the stages after it wait for the first item and
then never again. Beside it the bare loop over actors, and Ray Data with its start and a block for each item.
"""

from __future__ import annotations

import statistics

from chains import STAGES, WORKERS, BareLoop, Cost, bench_ray, run_farm, run_ray_data

ITEMS = 20
SECONDS = 0.5
ROUNDS = 3


def run() -> dict[str, float]:
    """Seconds, medians of rounds; ratios to the ideal."""
    ideal_s = (ITEMS / WORKERS + len(STAGES) - 1) * SECONDS
    with bench_ray() as folder:
        bare = BareLoop(str(folder / "bare"), SECONDS)
        bares: list[Cost] = []
        farms = run_farm(folder, ITEMS, SECONDS, ROUNDS, between=lambda: bares.append(bare.run(ITEMS)))
        bare.close()
    data = run_ray_data(ITEMS, SECONDS, blocks=ITEMS)
    farm_s = statistics.median(cost.wall_s for cost in farms)
    bare_s = statistics.median(cost.wall_s for cost in bares)
    return {
        "ideal_s": ideal_s,
        "farm_s": round(farm_s, 2),
        "ratio": round(farm_s / ideal_s, 3),
        "target_ratio": 1.15,
        "bare_s": round(bare_s, 2),
        "bare_ratio": round(bare_s / ideal_s, 3),
        **({"ray_data_s": round(data.wall_s, 2), "ray_data_ratio": round(data.wall_s / ideal_s, 3)} if data else {}),
    }
