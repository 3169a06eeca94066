"""Every shot of a list gets a code of its own.

    SQ01/SH010, SQ02/SH010 ──▶ SQ01_SH010, SQ02_SH010     codes that repeat between sequences are made longer, all alike
    SH010, SH010           ──▶ an error that names both rows

Codes become file names, so "SH010" and "sh010" count as one: some disks cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from farm.findings import Finding, Place, Severity
from farm.shots.reading.cells import error
from farm.shots.reading.fill import Levels
from farm.shots.reading.slugs import slugged
from farm.shots.reading.values import quoted

_QUALIFIERS: Sequence[tuple[str, ...]] = (
    (),
    ("sequence",),
    ("scene",),
    ("episode", "sequence"),
    ("episode", "sequence", "scene"),
)


def unique_codes(shots: Sequence[Levels]) -> tuple[list[str], list[Finding]]:
    """The code of every shot ("" where it has none), and what is wrong with them."""
    findings = [
        error(shot.row.place, "the shot has no code", "give each shot a code such as sh010")
        for shot in shots
        if not shot.is_written("code")
    ]
    repeated: list[Finding] = []
    for qualifiers in _QUALIFIERS:
        codes = [_qualified(shot, qualifiers) for shot in shots]
        repeated = _repeated(shots, codes)
        if not repeated:
            notes = [_note(shots[0].row.place, qualifiers, codes)] if qualifiers else []
            return codes, findings + notes
    return [shot.value("code") or "" for shot in shots], findings + repeated


def _qualified(shot: Levels, qualifiers: Sequence[str]) -> str:
    code: str | None = shot.value("code")
    if not code or not qualifiers:
        return code or ""
    parts = [slugged(str(value)) for name in qualifiers if (value := shot.value(name))]
    return slugged("_".join([*parts, code]))


def _repeated(shots: Sequence[Levels], codes: Sequence[str]) -> list[Finding]:
    findings: list[Finding] = []
    first: dict[str, int] = {}
    for index, code in enumerate(codes):
        if code and (before := first.setdefault(code.casefold(), index)) != index:
            other = shots[before].place("code")
            spelled = shots[before].value("code")
            problem = f"{quoted(shots[index].value('code'))} is already the code of {_where(other, spelled)}"
            findings.append(error(shots[index].place("code"), problem, "give each shot its own", rule="list.duplicate"))
    return findings


def _where(place: Place, code: str) -> str:
    return place.clip or (f"row {place.row}" if place.row else quoted(code))


def _note(place: Place, qualifiers: Sequence[str], codes: Sequence[str]) -> Finding:
    return Finding(
        Severity.NOTE,
        "list.qualified",
        Place(place.file),
        f"codes repeat, so shots are called by {' and '.join(qualifiers)} too: {quoted(codes[0])}",
        "give every shot a code of its own to change that",
    )
