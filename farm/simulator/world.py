"""Virtual time: a clock that jumps from one thing that happens to the next, and luck that a seed decides.

    at(60.0, node leaves) ─▶ [heap by moment] ─▶ step() moves the clock there and lets it happen

Two runs with one seed are the same run. Luck is drawn by name (`draw("load", worker)`) and not from one stream, so that
what happens to one attempt does not depend on how many others were drawn before it.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable

BEGIN_US = 1_767_225_600_000_000
"""Every simulation begins on 1 January 2026, UTC."""
US_PER_S = 1_000_000
_DRAWS = 2**64


class World:
    """The clock and everything that is going to happen."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now_us = BEGIN_US
        self._coming: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0

    def clock(self) -> int:
        """UTC microseconds, as `farm.clock.now_us`."""
        return self.now_us

    @property
    def elapsed_s(self) -> float:
        return (self.now_us - BEGIN_US) / US_PER_S

    @property
    def next_us(self) -> int | None:
        """When the next thing happens; None for never."""
        return self._coming[0][0] if self._coming else None

    def at(self, moment_s: float, action: Callable[[], None]) -> None:
        """Let `action` happen `moment_s` after the beginning; at once when that has passed."""
        self._plan(BEGIN_US + round(moment_s * US_PER_S), action)

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Let `action` happen `delay_s` from now."""
        self._plan(self.now_us + round(delay_s * US_PER_S), action)

    def step(self, until_us: int) -> bool:
        """Let the next thing happen, if it does so by `until_us`; else the clock goes there, and nothing happened."""
        if self._coming and self._coming[0][0] <= until_us:
            moment_us, _, action = heapq.heappop(self._coming)
            self.now_us = max(self.now_us, moment_us)
            action()
            return True
        self.now_us = max(self.now_us, until_us)
        return False

    def draw(self, *name: object) -> float:
        """Luck: uniform in [0, 1), the same for the same name and seed."""
        text = "/".join(map(str, (self.seed, *name)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / _DRAWS

    def around(self, mean: float, spread: float, *name: object) -> float:
        """Luck: uniform within `mean` x (1 ± `spread`)."""
        return mean * (1 + spread * (2 * self.draw(*name) - 1))

    def _plan(self, moment_us: int, action: Callable[[], None]) -> None:
        self._planned += 1
        heapq.heappush(self._coming, (moment_us, self._planned, action))
