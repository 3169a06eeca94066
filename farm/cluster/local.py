"""A Ray of our own on this machine: private, quiet, and gone when we are."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

logger = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 128 * 1024**2
"""Tasks pass file names, never frames: Ray's object store stays small."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_metrics_collection": "0",
}


class _Log(io.TextIOBase):
    """A standard output that ends in the log: Ray prints there of its own accord, and ours holds answers."""

    def write(self, text: str) -> int:
        if text.strip():
            logger.debug("%s", text.rstrip())
        return len(text)


@contextmanager
def local_ray(cpus: int) -> Iterator[None]:
    """Start Ray with `cpus` CPUs for the length of the block. What it prints goes to the log."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    ray.init(
        address="local",
        num_cpus=cpus,
        include_dashboard=False,
        configure_logging=True,
        logging_level=logging.ERROR,
        log_to_driver=False,
        object_store_memory=OBJECT_STORE_BYTES,
        _node_ip_address="127.0.0.1",
    )
    try:
        with redirect_stdout(_Log()):
            yield
    finally:
        ray.shutdown()
