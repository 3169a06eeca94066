"""The named scenarios."""

from __future__ import annotations

from collections.abc import Mapping

from farm.simulator.scenario import Scenario
from farm.simulator.scenarios.badnode import BADNODE
from farm.simulator.scenarios.cancel import CANCELLED
from farm.simulator.scenarios.elastic import NODES_COME
from farm.simulator.scenarios.failover import FAILOVER
from farm.simulator.scenarios.fairness import FAIRNESS
from farm.simulator.scenarios.fill import FILL
from farm.simulator.scenarios.floor import FLOOR_HOLDS
from farm.simulator.scenarios.gang import GANG_STARTS
from farm.simulator.scenarios.idle import IDLE
from farm.simulator.scenarios.model_swap import MODEL_SWAP
from farm.simulator.scenarios.poison import POISONED
from farm.simulator.scenarios.quota import QUOTA
from farm.simulator.scenarios.spot import SPOT_NODES
from farm.simulator.scenarios.storm import STORM

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        FILL,
        FAIRNESS,
        FLOOR_HOLDS,
        GANG_STARTS,
        FAILOVER,
        POISONED,
        BADNODE,
        SPOT_NODES,
        STORM,
        CANCELLED,
        QUOTA,
        MODEL_SWAP,
        IDLE,
        NODES_COME,
    )
}
"""By name, in the order in which they are told of."""
