"""What a written value means: text, numbers, yes and no, one of several words, names.

    "3,5" ──▶ 7/2      "70%" ──▶ 0.7      "x" ──▶ True      "a, b" ──▶ ("a", "b")

Every format hands its values over as text (or lists and mappings of text), so that `010` stays "010" and `no` stays
"no"; here, in `timing`, `pixels` and `slugs`, and only there, text becomes a value. Plain Python values are taken
too, so that the same rules serve settings made in code. Every function raises `BadValue`, which knows the problem and
the remedy but not the place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar, cast

from farm.printable import printable, shortened

MAX_TEXT = 20_000
_SHOWN = 40
NUMBER = re.compile(r"[+-]?(\d{1,15}([.,]\d{0,20})?|[.,]\d{1,20})([eE][+-]?\d{1,2})?", re.ASCII)
_QUOTIENT = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_YES = frozenset({"yes", "true", "1", "x", "on", "y"})
_NO = frozenset({"no", "false", "0", "off", "n"})
E = TypeVar("E", bound=StrEnum)


class BadValue(ValueError):
    """A value that cannot work: the problem, and what to write instead."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def shown(value: str) -> str:
    """`value` short enough, and harmless enough, to stand in a message."""
    return shortened(printable(value), _SHOWN)


def quoted(value: str) -> str:
    return f'"{shown(value)}"'


def closest(word: str, known: Sequence[str]) -> str:
    """A remedy that names the nearest of `known`, or lists them all."""
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return f'did you mean "{near[0]}"?' if near else f"one of {', '.join(known)}"


def text(raw: object) -> str:
    """One value as clean text: NFC, stripped, line ends as \\n, no control characters."""
    match raw:
        case StrEnum():
            found = raw.value
        case str():
            found = raw
        case bool():
            return "yes" if raw else "no"
        case int() | Fraction():
            return str(raw)
        case float():
            return repr(raw)
        case _:
            kind = "settings" if isinstance(raw, Mapping) else "a list"
            raise BadValue(f"{kind} where one value belongs", "write a single value")
    if len(found) > MAX_TEXT:
        raise BadValue(f"{len(found)} characters are too many", f"at most {MAX_TEXT}")
    clean = unicodedata.normalize("NFC", found.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not clean.isprintable() and any(_is_control(char) for char in clean):
        raise BadValue(f"{quoted(clean)} holds a control character", "type the value anew")
    return clean


def harmless(written: str) -> str:
    """Free text that the farm only keeps: as written, but for control characters and broken halves of others."""
    return unicodedata.normalize("NFC", "".join(char for char in written if not _is_control(char))).strip()


def _is_control(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cs"}


def number(raw: object) -> Fraction:
    """An exact number; a decimal comma is understood, "1,000" is refused because it can be read two ways."""
    written = text(raw)
    if _THOUSANDS.fullmatch(written):
        raise BadValue(f"{quoted(written)} can be read two ways", "write it without a comma")
    if quotient := _QUOTIENT.fullmatch(written):
        above, below = int(quotient[1]), int(quotient[2])
        if below:
            return Fraction(above, below)
    elif NUMBER.fullmatch(written):
        return Fraction(written.replace(",", "."))
    raise BadValue(f"{quoted(written)} is no number", "write digits, such as 12 or 0.5")


def percentage(raw: object) -> float:
    """A share between 0 and 1; "70%" is 0.7."""
    written = text(raw)
    share = number(written[:-1]) / 100 if written.endswith("%") else number(written)
    if not 0 <= share <= 1:
        raise BadValue(f"{shown(written)} is not between 0 and 1", "write 0.7 or 70%")
    return float(share)


def whole(lowest: int, highest: int) -> Callable[[object], int]:
    """A parser of whole numbers from `lowest` to `highest`."""

    def parse(raw: object) -> int:
        value = number(raw)
        if value.denominator != 1 or not lowest <= value <= highest:
            raise BadValue(f"{shown(text(raw))} is no whole number from {lowest} to {highest}")
        return int(value)

    return parse


def money(raw: object) -> Fraction:
    """An amount, not negative."""
    value = number(raw)
    if value < 0:
        raise BadValue(f"{shown(text(raw))} is negative", "write 0 or more")
    return value


def yes_no(raw: object) -> bool:
    """yes/no, true/false, 1/0, x."""
    written = text(raw).lower()
    if written in _YES | _NO:
        return written in _YES
    raise BadValue(f"{quoted(written)} is neither yes nor no", "write yes or no")


def choice(options: type[E]) -> Callable[[object], E]:
    """A parser of one word out of an enumeration."""

    def parse(raw: object) -> E:
        written = text(raw).lower()
        for option in options:
            if option.value == written:
                return option
        raise BadValue(f"{quoted(written)} is not known here", closest(written, [option.value for option in options]))

    return parse


def name(raw: object) -> str:
    """The name of a model, a preset, a licence."""
    written = text(raw)
    if written and not re.fullmatch(r"\w[\w.:/+-]{0,99}", written):
        raise BadValue(f"{quoted(written)} is no name", "use letters and digits, and commas between names")
    return written


def names(raw: object) -> tuple[str, ...]:
    """Several names: a list, or "a, b"."""
    return tuple(dict.fromkeys(name(item) for item in _items(raw, r"[,;\n]") if item))


def several(raw: object) -> tuple[str, ...]:
    """Several values: a list, or text parted by semicolons or new lines, or else by commas."""
    separator = r"[;\n]" if isinstance(raw, str) and re.search(r"[;\n]", raw) else ","
    return tuple(item for item in _items(raw, separator) if item)


def pairs(raw: object) -> Mapping[str, str]:
    """Names with values: a mapping, or "kitsu=12; shotgrid=ab"."""
    if isinstance(raw, Mapping):
        return {text(key): text(value) for key, value in cast("Mapping[object, object]", raw).items()}
    found: dict[str, str] = {}
    for item in several(raw):
        key, equals, value = item.partition("=")
        if not equals:
            raise BadValue(f"{quoted(item)} has no name", 'write "name=value; name=value"')
        found[key.strip()] = value.strip()
    return found


def _items(raw: object, separator: str) -> list[str]:
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return [text(item) for item in cast("Sequence[object]", raw)]
    return [item.strip() for item in re.split(separator, text(raw))]
