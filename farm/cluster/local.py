"""Ray, quietly: one of our own on this machine, gone when we are, or the cluster that a head of ours leads."""

from __future__ import annotations

import io
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from farm.errors import StorageError

logger = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 128 * 1024**2
"""Tasks pass file names, never frames: Ray's object store stays small."""

CONNECT_S = 5.0
"""How long a head may take to answer."""

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
    _quieten()
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
    yield from _until_done()


@contextmanager
def attach(address: str) -> Iterator[None]:
    """Join the Ray cluster at `address` ("host:port" of its head, or "auto") for the length of the block.

    Raises `StorageError` when none answers there, or it is of another version than this process.
    """
    _quieten()
    import ray

    try:
        _knock(address)
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StorageError(f"cannot join Ray at {address}: {reason} ({_remedy()})") from error
    yield from _until_done()


def _knock(address: str) -> None:
    """See whether anybody is there: Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()


def _remedy() -> str:
    """A head that its user's token protects refuses in silence; Ray shows the token only when it is told to.

    We do not tell it to: a driver with a token joins a cluster without, and then no actor of it ever comes up.
    """
    if os.environ.get("RAY_AUTH_MODE"):
        return "is its head up? `ray status`"
    return "is its head up? `ray status`; one that was started with a token wants RAY_AUTH_MODE=token here, too"


def _quieten() -> None:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def _until_done() -> Iterator[None]:
    """Ray prints until it is shut down: that a worker died, when we ended it."""
    import ray

    with redirect_stdout(_Log()):  # to the very end: Ray still prints what its last workers died of
        try:
            yield
        finally:
            ray.shutdown()
