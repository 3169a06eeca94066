"""What columns are called: other people's names for our fields.

    "Nb Frames" ──key──▶ nbframes ──mapping file, else synonyms──▶ nb_frames

Names are compared without case, spaces, punctuation and accents. A mapping file (YAML or JSON) overrides the synonyms:

    Plate: still            # their column: our field
    Bid days: ignore        # leave it out altogether
    constants:              # for every shot that does not say otherwise
      takes: 3
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from farm.findings import Finding, Place, Severity
from farm.shots.reading.cells import Cell, error, raise_errors, refuse
from farm.shots.reading.document import read_document
from farm.shots.reading.schema import ListEntry, ShotEntry
from farm.shots.reading.values import closest, quoted

IGNORE = "ignore"
METADATA = "metadata"
PROJECT = "project"
"""The one column of a table that speaks of the whole list."""

FIELDS = (*ShotEntry.model_fields, PROJECT)

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "code": ("Shot", "Shot code", "Shot name", "Shot number", "Shot no", "Shot nr", "Shot ID", "Name"),
    "sequence": ("Seq", "Sequence name", "Sequence code", "sg_sequence"),
    "episode": ("Ep", "Episode name", "sg_episode"),
    "scene": ("Scene number", "Scene no"),
    "cut_order": ("Order", "Position", "sg_cut_order"),
    "external_ids": ("External ID",),
    "still": (
        "Image", "Picture", "Start frame", "Start image", "First frame", "Still path", "Image path", "Key art", "Start",
    ),
    "end": ("End frame", "End image", "End still", "Last frame"),
    "mask": ("Motion mask",),
    "depth": ("Depth map",),
    "references": ("Reference", "Refs", "Reference images"),
    "driving_video": ("Driving clip", "Motion reference"),
    "audio": ("Sound", "Audio file"),
    "fps": ("Frame rate", "Rate", "sg_fps"),
    "nb_frames": (
        "Frames", "Frame count", "Number of frames", "No of frames", "Duration (frames)", "Duration (f)",
        "Length (frames)", "Cut duration", "sg_cut_duration",
    ),
    "duration": (
        "Length", "Duration (s)", "Duration (sec)", "Duration (seconds)", "Length (s)", "Seconds", "Secs",
    ),
    "frame_in": ("In", "Cut in", "sg_cut_in"),
    "frame_out": ("Out", "Cut out", "sg_cut_out"),
    "handles": ("Handle",),
    "trim_in": ("Trim head", "Head trim"),
    "trim_out": ("Trim tail", "Tail trim"),
    "resolution": ("Res", "Frame size", "Pixels", "Output size"),
    "aspect": ("Aspect ratio", "Ratio"),
    "fit": ("Framing mode",),
    "prompt": ("Motion", "Motion prompt", "Movement prompt", "Animation"),
    "negative_prompt": ("Negative", "Avoid"),
    "camera": ("Camera move", "Camera movement", "Camera motion", "Movement", "Move"),
    "subject": ("Subject motion", "Subject movement"),
    "atmosphere": ("Atmosphere motion", "Atmos"),
    "speed": ("Camera speed",),
    "direction": ("Camera direction",),
    "fidelity": ("Consistency",),
    "loop": ("Looping", "Loopable"),
    "takes": ("Take count", "Number of takes", "Variations"),
    "models": ("Model",),
    "loras": ("LoRA",),
    "fallback": ("Fallback model",),
    "priority": ("Prio",),
    "budget": ("Max cost",),
    "targets": ("Target", "Delivery", "Deliverables", "Platform"),
    "upscale": ("Upscaling", "Upscaler"),
    "interpolate": ("Interpolation", "Frame interpolation"),
    "duration_fit": ("Length fit", "Conform"),
    "loop_method": ("Loop mode",),
    "select": ("Selection", "Take selection"),
    "picks": ("Top", "Deliver takes"),
    "description": ("Shot description",),
    "notes": ("Note",),
    "size": ("Framing", "Shot size", "Shot type"),
    "angle": ("Camera angle",),
    "lens": ("Focal length",),
    "status": ("Shot status", "sg_status_list"),
    "project": ("Show", "Project name"),
}  # fmt: skip


YIELDING = frozenset({"camera", "shot type", "framing"})
"""Columns that mean something else beside a plainer one: StudioBinder's "Camera" is which camera, where a "Movement"
says what it does, and its "Shot Type" is no size, where there is a "Shot Size". Then they are kept as metadata."""


def key(name: str) -> str:
    """What is compared of a column's name: its letters and digits, without case and accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(char for char in plain if char.isalnum())


_YIELDING = frozenset(map(key, YIELDING))

_FIELD_BY_KEY: Mapping[str, str] = {key(name): name for name in FIELDS} | {
    key(synonym): name for name, synonyms in SYNONYMS.items() for synonym in synonyms
}


def _tasks(keys: Sequence[str]) -> dict[int, str]:
    """What Kitsu writes about tasks: "Animation" for the state of one, and behind it "Assignations", for each kind.

    It writes the second under one name for all, or, in newer releases, as "Animation Assignations".
    """
    found: dict[int, str] = {}
    for index, (task, behind) in enumerate(pairwise(keys)):
        if behind in {"assignations", f"{task}assignations"}:
            found |= {index: METADATA, index + 1: IGNORE if behind == "assignations" else METADATA}
    return found


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Which of their columns is which of our fields."""

    own: Mapping[str, str] = field(default_factory=dict[str, str])
    """From the mapping file: their column's key to our field, IGNORE or METADATA."""
    constants: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    written: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    """Their columns as the mapping file writes them, with their places."""

    def field(self, column: str) -> str | None:
        """Our field, IGNORE or METADATA; None for a column nobody knows."""
        compared = key(column)
        return self.own.get(compared) or _FIELD_BY_KEY.get(compared)

    def fields(self, columns: Sequence[str]) -> list[str | None]:
        """Our field for each column of a table, `field` for one; "" is ignored, and a yielding one gives way."""
        tasks = _tasks([key(column) for column in columns])
        found = [
            tasks.get(index) or self.field(column) if column and key(column) not in self.own else self._own(column)
            for index, column in enumerate(columns)
        ]
        counts = Counter(found)
        return [
            None if name and counts[name] > 1 and key(column) in _YIELDING and key(column) not in self.own else name
            for column, name in zip(columns, found, strict=True)
        ]

    def _own(self, column: str) -> str:
        """What the mapping file says of a column; one without a name is ignored."""
        return self.own.get(key(column), IGNORE)

    def unused(self, columns: Iterable[str]) -> tuple[Finding, ...]:
        """Warnings for columns that the mapping file names and the list does not have."""
        present = {key(column) for column in columns}
        return tuple(
            Finding(
                Severity.WARNING,
                "columns.absent",
                cell.place,
                f"the list has no column {quoted(column)}",
                "check its spelling",
            )
            for column, cell in self.written.items()
            if key(column) not in present
        )


def unknown_note(column: str, place: Place, yielded: str = "") -> Finding:
    """The note that a column is kept without being understood, or because another is what it might have been."""
    if yielded:
        problem = f'kept as metadata, because another column is "{yielded}"'
        return Finding(Severity.NOTE, "columns.unknown", place, problem, "say otherwise in a mapping file")
    near = get_close_matches(key(column), list(_FIELD_BY_KEY), n=1, cutoff=0.8)
    meant = f'; did you mean "{_FIELD_BY_KEY[near[0]]}"?' if near else ""
    return Finding(
        Severity.NOTE,
        "columns.unknown",
        place,
        "not a column the farm knows; kept as metadata",
        f"map it in a mapping file, or leave it{meant}",
    )


def read_columns(path: Path) -> ColumnNames:
    """The mapping file at `path`. Raises `DocumentError`."""
    root = read_document(path)
    if not isinstance(root.value, Mapping):
        raise refuse(root.place, "a mapping of columns belongs here", 'write lines such as "Plate: still"')
    findings: list[Finding] = []
    own: dict[str, str] = {}
    written: dict[str, Cell] = {}
    constants: Mapping[str, Cell] = {}
    for column, cell in root.value.items():
        if column == "constants" and isinstance(cell.value, Mapping):
            constants = cell.value
            findings += [
                error(value.place, f"{quoted(name)} is no field", closest(name, list(ShotEntry.model_fields)))
                for name, value in constants.items()
                if name not in ShotEntry.model_fields
            ]
        elif isinstance(cell.value, str) and (target := _target(cell.value)):
            own[key(column)] = target
            written[column] = cell
        else:
            named = cell.value if isinstance(cell.value, str) else ""
            remedy = f"{closest(named, (*FIELDS, IGNORE, METADATA))}"
            findings.append(error(cell.place, f"{quoted(named)} is no field", remedy, rule="columns.target"))
    raise_errors(findings)
    return ColumnNames(own, constants, written)


def _target(named: str) -> str | None:
    compared = key(named)
    return compared if compared in {IGNORE, METADATA} else _FIELD_BY_KEY.get(compared)


LIST_FIELDS = (*ListEntry.model_fields, "defaults", "shots")
"""The settings at the top of a YAML or JSON list."""
