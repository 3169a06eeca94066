"""What an overview says: frozen values, which are also the document of `farm top --json`.

Those that the driver says of itself have a default for everything: an older driver may leave any of it out.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from farm.jobview import DriverView, JobView


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Rates(_Value):
    """How fast the farm is, over the driver's last `window_s` seconds. None for what it does not say."""

    window_s: float | None = None
    tasks_per_minute: float | None = None
    failed_per_minute: float | None = None
    takes_per_minute: float | None = None
    clip_seconds_per_minute: float | None = None
    frames_per_second: float | None = None
    cost_per_hour: float | None = None
    oldest_wait_s: float | None = None
    steps_per_second: Mapping[str, float] = {}
    """By lane."""


class LaneLine(_Value):
    """The workers of one lane."""

    name: str
    starting: int = 0
    idle: int = 0
    busy: int = 0
    queued: int = 0
    load_s: float = 0.0
    """What a worker needs until it is ready."""
    gpus: int = 0
    """Of one worker."""
    blocked: Mapping[str, str] = {}
    """Nodes its workers do not go to, with the reason."""
    on_trial: Mapping[str, str] = {}
    """Nodes on which it runs one worker at a time, with the reason."""
    backoff_until_us: int = 0
    backoff: str = ""

    @property
    def workers(self) -> int:
        return self.starting + self.idle + self.busy


class NodeLine(_Value):
    """One machine."""

    id: str
    name: str = ""
    state: str = "up"
    cpus: int = 0
    gpus: int = 0
    free_cpus: int = 0
    free_gpus: int = 0
    workers: int = 0
    reserved_for: str = ""
    """The lane that room is kept for."""
    deadline_us: int = 0
    """When it goes away, while it drains."""
    pools: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.name or self.id

    @property
    def is_there(self) -> bool:
        return self.state != "lost"


class PoolLine(_Value):
    """The nodes that have the same pools."""

    name: str
    """ "h100", "cpu, fast"; "" for nodes without one."""
    nodes: Mapping[str, int]
    """How many by state."""
    cpus: int
    """Of the nodes that are there."""
    gpus: int
    free_cpus: int
    free_gpus: int
    workers: int


class WaitLine(_Value):
    """What waits for one reason."""

    reason: str
    """A `WaitReason`, or "choice"."""
    tasks: int
    """Of "choice", shots."""
    jobs: Mapping[str, int]
    """How many of each job, the most first."""


class Eta(_Value):
    """How long a job will still take."""

    seconds: float
    is_rough: bool = False
    """True where nobody has seen yet how long some of what is left takes, so that it is guessed."""


class JobProgress(_Value):
    """How far a job is."""

    job: JobView
    share: float
    """How much of it is done, 0-1, by rough cost."""
    eta: Eta | None = None
    """None where it cannot be told: what most of it is does not run, or nothing like it has ended yet."""


class Overview(_Value):
    """The farm at one moment."""

    out: str
    at_us: int
    read_us: int
    """When the job store was last read."""
    trouble: str = ""
    """Why it cannot be read now."""
    driver: DriverView
    rates: Rates = Rates()
    lanes: tuple[LaneLine, ...] = ()
    """These, nodes and waits only while a driver leads: nobody else knows."""
    pools: tuple[PoolLine, ...] = ()
    nodes: tuple[NodeLine, ...] = ()
    waits: tuple[WaitLine, ...] = ()
    """First what no machine can run, then the most, last what comes by itself."""
    jobs: tuple[JobProgress, ...] = ()
    """What may run first, then what is held, then what has ended lately."""
