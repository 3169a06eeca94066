"""The chain of a shot: which stages there are, their versions, and what each takes as parameters.

    prepare ─▶ generate (per take) ─▶ score ─▶ select ─▶ upscale ─▶ interpolate ─▶ deliver ─▶ assemble (per list)

`upscale` and `interpolate` are for the chosen take, where it is smaller or slower than what is delivered.

Parameters are part of a task's id, with the fields that equal their default left out: a new field with a default
re-renders nothing. A stage's version is part of it too: raise it when the same parameters would give another output
(`tests/test_stage_versions.py` asks for that decision whenever a stage's source changes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, JsonValue

from farm.shots.intent import MotionIntent
from farm.shots.model import Fit


class StageName(StrEnum):
    PREPARE = "prepare"
    GENERATE = "generate"
    SCORE = "score"
    SELECT = "select"
    UPSCALE = "upscale"
    INTERPOLATE = "interpolate"
    DELIVER = "deliver"
    ASSEMBLE = "assemble"


class Params(BaseModel):
    """Parameters of one stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def content(self) -> dict[str, JsonValue]:
        """What counts towards the task's id: every field that differs from its default."""
        return self.model_dump(mode="json", exclude_defaults=True)


class PrepareParams(Params):
    """Inputs: assets `still`, and where given `end`, `mask`, `depth`, `reference_1`…

    Leaves `still.png` (sRGB, upright, 8 bit, full resolution), the others normalised likewise, `layer_01.png`… (RGBA,
    back to front) for a layered PSD.
    """


class GenerateParams(Params):
    """Inputs: everything `prepare` left, under the same names. Leaves `mezzanine`, `proxy`, `poster`."""

    model: str
    revision: str
    width: int
    height: int
    frames: int
    fps: Fraction
    seed: int
    prompt: str = ""
    negative_prompt: str = ""
    intent: MotionIntent = MotionIntent()
    fidelity: float = 0.7
    fit: Fit = Fit.CROP
    overscan: float = 1.0
    loop: bool = False
    options: Mapping[str, str | int | float | bool] = {}


class ScoreParams(Params):
    """Inputs: `mezzanine`, `still`, and `end` where there is one. Leaves `score` (JSON)."""

    width: int
    height: int
    frames: int
    fps: Fraction
    intent: MotionIntent = MotionIntent()
    fit: Fit = Fit.CROP
    overscan: float = 1.0
    loop: bool = False
    weights: Mapping[str, float] = {}
    """Of components that count otherwise than usual."""


class SelectParams(Params):
    """Inputs: `score_1`, `score_2`… by take number. Leaves `ranking` (JSON); fact `chosen` is a list of takes."""

    takes: tuple[int, ...]
    top: int = 1
    """How many to choose; of several, such as differ."""


class UpscaleParams(Params):
    """Inputs: `mezzanine`. Leaves `mezzanine` and `proxy`, as large as what is delivered."""

    upscaler: str
    revision: str
    width: int
    height: int
    frames: int
    fit: Fit = Fit.CROP


class InterpolateParams(Params):
    """Inputs: `mezzanine`. Leaves `mezzanine` and `proxy`, at the rate of what is delivered."""

    interpolator: str
    revision: str
    width: int
    height: int
    frames: int
    """Of what it leaves: what the take's time holds at `fps`."""
    fps: Fraction


class DeliverParams(Params):
    """Inputs: `mezzanine`. Leaves `clip`; the studio's name is given where it is published."""

    product: str
    width: int
    height: int
    frames: int
    fps: Fraction
    skip: int = 0
    """Frames of the mezzanine before the cut begins: its handle."""
    fit: Fit = Fit.CROP
    title: str = ""
    comment: str = ""


class CutEntry(Params):
    """One shot's place in the cut. Without a clip it stands as its still under a slate, for its exact duration."""

    code: str
    frames: int
    sequence: str = ""
    has_clip: bool = True
    slate: str = ""
    """Why there is no clip, in words, for the slate."""
    take: int = 0
    label: str = ""
    note: str = ""
    """For markers and the contact sheet: prompt, score."""
    skip: int = 0
    """Frames of the mezzanine before the cut begins: its handle."""
    media: str = ""
    """The delivered clip, relative to the timeline file."""
    frame_in: int = 1001


class AssembleParams(Params):
    """Inputs: for entry i (from 0) `clip_{i}` (a mezzanine) or `still_{i}` (a prepared still), or none (a plain slate).

    Leaves `movie`, `timeline` (.otio) and `contact_sheet`.
    """

    title: str
    width: int
    height: int
    fps: Fraction
    entries: tuple[CutEntry, ...]


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage as planning sees it; `entry` is imported only where it runs."""

    version: int
    params: type[Params]
    entry: str


STAGES: Mapping[StageName, StageSpec] = {
    StageName.PREPARE: StageSpec(1, PrepareParams, "farm.stages.prepare:run"),
    StageName.GENERATE: StageSpec(1, GenerateParams, "farm.stages.generate:run"),
    StageName.SCORE: StageSpec(2, ScoreParams, "farm.stages.score:run"),
    StageName.SELECT: StageSpec(1, SelectParams, "farm.stages.select:run"),
    StageName.UPSCALE: StageSpec(1, UpscaleParams, "farm.stages.upscale:run"),
    StageName.INTERPOLATE: StageSpec(1, InterpolateParams, "farm.stages.interpolate:run"),
    StageName.DELIVER: StageSpec(1, DeliverParams, "farm.stages.deliver:run"),
    StageName.ASSEMBLE: StageSpec(1, AssembleParams, "farm.stages.assemble:run"),
}
