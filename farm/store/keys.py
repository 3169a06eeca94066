"""Which names a clip store accepts: relative POSIX paths that mean the same on every kind of storage."""

from __future__ import annotations

import unicodedata

from farm.errors import InputError

KEY_BYTES_MAX = 1024
"""Of a whole key in UTF-8: S3's limit."""
SEGMENT_BYTES_MAX = 255
"""Between two slashes: the limit of most file systems."""
TEMP_FOLDER = ".farm-tmp"
"""Where unfinished local writes lie, at the root of the store. Never part of a key."""


def check_key(key: str) -> str:
    """`key` itself, if it can be one; `InputError` says what is wrong with it otherwise."""
    if problem := _problem(key):
        raise InputError(f"{key!r} cannot be a key in a clip store: {problem}")
    return key


def _problem(key: str) -> str:
    if not key:
        return "it is empty"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in key):
        return "it has control characters"
    segments = key.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        return 'it must be a relative path without empty parts, "." or ".."'
    if segments[0] == TEMP_FOLDER:
        return f"{TEMP_FOLDER} is kept for unfinished files"
    if "?versionId=" in key:
        return '"?versionId=" names a version on S3'
    if max(len(segment.encode()) for segment in segments) > SEGMENT_BYTES_MAX:
        return f"a part of it is longer than {SEGMENT_BYTES_MAX} bytes"
    if len(key.encode()) > KEY_BYTES_MAX:
        return f"it is longer than {KEY_BYTES_MAX} bytes"
    return ""
