"""Waiting for the job store: a driver that cannot write can decide nothing, so it tries again until it can.

What was decided is not carried out before it is durable, so an outage of the store delays the farm and loses nothing.
A lost lead is another matter, and ends the driver at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from farm.errors import StorageError

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Repeats what failed for storage's sake, until `stop` is set."""

    stop: threading.Event
    failed: Callable[[], None] = field(default=lambda: None)
    """Told each time."""

    def __call__(self, action: Callable[[], T]) -> T:
        """What `action` gives. Raises `StorageError` only after a stop was asked for."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return action()
            except StorageError as error:
                self.failed()
                if self.stop.is_set():
                    raise
                logger.warning("%s; trying again in %.1f s", error, pause_s)
            self.stop.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
