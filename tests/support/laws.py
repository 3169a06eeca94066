"""How far laws are tried: tests that hold for whatever is drawn (hypothesis).

    make test    two fifths of a law's number of tries, the same at every run: who changed nothing breaks nothing
    make laws    five times that number, drawn anew, with what failed before first

A law that `make laws` finds broken shows what broke it; that becomes an example of its test, or a test of its own.
"""

from __future__ import annotations

import os

from hypothesis import settings

EXTENT = float(os.environ.get("LAWS", "0.4"))
"""Of the number of tries that a law is written with."""
USUAL = 100
"""Tries of a law that names no number."""


def tries(number: int) -> int:
    """How often to draw, for a law that is written with this number."""
    return max(4, round(number * EXTENT))


settings.register_profile("laws", max_examples=tries(USUAL), deadline=None, derandomize="LAWS" not in os.environ)
settings.load_profile("laws")
