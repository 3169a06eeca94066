"""Names read back: which shot, version and frame a file is of, by the template that named it.

    {project}_{sequence}_{shot}_{version} + lake_sq01_sh010_v003 ──▶ project lake, sequence sq01, shot sh010, version 3

The way back of `farm.shots.naming.fill`. A value that holds the separator after it could be read in several ways, and a
field that may be empty, too: first each value is read without separators, then with them; where two readings are left
the answer is none, and never a guess. Values that are `known` settle it: a project called my_show, say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from string import Formatter

from farm.shots.naming import FIELDS, plain_template
from farm.shots.reading.slugs import slugged
from farm.shots.reading.values import BadValue

READ_FIELDS = (*FIELDS, "frame", "any")
"""What a template for reading may ask for besides: a frame's number, and `any`, which is passed over."""

OPTIONAL = frozenset({"episode", "sequence", "scene", "model", "take"})
"""Fields that a name may lack, with the separator before them."""

SEPARATORS = "_-. "
STEPS_MAX = 20_000
"""Attempts at reading one name; with more of them it can be read in many ways, and none is right."""

_NUMBERS = {"version": r"[vV]?0*(\d{1,6})", "take": r"[tT]?0*(\d{1,4})", "frame": r"0*(\d{1,9})"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A field of a template, and the plain text before it."""

    literal: str
    name: str


def parse(template: str, written: str, known: Mapping[str, str] | None = None) -> dict[str, str | int] | None:
    """The fields of `template` that made the name or path `written`; "" for one it lacks. None where it does not fit.

    None also where it fits in two ways. Versions, takes and frames are numbers. `known` are fields whose value is known
    beforehand. Raises `BadValue` for what is no template.
    """
    found = readings(template, written, known)
    return found[0] if len(found) == 1 else None


def readings(template: str, written: str, known: Mapping[str, str] | None = None) -> list[dict[str, str | int]]:
    """The ways in which `template` can be read in `written`: none, the one, or two of several."""
    pieces, end = _pieces(plain_template(template, READ_FIELDS))
    text = unicodedata.normalize("NFC", written)
    for separators in (_separators(pieces, end), ""):
        search = _Search(pieces, end, text, separators, known or {})
        found = list(islice(_different(search.from_piece(0, 0, {})), 2))
        if search.steps > STEPS_MAX and len(found) < 2:
            return []
        if found:
            return found
    return []


def example(template: str) -> str:
    """A name that `template` reads, for people."""
    samples = {"project": "lake", "list": "cut", "episode": "e01", "sequence": "sq010", "scene": "12", "shot": "sh010"}
    samples |= {"product": "still", "model": "animatic", "take": "t01", "version": "v001", "frame": "1001", "any": "x"}
    pieces, end = _pieces(plain_template(template, READ_FIELDS))
    return "".join(piece.literal + samples[piece.name] for piece in pieces) + end


def _pieces(template: str) -> tuple[list[_Piece], str]:
    """The fields of a template, and what stands behind the last."""
    pieces: list[_Piece] = []
    literal = ""
    for text, name, _, _ in Formatter().parse(template):
        literal += text
        if name:
            pieces.append(_Piece(literal, name))
            literal = ""
    return pieces, literal


def _separators(pieces: list[_Piece], end: str) -> str:
    """Those characters of the template's plain text that part fields."""
    plain = "".join(piece.literal for piece in pieces) + end
    return "".join(sorted({char for char in plain if char in SEPARATORS}))


@dataclass(slots=True)
class _Search:
    """All readings of one name, by trying; counts its steps, and gives up after STEPS_MAX."""

    pieces: list[_Piece]
    end: str
    text: str
    separators: str
    """What no value may hold."""
    known: Mapping[str, str]
    steps: int = 0

    def from_piece(self, index: int, at: int, found: dict[str, str | int]) -> Iterator[dict[str, str | int]]:
        """Readings of the text from `at` on, by the pieces from `index` on."""
        if index == len(self.pieces):
            if self.text[at:] == self.end:
                yield found
            return
        piece = self.pieces[index]
        if piece.name in OPTIONAL and piece.name not in self.known:
            yield from self._without(index, at, found)
        if not self.text.startswith(piece.literal, at) and not self._begins(index, at):
            return
        start = at + (len(piece.literal) if self.text.startswith(piece.literal, at) else len(self._bare(index)))
        yield from self._with(index, start, found)

    def _with(self, index: int, start: int, found: dict[str, str | int]) -> Iterator[dict[str, str | int]]:
        name = self.pieces[index].name
        for stop in self._stops(start):
            self.steps += 1
            if self.steps > STEPS_MAX:
                return
            value = self._value(name, self.text[start:stop])
            if value is not None and found.get(name, value) == value:
                yield from self.from_piece(index + 1, stop, found if name == "any" else {**found, name: value})

    def _without(self, index: int, at: int, found: dict[str, str | int]) -> Iterator[dict[str, str | int]]:
        """As `fill` leaves an empty field out: with the separator before it, and a folder of that name."""
        name, literal = self.pieces[index].name, self.pieces[index].literal.rstrip(SEPARATORS)
        behind = self.pieces[index + 1].literal if index + 1 < len(self.pieces) else self.end
        literal = literal.removesuffix("/") if behind.startswith("/") else literal
        if self.text.startswith(literal, at) and found.get(name, "") == "":
            yield from self.from_piece(index + 1, at + len(literal), {**found, name: ""})

    def _begins(self, index: int, at: int) -> bool:
        """True where everything before was empty: then the separator that would come first is gone too."""
        is_first = at == 0 or self.text[at - 1] == "/"
        return is_first and index > 0 and self.text.startswith(self._bare(index), at)

    def _bare(self, index: int) -> str:
        return self.pieces[index].literal.lstrip(f"{SEPARATORS}/")

    def _stops(self, start: int) -> Iterator[int]:
        """Where a value that begins at `start` may end."""
        for stop in range(start + 1, len(self.text) + 1):
            if self.text[stop - 1] == "/" or self.text[stop - 1] in self.separators:
                return
            yield stop

    def _value(self, name: str, written: str) -> str | int | None:
        """What `written` is as the value of a field; None where it cannot be one."""
        if name in _NUMBERS:
            number = re.fullmatch(_NUMBERS[name], written, re.ASCII)
            return int(number[1]) if number else None
        if name in self.known and slugged(self.known[name]) != written:
            return None
        return written if name == "any" or written == slugged(written) else None


def _different(found: Iterator[dict[str, str | int]]) -> Iterator[dict[str, str | int]]:
    """Readings that differ."""
    seen: list[dict[str, str | int]] = []
    for each in found:
        if each not in seen:
            seen.append(each)
            yield each


def read_template(raw: str) -> str:
    """A template for reading names, checked. Raises `BadValue`."""
    template = plain_template(raw, READ_FIELDS)
    if "shot" not in {piece.name for piece in _pieces(template)[0]}:
        raise BadValue("a name is read for its {shot}", "write {shot} where the shot's code stands")
    return template
