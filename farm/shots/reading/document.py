"""YAML and JSON documents with places: every value knows its line and its path.

    file ──yaml_reader | json_reader──▶ Cell tree      shots.yaml:14 column "shots[2].duration"

Scalars stay the text that was written: `code: 010` is "010", `loop: no` is "no", 3.5 is exactly that.
"""

from __future__ import annotations

from pathlib import Path

from farm.findings import Place
from farm.shots.reading.cells import Cell, refuse
from farm.shots.reading.json_reader import json_cells
from farm.shots.reading.source import decoded, read_bytes
from farm.shots.reading.yaml_reader import yaml_cells

SUFFIXES = (".yaml", ".yml", ".json")


def read_document(path: Path) -> Cell:
    """The document in `path`, by its suffix. Raises `DocumentError` when it cannot be read or holds nothing."""
    place = Place(path.name)
    if path.suffix.lower() not in SUFFIXES:
        raise refuse(place, "neither YAML nor JSON", f"use {', '.join(SUFFIXES)}")
    text, guesses = decoded(read_bytes(path), place)
    if guesses:
        raise refuse(place, "not UTF-8", "save it as UTF-8")
    root = json_cells(text, path.name) if path.suffix.lower() == ".json" else yaml_cells(text, path.name)
    if root is None or root.is_empty:
        raise refuse(place, "the file is empty", "export it again")
    return root
