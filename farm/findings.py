"""What checking says about a document, a still or a prompt: a finding has a place, a problem and a remedy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: an error cannot work, a warning probably disappoints, a note is for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's own document something stands.

    `row` is counted as the user's program shows it (line of a YAML file, row of a sheet, 1-based, header included).
    `clip` is a timeline's way of saying it: `clip "sh010" at 01:00:04:12`.
    """

    file: str
    row: int | None = None
    column: str | None = None
    clip: str | None = None

    def __str__(self) -> str:
        row = "" if self.row is None else f":{self.row}"
        clip = "" if self.clip is None else f": {self.clip}"
        column = "" if self.column is None else f' column "{self.column}"'
        return f"{self.file}{row}{clip}{column}"

    def at(self, column: str) -> Place:
        """The same row, another column."""
        return replace(self, column=column)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, in the user's coordinates. `rule` is a stable name such as `still.blurred`."""

    severity: Severity
    rule: str
    place: Place
    problem: str
    remedy: str = ""
    shot: str = ""

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.place}: {self.problem}{remedy}"
