"""A hub of models on loopback: the answers that huggingface_hub asks for, from repositories held in memory.

    /api/models/ID/revision/REV   commit, card, files with sizes and digests        /ID/resolve/REV/PATH
    /api/models/ID/tree/REV       the same files as a listing                           small: the file
    /cdn/SHA256                   large files, with ranges                              large: 302 to /cdn/SHA256

Faults are told beforehand: files that break off, that hang until told, that come changed, gated and missing
repositories. It counts the bytes of file contents it has sent, and keeps the requests.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin", ".ckpt")
"""Kept outside git, as large files are."""
BLOCK = 1 << 16


def commit_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Repository:
    """One commit of one repository."""

    files: Mapping[str, bytes]
    licence: str = "apache-2.0"
    commit: str = commit_of("first")
    gated: bool = False
    """Open only to the token "good"."""

    def entry(self, path: str) -> dict[str, Any]:
        body = self.files[path]
        blob = hashlib.sha1(f"blob {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()
        if not path.endswith(LARGE):
            return {"size": len(body), "blobId": blob}
        lfs = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 134}
        return {"size": len(body), "blobId": commit_of(lfs["sha256"]), "lfs": lfs}


@dataclass
class Hold:
    """A large file that hangs after `after` bytes of it until it is let go, and breaks off then."""

    after: int
    reached: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)


class HubServer:
    """Runs from `with` to its end, on a port of the system's choice."""

    def __init__(self, repositories: Mapping[str, Repository]) -> None:
        self.repositories = dict(repositories)
        self.holds: dict[str, Hold] = {}
        """By the end of a path."""
        self.breaks: dict[str, list[int]] = {}
        """By the end of a path: each request sends so many bytes of what it asks for, and breaks off."""
        self.changed: dict[str, bytes] = {}
        """By the end of a path: what comes instead."""
        self.deaf_to_ranges = False
        self.broken = 0
        """How many API requests are answered 503."""
        self.sent = 0
        self.requests: list[tuple[str, str, str]] = []
        """(method, path, Authorization) of each."""
        self.lock = Lock()

    def __enter__(self) -> Self:
        hub = self

        class Bound(_Answer):
            server_of = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hold in self.holds.values():
            hold.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def asked(self, part: str) -> list[str]:
        """The paths of all requests with `part` in them."""
        return [path for _, path, _ in self.requests if part in path]

    @property
    def fetched(self) -> set[str]:
        """The files of any repository that were asked for."""
        return {path.partition("/resolve/")[2].partition("/")[2] for path in self.asked("/resolve/")}


class _Answer(BaseHTTPRequestHandler):
    server_of: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        with self.server_of.lock:
            self.server_of.requests.append((self.command, path, self.headers.get("Authorization", "")))
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(/(?P<verb>revision|tree)/(?P<revision>.+))?", path):
            self._about(found[1], found["verb"] or "revision", found["revision"] or "main")
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(found[1], found[2], found[3])
        elif found := re.fullmatch(r"/cdn/([0-9a-f]{64})", path):
            self._large(found[1])
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _about(self, name: str, verb: str, revision: str) -> None:
        if self.server_of.broken:
            self.server_of.broken -= 1
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        repository = self._repository(name, revision)
        if repository is None:
            return
        entries = {path: repository.entry(path) for path in repository.files}
        if verb == "tree":
            listing = [
                {"type": "file", "path": path, "oid": entry["blobId"]} | entry | _oid(entry)
                for path, entry in entries.items()
            ]
            self._json(listing)
            return
        siblings = [{"rfilename": path, **entry} for path, entry in entries.items()]
        card = {"license": repository.licence} if repository.licence else None
        about = {"id": name, "sha": repository.commit, "private": False, "tags": [], "downloads": 0}
        gated = "auto" if repository.gated else False
        self._json(about | {"gated": gated, "cardData": card, "siblings": siblings})

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repository = self._repository(name, revision)
        if repository is None:
            return
        if repository.gated and self.headers.get("Authorization") != "Bearer good":
            has_token = "Authorization" in self.headers
            status = HTTPStatus.FORBIDDEN if has_token else HTTPStatus.UNAUTHORIZED
            self._refuse(status, "GatedRepo")
            return
        if path not in repository.files:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
            return
        entry = repository.entry(path)
        common = {"X-Repo-Commit": repository.commit, "Accept-Ranges": "bytes"}
        if large := entry.get("lfs"):
            linked = {"X-Linked-Etag": f'"{large["sha256"]}"', "X-Linked-Size": str(large["size"])}
            self._send(
                HTTPStatus.FOUND, b"", common | linked | {"Location": f"{self.server_of.url}/cdn/{large['sha256']}"}
            )
        else:
            self._body(path, repository.files[path], common | {"ETag": f'"{entry["blobId"]}"'})

    def _large(self, digest: str) -> None:
        for repository in self.server_of.repositories.values():
            for path, body in repository.files.items():
                if path.endswith(LARGE) and hashlib.sha256(body).hexdigest() == digest:
                    self._body(path, body, {"ETag": f'"{digest}"', "Accept-Ranges": "bytes"})
                    return
        self._refuse(HTTPStatus.NOT_FOUND)

    def _body(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """A file, or the rest of it, with the faults that were told beforehand."""
        hub = self.server_of
        body = next((other for end, other in hub.changed.items() if path.endswith(end)), body)
        status, start = HTTPStatus.OK, 0
        if (wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))) and not hub.deaf_to_ranges:
            status, start = HTTPStatus.PARTIAL_CONTENT, int(wanted[1])
            headers = {**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        rest = body[start:]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(rest))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        hold = next(
            (hold for end, hold in hub.holds.items() if path.endswith(end) and not hold.released.is_set()), None
        )
        cuts = next((cuts for end, cuts in hub.breaks.items() if path.endswith(end) and cuts), None)
        until = hold.after if hold else cuts.pop(0) if cuts else len(rest)
        with suppress(ConnectionError):  # the other side may go in the middle: that is what some tests are about
            self._write(rest[:until])
        if hold:
            hold.reached.set()
            hold.released.wait()
        self.close_connection = self.close_connection or until < len(rest)

    def _write(self, body: bytes) -> None:
        for begin in range(0, len(body), BLOCK):
            block = body[begin : begin + BLOCK]
            self.wfile.write(block)
            with self.server_of.lock:
                self.server_of.sent += len(block)

    def _repository(self, name: str, revision: str) -> Repository | None:
        """The repository, or None once it has been refused as the hub does."""
        repository = self.server_of.repositories.get(name)
        if self.headers.get("Authorization", "Bearer good") not in {"Bearer good", "Bearer other"}:
            self._refuse(HTTPStatus.UNAUTHORIZED, message="Invalid credentials in Authorization header")
        elif repository is None:
            self._refuse(HTTPStatus.UNAUTHORIZED, "RepoNotFound")
        elif revision not in {"main", repository.commit}:
            self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
        else:
            return repository
        return None

    def _refuse(self, status: HTTPStatus, code: str = "", message: str = "") -> None:
        said = {"X-Error-Code": code} if code else {}
        self._send(status, b"", said | ({"X-Error-Message": message} if message else {}))

    def _json(self, document: object) -> None:
        self._send(HTTPStatus.OK, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _send(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _oid(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The tree calls a large file's digest otherwise."""
    return {"lfs": entry["lfs"] | {"oid": entry["lfs"]["sha256"]}} if "lfs" in entry else {}
