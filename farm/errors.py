"""Every error the farm raises on purpose, and the failure kind each one carries.

    FarmError
    ├── InputError          what the user handed in cannot work; names the place and the remedy
    │   ├── DocumentError   a shot list or project file with one or more findings
    │   └── ModeratedError  a provider refused the content
    ├── StorageError        shared storage or the job store could not be reached or written
    │   ├── KeyExists       a write-once key is taken
    │   ├── KeyMissing      a key is absent
    │   └── OutOfSpace      the disk or bucket is full: nothing can be written until somebody frees it
    ├── QuotaError          a provider or a limit says: later
    ├── OutOfMemory         the work did not fit the device
    ├── MediaError          ffmpeg or a decoder failed on a file we made
    ├── PeerFailed          another rank of the gang failed before this one, and knows why
    │   └── RankDied        a rank's process is gone
    ├── LeaseError          another driver leads, or this one no longer does
    └── Cancelled           the task was asked to stop; not a failure

`FailureKind` says what the scheduler may do about it (one table, `farm.scheduler.retry`).
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from farm.findings import Finding


class FailureKind(StrEnum):
    """Why an attempt did not finish. The scheduler's retry table decides on nothing else."""

    INPUT = "input"
    """What was handed in cannot work. Never retried; named to the user."""
    OOM = "oom"
    """Out of memory. Retried with a leaner profile."""
    RECLAIMED = "reclaimed"
    """The node died, drained, or the driver restarted. Retried without costing an attempt."""
    CRASHED = "crashed"
    """The worker died alone. Counts towards quarantine."""
    TRANSIENT = "transient"
    """Storage or network. Retried after a pause."""
    QUOTA = "quota"
    """A provider says later. The lane backs off."""
    MODERATED = "moderated"
    """A provider refused the content. Final."""
    BUG = "bug"
    """An unexpected exception. Once more on another worker, then failed with its traceback kept."""


class FarmError(Exception):
    """Base of every error raised on purpose; its text is one sentence a user can act on."""

    kind: ClassVar[FailureKind] = FailureKind.BUG


class InputError(FarmError):
    """What was handed in cannot work."""

    kind = FailureKind.INPUT


class DocumentError(InputError):
    """A document with errors: every finding at once, in the user's coordinates."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class ModeratedError(InputError):
    """A provider refused the content."""

    kind = FailureKind.MODERATED


class StorageError(FarmError):
    """Shared storage or the job store could not be reached or written."""

    kind = FailureKind.TRANSIENT


class KeyExists(StorageError):
    """A write-once key is already taken."""

    kind = FailureKind.BUG


class KeyMissing(StorageError):
    """A key is absent."""


class OutOfSpace(StorageError):
    """No space is left where the farm writes."""


class QuotaError(FarmError):
    """A provider, or a limit, asks to come back later."""

    kind = FailureKind.QUOTA


class OutOfMemory(FarmError):
    """The work did not fit into memory."""

    kind = FailureKind.OOM


class MediaError(FarmError):
    """ffmpeg or a decoder failed on a file the farm made itself."""


class PeerFailed(FarmError):
    """Another rank of the gang failed before this one, and knows why."""

    kind = FailureKind.CRASHED


class RankDied(PeerFailed):
    """A rank's process is gone, and its gang with it."""


class LeaseError(FarmError):
    """Another driver leads this farm, or this one has lost the lead."""


class Cancelled(FarmError):
    """The task was asked to stop."""


_KIND_BY_ERRNO = {
    errno.EIO: FailureKind.TRANSIENT,
    errno.ESTALE: FailureKind.TRANSIENT,
    errno.ETIMEDOUT: FailureKind.TRANSIENT,
    errno.ENOSPC: FailureKind.TRANSIENT,
    errno.EDQUOT: FailureKind.TRANSIENT,
}


def failure_kind(error: BaseException) -> FailureKind:
    """The kind of any exception that came out of a stage.

    Farm errors carry their own; operating-system errors that time may heal are transient; `MemoryError` is
    out-of-memory; everything else is a bug of ours.
    """
    if isinstance(error, FarmError):
        return error.kind
    if isinstance(error, MemoryError):
        return FailureKind.OOM
    if isinstance(error, ConnectionError | TimeoutError):
        return FailureKind.TRANSIENT
    if isinstance(error, OSError) and error.errno in _KIND_BY_ERRNO:
        return _KIND_BY_ERRNO[error.errno]
    return FailureKind.BUG
