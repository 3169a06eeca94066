"""The chain of a shot: which stages there are, their versions, and what each takes as parameters.

    prepare ─▶ generate (per take) ─▶ score ─▶ select ─▶ upscale ─▶ interpolate | conform | loop ─▶ sound ─▶ deliver
                                         └───────────▶ compare                       assemble (per list) ─▶ mix

What stands between `select` and `deliver` is for the chosen take, where it needs it (`farm.finish`). `compare` shows
all takes of a shot beside each other, and nothing waits for it. `mix` gives the assembled movie its sound, where there
is any.

Parameters are part of a task's id, with the fields that equal their default left out: a new field with a default
re-renders nothing. A stage's version is part of it too: raise it when the same parameters would give another output
(`tests/test_stage_versions.py` asks for that decision whenever a stage's source changes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

from farm.shots.intent import MotionIntent
from farm.shots.model import Fit

T = TypeVar("T")


class StageName(StrEnum):
    PREPARE = "prepare"
    GENERATE = "generate"
    SCORE = "score"
    SELECT = "select"
    COMPARE = "compare"
    UPSCALE = "upscale"
    INTERPOLATE = "interpolate"
    DELIVER = "deliver"
    ASSEMBLE = "assemble"
    CONFORM = "conform"
    LOOP = "loop"
    SOUND = "sound"
    MIX = "mix"


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


class ComparedTake(Params):
    """One take, as it is named where it stands beside others."""

    number: int
    model: str
    seed: int
    label: str = ""
    skip: int = 0
    """Frames before the cut begins: its handle."""


class CompareParams(Params):
    """Inputs: for take n `proxy_{n}` and `score_{n}`. Leaves `movie`, all takes side by side, and `contact_sheet`."""

    title: str
    sequence: str = ""
    prompt: str = ""
    width: int
    height: int
    frames: int
    fps: Fraction
    takes: tuple[ComparedTake, ...]
    picked: tuple[int, ...] = ()
    """The numbers of those that are delivered."""


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
    """Of what it leaves: those of the cut with its handles, however long the take is."""
    fps: Fraction


class Credit(Params):
    """Whose a deliverable is, and what it was made with: what burn-in, slate, tags and provenance say."""

    show: str = ""
    sequence: str = ""
    shot: str = ""
    take: int = 0
    label: str = ""
    model: str = ""
    title: str = ""
    """The model's, for people."""
    revision: str = ""
    seed: int = 0
    prompt: str = ""
    trained: bool = False
    """True for what a learned model made, which is marked as AI-generated."""
    still: str = ""
    """What the still's file is called where it came from."""
    steps: tuple[str, ...] = ()
    """What was done to the take before it was delivered: "upscale lanczos"."""


class ConformParams(Params):
    """Inputs: `mezzanine`. Leaves `mezzanine` and `proxy`, as long as the cut with its handles, and at its rate."""

    width: int
    height: int
    frames: int
    fps: Fraction
    source_frames: int
    source_fps: Fraction
    done: str
    """What becomes of its length: a `farm.conform.Done`."""
    step: Fraction = Fraction(1)
    """Frames of the take that go by with each frame of the cut."""
    ease: Fraction = Fraction(0)
    """Frames of the cut to either side of a turn."""
    interpolator: str = ""
    """What makes frames between the take's own; "" takes the nearest."""
    revision: str = ""


class LoopParams(Params):
    """Inputs: `mezzanine`. Leaves `mezzanine` and `proxy`: one round, gone on around over its handles."""

    width: int
    height: int
    frames: int
    """Handles counted in."""
    fps: Fraction
    handles: int = 0
    source_frames: int
    source_fps: Fraction
    method: str
    """A `farm.shots.model.LoopMethod`, not `auto`."""
    step: Fraction = Fraction(1)
    """Frames of the take that go by with each frame of the loop."""
    overlap: int = 0
    """Frames in which its end goes over into its start."""
    ease: Fraction = Fraction(0)
    """Frames to either side of a turn."""
    interpolator: str = ""
    """What makes frames between the take's own, and between those that meet; "" takes the nearest, and dissolves."""
    revision: str = ""


class SoundParams(Params):
    """Inputs: `mezzanine`, and `audio` where the shot brings a file. Leaves `mezzanine` and `sound` (FLAC), levelled.

    The file begins with the cut, and the take's own sound lies under it.
    """

    fps: Fraction
    frames: int
    """Of the cut."""
    skip: int = 0
    """Frames of the mezzanine before the cut begins: its handle."""
    loudness_lufs: float = -23.0


class DeliverParams(Params):
    """Inputs: `mezzanine`, and asset `still`. Leaves `clip`, or `frame_1001`… of a sequence.

    The studio's name is given where it is published.
    """

    product: str
    width: int
    height: int
    frames: int
    fps: Fraction
    """Of the shot; a preview is thinned out where it is written."""
    skip: int = 0
    """Frames of the mezzanine before the cut begins: its handle."""
    fit: Fit = Fit.CROP
    title: str = ""
    comment: str = ""
    base: str = ""
    """The built-in product that it is made from; "" for `product` itself."""
    quality: int | None = None
    frame_in: int = 1001
    drop_frame: bool = False
    slate_frames: int = 0
    """Of the slate before the picture."""
    burn_in: tuple[str, ...] = ()
    """What is written over the picture, of `farm.shots.products.BURN_IN`."""
    credit: Credit = Credit()
    provenance: bool = True
    """Whether it carries a signed manifest of how it was made."""


def shown(files: Mapping[str, T]) -> T:
    """Which of a delivery's files, by output name, a player opens: the clip, or a sequence's first frame."""
    return files["clip"] if "clip" in files else files[min(files, key=lambda name: (len(name), name))]


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
    """The delivered clip's path, relative to the timeline file."""
    frame_in: int = 1001
    prompt: str = ""
    score: float | None = None
    media_fps: Fraction | None = None
    """The delivered clip's rate; None for the cut's."""
    media_frames: int = 0
    """How long it is, handles included; 0 for as long as the entry."""
    media_in: int = 0
    """Its frames before the cut begins."""
    media_start: int = 0
    """The number of its first frame: its timecode."""
    shot: Mapping[str, str] = {}
    """The shot's fields as a shot list writes them, for who reads the timeline as one; files relative to it."""


class AssembleParams(Params):
    """Inputs: for entry i (from 0) `clip_{i}` (a mezzanine) or `still_{i}` (a prepared still), or none (a plain slate).

    Leaves `movie`, `contact_sheet` and where there are several sequences a `sheet_{n}` of each, the timeline as
    `timeline` (.otio), `edl`, `fcp_xml` and `fcpxml`, and `sidecar` (.csv: what only the .otio can carry). Fact
    `losses`: what each of these formats leaves out of this cut.
    """

    title: str
    width: int
    height: int
    fps: Fraction
    entries: tuple[CutEntry, ...]

    @property
    def sheets(self) -> dict[str, str]:
        """The sequences that have a contact sheet of their own, by output: none where there is only one."""
        names = dict.fromkeys(entry.sequence for entry in self.entries)
        return {f"sheet_{number}": name for number, name in enumerate(names, 1)} if len(names) > 1 else {}


class Cue(Params):
    """One sound's place in the cut, in frames."""

    source: str
    """The name of its input."""
    at: int
    frames: int
    skip: int = 0
    """Frames of the sound before the part that is heard."""
    fade_in: int = 0
    fade_out: int = 0


class MixParams(Params):
    """Inputs: what `assemble` left, for entry i `sound_{i}`, and music: `music`, `music_{sequence}`. Leaves the same.

    The movie's picture is copied; its sound is mixed and levelled anew.
    """

    fps: Fraction
    frames: int
    shots: tuple[Cue, ...] = ()
    music: tuple[Cue, ...] = ()
    loudness_lufs: float = -23.0
    sheets: Mapping[str, str] = {}
    """Those of the assembly."""


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
    StageName.COMPARE: StageSpec(1, CompareParams, "farm.stages.compare:run"),
    StageName.UPSCALE: StageSpec(1, UpscaleParams, "farm.stages.upscale:run"),
    StageName.INTERPOLATE: StageSpec(1, InterpolateParams, "farm.stages.interpolate:run"),
    StageName.CONFORM: StageSpec(1, ConformParams, "farm.stages.conform:run"),
    StageName.LOOP: StageSpec(1, LoopParams, "farm.stages.loop:run"),
    StageName.SOUND: StageSpec(1, SoundParams, "farm.stages.sound:run"),
    StageName.DELIVER: StageSpec(2, DeliverParams, "farm.stages.deliver:run"),
    StageName.ASSEMBLE: StageSpec(2, AssembleParams, "farm.stages.assemble:run"),
    StageName.MIX: StageSpec(1, MixParams, "farm.stages.mix:run"),
}
