"""Where Prometheus asks: pages of a server (`farm.pages`) that no driver waits for.

    /metrics   the numbers, as OpenMetrics for who asks for that, gzipped for who takes that
    /healthz   200 while the process lives and its driver, if it leads, still gives signs of life; else 503
    /readyz    200 once it leads or stands by; else 503

A port that cannot be had is a warning and nothing more: rendering is not worth less for not being counted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http import HTTPStatus

from prometheus_client import CollectorRegistry

from farm.config import Address
from farm.metrics.exposition import Exposition, takes_gzip
from farm.metrics.process import SILENT_S, Metrics, Role
from farm.pages import Answer, Page, PageServer

logger = logging.getLogger(__name__)


def numbers(registry: CollectorRegistry) -> Page:
    """The page of what a registry collects."""
    exposition = Exposition(registry)

    def page(headers: Message) -> Answer:
        text = exposition.text(headers.get("Accept", ""))
        packs = takes_gzip(headers.get("Accept-Encoding", ""))
        return Answer(HTTPStatus.OK, text.packed if packs else text.plain, text.content_type, packed=packs)

    return page


class Endpoint(PageServer):
    """Serves one process's numbers. Raises `OSError` where it cannot listen."""

    def __init__(self, address: Address, metrics: Metrics) -> None:
        self.metrics = metrics
        super().__init__(
            address, {"/metrics": numbers(metrics.registry), "/healthz": self._health, "/readyz": self._role}
        )

    def _health(self, headers: Message) -> Answer:
        del headers
        silent_s = self.metrics.silent_s
        if silent_s > SILENT_S:
            words = f"the driver has given no sign of life for {silent_s:.0f} s"
            return Answer.words(HTTPStatus.SERVICE_UNAVAILABLE, words)
        return Answer.words(HTTPStatus.OK, self.metrics.role.value)

    def _role(self, headers: Message) -> Answer:
        del headers
        role = self.metrics.role
        is_ready = role is not Role.STARTING
        return Answer.words(HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE, role.value)


@contextmanager
def serving(address: Address | None, metrics: Metrics) -> Iterator[Endpoint | None]:
    """While inside, the numbers can be asked for there; None where they cannot, which is said once."""
    endpoint = _listening(address, metrics) if address else None
    if endpoint is None:
        yield None
        return
    endpoint.start()
    logger.info("metrics at http://%s/metrics", endpoint.address)
    try:
        yield endpoint
    finally:
        endpoint.close()


def _listening(address: Address, metrics: Metrics) -> Endpoint | None:
    try:
        return Endpoint(address, metrics)
    except OSError as error:
        logger.warning(
            "metrics are not served at %s: %s (FARM_METRICS names another address, or is off; rendering goes on)",
            address,
            error.strerror or error,
        )
        return None
