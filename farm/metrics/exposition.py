"""The numbers as text: OpenMetrics for who asks for it, Prometheus' older format for everybody else.

However many ask at once, one text is made, and it stands for a moment: a storm of scrapes costs no more than that.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.exposition import generate_latest as plain
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

YOUNG_S = 1.0
OPENMETRICS = "application/openmetrics-text"
GZIP_LEVEL = 1
"""Most of what is to be had, for a tenth of the time of the last bit."""


@dataclass(frozen=True, slots=True)
class Text:
    content_type: str
    plain: bytes
    packed: bytes
    """The same, gzipped."""
    at_s: float


class Exposition:
    """The texts of one registry."""

    def __init__(self, registry: CollectorRegistry, young_s: float = YOUNG_S) -> None:
        self._registry = registry
        self._young_s = young_s
        self._latest: dict[str, Text] = {}
        self._turn = threading.Lock()

    def text(self, accept: str) -> Text:
        """For a client that accepts this."""
        content_type, write = _format(accept)
        with self._turn:
            latest = self._latest.get(content_type)
            if latest is None or time.monotonic() - latest.at_s >= self._young_s:
                written = write(self._registry)
                packed = gzip.compress(written, GZIP_LEVEL)
                latest = self._latest[content_type] = Text(content_type, written, packed, time.monotonic())
            return latest


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes a packed text."""
    codings = (coding.partition(";") for coding in accept_encoding.lower().split(","))
    return any(name.strip() == "gzip" and weight.replace(" ", "") != "q=0" for name, _, weight in codings)


def _format(accept: str) -> tuple[str, Callable[[CollectorRegistry], bytes]]:
    asked = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return (CONTENT_TYPE_LATEST, openmetrics) if OPENMETRICS in asked else (CONTENT_TYPE_PLAIN_0_0_4, plain)
