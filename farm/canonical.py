"""The one canonical encoding, from which every content id is made.

    value -> tagged JSON text (NFC strings, exact fractions, sorted keys) -> sha256 -> hex id

The encoding is frozen: golden vectors in `tests/test_canonical.py` hold it still, because a changed byte would
re-render every studio's work. Defaults are elided *before* encoding (`farm.chain` parameters are dumped without the
fields that equal their default), so that a new field re-renders nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

Value: TypeAlias = "bool | int | float | Fraction | str | Sequence[Value] | Mapping[str, Value] | None"

ID_LENGTH = 32
"""Hex digits of a content id: 128 bits of a sha256."""


def encode(value: Value) -> str:
    """Canonical text of `value`: equal values give equal text on every machine.

    A float stands for the decimal it prints as (0.7 is 7/10), so 0.7, Fraction(7, 10) and "7/10" agree only where
    they should: numbers equal, text apart. Raises ValueError for NaN, infinities duplicate keys after NFC and
    the key "/", TypeError for any other type.
    """
    return _TEXT.encode(_plain(value))


def content_id(*values: Value) -> str:
    """A 128-bit hex id of `values`."""
    return hashlib.sha256(encode(list(values)).encode()).hexdigest()[:ID_LENGTH]


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plain(value: Any) -> object:
    """What JSON says of a `Value`. Nearly all are of these exact types, and are told by their type alone."""
    kind = value.__class__
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is dict:
        return _mapping(value)
    if kind is int or kind is bool or value is None:
        return value
    if kind is list:
        return [_plain(item) for item in value]
    return _decimal(value) if kind is float else _other(value)


def _other(value: Value) -> object:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return int(value)
        case float():
            return _decimal(value)
        case Fraction():
            return _exact(value)
        case Mapping():
            return _mapping(value)
        case Sequence():
            return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical encoding")  # pyright: ignore[reportUnreachable]


def _text(value: str) -> str:
    return value if value.isascii() else unicodedata.normalize("NFC", value)


@lru_cache(maxsize=4096)
def _decimal(value: float) -> object:
    """What a float prints as; the few amounts of a job come again and again."""
    if not math.isfinite(value):
        raise ValueError(f"{value} has no canonical encoding")
    return _exact(Fraction(repr(value)))


def _exact(value: Fraction) -> object:
    """A whole number as itself, anything else as {"/": [numerator, denominator]}."""
    if value.denominator == 1:
        return value.numerator
    return {"/": [value.numerator, value.denominator]}


def _mapping(value: Mapping[str, Value]) -> dict[str, object]:
    if "/" in value:
        raise ValueError('the key "/" is reserved for fractions')
    plain = {_text(key): _plain(item) for key, item in value.items()}
    if len(plain) != len(value):
        raise ValueError("two keys are the same text after normalisation")
    return plain
