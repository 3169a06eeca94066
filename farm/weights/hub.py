"""A hub of published models, through huggingface_hub: what a repository holds, and its files, resumed byte by byte.

    listing(repository, revision) ─▶ commit, licence, files with sizes and digests      one request
    fetch(file) ─▶ file.part ─▶ file      goes on where the .part ends, also of a process that was killed

`HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean everywhere. Of huggingface_hub 2.4 it is `http_get`
that fetches: its `snapshot_download` writes into files of random names and drops them when it is interrupted, so that
a shard of ten gigabytes would begin anew.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from farm.errors import InputError, OutOfSpace, StorageError
from farm.weights.parts import part_of

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

LONGEST_DOCUMENT = 10_000_000
"""Bytes of a JSON file that is read whole."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file, as its publisher lists it."""

    path: str
    size: int
    sha256: str
    """Of large files; "" for those that git holds itself."""
    git_blob: str
    """What git calls the file: of a large one, its pointer."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One commit of a repository."""

    repository: str
    commit: str
    licence: str
    """As its card says; "" where it says nothing."""
    files: tuple[RemoteFile, ...]

    @property
    def source(self) -> str:
        return f"{self.repository}@{self.commit}"


class Hub:
    """One hub: that of the environment, or another endpoint."""

    def __init__(self, endpoint: str = "") -> None:
        self._endpoint = endpoint or None
        logging.getLogger("huggingface_hub.file_download").setLevel(logging.ERROR)  # each resumption is a warning there

    def listing(self, repository: str, revision: str) -> Listing:
        """What `revision` of a repository holds."""
        try:
            from huggingface_hub import HfApi
        except ImportError as error:
            raise InputError("a hub is reached through huggingface_hub: pip install 'farm[diffusion]'") from error
        with self._told(repository, revision):
            info = HfApi(self._endpoint, library_name="farm").model_info(
                repository, revision=revision, files_metadata=True, timeout=30
            )
        return Listing(repository, info.sha or revision, _licence(info), tuple(_files(info)))

    def document(self, listing: Listing, path: str) -> object:
        """A small JSON file, read. Raises `InputError` when there is none, or no JSON in it."""
        file = next((file for file in listing.files if file.path == path), None)
        if file is None or file.size > LONGEST_DOCUMENT:
            raise InputError(f"{listing.repository} has no {path}: it is not published in diffusers layout")
        buffer = io.BytesIO()
        self._get(listing, file, buffer, lambda _: None)
        try:
            return json.loads(buffer.getvalue())
        except ValueError as error:
            raise InputError(f"{path} of {listing.repository} is no JSON ({error})") from error

    def fetch(self, listing: Listing, file: RemoteFile, target: Path, advance: Callable[[int], None]) -> bool:
        """Bring one file to `target`; whether a part of it had been there. Not yet verified.

        `advance` hears of the bytes that come, and of a negative count when what was there is of no use.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with part_of(target).open("ab") as part:
            if part.tell() > file.size:
                advance(-file.size)
                part.seek(0)
                part.truncate()
            resumed = part.tell() > 0
            self._get(listing, file, part, advance)
            part.flush()
            os.fsync(part.fileno())
        part_of(target).replace(target)
        return resumed

    def _get(self, listing: Listing, file: RemoteFile, into: BinaryIO, advance: Callable[[int], None]) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        here = into.tell()
        meter: Any = _Meter(here, advance)
        url = hf_hub_url(listing.repository, file.path, revision=listing.commit, endpoint=self._endpoint)
        with self._told(listing.repository, listing.commit):
            headers = build_hf_headers(library_name="farm")
            http_get(url, into, resume_size=here, headers=headers, expected_size=file.size, tqdm_class=meter)

    @contextmanager
    def _told(self, repository: str, revision: str) -> Iterator[None]:
        """Turn what the hub and the network raise into the farm's errors."""
        import httpx2
        from huggingface_hub import constants, errors

        endpoint = self._endpoint or constants.ENDPOINT
        page = f"{endpoint}/{repository}"
        try:
            yield
        except errors.OfflineModeIsEnabled as error:
            raise InputError(
                f"{repository} cannot be pulled: HF_HUB_OFFLINE is set (unset it; or copy the models folder of a"
                " machine that has it, or a folder of weights for farm models add)"
            ) from error
        except errors.HFValidationError as error:
            raise InputError(f'"{repository}" is no repository of a hub (write owner/name)') from error
        except errors.RevisionNotFoundError as error:
            raise InputError(f'{repository} has no revision "{revision}" (see {page}/commits)') from error
        except errors.GatedRepoError as error:
            raise InputError(_gated(repository, page)) from error
        except errors.RepositoryNotFoundError as error:
            raise InputError(
                f"{endpoint} has no model {repository}, or none for you (for a private or gated one, accept its"
                f" licence at {page} and set HF_TOKEN)"
            ) from error
        except errors.HfHubHTTPError as error:
            raise _refused(repository, page, error.response.status_code) from error
        except httpx2.HTTPError as error:
            what = str(error) or type(error).__name__
            raise StorageError(
                f"{endpoint} cannot be reached, or broke off: {what} (run it again: it goes on from there)"
            ) from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise OutOfSpace(f"no space is left for {repository} (free some, and run it again)") from error
            raise StorageError(f"{repository} did not come whole: {error} (run it again)") from error


class _Meter:
    """What http_get takes for a progress bar: it says where it begins, and then how far it comes."""

    def __init__(self, at: int, advance: Callable[[int], None]) -> None:
        self._at = at
        self._advance = advance

    def __call__(self, *, initial: int = 0, **_: object) -> Self:
        self.update(initial - self._at)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, count: int) -> None:
        self._at += count
        self._advance(count)


def _files(info: ModelInfo) -> Iterator[RemoteFile]:
    for file in info.siblings or ():
        large = file.lfs
        size = large.size if large else file.size
        yield RemoteFile(file.rfilename, size or 0, large.sha256 if large else "", file.blob_id or "")


def _licence(info: ModelInfo) -> str:
    """The card's licence; of licences without an SPDX name, what the publisher calls it."""
    card = info.card_data.to_dict() if info.card_data else {}
    name = card.get("license_name") if card.get("license") == "other" else card.get("license")
    return ", ".join(name) if isinstance(name, list) else str(name or "")


def _gated(repository: str, page: str) -> str:
    return (
        f"{repository} is gated: accept its licence at {page}, then set HF_TOKEN to a token of yours that may read it"
    )


def _refused(repository: str, page: str, status: int) -> InputError | StorageError:
    match status:
        case 401:
            return InputError(f"{repository}: the hub does not know this HF_TOKEN (set one that is valid, or none)")
        case 403:
            return InputError(_gated(repository, page))
        case 404:
            return InputError(f"{repository} lists a file that is not there (see {page})")
        case _:
            return StorageError(f"{repository}: the hub answers {status} (run it again later: it goes on from there)")
