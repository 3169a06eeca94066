"""Rows of the catalog from manifests alone, for when the job store is lost.

    store/{project}/manifest/…/manifest.json ──▶ a row of `attempts` for each
      generate's, with those of the tasks below it, from score to deliver ──▶ a row of `takes`

A manifest does not carry its task's parameters, its place in a list, or its job. So in `attempts` the columns `job`,
`stage_version`, `shot`, `take`, `lane` and `params` stay null, and `cost_micros` is what the attempt itself said that
it cost. In `takes` those null are `job`, `jobs`, `sequence`, `shot`, `model`, `revision`, `seed`, the prompts,
`fidelity`, `width`, `height`, `frames`, `fps_num`, `fps_den` and `options`; `take` is known where a selection named it,
the attempt that counts is the first that is done, and `seq` is 0: any row that a job store makes is newer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from pydantic import ValidationError

from farm.chain import StageName
from farm.store.catalog_parts import Name, Row
from farm.store.catalog_rows import CHOSEN, COMPONENTS, FINISHING, TOTAL, cost, manifest_columns, number, numbers
from farm.store.clips import ClipStore
from farm.tasks import FileClass, Manifest, TaskId

READERS = 16
"""Manifests that are read at once: on a bucket reading is mostly waiting."""
PORTION = 1_000

_MANIFEST = re.compile(rf"store/([^/]+)/{FileClass.MANIFEST}/[^/]+/([^/]+)/(\d+)/manifest\.json")
_FILE = re.compile(r"store/[^/]+/[^/]+/[^/]+/([^/]+)/\d+/.+")

Add = Callable[[Name, str, Sequence[Row]], None]
Has = Callable[[Name, str], set[tuple[str, int]]]


@dataclass(slots=True)
class Recovered:
    """What was added to the catalog."""

    attempts: int = 0
    takes: int = 0
    damaged: list[str] = field(default_factory=list[str])
    """Keys of manifests that cannot be understood; they were left out."""


@dataclass(frozen=True, slots=True)
class _Found:
    key: str
    project: str
    task: TaskId
    attempt: int


@dataclass(slots=True)
class _Told:
    """What the manifests of one project's other stages tell about its takes; a few words for each."""

    generates: dict[TaskId, list[_Found]] = field(default_factory=dict[TaskId, list[_Found]])
    scored_by: dict[TaskId, list[TaskId]] = field(default_factory=dict[TaskId, list[TaskId]])
    """`generate` task -> the tasks that scored it."""
    scores: dict[TaskId, tuple[int, Row]] = field(default_factory=dict[TaskId, tuple[int, Row]])
    """`generate` task -> when it was last scored, and how."""
    numbers: dict[TaskId, int] = field(default_factory=dict[TaskId, int])
    """Score task -> take number, as a selection named it."""
    chosen: set[TaskId] = field(default_factory=set[TaskId])
    """Score tasks of takes that a selection chose."""
    clips: dict[TaskId, dict[str, str]] = field(default_factory=dict[TaskId, dict[str, str]])
    """Task that left the delivered mezzanine -> product -> key of the delivered clip."""
    finished: dict[TaskId, list[TaskId]] = field(default_factory=dict[TaskId, list[TaskId]])
    """Task that left a mezzanine -> the `upscale` and `interpolate` tasks that made another of it."""

    def hear(self, found: _Found, manifest: Manifest) -> None:
        if manifest.stage == StageName.GENERATE:
            self.generates.setdefault(found.task, []).append(found)
        elif manifest.done:
            self._hear_done(manifest)

    def _hear_done(self, manifest: Manifest) -> None:
        source = _maker(manifest.inputs.get("mezzanine", ""))
        match manifest.stage:
            case StageName.SCORE if source:
                self.scored_by.setdefault(source, []).append(manifest.task)
                if manifest.ended_us >= self.scores.get(source, (0, {}))[0]:
                    total, components = manifest.facts.get(TOTAL), manifest.facts.get(COMPONENTS)
                    columns = {"score": number(total), "components": numbers(components)}
                    self.scores[source] = manifest.ended_us, columns
            case StageName.SELECT:
                self._hear_selection(manifest)
            case stage if source and stage in FINISHING:
                self.finished.setdefault(source, []).append(manifest.task)
            case StageName.DELIVER if source and "clip" in manifest.files:
                product = str(manifest.facts.get("product", ""))
                self.clips.setdefault(source, {})[product] = manifest.files["clip"].key
            case _:
                pass

    def _hear_selection(self, manifest: Manifest) -> None:
        picked = manifest.facts.get(CHOSEN)
        for name, key in manifest.inputs.items():
            score, take = _maker(key), name.removeprefix("score_")
            if score and take.isdecimal():
                self.numbers[score] = int(take)
                if isinstance(picked, list) and int(take) in picked:
                    self.chosen.add(score)

    def columns(self, generate: TaskId) -> Row:
        """What is told about one take."""
        scores, clips = self.scored_by.get(generate, ()), self._clips(generate)
        return {
            **self.scores.get(generate, (0, {"score": None, "components": []}))[1],
            "take": next((self.numbers[score] for score in scores if score in self.numbers), None),
            "chosen": bool(clips) or any(score in self.chosen for score in scores),
            "clips": sorted(clips.items()),
        }

    def _clips(self, source: TaskId) -> dict[str, str]:
        """What was delivered of a mezzanine, or of those that were made of it."""
        clips = dict(self.clips.get(source, {}))
        for task in self.finished.get(source, ()):
            clips |= self._clips(task)
        return clips


def recover(clips: ClipStore, has: Has, add: Add) -> Recovered:
    """Give `add` a row for every manifest in `clips`, and for every take, that the catalog (`has`) lacks.

    Held at once are a portion of manifests, and of one project what is in the catalog and a few words for each take.
    """
    recovered = Recovered()
    for project, found in groupby(_manifests(clips), key=attrgetter("project")):
        told, known = _Told(), has("attempts", project)
        for portion in _portions(_read(clips, found, recovered)):
            rows: list[Row] = []
            for each, manifest in portion:
                told.hear(each, manifest)
                if (each.task, each.attempt) not in known:
                    rows.append({**manifest_columns(manifest), "cost_micros": cost(manifest)})
            add("attempts", project, rows)
            recovered.attempts += len(rows)
        takes = {task for task, _ in has("takes", project)}
        for portion in _portions(_take_rows(clips, told, takes)):
            add("takes", project, portion)
            recovered.takes += len(portion)
    return recovered


def _take_rows(clips: ClipStore, told: _Told, known: set[str]) -> Iterator[Row]:
    """Rows of the takes that are not `known`; their manifests are read a second time, so as not to hold them."""
    wanted = (each for task in sorted(told.generates) if task not in known for each in told.generates[task])
    read = _read(clips, wanted, Recovered())
    for task, group in groupby(read, key=lambda pair: pair[0].task):
        attempts = sorted((manifest for _, manifest in group), key=attrgetter("attempt"))
        yield _take_row(attempts) | told.columns(task)


def _take_row(attempts: Sequence[Manifest]) -> Row:
    counts = next((manifest for manifest in attempts if manifest.done), attempts[-1])
    row = manifest_columns(counts)
    same = ("task", "attempt", "state", "failure", "started_us", "ended_us", "duration_us", "facts", "versions")
    files = counts.files if counts.done else {}
    return {
        **{name: row[name] for name in same},
        **{name: files[name].key if name in files else None for name in ("mezzanine", "proxy", "poster")},
        "seq": 0,
        "message": "" if counts.done else counts.message,
        "attempts": attempts[-1].attempt,
        "cost_micros": sum(map(cost, attempts)),
    }


def _manifests(clips: ClipStore) -> Iterator[_Found]:
    """Every manifest, project by project."""
    for key in clips.keys("store/"):
        if match := _MANIFEST.fullmatch(key):
            yield _Found(key, match[1], TaskId(match[2]), int(match[3]))


def _read(clips: ClipStore, found: Iterable[_Found], recovered: Recovered) -> Iterator[tuple[_Found, Manifest]]:
    with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as pool:
        for portion in _portions(found):
            for each, data in zip(portion, pool.map(lambda each: clips.read_bytes(each.key), portion), strict=True):
                try:
                    yield each, Manifest.model_validate_json(data)
                except ValidationError:
                    recovered.damaged.append(each.key)


def _portions(items: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(items)
    while portion := list(islice(left, PORTION)):
        yield portion


def _maker(key: str) -> TaskId | None:
    """The task that left a file."""
    match = _FILE.fullmatch(key)
    return TaskId(match[1]) if match else None
