"""Names and paths of what the farm hands back, from a project's templates.

    {project}_{sequence}_{shot}_{product}_{version} ──▶ lake_sq01_sh010_review_v003

A field that is empty takes the separator before it along, so that a show without sequences gets no double underscores.
Kitsu's spellings of a template, ${project}_${sequence}-${shot} and <Project>_<Shot>_<TaskType>, are understood too.
The way back is `farm.shots.reading.names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from string import Formatter

from farm.shots.model import Shot
from farm.shots.reading.slugs import slugged
from farm.shots.reading.values import BadValue, closest, quoted, text

FIELDS = ("project", "list", "episode", "sequence", "scene", "shot", "product", "model", "take", "version")

SPELLINGS: Mapping[str, str] = {
    "show": "project", "seq": "sequence", "ep": "episode", "name": "shot", "task": "product", "tasktype": "product",
    "task_type": "product", "revision": "version", "frame_number": "frame", "*": "any",
}  # fmt: skip
"""What other programs call fields of a name."""

_FOREIGN = re.compile(r"\$\{(?P<dollar>[^{}]*)\}|<(?P<angle>\w+)>")
_SAFE = re.compile(r"[\w ./-]*")


def name_template(raw: object) -> str:
    """A template for a file name, checked. Raises `BadValue`."""
    template = plain_template(text(raw))
    if not {"shot", "version"} <= _fields(template, FIELDS):
        raise BadValue("a name needs {shot} and {version}", "without them one file would replace another")
    if "/" in template:
        raise BadValue(f"{quoted(template)} names a folder", "folders go into path")
    return template


def path_template(raw: object) -> str:
    """A template for a folder below the output, checked. Raises `BadValue`."""
    template = plain_template(text(raw))
    if ".." in template or template.startswith("/"):
        raise BadValue(f"{quoted(template)} leaves the output folder", "begin with a field")
    return template


def clash(naming: str, path: str, list_name: str, shots: Iterable[Shot]) -> BadValue | None:
    """Why two products of a list would get one name under these templates; None when none would.

    What is made of a whole list, the animatic, stands under the list's name where a clip stands under its shot's.
    """
    if "product" in _fields(naming, FIELDS) | _fields(path, FIELDS):
        return None
    for shot in shots:
        remedy = "put {product} into naming or path"
        if shot.code.casefold() == list_name.casefold():
            return BadValue(f"shot {shot.code} is called like its list: its clip and the animatic would be one", remedy)
        if len(shot.targets) > 1:
            return BadValue(f"the {len(shot.targets)} clips of shot {shot.code} would have one name", remedy)
    return None


def fill(template: str, fields: Mapping[str, str | int]) -> str:
    """`template` with its fields; numbers become v003 and t02, other values are made safe for paths.

    `fields` holds every field of FIELDS that the template uses; "" where there is none.
    """
    parts: list[str] = []
    for literal, name, _, _ in Formatter().parse(template):
        filled = _written(name, fields[name]) if name else ""
        parts.append(literal + filled if filled or not name else literal.rstrip("_-. "))
    return "/".join(step for part in "".join(parts).split("/") if (step := part.strip("_-. ")))


def _written(name: str, value: str | int) -> str:
    if isinstance(value, int):
        return f"t{value:02d}" if name == "take" else f"v{value:03d}"
    return slugged(value)


def plain_template(template: str, known: Sequence[str] = FIELDS) -> str:
    """`template` as the farm spells it, its fields all of `known`. Raises `BadValue`."""

    def ours(found: re.Match[str]) -> str:
        name = (found["dollar"] if found["dollar"] is not None else found["angle"]).strip()
        lower = name.lower()
        return f"{{{lower if lower in known else SPELLINGS.get(lower, name)}}}"

    plain = _FOREIGN.sub(ours, template)
    _fields(plain, known)
    return plain


def _fields(template: str, known: Sequence[str]) -> set[str]:
    """The fields a template uses, each known and plain."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError:
        raise BadValue(f"{quoted(template)} is no template", "close every brace, as in {shot}") from None
    for literal, name, spec, conversion in parsed:
        if not _SAFE.fullmatch(literal):
            raise BadValue(f"{quoted(literal)} cannot be part of a name", "use letters, digits, _ - and .")
        if name is not None and name not in known:
            raise BadValue(f"{quoted(name)} is no field of a name", closest(name, known))
        if spec or conversion:
            raise BadValue(f"{{{name}}} takes no format", f"write {{{name}}}; versions are v001, takes t01")
    return {name for _, name, _, _ in parsed if name}
