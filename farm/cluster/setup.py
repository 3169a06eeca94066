"""What every worker of a farm is given. Known before Ray is even imported, which takes most of a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from farm.logs.format import LogFormat


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What every worker of a farm is given."""

    url: str
    """The clip store's."""
    scratch: str
    """A folder on each machine's own disk, the same for all workers there; each makes its own below it."""
    threads: int = 1
    cores: int = 1
    storage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Options of the clip store's file system."""
    models: str = ""
    """The models folder, the same on each machine; "" for none."""
    model_cache: str = ""
    """A folder on each machine's own disk that models are brought to; "" where they are loaded from `models`."""
    model_cache_bytes: int = 0
    """What that may come to; 0 for as much as the disk has."""
    certificate: str = ""
    certificate_key: str = ""
    """Files that deliverables are signed with, at the same place on each machine; "" for a test key."""
    log_format: LogFormat = LogFormat.AUTO
    silence_s: float = 30.0
    """A worker that has not heard from the driver for so long ends itself."""
    cache_bytes: int = 64 << 30
    """What a machine keeps of remote storage at most."""
    stages: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stages beside those of the chain, as "module:ATTRIBUTE" of a `StageSpec`, by name."""
