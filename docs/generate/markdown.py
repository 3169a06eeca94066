"""Tables, code and words in markdown, and what the code says of itself: docstrings below fields, and of parsers."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping
from fractions import Fraction
from textwrap import dedent
from typing import Any, get_args

from pydantic import PlainValidator
from pydantic.fields import FieldInfo

READ_AS: Mapping[str, str] = {
    "text": "text",
    "slug": "a name safe in file names: letters, digits, `_`, `-`, `.`",
    "_folder": "a folder of this machine",
}
"""Parsers whose docstrings say more than a table should, by their names."""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A markdown table; pipes in cells are escaped."""
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def words(found: Iterable[str]) -> str:
    return ", ".join(found)


def attribute_docs(owner: type) -> dict[str, str]:
    """The strings that stand below the fields of a class, as one line each."""
    (tree,) = ast.parse(dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    docs: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        target = field.target if isinstance(field, ast.AnnAssign) else getattr(field, "targets", [None])[0]
        if isinstance(target, ast.Name) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docs[target.id] = " ".join(inspect.cleandoc(str(below.value.value)).split())
    return docs


def how_read(field: FieldInfo) -> str:
    """How a field is read: from the docstring, or the limits, of the function behind its type."""
    return next((_said(part.func) for part in _parts(field) if isinstance(part, PlainValidator)), "")


def _parts(field: FieldInfo) -> Iterable[object]:
    """What annotates a field's type, wherever pydantic keeps it."""
    yield from field.metadata
    for part in get_args(field.annotation):
        yield from get_args(part)


def _said(parser: Any) -> str:
    if parser.__name__ in READ_AS:
        return READ_AS[parser.__name__]
    bound = inspect.getclosurevars(parser).nonlocals if inspect.isfunction(parser) else {}
    if "lowest" in bound:
        return f"a whole number, {bound['lowest']:,} to {bound['highest']:,}"
    if "options" in bound:
        return "one of " + words(code(option.value) for option in bound["options"])
    first = (inspect.getdoc(parser) or "").partition("\n\n")[0].replace("\n", " ")
    said = first.rstrip(".").partition(". ")[0]
    return said[:1].lower() + said[1:]


def default(value: object) -> str:
    """A default as a person would write it."""
    match value:
        case None | "" | ():
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple() if all(isinstance(side, int) for side in value):
            return code("x".join(str(side) for side in value))
        case tuple():
            return code(words(str(item) for item in value))
        case Fraction() | str() | int() | float():
            return code(getattr(value, "value", value))
        case _:
            return ""
