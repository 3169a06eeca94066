"""Where Prometheus asks: a small HTTP server with threads of its own, which no driver waits for.

    /metrics   the numbers, as OpenMetrics for who asks for that, gzipped for who takes that
    /healthz   200 while the process lives and its driver, if it leads, still gives signs of life; else 503
    /readyz    200 once it leads or stands by; else 503

A port that cannot be had is a warning and nothing more: rendering is not worth less for not being counted.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, TCPServer, ThreadingMixIn
from typing import Any

from farm.config import Address
from farm.metrics.exposition import Exposition, takes_gzip
from farm.metrics.process import SILENT_S, Metrics, Role

logger = logging.getLogger(__name__)

CLIENTS_MAX = 32
"""More connections at once are closed unanswered."""
CLIENT_S = 10.0
"""A client that says nothing for so long is left."""
TEXT = "text/plain; charset=utf-8"


class Endpoint(ThreadingMixIn, TCPServer):
    """Serves one process's numbers. Raises `OSError` where it cannot listen."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: Address, metrics: Metrics) -> None:
        self.metrics = metrics
        self.exposition = Exposition(metrics.registry)
        self._room = threading.BoundedSemaphore(CLIENTS_MAX)
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family, place = found[0][0], found[0][4]
        super().__init__((str(place[0]), address.port), Asked)

    @property
    def address(self) -> Address:
        """Where it listens: with the port that it got."""
        host, port = self.server_address[:2]
        return Address(str(host), int(port))

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread is to be had
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request
        error = sys.exc_info()[1]
        if isinstance(error, OSError):  # it went away
            logger.debug("%s, who asked for metrics: %s", client_address, error)
        else:
            logger.error("the metrics cannot be told", exc_info=error)


class Asked(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = CLIENT_S
    server_version = "farm"
    sys_version = ""

    def __init__(self, request: Any, client_address: Any, server: BaseServer) -> None:
        assert isinstance(server, Endpoint)
        self._endpoint = server
        super().__init__(request, client_address, server)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._metrics()
            case "/healthz":
                self._say(*_health(self._endpoint.metrics))
            case "/readyz":
                role = self._endpoint.metrics.role
                is_ready = role is not Role.STARTING
                self._say(HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE, role.value)
            case "/":
                self._say(HTTPStatus.OK, "farm: /metrics, /healthz, /readyz")
            case _:
                self._say(HTTPStatus.NOT_FOUND, "there are /metrics, /healthz and /readyz")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Scrapes are not worth a line each."""

    def _metrics(self) -> None:
        text = self._endpoint.exposition.text(self.headers.get("Accept", ""))
        packs = takes_gzip(self.headers.get("Accept-Encoding", ""))
        self._answer(HTTPStatus.OK, text.content_type, text.packed if packs else text.plain, packed=packs)

    def _say(self, status: HTTPStatus, words: str) -> None:
        self._answer(status, TEXT, f"{words}\n".encode())

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes, *, packed: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _health(metrics: Metrics) -> tuple[HTTPStatus, str]:
    silent_s = metrics.silent_s
    if silent_s > SILENT_S:
        return HTTPStatus.SERVICE_UNAVAILABLE, f"the driver has given no sign of life for {silent_s:.0f} s"
    return HTTPStatus.OK, metrics.role.value


@contextmanager
def serving(address: Address | None, metrics: Metrics) -> Iterator[Endpoint | None]:
    """While inside, the numbers can be asked for there; None where they cannot, which is said once."""
    endpoint = _listening(address, metrics) if address else None
    if endpoint is None:
        yield None
        return
    thread = threading.Thread(target=endpoint.serve_forever, name="metrics", daemon=True)
    thread.start()
    logger.info("metrics at http://%s/metrics", endpoint.address)
    try:
        yield endpoint
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join()


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
