"""What one hears of models: those built in, those known and perhaps not here yet, those a studio has added.

    registry ─┐
    CHECKPOINTS ─▶ by name ─▶ ModelView ◀─ records and half pulls of the models folder

The documents of `farm models`, as tables at the terminal and as JSON.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from farm.errors import InputError
from farm.findings import Finding
from farm.models.diffusion.checkpoints import CHECKPOINTS, Checkpoint
from farm.models.diffusion.family import Family, Scalar
from farm.models.diffusion.installed import WEIGHTS, Installed, Kind, checkpoint_of, survey
from farm.models.spec import FrameRule, ModelSpec
from farm.shots.reading.timing import rate_text
from farm.shots.reading.values import closest

State = Literal["built in", "installed", "half pulled", "not installed"]

SAMPLES = ((0.0, 0.5), (0.7, 0.5), (1.0, 0.5), (0.7, 0.1), (0.7, 0.9))
"""(fidelity, motion strength) at which the knobs are shown."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class KnobView(_Document):
    """What one setting of a shot comes to."""

    fidelity: float
    motion: float
    options: Mapping[str, Scalar]
    """Arguments of the model's pipeline."""


class ModelView(_Document):
    """One model, LoRA or upscaler."""

    name: str
    kind: str
    """model, lora or upscaler."""
    title: str
    state: State
    family: str = ""
    like: str = ""
    """The checkpoint whose defaults it takes."""
    licence: str = ""
    conditions: tuple[str, ...] = ()
    reads_text: bool = False
    negative_prompt: bool = False
    prompt_limit: int = 0
    """Characters."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Empty for any."""
    size_multiple: int = 0
    frames: int = 0
    """How many it makes best; 0 for any."""
    most_frames: int = 0
    frame_rule: str = ""
    """ "4k+1", or "any"."""
    fps: str = ""
    """Its own rate; "" for any."""
    steps: int = 0
    gpus: int = 0
    memory_gb: float = 0
    """Of one GPU that holds all of it at once: an estimate."""
    parallel: tuple[str, ...] = ()
    """Axes over which several GPUs share a take."""
    loras: bool = False
    audio: bool = False
    disk_bytes: int = 0
    """What its files take, or, as an estimate, would take."""
    sources: tuple[str, ...] = ()
    weights: str = ""
    """The folder of its files."""
    fingerprint: str = ""
    files: int = 0
    knobs: tuple[KnobView, ...] = ()
    remarks: tuple[str, ...] = ()
    """What its knobs mean, and what it has none for."""
    troubles: tuple[str, ...] = ()
    """What is wrong with its record or its files."""


def model_views(specs: Mapping[str, ModelSpec], models: Path) -> tuple[ModelView, ...]:
    """Everything there is: what is built in, known checkpoints, what was added; `models` is the models folder."""
    sound, wrong = survey(models)
    records = {record.name: record for record in sound}
    views = [_built_in(spec) for name, spec in specs.items() if name not in CHECKPOINTS and name not in records]
    views += [_known(checkpoint, records.get(name), specs, models) for name, checkpoint in CHECKPOINTS.items()]
    views += [_added(record, specs) for name, record in records.items() if name not in CHECKPOINTS]
    views += [_broken(name) for name in _homes(wrong) if name not in CHECKPOINTS and name not in records]
    return tuple(_told(view, wrong, models) for view in views)


def model_view(name: str, specs: Mapping[str, ModelSpec], models: Path) -> ModelView:
    """One of them. Raises `InputError` for a name that is none."""
    views = {view.name: view for view in model_views(specs, models)}
    if name not in views:
        raise InputError(f'there is no model "{name}" ({closest(name, tuple(views))})')
    return views[name]


def _built_in(spec: ModelSpec) -> ModelView:
    return ModelView(
        name=spec.name,
        kind=Kind.MODEL,
        title=spec.title,
        state="built in",
        licence=spec.licence,
        conditions=tuple(sorted(spec.conditions)),
        reads_text=True,
        prompt_limit=spec.prompt_limit,
        size_multiple=spec.size_multiple,
        frame_rule=_rule(spec.frame_rule, 0),
        gpus=spec.gpus,
    )


def _known(checkpoint: Checkpoint, record: Installed | None, specs: Mapping[str, ModelSpec], models: Path) -> ModelView:
    is_half = not record and (models / checkpoint.name / WEIGHTS).is_dir()
    view = _makes(checkpoint, "half pulled" if is_half else "not installed", specs)
    ids = tuple(repository.id for repository in checkpoint.repositories)
    return _with_record(view, record) if record else view.model_copy(update={"sources": ids})


def _added(record: Installed, specs: Mapping[str, ModelSpec]) -> ModelView:
    if record.kind is Kind.MODEL:
        return _with_record(_makes(checkpoint_of(record), "installed", specs), record)
    of = f" of {record.family}" if record.family else ""
    title = record.title or f"{record.kind.words[:1].upper()}{record.kind.words[1:]}{of}"
    return _with_record(ModelView(name=record.name, kind=record.kind, title=title, state="installed"), record)


def _broken(name: str) -> ModelView:
    """What has a record that cannot be read."""
    return ModelView(name=name, kind=Kind.MODEL, title="", state="installed")


def _homes(wrong: tuple[Finding, ...]) -> list[str]:
    return [Path(finding.place.file).parent.name for finding in wrong]


def _makes(checkpoint: Checkpoint, state: State, specs: Mapping[str, ModelSpec]) -> ModelView:
    family = checkpoint.kin
    spec = specs.get(checkpoint.name)
    return ModelView(
        name=checkpoint.name,
        kind=Kind.MODEL,
        title=checkpoint.title,
        state=state,
        family=family.name,
        licence=checkpoint.licence,
        conditions=tuple(sorted(checkpoint.conditions)),
        reads_text=family.reads_text,
        negative_prompt=family.negative_prompt,
        prompt_limit=family.prompt_limit if family.reads_text else 0,
        sizes=checkpoint.sizes,
        size_multiple=checkpoint.multiple or family.multiple,
        frames=checkpoint.frames,
        most_frames=checkpoint.most_frames,
        frame_rule=_rule(family.frame_rule, checkpoint.stride),
        fps="" if family.any_fps else rate_text(checkpoint.fps),
        steps=checkpoint.steps,
        gpus=spec.gpus if spec else 1,
        memory_gb=round(checkpoint.memory_gb, 1),
        parallel=tuple(sorted(family.axes)),
        loras=family.loras,
        audio=family.audio,
        disk_bytes=round(checkpoint.weights_gb * 1e9),
        knobs=tuple(_knobs(family)),
        remarks=_remarks(family),
    )


def _knobs(family: Family) -> Iterator[KnobView]:
    for fidelity, motion in SAMPLES:
        if options := family.knobs(fidelity, motion, False).options:
            yield KnobView(fidelity=fidelity, motion=motion, options=options)


def _remarks(family: Family) -> tuple[str, ...]:
    said = " ".join((inspect.getdoc(family.knobs) or "").split())
    return tuple(filter(None, (said, *family.knobs(0.7, 0.5, True).notes)))


def _with_record(view: ModelView, record: Installed) -> ModelView:
    about = {
        "state": "installed",
        "family": record.family,
        "like": record.like if record.like != record.name else "",
        "licence": record.licence,
        "disk_bytes": record.size,
        "sources": record.sources,
        "weights": str(record.folder),
        "fingerprint": record.fingerprint,
        "files": len(record.files),
    }
    return view.model_copy(update=about)


def _told(view: ModelView, wrong: tuple[Finding, ...], models: Path) -> ModelView:
    """The view with what is wrong with its record."""
    home = str(models / view.name)
    own = tuple(f"{each.problem} ({each.remedy})" for each in wrong if str(Path(each.place.file).parent) == home)
    return view.model_copy(update={"troubles": own}) if own else view


def _rule(rule: FrameRule, stride: int) -> str:
    stride = stride or rule.stride
    return "any" if stride == 1 else f"{stride}k+{rule.offset}"
