"""The catalog's two tables, and how a row of each is made: pure functions of what the job store knows.

    attempts   one row per ended attempt of any task; never changes
    takes      one row per take, once its `generate` task has come to something; made anew, with a higher `seq`,
               whenever its scores, selection or deliveries change: the highest is how the take stands

A take is a `generate` task with everything that reads it:

    generate ─▶ score ─▶ select (facts "chosen")
        └─────▶ upscale, interpolate, conform, loop, sound ─▶ deliver

Units: `_us` UTC microseconds or durations in microseconds, `_micros` millionths of the currency unit,
`fps_num / fps_den` frames per second, sizes in pixels, `seq` the job store's change number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import JsonValue

from farm.chain import DeliverParams, GenerateParams, StageName, shown
from farm.store.records import AttemptRecord, Membership, TaskRecord
from farm.tasks import Manifest, TaskState

TOTAL = "total"
COMPONENTS = "components"
CHOSEN = "chosen"
COST = "cost_micros"
"""Facts by these names reach columns of their own: `score`'s total and components, `select`'s chosen take numbers, and
the cost of an attempt that the job store booked none for. All facts are kept as JSON besides."""

_TEXTS = pa.map_(pa.string(), pa.string())
_NUMBERS = pa.map_(pa.string(), pa.float64())

TAKES = pa.schema(
    [
        ("task", pa.string()),  # the generate task; with `project` the row's key
        ("attempt", pa.int32()),  # the one that counts, or the last; 0 for none
        ("seq", pa.int64()),
        ("job", pa.string()),  # that asked first
        ("jobs", pa.list_(pa.string())),  # all that asked
        ("sequence", pa.string()),
        ("shot", pa.string()),
        ("take", pa.int32()),
        ("model", pa.string()),
        ("revision", pa.string()),
        ("seed", pa.int64()),
        ("prompt", pa.string()),
        ("negative_prompt", pa.string()),
        ("fidelity", pa.float64()),  # 0-1
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("frames", pa.int32()),
        ("fps_num", pa.int32()),
        ("fps_den", pa.int32()),
        ("options", pa.string()),  # JSON: the model's own knobs
        ("state", pa.string()),
        ("failure", pa.string()),  # kind
        ("message", pa.string()),
        ("score", pa.float64()),  # null while unscored
        ("components", _NUMBERS),
        ("chosen", pa.bool_()),  # by any selection, or delivered
        ("mezzanine", pa.string()),  # keys in the clip store
        ("proxy", pa.string()),
        ("poster", pa.string()),
        ("clips", _TEXTS),  # product -> key of the delivered clip
        ("started_us", pa.int64()),
        ("ended_us", pa.int64()),
        ("duration_us", pa.int64()),
        ("attempts", pa.int32()),  # of the generate task
        ("cost_micros", pa.int64()),  # of all attempts of the generate task
        ("facts", pa.string()),  # JSON: timings and whatever else the model noted
        ("versions", _TEXTS),
    ]
)

ATTEMPTS = pa.schema(
    [
        ("task", pa.string()),
        ("attempt", pa.int32()),  # with `task` and `project` the row's key
        ("job", pa.string()),  # in whose name it ran, and which pays for it
        ("stage", pa.string()),
        ("stage_version", pa.int32()),
        ("shot", pa.string()),
        ("take", pa.int32()),
        ("lane", pa.string()),
        ("worker", pa.string()),
        ("node", pa.string()),
        ("state", pa.string()),
        ("failure", pa.string()),
        ("message", pa.string()),
        ("traceback", pa.string()),
        ("started_us", pa.int64()),
        ("ended_us", pa.int64()),
        ("duration_us", pa.int64()),
        ("cost_micros", pa.int64()),
        ("bytes", pa.int64()),  # of all files it left
        ("outputs", _TEXTS),  # output name -> key in the clip store
        ("inputs", _TEXTS),
        ("facts", pa.string()),  # JSON
        ("versions", _TEXTS),
        ("params", pa.string()),  # JSON: what differs from the stage's defaults
    ]
)

FINISHING = frozenset({StageName.UPSCALE, StageName.INTERPOLATE, StageName.CONFORM, StageName.LOOP, StageName.SOUND})
"""Stages that make a mezzanine of a take out of another."""

DOWNSTREAM = FINISHING | {StageName.SCORE, StageName.SELECT, StageName.DELIVER}
"""Stages whose tasks say something about a take."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a submitted list says of a shot, beyond what its tasks carry."""

    sequence: str = ""
    prompt: str = ""


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True)
class Take:
    """A `generate` task and everything known about what it left."""

    generate: TaskRecord
    attempts: tuple[AttemptRecord, ...]
    memberships: tuple[Membership, ...]
    said: Said
    """By the list of the job that asked first."""
    readers: tuple[TaskRecord, ...]
    """Everything made from it, but what the whole list is made of."""

    @property
    def exists(self) -> bool:
        """True once it has come to something."""
        return self.generate.outcome is not None or any(attempt.manifest for attempt in self.attempts)


def take_row(take: Take) -> dict[str, Any]:
    """The row of `TAKES` of one take."""
    record, asked = take.generate, GenerateParams.model_validate(take.generate.task.params)
    first = take.memberships[0]
    ended = [(attempt, attempt.manifest) for attempt in take.attempts if attempt.manifest]
    manifest = record.manifest or (ended[-1][1] if ended else None)
    score = _score(take.readers)
    files = record.manifest.files if record.manifest else {}
    seqs = [record.seq, *(reader.seq for reader in take.readers), *(member.seq for member in take.memberships)]
    return {
        "task": record.task.id,
        "attempt": record.winner or record.attempts,
        "seq": max(seqs),
        "job": first.job,
        "jobs": [member.job for member in take.memberships],
        "sequence": take.said.sequence,
        "shot": first.shot,
        "take": first.take,
        "model": asked.model,
        "revision": asked.revision,
        "seed": asked.seed,
        "prompt": asked.prompt or take.said.prompt,
        "negative_prompt": asked.negative_prompt,
        "fidelity": asked.fidelity,
        "width": asked.width,
        "height": asked.height,
        "frames": asked.frames,
        "fps_num": asked.fps.numerator,
        "fps_den": asked.fps.denominator,
        "options": _json(asked.options),
        "state": record.state.value,
        "failure": record.failure.value if record.failure else None,
        "message": record.message,
        "score": number(score.facts.get(TOTAL)) if score else None,
        "components": numbers(score.facts.get(COMPONENTS)) if score else [],
        "chosen": _is_chosen(take.readers),
        **{name: files[name].key if name in files else None for name in ("mezzanine", "proxy", "poster")},
        "clips": _deliveries(take.readers),
        "started_us": manifest.started_us if manifest else None,
        "ended_us": manifest.ended_us if manifest else None,
        "duration_us": manifest.ended_us - manifest.started_us if manifest else None,
        "attempts": record.attempts,
        "cost_micros": sum(attempt.cost_micros or cost(each) for attempt, each in ended),
        "facts": _json(manifest.facts if manifest else {}),
        "versions": _pairs(manifest.versions if manifest else {}),
    }


def attempt_row(record: TaskRecord, first: Membership, attempt: AttemptRecord, manifest: Manifest) -> dict[str, Any]:
    """The row of `ATTEMPTS` of one ended attempt; `first` is what the job that asked first calls the task."""
    task = record.task
    return {
        **manifest_columns(manifest),
        "job": attempt.job or first.job,
        "stage_version": task.version,
        "shot": first.shot,
        "take": first.take,
        "lane": task.lane.name,
        "cost_micros": attempt.cost_micros or cost(manifest),
        "params": _json(task.params),
    }


def manifest_columns(manifest: Manifest) -> dict[str, Any]:
    """What an attempt's manifest alone says of its row of `ATTEMPTS`."""
    return {
        "task": manifest.task,
        "attempt": manifest.attempt,
        "stage": manifest.stage,
        "worker": manifest.worker,
        "node": manifest.node,
        "state": manifest.state.value,
        "failure": manifest.failure.value if manifest.failure else None,
        "message": manifest.message,
        "traceback": manifest.traceback,
        "started_us": manifest.started_us,
        "ended_us": manifest.ended_us,
        "duration_us": manifest.ended_us - manifest.started_us,
        "bytes": sum(file.size for file in manifest.files.values()),
        "outputs": _pairs({name: file.key for name, file in manifest.files.items()}),
        "inputs": _pairs(manifest.inputs),
        "facts": _json(manifest.facts),
        "versions": _pairs(manifest.versions),
    }


def _done(readers: Iterable[TaskRecord], stage: StageName) -> list[tuple[TaskRecord, Manifest]]:
    """Done tasks of one stage with their manifests, in the order in which they were decided."""
    found = [
        (reader, reader.manifest)
        for reader in readers
        if reader.task.stage == stage and reader.state is TaskState.DONE and reader.manifest
    ]
    return sorted(found, key=lambda pair: (pair[0].task.version, pair[0].seq))


def _score(readers: Iterable[TaskRecord]) -> Manifest | None:
    """What the newest scorer said."""
    scored = _done(readers, StageName.SCORE)
    return scored[-1][1] if scored else None


def _is_chosen(readers: tuple[TaskRecord, ...]) -> bool:
    if any(reader.task.stage == StageName.DELIVER for reader in readers):
        return True
    scores = {reader.task.id for reader in readers if reader.task.stage == StageName.SCORE}
    for select, manifest in _done(readers, StageName.SELECT):
        numbers = manifest.facts.get(CHOSEN)
        for number in numbers if isinstance(numbers, list) else []:
            source = select.task.inputs.get(f"score_{number}")
            if source and source.task in scores:
                return True
    return False


def _deliveries(readers: Iterable[TaskRecord]) -> list[tuple[str, str]]:
    clips = {
        DeliverParams.model_validate(deliver.task.params).product: shown(manifest.files).key
        for deliver, manifest in _done(readers, StageName.DELIVER)
        if manifest.files
    }
    return _pairs(clips)


def cost(manifest: Manifest) -> int:
    """What the attempt itself says that it cost."""
    told = manifest.facts.get(COST)
    return told if isinstance(told, int) else 0


def number(value: JsonValue) -> float | None:
    """A fact that is a number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def numbers(value: JsonValue) -> list[tuple[str, float]]:
    """The numbers of a fact that is a mapping, sorted by name."""
    items = value.items() if isinstance(value, dict) else ()
    return sorted((name, found) for name, item in items if (found := number(item)) is not None)


def _pairs(mapping: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(mapping.items())


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True)
