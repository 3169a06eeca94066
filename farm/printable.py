"""Text from elsewhere (names, messages, answers of databases), made fit for a terminal."""

from __future__ import annotations

STAND_IN = "\N{REPLACEMENT CHARACTER}"


def printable(text: str, *, keep: str = "") -> str:
    """Text that cannot move a terminal's cursor, change its colours or turn its direction: one sign for each that
    could. `keep` names what may stay, such as the end of a line."""
    return "".join(sign if sign.isprintable() or sign in keep else STAND_IN for sign in text)
