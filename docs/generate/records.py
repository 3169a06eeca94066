"""What is kept: manifests, classes of files, the catalog's columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from .markdown import attribute_docs, code, table, words

LONGEST_TYPE = 88
"""Letters of a type that a table can hold."""


def manifest() -> str:
    from farm.tasks import Manifest, StoredFile

    def rows(owner: type[Manifest | StoredFile]) -> Iterable[tuple[str, ...]]:
        docs, types = attribute_docs(owner), get_type_hints(owner)
        return ((code(f.name), code(_type(types[f.name])), docs.get(f.name, "")) for f in fields(owner))

    head = ("field", "type", "")
    return f"{table(head, rows(Manifest))}\n\nEach of `files`:\n\n{table(head, rows(StoredFile))}"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is None:
        return getattr(annotation, "__name__", str(annotation))
    parts = [_type(part) for part in get_args(annotation)]
    if "NoneType" in parts:
        return " or ".join("null" if part == "NoneType" else part for part in parts)
    return f"{get_origin(annotation).__name__.lower()} of {parts[-1] if len(parts[-1]) < LONGEST_TYPE else 'JSON'}"


def file_classes() -> str:
    from farm.tasks import FileClass

    return words(code(each) for each in FileClass)


def catalog_takes() -> str:
    return _columns("TAKES")


def catalog_attempts() -> str:
    return _columns("ATTEMPTS")


def catalog_views() -> str:
    from farm.store.catalog_views import TABLES, VIEWS

    def section(name: str, says: str, columns: Mapping[str, str]) -> str:
        rows = ((code(column), holds) for column, holds in columns.items())
        return f"#### {name}\n\n{says}\n\n{table(('column', ''), rows)}"

    return "\n\n".join(section(view.name, view.says, view.columns) for view in VIEWS if view.name not in TABLES)


def _columns(name: str) -> str:
    from farm.store import catalog_rows

    source = Path(catalog_rows.__file__).read_text(encoding="utf-8")
    notes = dict(re.findall(r'^        \("(\w+)", .+\),  # (.+)$', _assigned(source, name), re.MULTILINE))
    schema = getattr(catalog_rows, name)
    return table(("column", "type", ""), ((code(f.name), code(f.type), notes.get(f.name, "")) for f in schema))


def _assigned(source: str, name: str) -> str:
    """The source of one module-level assignment, comments included."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
    raise LookupError(name)
