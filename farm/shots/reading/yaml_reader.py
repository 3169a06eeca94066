"""YAML as cells, from the parser's events.

Nothing is ever constructed from tags. Anchors and merge keys work; what they expand to is counted, and depth is
limited, so that a small file cannot become a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from farm.findings import Place
from farm.shots.reading.cells import MAX_DEPTH, Cell, refuse
from farm.shots.reading.values import quoted, shown

MAX_CELLS = 1_000_000

_NULL = re.compile(r"~|null|Null|NULL|")


def yaml_cells(text: str, file: str) -> Cell | None:
    """The document in `text`, None where it holds nothing. Raises `DocumentError`."""
    try:
        return _Reader(file).read(text)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        at = Place(file, mark.line + 1 if mark else None)
        raise refuse(at, f"not readable as YAML: {failure.problem}", "check quotes and indents") from None
    except yaml.YAMLError as failure:
        raise refuse(Place(file), "not readable as YAML", str(failure).splitlines()[0]) from None


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    place: Place
    path: str
    pairs: dict[str, Cell] | None
    items: list[Cell] = field(default_factory=list[Cell])
    key: str | None = None
    anchor: str | None = None
    size_before: int = 0

    def next_path(self) -> str:
        if self.pairs is None:
            return f"{self.path}[{len(self.items)}]"
        key = shown(str(self.key))
        return f"{self.path}.{key}" if self.path else key

    def closed(self) -> Cell:
        if self.pairs is None:
            return Cell(tuple(self.items), self.place)
        return Cell(_merged(self.pairs), self.place)


@dataclass(slots=True)
class _Reader:
    """Builds cells from parser events: no recursion, and counts what aliases expand to."""

    file: str
    stack: list[_Open] = field(default_factory=list[_Open])
    anchors: dict[str, tuple[Cell, int]] = field(default_factory=dict[str, "tuple[Cell, int]"])
    size: int = 0
    root: Cell | None = None

    def read(self, text: str) -> Cell | None:
        loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        untyped: Any = yaml
        events: Iterator[yaml.Event] = untyped.parse(text, Loader=loader)
        documents = 0
        for event in events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise refuse(self._place(event), "a second document begins", "keep one document in a file")
            self._take(event)
        return self.root

    def _place(self, event: yaml.Event) -> Place:
        return Place(self.file, event.start_mark.line + 1)

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self.stack.pop()
                self._add(done.closed(), done.anchor, self.size - done.size_before)
            case yaml.AliasEvent():
                if event.anchor not in self.anchors:
                    raise refuse(self._place(event), f"*{event.anchor} stands nowhere", f"define &{event.anchor} first")
                cell, size = self.anchors[event.anchor]
                self._count(size, event)
                self._add(cell, None, size)
            case yaml.ScalarEvent():
                self._scalar(event)
            case _:
                pass

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise refuse(self._place(event), f"nested more than {MAX_DEPTH} deep", "a shot list is flat")
        if self.stack and self.stack[-1].pairs is not None and self.stack[-1].key is None:
            raise refuse(self._place(event), "a key must be plain text", "check the indents")
        self._count(1, event)
        path = self.stack[-1].next_path() if self.stack else ""
        pairs: dict[str, Cell] | None = {} if isinstance(event, yaml.MappingStartEvent) else None
        place = Place(self.file, event.start_mark.line + 1, path or None)
        self.stack.append(_Open(place, path, pairs, anchor=event.anchor, size_before=self.size))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(1, event)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.pairs is not None and top.key is None:
            if event.value in top.pairs:
                raise refuse(self._place(event), f"{quoted(event.value)} stands twice", "keep one of them")
            top.key = event.value
            return
        is_null = event.implicit[0] and _NULL.fullmatch(event.value)
        place = Place(self.file, event.start_mark.line + 1, (top.next_path() if top else "") or None)
        self._add(Cell(None if is_null else event.value, place), event.anchor, 1)

    def _add(self, cell: Cell, anchor: str | None, size: int) -> None:
        if anchor:
            self.anchors[anchor] = (cell, size)
        if not self.stack:
            self.root = cell
            return
        top = self.stack[-1]
        if top.pairs is None:
            top.items.append(cell)
        elif top.key is None:
            raise refuse(cell.place, "a key must be plain text", "write the key out")
        else:
            top.pairs[top.key] = cell
            top.key = None

    def _count(self, size: int, event: yaml.Event) -> None:
        self.size += size
        if self.size > MAX_CELLS:
            raise refuse(self._place(event), f"more than {MAX_CELLS} values", "split the list; write aliases out")


def _merged(pairs: dict[str, Cell]) -> Mapping[str, Cell]:
    """`<<: *base` filled in; what stands in the mapping itself wins, then earlier bases."""
    base = pairs.pop("<<", None)
    if base is None:
        return pairs
    sources = base.value if isinstance(base.value, tuple) else (base,)
    merged: dict[str, Cell] = {}
    for source in reversed(sources):
        if not isinstance(source.value, Mapping):
            raise refuse(base.place, "<< takes a mapping", "write <<: *name")
        merged.update(source.value)
    return merged | pairs
