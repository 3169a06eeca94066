"""GPUs: which there are, who holds them, what they really do, and whether the autoscaler brings what is asked for."""

from __future__ import annotations

from dashboards.ask import by_all, gained, share
from dashboards.panel import Colour, Column, Dashboard, Query, Row, Step, Unit, Variable, high_is_bad, low_is_bad
from dashboards.shorthand import STATES, bars, lines, stack, stat, table

POOL = 'pool=~"$pool"'
IDLE = 'farm_gpu_seconds_total{state="idle"}'
GPUS, NODES = f"farm_node_gpus{{{POOL}}}", f"farm_nodes{{{POOL}}}"
LOST = f"farm_nodes_lost_total{{{POOL}}}"

HELD = Row(
    "Which GPUs are there, and who holds them?",
    (
        stat("GPUs", "How many GPUs do the nodes have that take work?", f"sum(farm_node_gpus{{{POOL}}})"),
        stat(
            "Held",
            "What share of the GPUs is held by workers? Held is not busy: see below what their workers do.",
            f'sum(farm_node_gpus{{{POOL}, state="used"}}) / sum(farm_node_gpus{{{POOL}}})',
            Unit.SHARE,
            low_is_bad(0.3, 0.7),
        ),
        stat(
            "Busy",
            "What share of the time in which workers held GPUs in the last hour did they work?",
            share('farm_gpu_seconds_total{state="busy"}', "farm_gpu_seconds_total", "1h"),
            Unit.SHARE,
            low_is_bad(0.4, 0.7),
        ),
        stat(
            "Idle",
            "How many GPU hours idled in the last day? Each costs what a working one does.",
            f"{gained(IDLE, '1d')} / 3600",
            Unit.GPU_HOURS,
            high_is_bad(10, 50),
            decimals=1,
        ),
        stat(
            "Draining",
            "How many nodes are about to go? Nothing new begins on them.",
            f'sum(farm_nodes{{{POOL}, state="draining"}}) or vector(0)',
            scale=high_is_bad(1, 10),
        ),
        stat(
            "Nodes lost",
            "How many nodes went away in the last day, announced or not? What ran there was tried again elsewhere.",
            f"round({gained(LOST, '1d')}) or vector(0)",
            scale=high_is_bad(1, 10),
        ),
        stack(
            "GPUs held",
            "How many GPUs of which pool are held, and how many are free? Free ones beside a queue: the lane that "
            "waits asks for another pool, or for more on one node.",
            Query(f'sum by (pool) (farm_node_gpus{{{POOL}, state="used"}})', "{{pool}} held"),
            Query(f'sum(farm_node_gpus{{{POOL}, state="free"}})', "free"),
            colours={"free": Colour.FAINT},
        ),
        stack(
            "Nodes",
            "How many nodes take work, are about to go, or are gone?",
            Query(f"sum by (state) (farm_nodes{{{POOL}}})", "{{state}}"),
            colours={"up": Colour.GOOD, "draining": Colour.WARN, "lost": Colour.BAD},
        ),
        table(
            "Pools",
            "What has each pool now?",
            ("pool",),
            (Column("GPUs"), f"sum by (pool) (farm_node_gpus{{{POOL}}})"),
            (Column("Held"), by_all(f'farm_node_gpus{{{POOL}, state="used"}}', GPUS, "pool")),
            (Column("Nodes"), by_all(f'farm_nodes{{{POOL}, state="up"}}', NODES, "pool")),
            (
                Column("Draining", scale=high_is_bad(1, 10)),
                by_all(f'farm_nodes{{{POOL}, state="draining"}}', NODES, "pool"),
            ),
            width=8,
        ),
    ),
)

WORK = Row(
    "What do they do?",
    (
        stack(
            "Time of GPUs",
            "What share of the time of the GPUs that are held goes into work, loading and idling?",
            Query("sum by (state) (rate(farm_gpu_seconds_total[5m]))", "{{state}}"),
            colours=STATES,
            share=True,
        ),
        bars(
            "Idle GPU hours by lane",
            "Which lane idles most, in the last day? Lower FARM_IDLE_STOP_S, or give it work.",
            Query(f"{gained(IDLE, '1d', 'lane')} / 3600", "{{lane}}"),
            Unit.GPU_HOURS,
            high_is_bad(10, 50),
        ),
        table(
            "Queue and workers",
            "Does each lane have workers for its queue? A queue without workers waits for room, or for a load.",
            ("lane",),
            (Column("Queue"), "sum by (lane) (farm_lane_queue_tasks)"),
            (Column("Busy"), by_all('farm_workers{state="busy"}', "farm_workers", "lane")),
            (Column("Idle"), by_all('farm_workers{state="idle"}', "farm_workers", "lane")),
            (Column("Loading"), by_all('farm_workers{state="loading"}', "farm_workers", "lane")),
            width=8,
        ),
    ),
)

REAL = Row(
    "What does Ray measure on the nodes?",
    (
        lines(
            "GPU utilisation",
            "Do the GPUs that are held compute? Low while workers are busy: they wait for input, for their CPU or for "
            "each other.",
            Query("avg by (instance) (ray_node_gpus_utilization)", "{{instance}}"),
            unit=Unit.PERCENT,
            most=100,
        ),
        lines(
            "GPU memory",
            "How full are the GPUs? Above 95 % the next larger shot runs out of memory.",
            Query(
                "sum by (instance) (ray_node_gram_used) / "
                "(sum by (instance) (ray_node_gram_used) + sum by (instance) (ray_node_gram_available))",
                "{{instance}}",
            ),
            unit=Unit.SHARE,
            scale=(Step(Colour.CALM), Step(Colour.BAD, 0.95)),
            most=1,
        ),
        lines(
            "GPU power",
            "How much power do the GPUs draw? It tells work from waiting better than their utilisation does.",
            Query("sum by (instance) (ray_node_gpu_power_milliwatts) / 1000", "{{instance}}"),
            unit=Unit.WATTS,
        ),
        lines(
            "GPU temperature",
            "Does a GPU run hot? It then slows down by itself.",
            Query("max by (instance) (ray_node_gpu_temperature_celsius)", "{{instance}}"),
            unit=Unit.CELSIUS,
            scale=(Step(Colour.CALM), Step(Colour.BAD, 85)),
        ),
        lines(
            "CPU",
            "Are a node's CPUs the narrow part? Encoding and scoring need them.",
            Query("avg by (instance, RayNodeType) (ray_node_cpu_utilization)", "{{instance}} {{RayNodeType}}"),
            unit=Unit.PERCENT,
            most=100,
        ),
        lines(
            "Memory",
            "How full is the nodes' memory? Ray kills workers above 95 %. The head has no work of ours, and must not "
            "fill up.",
            Query(
                "sum by (instance, RayNodeType) (ray_node_mem_used) / "
                "sum by (instance, RayNodeType) (ray_node_mem_total)",
                "{{instance}} {{RayNodeType}}",
            ),
            unit=Unit.SHARE,
            scale=(Step(Colour.CALM), Step(Colour.BAD, 0.95)),
            most=1,
        ),
        lines(
            "Disk",
            "Does a node's scratch disk fill up?",
            Query("max by (instance) (ray_node_disk_utilization_percentage)", "{{instance}}"),
            unit=Unit.PERCENT,
            scale=(Step(Colour.CALM), Step(Colour.BAD, 90)),
            most=100,
        ),
        lines(
            "Network",
            "Do stills and takes saturate a node's network?",
            Query("sum by (instance) (ray_node_network_receive_speed)", "{{instance}} in"),
            Query("sum by (instance) (ray_node_network_send_speed)", "{{instance}} out"),
            unit=Unit.BYTES_PER_SECOND,
        ),
        stack(
            "Nodes in Ray's eyes",
            "Does Ray see the nodes that the farm sees?",
            Query("sum by (node_type) (ray_cluster_active_nodes)", "{{node_type}} active"),
            Query("sum by (node_type) (ray_cluster_failed_nodes)", "{{node_type}} failed"),
        ),
    ),
)

SCALING = Row(
    "Does the autoscaler bring what is asked for?",
    (
        stack(
            "Nodes by kind",
            "Which nodes are there, on their way, or failed? On their way for long: the provider has none.",
            Query("sum by (NodeType) (autoscaler_active_nodes)", "{{NodeType}}"),
            Query("sum by (NodeType) (autoscaler_pending_nodes)", "{{NodeType}} on its way"),
            Query("sum by (NodeType) (autoscaler_recently_failed_nodes)", "{{NodeType}} failed"),
        ),
        lines(
            "GPUs: there and on their way",
            "How many GPUs has the cluster, and how many more has the autoscaler asked for?",
            Query('sum(autoscaler_cluster_resources{resource="GPU"})', "there"),
            Query('sum(autoscaler_pending_resources{resource="GPU"})', "on their way"),
        ),
        lines(
            "Nodes started, stopped and refused",
            "Does the autoscaler start and stop nodes again and again, or fail to?",
            Query("sum(increase(autoscaler_started_nodes_total[1h]))", "started"),
            Query("sum(increase(autoscaler_stopped_nodes_total[1h]))", "stopped"),
            Query("sum(increase(autoscaler_failed_create_nodes_total[1h]))", "refused"),
            unit=Unit.PER_HOUR,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="farm-pools",
    title="GPU pools and autoscaling",
    about="Which GPUs there are, who holds them, what they really do, and whether the autoscaler brings more.",
    rows=(HELD, WORK, REAL, SCALING),
    variables=(Variable("pool", "Pool", "farm_nodes", "pool"),),
)
