"""Checkpoints as models of the farm: planned from data alone, opened from the weights in the models folder.

    CHECKPOINTS ─┐                        ┌▶ spec, lane, resolve     torch-free
    records in   ├─adapters(folder)─▶ DiffusionAdapter
    the folder  ─┘                        └▶ open ─▶ farm.models.diffusion.model

A known checkpoint whose weights are not there can be named; its shots are refused with the command that brings them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion import loras
from farm.models.diffusion.checkpoints import CHECKPOINTS, Checkpoint
from farm.models.diffusion.installed import Installed, Kind, checkpoint_of, installed
from farm.models.diffusion.parallel.plan import ParallelPlan
from farm.models.diffusion.placing import objection, plan_for
from farm.models.diffusion.profiles import PROFILES, profile_named
from farm.models.diffusion.resolve import frame_rule, resolve
from farm.models.spec import Adapter, Gang, Model, ModelSpec, Rejection, Resolved, Terms
from farm.shots.intent import MotionIntent
from farm.shots.model import Shot
from farm.tasks import Lane

_SETTINGS = "mend what the farm's settings say of it under generators"

DRAFT_STEPS = 4
"""With fewer a take is not told from another of the same words."""

REVISION = "1"
"""Of the farm's own part in the frames; raise it when the same weights and arguments would give others."""


@dataclass(frozen=True)
class DiffusionAdapter:
    """Plans and opens one checkpoint."""

    checkpoint: Checkpoint
    terms: Terms
    record: Installed | None = None
    """Its weights in the models folder; None while they are not there."""
    loras: Mapping[str, Installed] = field(default_factory=dict[str, Installed])
    """LoRAs in the models folder, by name."""

    @property
    def spec(self) -> ModelSpec:
        checkpoint = self.checkpoint
        return ModelSpec(
            name=checkpoint.name,
            title=checkpoint.title,
            revision=f"{REVISION}/{self.record.fingerprint[:16] if self.record else ''}",
            licence=checkpoint.licence,
            needs_prompt=checkpoint.kin.reads_text,
            conditions=checkpoint.conditions,
            frame_rule=frame_rule(checkpoint),
            size_multiple=checkpoint.multiple or checkpoint.kin.multiple,
            fps=() if checkpoint.kin.any_fps else (checkpoint.fps,),
            prompt_limit=checkpoint.kin.prompt_limit,
            closes_loops=checkpoint.kin.closes_loops,
            makes_sound=checkpoint.kin.audio,
            gpus=self.lane.gpus_in_all,
        )

    @property
    def lane(self) -> Lane:
        """One worker on one GPU where the model fits, a gang where it does not; on CPUs where there is no GPU."""
        plan = ParallelPlan() if isinstance(self._plan, Rejection) else self._plan
        return Lane(
            name="-".join(filter(None, (self.checkpoint.name, self.terms.profile, str(plan).replace(",", "")))),
            gpus=1 if self.terms.gpus_per_node else 0,
            ranks=plan.ranks,
            pool=self.terms.pool,
            weights=self.checkpoint.name,
            profile=self.terms.profile,
            parallel=str(plan),
        )

    def resolve(self, shot: Shot, intent: MotionIntent, take: int) -> Resolved | Rejection:
        """What is asked of the checkpoint; the same of every take, whose seeds differ."""
        del take
        if self.record is None:
            return Rejection("its weights are not on this farm", f"farm models pull {self.checkpoint.name}")
        if isinstance(self._plan, Rejection):
            return self._plan
        try:
            resolved = resolve(self.checkpoint, shot, intent, profile_named(self.terms.profile))
            wrong = "" if isinstance(resolved, Rejection) else self._objection(self.record, self._plan, resolved)
        except InputError as error:
            return Rejection(str(error), _SETTINGS)
        if isinstance(resolved, Rejection) or not (wrong or shot.loras):
            return resolved
        return Rejection(f"{self._plan}: {wrong}", _SETTINGS) if wrong else self._with_loras(shot, resolved)

    def draft(self, resolved: Resolved) -> Resolved | None:
        """Fewer steps from the same noise, where the way from there is not noisy itself and long enough to shorten."""
        steps = PROFILES["draft"].steps(self.checkpoint.steps)
        if not self.checkpoint.kin.is_ode or steps < DRAFT_STEPS:
            return None
        return replace(resolved, options={**resolved.options, "num_inference_steps": steps})

    def _with_loras(self, shot: Shot, resolved: Resolved) -> Resolved | Rejection:
        try:
            more = loras.asked(shot.loras, self.checkpoint.kin, self.loras)
        except InputError as error:
            return Rejection(str(error), "mend the shot's loras, or leave them out")
        return replace(resolved, options={**resolved.options, **more})

    def _objection(self, record: Installed, plan: ParallelPlan, resolved: Resolved) -> str:
        return objection(self.checkpoint, record.folder, plan, resolved)

    @cached_property
    def _plan(self) -> ParallelPlan | Rejection:
        """How its workers share the work, or why it cannot run here."""
        if self.record is None:
            return ParallelPlan()
        try:
            return plan_for(self.checkpoint, self.record.folder, self.terms)
        except InputError as error:
            return Rejection(str(error), _SETTINGS)

    def open(self, gang: Gang, lane: Lane) -> Model:
        """Ready to load, which its first take does: what is loaded depends on what is asked."""
        from farm.models.diffusion.model import DiffusionModel

        if self.record is None:
            raise InputError(f"{self.checkpoint.name} is not in the models folder of this machine (farm models pull)")
        plan = ParallelPlan.parse(lane.parallel)
        return DiffusionModel(self.checkpoint.kin, self.record.folder, gang, plan, self.loras)


def adapters(folder: Path | None, terms: Mapping[str, Terms]) -> Mapping[str, Adapter]:
    """Every known checkpoint and every one that a studio has added, by name."""
    records = installed(folder) if folder else ()
    here = {record.name: record for record in records if record.kind is Kind.MODEL}
    lora = loras.Shelf(folder)
    every = {**CHECKPOINTS, **{name: checkpoint_of(record) for name, record in here.items()}}
    return {name: _adapter(each, terms, here.get(name), lora) for name, each in every.items()}


def _adapter(
    checkpoint: Checkpoint, terms: Mapping[str, Terms], record: Installed | None, lora: Mapping[str, Installed]
) -> DiffusionAdapter:
    chosen = terms.get(checkpoint.name) or terms.get("") or Terms()
    typed = replace(checkpoint, dtype=chosen.dtype) if chosen.dtype else checkpoint
    return DiffusionAdapter(typed, chosen, record, lora)
