"""How a process writes its log: a setting."""

from __future__ import annotations

from enum import StrEnum


class LogFormat(StrEnum):
    AUTO = "auto"
    """Text where standard error is a terminal, else JSON."""
    TEXT = "text"
    JSON = "json"
