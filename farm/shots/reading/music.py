"""Which music a list asks for: its own, and that of the show's sequences.

list's head ─▶ music of the whole cut ; project's `sequences` ─▶ music of one sequence ──▶ file by sequence, "" for all
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from farm.config import Project
from farm.findings import Finding, Place
from farm.shots.paths import Allowed, resolve
from farm.shots.reading.cells import Cell, error
from farm.shots.reading.schema import ListEntry
from farm.shots.reading.values import BadValue


def music_of(
    written: Mapping[str, Cell], head: ListEntry, project: Project, folder: Path, allowed: Allowed
) -> tuple[dict[str, str], list[Finding]]:
    """Absolute paths or URLs by sequence, "" being the whole list; and what was wrong with them."""
    asked = {terms.sequence: (terms.music, Place("project", column="sequences")) for terms in project.sequences}
    if head.music:
        asked[""] = (head.music, written["music"].place)
    found: dict[str, str] = {}
    findings: list[Finding] = []
    for sequence, (path, place) in asked.items():
        if not path:
            continue
        try:
            found[sequence] = resolve(path, folder, project.path_mapping, allowed)
        except BadValue as failure:
            findings.append(error(place, failure.problem, failure.remedy))
    return found, findings
