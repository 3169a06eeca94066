"""A job store, a clock that stands still, and an endpoint on this machine that does as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from farm.changes import Notice, NoticeKind
from farm.notify.hook import Hook
from farm.notify.schedule import Answer
from farm.notify.teller import Teller
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState

OUT = "/renders"


@dataclass
class Endpoint:
    """Keeps what it is sent, and answers with what `behave` says: by default 204."""

    behave: Callable[[BaseHTTPRequestHandler], None]
    url: str = ""
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: those who hang may go."""

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def answers(self, status: int, body: bytes = b"", **headers: str) -> None:
        def behave(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(body)

        self.behave = behave


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoints of this machine are reached as they are, whatever this machine reaches others through."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint(behave=lambda request: None)
    found.answers(204)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            found.arrived.set()
            found.behave(self)

        def log_message(self, *words: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/hooks/1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    found = JobStore.open(tmp_path / "state")
    yield found
    found.close()


@dataclass
class Clock:
    now_us: int = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now_us

    def passes(self, seconds: float) -> None:
        self.now_us += int(seconds * 1e6)


@dataclass
class Receiver:
    """`farm.notify.teller.Send` of paper: keeps what it is told, and answers as the test says."""

    says: Callable[[], Answer] = lambda: Answer(204, "")
    heard: list[tuple[str, str]] = field(default_factory=list)
    """Id and message of what it took."""
    asked: int = 0

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self.asked += 1
        answer = self.says()
        if answer.delivered:
            self.heard.append((headers["webhook-id"], json.loads(body)["message"]))
        return answer

    @property
    def words(self) -> list[str]:
        return [words for _, words in self.heard]


@dataclass
class Studio:
    """A farm whose driver is the test."""

    store: JobStore
    clock: Clock
    epoch: int
    hook: Hook

    def job(self, name: str, project: str = "demo") -> None:
        asked = {"id": name, "project": project, "name": name, "out": OUT, "document": {}, "created_us": 1}
        self.store.create_job(self.epoch, Job(**asked, principal="mia"))

    def ends(self, name: str, state: JobState = JobState.DONE, words: str = "", report: str = "") -> None:
        self.store.set_job_state(self.epoch, name, state, self.clock(), words, report)

    def happens(self, words: str, *, shot: str = "sh010", kind: NoticeKind = NoticeKind.SHOT_FAILED) -> None:
        """Something that was never before."""
        notice = Notice(kind=kind, project="demo", job="shots", shot=f"{shot}{words}", words=words)
        assert self.store.tell(self.epoch, [notice], self.clock()) == 1

    def teller(self, receiver: Receiver, hook: Hook | None = None, stopped: Callable[[], bool] = bool) -> Teller:
        """As a driver makes one that begins to lead."""
        return Teller(hook or self.hook, self.store, OUT, receiver, self.clock, stopped)


@pytest.fixture
def studio(store: JobStore) -> Iterator[Studio]:
    """A job "shots", and a webhook that has begun."""
    with store.lead() as lease:
        found = Studio(store, Clock(), lease.epoch, Hook("team", "http://127.0.0.1/", keys=(b"k" * 24,)))
        found.job("shots")
        found.teller(Receiver()).step()
        yield found


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()
