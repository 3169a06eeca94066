"""Tiny checkpoints of every diffusion family, saved once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`tiny_checkpoint("wan21")`: its folder, in diffusers layout. Do not change what is in it; copy it first."""
    from tiny_models import save

    @cache
    def saved(name: str) -> Path:
        return save(name, tmp_path_factory.mktemp(name))

    return saved
