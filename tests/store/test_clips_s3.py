"""What only object storage can suffer: no bucket, no credentials, lost answers, killed uploads."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from farm.errors import KeyExists, StorageError
from farm.store.clips import SWEEP_AGE_US, ClipStore


@pytest.fixture
def bucket(s3_server) -> str:
    return s3_server.bucket()


@pytest.fixture
def objects(s3_server, bucket: str) -> ClipStore:
    return ClipStore(f"s3://{bucket}/farm", **s3_server.options(part_bytes=5 << 20))


def test_a_bucket_that_is_not_there(s3_server) -> None:
    clips = ClipStore(f"s3://no-{uuid.uuid4().hex}/farm", **s3_server.options())
    with pytest.raises(StorageError, match=r"cannot write s3://no-.*check the bucket"):
        clips.put_bytes("k", b"x")


def test_a_server_that_is_not_there(s3_server) -> None:
    options = s3_server.options(config_kwargs={"retries": {"max_attempts": 0}, "connect_timeout": 1})
    clips = ClipStore("s3://b/farm", **{**options, "endpoint_url": "http://127.0.0.1:9"})
    clips._backend._objects.retries = 1
    with pytest.raises(StorageError, match=r"cannot write s3://b/farm/k.*endpoint"):
        clips.put_bytes("k", b"x")


def test_no_permission(objects: ClipStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(objects._backend._objects, "pipe_file", deny)
    with pytest.raises(StorageError, match=r"no permission for s3://.*/farm/k: Access Denied .*credentials"):
        objects.put_bytes("k", b"x")


def test_a_write_whose_answer_was_lost_is_ours(objects: ClipStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a write that arrived but was not answered WHEN it is sent again THEN it has succeeded, once."""
    pipe_file = objects._backend._objects.pipe_file

    def twice(*arguments, **options) -> None:
        pipe_file(*arguments, **options)
        pipe_file(*arguments, **options)

    monkeypatch.setattr(objects._backend._objects, "pipe_file", twice)
    objects.put_bytes("k", b"x")
    assert objects.read_bytes("k") == b"x"
    with pytest.raises(KeyExists):
        objects.put_bytes("k", b"x")


def conflict() -> OSError:
    error = OSError("conflict")
    error.__cause__ = ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
    return error


@pytest.mark.parametrize("conflicts", [1, 4, 5])
def test_conflicts_are_asked_again_for_a_while(
    objects: ClipStore, monkeypatch: pytest.MonkeyPatch, conflicts: int
) -> None:
    pipe_file = objects._backend._objects.pipe_file
    left = [conflict() for _ in range(conflicts)]

    def busy(*arguments, **options) -> None:
        if left:
            raise left.pop()
        pipe_file(*arguments, **options)

    monkeypatch.setattr(objects._backend._objects, "pipe_file", busy)
    if conflicts < 5:
        objects.put_bytes("k", b"x")
        assert objects.read_bytes("k") == b"x"
    else:
        with pytest.raises(StorageError, match="conflict"):
            objects.put_bytes("k", b"x")


KILLED = """
import os, sys
from pathlib import Path
from farm.store.clips import ClipStore
import json
clips = ClipStore(sys.argv[1], **json.loads(sys.argv[2]))
objects = clips._backend._objects
call = objects._call_s3

async def die_at_the_end(method, *arguments, **options):
    if method == "complete_multipart_upload":
        os.kill(os.getpid(), 9)
    return await call(method, *arguments, **options)

objects._call_s3 = die_at_the_end
clips.put_file("k", Path(sys.argv[3]))
"""


def test_sigkill_in_an_upload_leaves_nothing_visible(
    s3_server, bucket: str, objects: ClipStore, tmp_path: Path
) -> None:
    source = tmp_path / "clip"
    source.write_bytes(b"x" * 11_000_000)
    options = json.dumps(s3_server.options(part_bytes=5 << 20))
    killed = subprocess.run([sys.executable, "-c", KILLED, f"s3://{bucket}/farm", options, str(source)], check=False)
    assert killed.returncode == -9
    assert list(objects.keys()) == []
    assert not objects.exists("k")
    uploads = s3_server.client().list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [upload["Key"] for upload in uploads] == ["farm/k"]
    initiated_us = int(uploads[0]["Initiated"].timestamp() * 1e6)
    assert objects.sweep(initiated_us + SWEEP_AGE_US - 1) == 0
    assert objects.sweep(initiated_us + SWEEP_AGE_US + 1) == 1
    objects.put_file("k", source)
    assert objects.size("k") == 11_000_000


def test_long_listings_come_in_pages(objects: ClipStore, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"k/{number:02d}" for number in range(7)]
    for key in keys:
        objects.put_bytes(key, b"")
    call = objects._backend._call
    pages = []

    def small_pages(operation: str, **arguments):
        page = call(operation, MaxKeys=3, **arguments)
        pages.append(len(page["Contents"]))
        return page

    monkeypatch.setattr(objects._backend, "_call", small_pages)
    assert list(objects.keys("k/")) == keys
    assert pages == [3, 3, 1]


def test_folder_markers_are_no_keys(s3_server, bucket: str, objects: ClipStore) -> None:
    s3_server.client().put_object(Bucket=bucket, Key="farm/folder/", Body=b"")
    objects.put_bytes("folder/k", b"x")
    assert list(objects.keys()) == ["folder/k"]
