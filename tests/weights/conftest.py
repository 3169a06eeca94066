"""A models folder, and whoever listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import pytest
from hub_server import HubServer, Repository
from tiny_weights import DECOYS, wan

from farm.weights.hub import Hub

WAN_REPOSITORY = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
"""Where the hub of the tests publishes wan22-5b: where the farm looks for it."""


class Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.parts: list[tuple[str, int]] = []
        self.moved = 0
        self._lock = Lock()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, what: str, total: int) -> None:
        self.parts.append((what, total))
        self.moved = 0

    def advance(self, count: int) -> None:
        with self._lock:
            self.moved += count


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def server() -> Iterator[HubServer]:
    """A hub with a tiny Wan 2.2 5B among what publishers put beside it."""
    with HubServer({WAN_REPOSITORY: Repository(wan() | DECOYS)}) as running:
        yield running


@pytest.fixture
def hub(server: HubServer) -> Hub:
    return Hub(server.url)
