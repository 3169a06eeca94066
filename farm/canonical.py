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
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | Fraction | str | Sequence[Value] | Mapping[str, Value] | None"

ID_LENGTH = 32
"""Hex digits of a content id: 128 bits of a sha256."""


def encode(value: Value) -> str:
    """Canonical text of `value`: equal values give equal text on every machine.

    A float stands for the decimal it prints as (0.7 is 7/10), so 0.7, Fraction(7, 10) and "7/10" agree only where
    they should: numbers equal, text apart. Raises ValueError for NaN, infinities duplicate keys after NFC and
    the key "/", TypeError for any other type.
    """
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def content_id(*values: Value) -> str:
    """A 128-bit hex id of `values`."""
    return hashlib.sha256(encode(list(values)).encode()).hexdigest()[:ID_LENGTH]


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Value) -> object:
    match value:
        case None | bool():
            return value
        case int() | float() | Fraction():
            return _number(value)
        case str():
            return unicodedata.normalize("NFC", value)
        case Mapping():
            return _mapping(value)
        case Sequence():
            return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical encoding")  # pyright: ignore[reportUnreachable]


def _number(value: float | Fraction) -> object:
    """An integer as itself, anything else as {"/": [numerator, denominator]}."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} has no canonical encoding")
    exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    if exact.denominator == 1:
        return exact.numerator
    return {"/": [exact.numerator, exact.denominator]}


def _mapping(value: Mapping[str, Value]) -> dict[str, object]:
    if "/" in value:
        raise ValueError('the key "/" is reserved for fractions')
    plain = {unicodedata.normalize("NFC", key): _plain(item) for key, item in value.items()}
    if len(plain) != len(value):
        raise ValueError("two keys are the same text after normalisation")
    return dict(sorted(plain.items()))
