"""Every family of metrics, as data.

Names and labels are an interface: dashboards, alerts and people's own queries lean on them. Durations are in seconds,
sizes in bytes, money in the farm's currency. No family is told apart by shot, take or task: the catalog answers that.
"""

from __future__ import annotations

from collections.abc import Mapping

from farm.metrics.family import Family, Kind, Label, Source, by_name

WORK_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0)
"""From a thumbnail to a film: 0.1 s to 2 h."""
STEP_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""One denoising step: a tiny model on a large GPU to a large one on a small GPU."""
TURN_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The driver's own work: 1 ms to 10 s."""

PARTS = 1_000_000
"""Seconds are counted in microseconds, money in millionths, as the scheduler does."""
JOBS_MAX = 100
"""So many live jobs have series of their own: the newest."""

LABELS: tuple[Label, ...] = (
    Label("stage", "kind of step: `generate`, `score`, …", 32),
    Label("lane", "pool of identical workers", 32),
    Label("model", 'model of a take; "" for stages without one', 32),
    Label("project", "the show", 100),
    Label("job", "one submitted shot list, while it is live", JOBS_MAX, is_passing=True),
    Label("pool", 'label of a node that lanes may ask for; "" for none', 16),
    Label("outcome", "how it ended: `done`, `failed`, `cancelled`, or as the family says"),
    Label("failure", 'kind of a failure, which decides about retries; "" where there is none'),
    Label("state", "of a task, job, worker, node or GPU"),
    Label("reason", "why a task waits; `choice` counts shots for which a person is to choose a take"),
    Label("warm", "`yes` when the worker had run an attempt before, `no` for its first"),
    Label("verb", "what was asked of the driver"),
    Label("file_class", "what a stored file is for, as its folder in the clip store"),
    Label("what", "which storage: see the family"),
    Label("path", "of a page that was asked for; `other` for those that are not there"),
    Label("status", "of an answer, as HTTP has it"),
    Label("version", "of farm"),
    Label("label", "the label whose values were too many"),
)


def _counted(name: str, says: str, *labels: str, per: int = 1) -> Family:
    return Family(name, Kind.COUNTER, Source.EVENTS, says, labels, per=per)


def _timed(name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Family:
    return Family(name, Kind.HISTOGRAM, Source.EVENTS, says, labels, buckets)


def _seen(name: str, says: str, *labels: str) -> Family:
    return Family(name, Kind.GAUGE, Source.PULSE, says, labels)


def _read(name: str, says: str, *labels: str) -> Family:
    return Family(name, Kind.GAUGE, Source.STORE, says, labels)


def _own(name: str, says: str, *labels: str, kind: Kind = Kind.GAUGE) -> Family:
    return Family(name, kind, Source.PROCESS, says, labels)


COUNTED = (
    _counted("farm_attempts_total", "Attempts that have ended.", "stage", "lane", "model", "outcome", "failure"),
    _counted("farm_dispatches_total", "Attempts that were handed to a worker.", "lane", "warm"),
    _counted(
        "farm_tasks_settled_total",
        "Tasks that came to their end; failed ones count with everything below them.",
        "stage",
        "outcome",
    ),
    _counted("farm_project_tasks_settled_total", "The same by project.", "project", "outcome"),
    _counted("farm_frames_total", "Frames of takes that were made, at the size and rate of the model.", "model"),
    _counted("farm_clip_seconds_total", "Running time of the takes that were made, in seconds.", "model"),
    _counted("farm_denoise_steps_total", "Denoising steps of takes that were made.", "model", "lane"),
    _counted(
        "farm_takes_total", "Takes by what the ranking said of them: `chosen` or `rejected`.", "project", "outcome"
    ),
    _counted(
        "farm_model_loads_total",
        "Workers that were started, by what came of it: `ready`; `lost`, as it died; `stopped` by the farm before it "
        "was ready, as it took too long, its node goes away, or it is not needed any more.",
        "lane",
        "outcome",
    ),
    _counted(
        "farm_worker_seconds_total",
        "Seconds that workers spent `loading` on a node, `idle` and `busy`, up to the last pulse; one that waits for a "
        "node, or only to be declared dead, spends none.",
        "lane",
        "state",
        per=PARTS,
    ),
    _counted(
        "farm_gpu_seconds_total",
        "The same in GPU-seconds: a worker of 4 GPUs spends 4 a second.",
        "lane",
        "state",
        per=PARTS,
    ),
    _counted(
        "farm_wasted_seconds_total",
        "Busy worker-seconds of attempts that did not end as done: failed, taken away with their node, cancelled.",
        "lane",
        per=PARTS,
    ),
    _counted(
        "farm_missed_seconds_total",
        "Worker-seconds in which a worker of the lane loaded or idled while a task of the lane could have begun, one "
        "worker for each such task; looked at every pulse.",
        "lane",
        per=PARTS,
    ),
    _counted("farm_cost_total", "What attempts that ended have cost, in the farm's currency.", "project", per=PARTS),
    _counted("farm_storage_written_bytes_total", "Bytes of files that attempts left.", "file_class"),
    _counted(
        "farm_storage_faults_total",
        "Times that storage failed the driver: `books` (job store or clip store, waited for), `plan` (a job could not "
        "be opened), `request` (put off), `catalog` (stays behind), `totals` (these numbers). What fails a worker "
        "counts as failure `transient` of its attempt.",
        "what",
    ),
    _counted("farm_changes_total", "Changes of tasks and attempts that were decided and committed."),
    _counted("farm_requests_total", "Requests of people that were decided: `applied` or `refused`.", "verb", "outcome"),
    _counted("farm_quarantined_total", "Tasks that were given up for ending one worker after another.", "stage"),
    _counted("farm_nodes_lost_total", "Nodes that went away, announced or not.", "pool"),
)

TIMED = (
    _timed(
        "farm_attempt_duration_seconds",
        "From handing an attempt to its worker to hearing how it ended.",
        WORK_S,
        "stage",
        "lane",
    ),
    _timed(
        "farm_queue_duration_seconds",
        "From when a task could run to when it was handed to a worker; limits of its job included, holds not.",
        WORK_S,
        "lane",
    ),
    _timed(
        "farm_model_load_duration_seconds",
        "From starting a worker to when it was ready; waiting for its node included.",
        WORK_S,
        "lane",
    ),
    _timed(
        "farm_denoise_step_duration_seconds",
        "One denoising step; every step of a take counts with the mean of its take.",
        STEP_S,
        "model",
        "lane",
    ),
    _timed("farm_commit_duration_seconds", "One transaction of changes in the job store.", TURN_S),
    _timed(
        "farm_turn_duration_seconds", "One turn of the driver's loop, without waiting for something to happen.", TURN_S
    ),
)

SEEN = (
    _seen(
        "farm_queue_tasks",
        "Tasks that wait, by why; one that several jobs want counts for each.",
        "project",
        "reason",
    ),
    _seen("farm_lane_queue_tasks", "Tasks that could run in a lane now, of jobs that are not on hold.", "lane"),
    _seen(
        "farm_oldest_wait_seconds",
        "How long the task has waited that could run for longest, of jobs that are not on hold; 0 for none.",
        "project",
    ),
    _seen("farm_workers", "Workers: `pending` until their node comes, `loading`, `idle` or `busy`.", "lane", "state"),
    _seen("farm_lane_gpus", "GPUs that one worker of the lane holds.", "lane"),
    _seen("farm_lane_blocked_nodes", "Nodes that the lane's workers do not go to, for what failed there.", "lane"),
    _seen("farm_lane_backoff", "1 while the lane pauses, for a provider that said later or crash after crash.", "lane"),
    _seen("farm_nodes", "Nodes: `up`, `draining` or `lost`.", "pool", "state"),
    _seen("farm_node_gpus", "GPUs of nodes that are up or draining: `free` or `used`.", "pool", "state"),
    _seen(
        "farm_efficiency_ratio",
        "Useful work over what the lane's workers could have done: (busy - wasted) / (busy + missed) worker-seconds of "
        "the last 10 minutes, see `farm_wasted_seconds_total` and `farm_missed_seconds_total`; 1 is the speed of "
        "light, and absent where there was nothing to do.",
        "lane",
    ),
)

READ = (
    _read("farm_store_tasks", "Tasks of all jobs; one that several jobs want counts for each.", "stage", "state"),
    _read("farm_store_project_tasks", "The same by project.", "project", "state"),
    _read("farm_store_attempts", "Attempts: `running`, `done`, `failed` or `cancelled`.", "outcome"),
    _read("farm_store_jobs", "Jobs by state.", "project", "state"),
    _read("farm_store_project_cost", "What a project's attempts have cost, in the farm's currency.", "project"),
    _read("farm_store_project_budget", "What a project may cost in all; absent without a budget.", "project"),
    _read("farm_store_seq", "Number of the last change in the job store."),
    _read("farm_store_age_seconds", "How old the numbers of the job store are."),
    _read("farm_job_tasks", f"Tasks of a live job, of the {JOBS_MAX} newest.", "project", "job", "state"),
    _read("farm_job_cost", "What a live job has cost.", "project", "job"),
    _read("farm_job_budget", "What a live job may cost; absent without a budget.", "project", "job"),
)

OWN = (
    _own("farm_info", "1, with the version.", "version"),
    _own("farm_lease_held", "1 while this process leads, 0 while it stands by."),
    _own("farm_lease_epoch", "Number of the last lead that this process had; each lead has a higher one."),
    _own("farm_lease_changes_total", "Times that this process gained or lost the lead.", kind=Kind.COUNTER),
    _own("farm_disk_free_bytes", "Free on the disk of `state`, `scratch` or `out`, where it is local.", "what"),
    _own("farm_disk_size_bytes", "Size of that disk.", "what"),
    _own(
        "farm_labels_folded_total",
        'Values of a label that were counted as "other", as there were too many.',
        "label",
        kind=Kind.COUNTER,
    ),
)

SERVED = (
    Family("farm_serve_info", Kind.GAUGE, Source.SERVE, "1, with the version.", ("version",)),
    Family(
        "farm_serve_requests_total",
        Kind.COUNTER,
        Source.SERVE,
        "Requests over HTTP that were answered, by path and status; probes and scrapes count too.",
        ("path", "status"),
    ),
    Family(
        "farm_serve_request_duration_seconds",
        Kind.HISTOGRAM,
        Source.SERVE,
        "From having read a request to having written its answer.",
        ("path",),
        TURN_S,
    ),
    Family(
        "farm_serve_ready",
        Kind.GAUGE,
        Source.SERVE,
        "1 while the job store answers, with the schema that this version knows, and the process is not about to end.",
    ),
    Family(
        "farm_serve_driver_leads",
        Kind.GAUGE,
        Source.SERVE,
        "1 while a driver leads, as the job store has it: one that gave a sign of life within the last 10 seconds; "
        "absent while the job store does not answer.",
    ),
    Family(
        "farm_serve_driver_silent_seconds",
        Kind.GAUGE,
        Source.SERVE,
        "How long ago the last driver gave a sign of life, which it does every two seconds; absent while none ever "
        "did, or the job store does not answer.",
    ),
)

DRIVEN: tuple[Family, ...] = (*COUNTED, *TIMED, *SEEN, *READ, *OWN)
"""What a driver tells."""
FAMILIES: tuple[Family, ...] = (*DRIVEN, *SERVED)
FAMILY: Mapping[str, Family] = by_name(FAMILIES)
LABEL: Mapping[str, Label] = {label.name: label for label in LABELS}
