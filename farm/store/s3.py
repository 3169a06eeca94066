"""Clips as objects of S3, or of anything that speaks its protocol and honours conditional writes.

    small   PUT            If-None-Match: *
    large   parts, then    CompleteMultipartUpload If-None-Match: *     (nothing is visible before)
    link    copied parts, then the same                                 (bytes stay on the server)

A request whose answer was lost is sent again by the client library and then meets its own object: every write carries
an id in the object's metadata, and a refused one that finds its own id there has succeeded.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import s3fs
from botocore.exceptions import BotoCoreError, ClientError
from fsspec import AbstractFileSystem

from farm.store.backend import Entry, Stored

PART_BYTES = 64 << 20
COPY_PART_BYTES = 1 << 30
CONFLICT_TRIES = 5
"""How often to ask again while another conditional write of the same key is under way."""

_PUT_ID = "farm-put"
_TAKEN = {"PreconditionFailed", "412"}
_CONFLICT = {"ConditionalRequestConflict", "409"}


class S3Objects:
    """Objects of one bucket, below a prefix."""

    errors: tuple[type[Exception], ...] = (OSError, BotoCoreError, ClientError)
    local = False
    remedy = "check the bucket, its policy, the endpoint and the credentials"

    def __init__(self, location: str, *, part_bytes: int = PART_BYTES, **options: Any) -> None:
        bucket, _, prefix = location.strip("/").partition("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._part_bytes = part_bytes
        self._objects = s3fs.S3FileSystem(use_listings_cache=False, **options)

    def put_file(self, key: str, source: Path, *, adopt: bool) -> Stored:  # noqa: ARG002 (S3 always copies)
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()

        def upload(put_id: str) -> None:
            self._objects.put_file(
                str(source), self._path(key), chunksize=self._part_bytes, mode="create", Metadata={_PUT_ID: put_id}
            )

        self._once(key, upload)
        return Stored(size, digest)

    def put_bytes(self, key: str, data: bytes) -> None:
        def upload(put_id: str) -> None:
            self._objects.pipe_file(
                self._path(key), data, chunksize=self._part_bytes, mode="create", Metadata={_PUT_ID: put_id}
            )

        self._once(key, upload)

    def read_bytes(self, key: str) -> bytes:
        return cast(bytes, self._objects.cat_file(self._path(key)))

    def fetch(self, key: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        temp = target.with_name(f".{uuid.uuid4().hex}")
        try:
            self._objects.get_file(self._path(key), str(temp))
            temp.replace(target)
        finally:
            temp.unlink(missing_ok=True)

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 (never on this machine)
        return None

    def size(self, key: str) -> int:
        return self._head(key)["ContentLength"]

    def entries(self, prefix: str) -> Iterator[Entry]:
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._prefix + prefix, **more)
            for item in page.get("Contents", ()):
                if not item["Key"].endswith("/"):  # a folder, as some browsers make them
                    modified_us = int(item["LastModified"].timestamp() * 1e6)
                    yield Entry(item["Key"][len(self._prefix) :], item["Size"], modified_us)
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        self._head(key)
        self._call("delete_object", Key=self._prefix + key)

    def link(self, source: str, target: str) -> None:
        size = self.size(source)
        if size == 0:
            self.put_bytes(target, b"")
            return
        self._once(target, lambda put_id: self._copy(source, size, target, put_id))

    def sweep(self, before_us: int) -> int:
        uploads = self._call("list_multipart_uploads", Prefix=self._prefix).get("Uploads", ())
        stale = [upload for upload in uploads if upload["Initiated"].timestamp() * 1e6 < before_us]
        for upload in stale:
            self._call("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])
        return len(stale)

    def url(self, key: str) -> str:
        return f"s3://{self._path(key)}"

    def filesystem(self) -> tuple[AbstractFileSystem, str]:
        return self._objects, f"{self._bucket}/{self._prefix}".rstrip("/")

    # -- inside -------------------------------------------------------------------------------------------------

    def _path(self, key: str) -> str:
        return f"{self._bucket}/{self._prefix}{key}"

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return cast(dict[str, Any], self._objects.call_s3(operation, Bucket=self._bucket, **arguments))

    def _head(self, key: str) -> dict[str, Any]:
        return self._call("head_object", Key=self._prefix + key)

    def _once(self, key: str, write: Callable[[str], object]) -> None:
        """Do one conditional write. Raises `FileExistsError` when the key holds somebody else's object."""
        put_id = uuid.uuid4().hex
        for left in reversed(range(CONFLICT_TRIES)):
            try:
                write(put_id)
            except OSError as error:
                if _code(error) in _TAKEN:
                    if self._head(key)["Metadata"].get(_PUT_ID) != put_id:
                        raise FileExistsError(key) from error
                elif _code(error) in _CONFLICT and left:
                    continue
                else:
                    raise
            return

    def _copy(self, source: str, size: int, target: str, put_id: str) -> None:
        """Copy on the server as a multipart upload, the one kind of copy whose end every server can refuse."""
        key = self._prefix + target
        upload = self._call("create_multipart_upload", Key=key, Metadata={_PUT_ID: put_id})["UploadId"]
        try:
            parts = [
                self._copy_part(source, start, min(start + COPY_PART_BYTES, size), key, upload, number)
                for number, start in enumerate(range(0, size, COPY_PART_BYTES), 1)
            ]
            self._call(
                "complete_multipart_upload",
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
                IfNoneMatch="*",
            )
        except self.errors:
            self._call("abort_multipart_upload", Key=key, UploadId=upload)
            raise

    def _copy_part(self, source: str, start: int, end: int, key: str, upload: str, number: int) -> dict[str, Any]:
        copied = self._call(
            "upload_part_copy",
            Key=key,
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": self._bucket, "Key": self._prefix + source},
            CopySourceRange=f"bytes={start}-{end - 1}",
        )
        return {"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]}


def _code(error: OSError) -> str:
    """The server's own error code behind what s3fs raised."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else ""
