"""Keys, as a terminal sends them: one byte for a letter, several for an arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto


class Key(Enum):
    QUIT = auto()
    UP = auto()
    DOWN = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    FIRST = auto()
    LAST = auto()
    PAUSE = auto()
    RESUME = auto()
    YES = auto()
    OTHER = auto()


_LETTERS: Mapping[str, Key] = {
    "q": Key.QUIT,
    "Q": Key.QUIT,
    "k": Key.UP,
    "j": Key.DOWN,
    "g": Key.FIRST,
    "G": Key.LAST,
    "p": Key.PAUSE,
    "r": Key.RESUME,
    "y": Key.YES,
}
_SEQUENCES: Mapping[str, Key] = {
    "[A": Key.UP,
    "OA": Key.UP,
    "[B": Key.DOWN,
    "OB": Key.DOWN,
    "[5~": Key.PAGE_UP,
    "[6~": Key.PAGE_DOWN,
    "[H": Key.FIRST,
    "OH": Key.FIRST,
    "[1~": Key.FIRST,
    "[F": Key.LAST,
    "OF": Key.LAST,
    "[4~": Key.LAST,
}
_ESCAPE = "\x1b"


def keys(typed: bytes) -> Iterator[Key]:
    """The keys in what was read at once; what is none of ours is `OTHER`."""
    text = typed.decode("utf-8", errors="replace")
    while text:
        if text.startswith(_ESCAPE):
            length = _length(text[1:])
            yield _SEQUENCES.get(text[1 : 1 + length], Key.OTHER)
            text = text[1 + length :]
        else:
            yield _LETTERS.get(text[0], Key.OTHER)
            text = text[1:]


def _length(text: str) -> int:
    """Of the sequence that follows an escape: `[`, parameters, and a letter or `~`; or `O` and a letter."""
    if text.startswith("O"):
        return min(2, len(text))
    if not text.startswith("["):
        return 0
    end = next((at for at, sign in enumerate(text[1:], 1) if "@" <= sign <= "~"), len(text) - 1)
    return end + 1
