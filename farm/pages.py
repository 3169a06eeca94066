"""A small HTTP server of a few pages, with threads of its own, which nobody else waits for.

GET /path ──▶ pages["/path"](headers) ──▶ Answer          anything else: 404, and what there is
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, TCPServer, ThreadingMixIn
from typing import Any, Self, TypeAlias

from farm.config import Address

logger = logging.getLogger(__name__)

CLIENTS_MAX = 32
"""More connections at once are closed unanswered."""
CLIENT_S = 10.0
"""A client that says nothing for so long is left."""
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page says."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    packed: bool = False
    """True for a body in gzip."""

    @classmethod
    def words(cls, status: HTTPStatus, words: str) -> Self:
        return cls(status, f"{words}\n".encode())


Page: TypeAlias = Callable[[Message], Answer]
"""Called with the request's headers, on any thread, several times at once."""


Observe: TypeAlias = Callable[[str, HTTPStatus, float], None]
"""Told of each answer: the path of its page, or `OTHER`; its status; the seconds that it took."""
OTHER = "other"


def _unobserved(path: str, status: HTTPStatus, seconds: float) -> None:
    """Nobody counts."""


class PageServer(ThreadingMixIn, TCPServer):
    """Serves `pages` by their paths, from `start` to `close`. Raises `OSError` where it cannot listen."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: Address, pages: Mapping[str, Page], observe: Observe = _unobserved) -> None:
        self.pages = pages
        self._observe = observe
        self._room = threading.BoundedSemaphore(CLIENTS_MAX)
        self._answering = 0
        self._answered = threading.Condition()
        self._thread: threading.Thread | None = None
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family, place = found[0][0], found[0][4]
        super().__init__((str(place[0]), address.port), Asked)

    @property
    def address(self) -> Address:
        """Where it listens: with the port that it got."""
        host, port = self.server_address[:2]
        return Address(str(host), int(port))

    def start(self) -> None:
        self._thread = threading.Thread(target=self.serve_forever, name="pages", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Accept nothing more, and let what is being answered come to its end."""
        if self._thread:
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._answered:
            self._answered.wait_for(lambda: not self._answering, CLIENT_S)

    @contextmanager
    def answering(self, path: str, headers: Message) -> Iterator[Answer]:
        """What there is at a path, to be written inside: `close` waits for that."""
        began_s = time.perf_counter()
        with self._answered:
            self._answering += 1
        try:
            answer = self._answer(path, headers)
            yield answer
            self._observe(path if path in self.pages else OTHER, answer.status, time.perf_counter() - began_s)
        finally:
            with self._answered:
                self._answering -= 1
                self._answered.notify_all()

    def _answer(self, path: str, headers: Message) -> Answer:
        if page := self.pages.get(path):
            return page(headers)
        return Answer.words(HTTPStatus.OK if path == "/" else HTTPStatus.NOT_FOUND, f"farm: {', '.join(self.pages)}")

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
            logger.debug("%s, who asked for a page: %s", client_address, error)
        else:
            logger.error("a page cannot be told", exc_info=error)


class Asked(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = CLIENT_S
    server_version = "farm"
    sys_version = ""

    def __init__(self, request: Any, client_address: Any, server: BaseServer) -> None:
        assert isinstance(server, PageServer)
        self._server = server
        super().__init__(request, client_address, server)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        with self._server.answering(self.path.partition("?")[0], self.headers) as answer:
            self._answer(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Scrapes and probes are not worth a line each."""

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
