"""Storyboarder's `.storyboarder` files: a board is a shot, its picture the still, its time on screen the length.

    fps, aspectRatio, boards[] ──▶ Draft            places: storm.storyboarder board 3 "action"
    images/board-3-UID.psd | .png | -posterframe.jpg ──the best that lies there──▶ still

Storyboarder gathers boards into shots, 2A, 2B, 2C, and writes one clip a board wherever it exports. So does this: every
approved picture stays in the cut, at its own time, and a note says which shots have several boards. Where one
clip should go from 2A to 2C, a table says so: 2A as the still, 2C as the end, the sum of their times.

A board's `url` is a name that others are made from; the file itself is there only for boards without layers. What is
drawn in layers is whole in the PSD that Storyboarder handed to Photoshop (`link`), or in the posterframe, a JPEG.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from farm.findings import Finding, Place, Severity
from farm.shots.reading.cells import Cell, error, raise_errors, refuse
from farm.shots.reading.columns import ColumnNames
from farm.shots.reading.draft import Draft, document_draft
from farm.shots.reading.json_reader import json_cells
from farm.shots.reading.slugs import slugged
from farm.shots.reading.source import decoded, read_bytes

SUFFIX = ".storyboarder"
IMAGES = "images"
"""The folder beside the file where pictures and recordings lie."""
TEXTS = ("dialogue", "action", "notes")
"""What a board says of itself; kept with the shot."""

_SCENE = re.compile(r"(?P<sequence>Scene-(?P<number>\w+))-.*", re.IGNORECASE)
"""A file of a project with several scenes: Scene-3-EXT-HOUSE-DAY-3-T5KRK.storyboarder."""
_LABEL = re.compile(r"(?P<shot>\d+)(?P<board>[A-Za-z]+)")


def read_storyboarder(path: Path, names: ColumnNames) -> Draft:
    """The draft of a `.storyboarder` file. Raises `DocumentError` when it cannot be read or has no boards.

    `names` may say what a board's text means otherwise (`action: prompt`).
    """
    place = Place(path.name)
    text, _ = decoded(read_bytes(path), place)
    root = json_cells(text, path.name)
    boards = root.value.get("boards") if isinstance(root.value, Mapping) else None
    if boards is None or not isinstance(boards.value, tuple):
        raise refuse(place, "there are no boards in it", "save it from Storyboarder")
    if not boards.value:
        raise refuse(place, "there are no boards in it", "draw one in Storyboarder, and save")
    assert isinstance(root.value, Mapping)
    raise_errors(_strangers(boards.value, path))
    shots = tuple(_shots(boards.value, path, _told(root.value.get("defaultBoardTiming"))))
    document: dict[str, Cell] = {"shots": Cell(shots, place), "defaults": Cell(_defaults(root.value, path), place)}
    if _told(root.value.get("fps")):
        document["fps"] = Cell(_told(root.value.get("fps")), place.at("fps"))
    draft = document_draft(Cell(document, place), names)
    return replace(draft, findings=(*draft.findings, *_grouped(boards.value, place)))


def _defaults(root: Mapping[str, Cell], path: Path) -> dict[str, Cell]:
    """What every shot of the file has: its sequence, its scene, its shape."""
    place = Place(path.name)
    scene = _SCENE.fullmatch(path.stem)
    found = {"sequence": Cell(slugged(scene["sequence"] if scene else path.stem), place)}
    if scene:
        found["scene"] = Cell(scene["number"], place)
    if aspect := _told(root.get("aspectRatio")):
        found["aspect"] = Cell(aspect, place.at("aspectRatio"))
    return found


def _strangers(boards: Sequence[Cell], path: Path) -> Iterator[Finding]:
    for number, board in enumerate(boards, 1):
        if not isinstance(board.value, Mapping):
            yield error(_place(path, number), "this is no board", "save the file from Storyboarder")


def _shots(boards: Sequence[Cell], path: Path, timing: str) -> Iterator[Cell]:
    """Every board as a shot's settings."""
    for number, (board, code) in enumerate(zip(boards, _codes(boards), strict=True), 1):
        assert isinstance(board.value, Mapping)
        place = _place(path, number)
        yield Cell(dict(_shot(board.value, code, place, path, timing)), place)


def _place(path: Path, number: int) -> Place:
    return Place(f"{path.name} board {number}")


def _shot(board: Mapping[str, Cell], code: str, place: Place, path: Path, timing: str) -> Iterator[tuple[str, Cell]]:
    yield "code", Cell(code, place.at("shot"))
    if still := _still(board, path.parent / IMAGES):
        yield "still", Cell(f"{IMAGES}/{still}", place.at("url"))
    length = _told(board.get("duration")) or timing
    if length:
        yield "duration", Cell(f"{length} ms", place.at("duration"))
    for name in TEXTS:
        if written := _told(board.get(name)):
            yield name, Cell(written, place.at(name))
    if recording := _told(_within(board.get("audio"), "filename")):
        yield "audio", Cell(f"{IMAGES}/{recording}", place.at("audio"))
    if uid := _told(board.get("uid")):
        yield "external_ids", Cell({"storyboarder": Cell(uid, place.at("uid"))}, place.at("uid"))


def _codes(boards: Sequence[Cell]) -> list[str]:
    """The label of every board, 2A; boards that other programs gave one label are counted: 2-1, 2-2."""
    labels = [_label(board, number) for number, board in enumerate(boards, 1)]
    counts, seen = Counter(labels), Counter[str]()
    codes: list[str] = []
    for label in labels:
        seen[label] += 1
        codes.append(label if counts[label] == 1 else f"{label}-{seen[label]}")
    return codes


def _label(board: Cell, number: int) -> str:
    return _told(_within(board, "shot")) or f"{_told(_within(board, 'number')) or number}A"


def _still(board: Mapping[str, Cell], images: Path) -> str:
    """The best picture of a board that lies there; where none does, the one to look for. "" where none is named."""
    url, link = _told(board.get("url")), _told(board.get("link"))
    stem = url.removesuffix(".png")
    layers = board.get("layers")
    drawn: Mapping[str, Cell] = layers.value if layers and isinstance(layers.value, Mapping) else {}
    wholes = [f"{stem}-posterframe.jpg", url] if drawn else [url, f"{stem}-posterframe.jpg"]
    only = [_told(_within(layer, "url")) for layer in drawn.values()] if len(drawn) == 1 else []
    named = [name for name in (link, *(wholes if url else ()), *only) if name]
    return next((name for name in named if _lies_in(images, name)), named[0] if named else "")


def _lies_in(images: Path, name: str) -> bool:
    """True for a file of the images folder itself; whatever names another folder is judged where paths are."""
    return "/" not in name and "\\" not in name and "\0" not in name and (images / name).is_file()


def _grouped(boards: Sequence[Cell], place: Place) -> Iterator[Finding]:
    """A note that Storyboarder counts fewer shots than there are here."""
    labels = [_LABEL.fullmatch(_label(board, number)) for number, board in enumerate(boards, 1)]
    runs = [(shot, len(list(run))) for shot, run in groupby(found["shot"] if found else "" for found in labels)]
    several = [f"{shot} ({count})" for shot, count in runs if shot and count > 1]
    if several:
        yield Finding(
            Severity.NOTE,
            "storyboarder.boards",
            place,
            f"every board is a shot of its own, also where a shot has several: {', '.join(several[:8])}",
            "to make one clip of them, name the first as still and the last as end in a table",
        )


def _within(cell: Cell | None, name: str) -> Cell | None:
    return cell.value.get(name) if cell and isinstance(cell.value, Mapping) else None


def _told(cell: Cell | None) -> str:
    """The text or number in a cell; "" for anything else."""
    return cell.value.strip() if cell and isinstance(cell.value, str) else ""
