"""`model-swap`: three models that do not fit the few GPUs together."""

from __future__ import annotations

from collections.abc import Iterator

from farm.simulator.papers import Paper, Shots
from farm.simulator.scenario import Scenario
from farm.simulator.simulation import Simulation
from farm.simulator.trace import last_end_s
from farm.simulator.verdict import Claim
from farm.tasks import Lane

MODELS = tuple(Lane(name=name, gpus=1) for name in ("wan", "ltx", "svd"))
GPUS = 4
TAKE_S = 6.0
SPREAD = 0.2
LOAD_S = 20.0
TAKES = 3


def arrange(sim: Simulation) -> None:
    sim.nodes(1, cpus=32, gpus=GPUS)
    sim.cluster.gpu_load_s = LOAD_S
    shots = Shots(count=sim.sized(40), takes=TAKES, lane=MODELS[0], lanes=MODELS, seconds=TAKE_S, spread=SPREAD)
    sim.submit("job", Paper(shots=shots))


def judge(sim: Simulation) -> Iterator[Claim]:
    yield sim.all_done()
    loads = sum(sim.trace.loads(model.name) for model in MODELS)
    least = max(GPUS, len(MODELS))
    # each GPU that runs out of one model's takes may load another's: so often at the end of each model's work
    bound = GPUS * len(MODELS)
    yield Claim(
        "loads",
        loads,
        f"models were loaded {{figure}} times, where {least} is the least",
        at_least=least,
        at_most=bound,
    )
    takes = TAKES * sim.sized(40)
    ideal_s = (takes * TAKE_S + least * LOAD_S) / GPUS
    made = [row for row in sim.trace.attempts if row.stage == "generate"]
    over_s = last_end_s(made)
    yield Claim(
        "over_ideal", over_s / ideal_s, f"the takes took {{figure}} times the ideal {ideal_s:.0f} s", at_most=1.5
    )


MODEL_SWAP = Scenario(
    "model-swap", "Three models are wanted in turn by every shot, on four GPUs: few reloads.", arrange, judge
)
