"""A value with its place in the user's document, and models checked against such values.

Cell tree ──plain──▶ dict ──pydantic──▶ model
    ▲                         │ ValidationError
    └────── loc ──────────────┘──▶ Findings, each at the place of the offending value
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from farm.errors import DocumentError
from farm.findings import Finding, Place, Severity
from farm.shots.reading.values import BadValue, closest, quoted

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

M = TypeVar("M", bound=BaseModel)

MAX_DEPTH = 32
"""Lists in lists that a document may hold."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text, a list, a mapping, or nothing, and where it stands."""

    value: str | tuple[Cell, ...] | Mapping[str, Cell] | None
    place: Place

    @property
    def plain(self) -> Plain:
        """The value without its places."""
        match self.value:
            case tuple():
                return [cell.plain for cell in self.value]
            case Mapping():
                return {key: cell.plain for key, cell in self.value.items()}
            case _:
                return self.value

    @property
    def is_empty(self) -> bool:
        """True where nothing, or only blanks, was written."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())


def error(place: Place, problem: str, remedy: str = "", *, rule: str = "list.value", shot: str = "") -> Finding:
    """A finding that stops the document."""
    return Finding(Severity.ERROR, rule, place, problem, remedy, shot)


def refuse(place: Place, problem: str, remedy: str = "", *, rule: str = "list.file") -> DocumentError:
    """The error to raise where nothing more can be read."""
    return DocumentError([error(place, problem, remedy, rule=rule)])


def raise_errors(findings: Iterable[Finding]) -> None:
    """Raise `DocumentError` with all findings when one of them is an error."""
    found = tuple(findings)
    if any(finding.severity is Severity.ERROR for finding in found):
        raise DocumentError(found)


def checked(model: type[M], cells: Mapping[str, Cell]) -> tuple[M, list[Finding]]:
    """`model` filled from `cells`, and what was wrong with them.

    Empty cells count as not given. Fields that cannot be used are left out, so that the rest can still be checked:
    every field of `model` must have a default, and be read by a parser that raises `BadValue`, or be a model again.
    """
    given = {name: cell for name, cell in cells.items() if not cell.is_empty}
    plain = {name: cell.plain for name, cell in given.items()}
    try:
        return model.model_validate(plain), []
    except ValidationError as failure:
        details = failure.errors(include_url=False)
    bad = {detail["loc"][0] for detail in details}
    usable = model.model_validate({name: value for name, value in plain.items() if name not in bad})
    return usable, [_finding(model, detail, given) for detail in details]


def _finding(model: type[BaseModel], detail: ErrorDetails, cells: Mapping[str, Cell]) -> Finding:
    place = _place(detail["loc"], cells)
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, BadValue):
        return error(place, cause.problem, cause.remedy)
    name = str(detail["loc"][-1])
    if detail["type"] == "extra_forbidden":
        known = _known(model, detail["loc"][:-1])
        return error(place, f"{quoted(name)} is not known here", closest(name, known), rule="list.unknown")
    example = next(iter(_known(model, detail["loc"])))
    return error(place, "settings belong below this", f'write lines such as "{example}: …"')


def _known(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The settings a model knows at `loc`."""
    inner: object = model
    for step in loc:  # settings within settings are models, or lists of them, never free mappings
        inner = get_args(inner)[0] if isinstance(step, int) else _fields(inner)[step].annotation
    return list(_fields(get_args(inner)[0] if get_args(inner) else inner))


def _fields(model: object) -> Mapping[str, FieldInfo]:
    return cast("type[BaseModel]", model).model_fields


def _place(loc: tuple[int | str, ...], cells: Mapping[str, Cell]) -> Place:
    cell = cells[str(loc[0])]
    for step in loc[1:]:
        match cell.value:
            case tuple() if isinstance(step, int):
                cell = cell.value[step]
            case Mapping() if step in cell.value:
                cell = cell.value[str(step)]
            case _:
                break
    return cell.place
