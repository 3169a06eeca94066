"""Names that become file names: safe on every disk, in every path, as every argument.

    "SH 010/b" ──slugged──▶ "SH_010_b"

`slug` takes only what is its own slug, and suggests that otherwise: nobody's shot is renamed without being asked.
"""

from __future__ import annotations

import re
import unicodedata

from farm.shots.reading.values import BadValue, quoted, text

MAX_NAME = 64

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def slug(raw: object) -> str:
    """A name that is safe in paths everywhere: letters, digits, "_", "-", ".", not starting with a dot or a dash."""
    written = text(raw)
    if not written:
        raise BadValue("the name is empty", "use letters, digits, _ - and .")
    if written == slugged(written):
        return written
    suggestion = slugged(written)
    remedy = f'use "{suggestion}"' if suggestion else "use letters, digits, _ - and ."
    raise BadValue(f"{quoted(written)} cannot be part of a file name", remedy)


def slugged(written: str) -> str:
    """The nearest name `slug` would take; "" when nothing of it is left."""
    kept = "".join(char if _in_name(char) else "_" for char in unicodedata.normalize("NFC", written))
    while ".." in kept:
        kept = kept.replace("..", ".")
    if kept != written:
        kept = re.sub(r"_{2,}", "_", kept).strip("_.-")
    kept = re.sub(r"^[^\w]+", "", kept)
    kept = f"_{kept}" if _RESERVED.fullmatch(kept) else kept
    return kept[:MAX_NAME].rstrip(".")


def _in_name(char: str) -> bool:
    return char in "_-." or unicodedata.category(char)[0] in "LM" or unicodedata.category(char) == "Nd"
