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

from farm.store.clips import ClipStore

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
