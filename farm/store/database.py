"""The seam behind `JobStore`: what differs between one database and another; statements and rules do not."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine


class Lock(Protocol):
    """Held by at most one process, and free the moment that process is gone."""

    @property
    def held(self) -> bool:
        """False when it was never taken, is released, or is known to have gone to another process."""
        ...

    def acquire(self) -> None:
        """Take it now; raises `LeaseError`, naming the holder, when it is taken."""
        ...

    def keep(self, epoch: int) -> None:
        """The lead was taken under it, with this epoch."""
        ...

    def release(self) -> None: ...


class Database(Protocol):
    """An open database whose schema is up to date."""

    @property
    def engine(self) -> Engine: ...

    def leader_lock(self) -> Lock:
        """The lock that a driver holds while it leads."""
        ...

    def reading(self, connection: Connection) -> AbstractContextManager[object]:
        """A transaction that sees one moment."""
        ...

    def writing(self, connection: Connection) -> AbstractContextManager[object]:
        """A transaction that is durable when it ends, and waits for its turn instead of failing in the middle."""
        ...

    def told(self) -> AbstractContextManager[None]:
        """Turns what the database raises into the farm's errors, naming the place and the remedy."""
        ...
