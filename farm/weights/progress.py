"""What one hears while bytes are moved and read: the seam between the work and whoever shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from several threads at once."""

    def say(self, line: str) -> None:
        """One line to be read now."""

    def begin(self, what: str, total: int) -> None:
        """A new part of the work: `total` bytes to move or to read."""

    def advance(self, count: int) -> None:
        """`count` bytes more; fewer when it is negative, where a server made us begin anew. May raise to stop it."""


class Silent:
    """Nobody listens."""

    def say(self, line: str) -> None: ...

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, count: int) -> None: ...
