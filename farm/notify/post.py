"""One message on its way to one URL: an HTTP request with little patience, and what came of it in words.

    body, headers ──POST──▶ endpoint ──▶ Answer(status, words)        the clock ──cuts──▶ the connection

Redirects are not followed (a signed message goes where the settings say and nowhere else), certificates are verified
against the system's authorities, proxies are taken from the environment as elsewhere. An endpoint that trickles is no
better than one that hangs: the connection is cut when the time for the whole of it is over, or when `Call.cut` says so.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from farm.notify.schedule import Answer
from farm.printable import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Generator

PATIENCE_S = 10.0
"""For the whole of a request."""
ANSWER_BYTES = 2_000
WORDS_SHOWN = 200


@dataclass(slots=True)
class Call:
    """A request under way, which another thread may cut short."""

    patience_s: float = PATIENCE_S
    was_cut: bool = False
    _sockets: list[socket.socket] = field(default_factory=list[socket.socket])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def holds(self, connected: socket.socket) -> None:
        with self._lock:
            self._sockets.append(connected)
        if self.was_cut:
            self.cut()

    def cut(self) -> None:
        """End it, whatever it waits for."""
        self.was_cut = True
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):  # it has ended meanwhile
                    socket.socket.shutdown(each, socket.SHUT_RDWR)  # a TLS socket's own would pull it from its reader

    @contextmanager
    def timed(self) -> Generator[None]:
        timer = threading.Timer(self.patience_s, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class _Http(http.client.HTTPConnection):
    def __init__(self, host: str, call: Call, **options: Any) -> None:
        super().__init__(host, **options)
        self._call = call

    def connect(self) -> None:
        super().connect()
        self._call.holds(self.sock)


class _Https(http.client.HTTPSConnection):
    def __init__(self, host: str, call: Call, **options: Any) -> None:
        super().__init__(host, **options)
        self._call = call

    def connect(self) -> None:
        super().connect()
        self._call.holds(self.sock)


class _HttpFor(HTTPHandler):
    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    def http_open(self, req: Request) -> Any:
        return self.do_open(partial(_Http, call=self._call), req)


class _HttpsFor(HTTPSHandler):
    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    def https_open(self, req: Request) -> Any:
        return self.do_open(partial(_Https, call=self._call), req, context=ssl.create_default_context())


def post(url: str, headers: Mapping[str, str], body: bytes, call: Call, now_us: int) -> Answer:
    """What came back; status 0 when nothing did. Raises nothing."""
    opener = OpenerDirector()  # bare: no redirects, no cookies, no files, and a status is no exception
    for handler in (ProxyHandler(), _HttpFor(call), _HttpsFor(call)):
        opener.add_handler(handler)
    request = Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 (the settings take no other scheme)
    try:
        with call.timed(), opener.open(request, timeout=call.patience_s) as response:
            return _answer(response, now_us)
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, _trouble(error, call))


def _answer(response: http.client.HTTPResponse, now_us: int) -> Answer:
    status = response.status
    if 300 <= status < 400:
        return Answer(status, "redirects are not followed (the settings need the final URL)")
    said = "" if 200 <= status < 300 else _legible(response.read(ANSWER_BYTES))
    return Answer(status, said, _wish_s(response.headers.get("Retry-After", ""), now_us))


def _legible(answer: bytes) -> str:
    """The beginning of what an endpoint says, on one line, without anything that a terminal would obey."""
    text = answer.decode("utf-8", "replace")
    return shortened(one_line(text), WORDS_SHOWN)


def _wish_s(written: str, now_us: int) -> float:
    """For how long a receiver wants to be left alone: seconds, or a date; 0 where it says nothing that can be read."""
    if written.strip().isdecimal():
        return float(written.strip()[:9])
    try:
        until = parsedate_to_datetime(written)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.fromtimestamp(now_us / 1e6, UTC)).total_seconds())


def _trouble(error: OSError | http.client.HTTPException, call: Call) -> str:
    """Why nothing came back."""
    reason = error.reason if isinstance(error, URLError) else error
    if call.was_cut or isinstance(reason, TimeoutError):
        return f"no answer within {call.patience_s:g} s"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {reason.verify_message}"
    if isinstance(reason, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "it closed the connection without an answer"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return _legible(f"{type(reason).__name__}: {reason}".encode())
