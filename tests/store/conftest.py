"""Stores to test against: folders, memory, and a real S3 server on a free port."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.errors import FailureKind
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Job
from farm.tasks import AttemptState, Manifest, Task, TaskState

ACCESS = {"key": "test", "secret": "test"}


@dataclass(frozen=True)
class S3Server:
    endpoint: str

    def options(self, **more: Any) -> dict[str, Any]:
        return {"endpoint_url": self.endpoint, **ACCESS, "client_kwargs": {"region_name": "us-east-1"}, **more}

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS["key"],
            aws_secret_access_key=ACCESS["secret"],
            region_name="us-east-1",
        )

    def bucket(self) -> str:
        name = f"clips-{uuid.uuid4().hex}"
        self.client().create_bucket(Bucket=name)
        return name


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """moto on a free port. S3 decides one conditional write after the other; moto's two steps get a lock for that."""
    one_at_a_time = threading.Lock()
    patch = pytest.MonkeyPatch()
    for name in ("put_object", "_key_response_post"):
        original = getattr(S3Response, name)

        def locked(self: S3Response, *args: Any, original: Callable[..., Any] = original, **kwargs: Any) -> Any:
            with one_at_a_time:
                return original(self, *args, **kwargs)

        patch.setattr(S3Response, name, locked)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Server(f"http://{host}:{port}")
    server.stop()
    patch.undo()


@pytest.fixture(params=["file", "memory", "s3"])
def clips(request: pytest.FixtureRequest, tmp_path: Path) -> ClipStore:
    """An empty clip store of each kind."""
    match request.param:
        case "file":
            return ClipStore(str(tmp_path / "store"))
        case "memory":
            return ClipStore(f"memory://{uuid.uuid4().hex}")
        case _:
            server: S3Server = request.getfixturevalue("s3_server")
            return ClipStore(f"s3://{server.bucket()}/farm", **server.options(part_bytes=5 << 20))


@pytest.fixture
def folder_clips(tmp_path: Path) -> ClipStore:
    return ClipStore(str(tmp_path / "store"))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty job store lies, on each database: a folder, or a URL."""
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else str(tmp_path / "state")


@pytest.fixture
def reopen(place: str) -> Iterator[Callable[[], JobStore]]:
    """Opens the same job store, again and again."""
    opened: list[JobStore] = []

    def open_again() -> JobStore:
        opened.append(JobStore.connect(place) if "://" in place else JobStore.open(Path(place)))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], JobStore]) -> JobStore:
    return reopen()


@pytest.fixture
def epoch(store: JobStore) -> Iterator[int]:
    """This test leads."""
    with store.lead() as lease:
        yield lease.epoch


@pytest.fixture
def make() -> Make:
    return Make()


class Make:
    """Small, valid values to test with."""

    def job(self, name: str = "job", **fields: Any) -> Job:
        defaults = {"project": "demo", "name": name, "out": "out", "document": {"shots": []}, "created_us": 1}
        return Job(id=name, **{**defaults, **fields})

    def task(self, number: int = 1, **fields: Any) -> Task:
        defaults = {"project": "demo", "stage": "prepare", "version": 1, "params": {"n": number}, "shot": "sh010"}
        return Task.of(**{**defaults, **fields})

    def manifest(self, task: Task, attempt: int = 1, failure: FailureKind | None = None, **fields: Any) -> Manifest:
        state = AttemptState.FAILED if failure else AttemptState.DONE
        defaults = {"stage": task.stage, "state": state, "failure": failure, "started_us": 10, "ended_us": 20}
        return Manifest(task=task.id, attempt=attempt, **{**defaults, **fields})

    def started(self, task: Task, attempt: int = 1) -> AttemptStarted:
        return AttemptStarted(task.id, attempt, "cpu-1", "node", 10)

    def done(self, task: Task, attempt: int = 1, **fields: Any) -> list[Committed]:
        """The changes of one whole successful attempt."""
        ended = AttemptEnded(self.manifest(task, attempt, **fields))
        return [self.started(task, attempt), ended, TaskMoved(task.id, TaskState.DONE, 20, winner=attempt)]

    def failed(
        self, task: Task, attempt: int, kind: FailureKind, state: TaskState, message: str = ""
    ) -> list[Committed]:
        """The changes of one whole failed attempt, after which the task is in `state`."""
        ended = AttemptEnded(self.manifest(task, attempt, kind, message=message))
        final = state is TaskState.FAILED
        moved = TaskMoved(task.id, state, 20, failure=kind if final else None, message=message if final else "")
        return [self.started(task, attempt), ended, moved]
