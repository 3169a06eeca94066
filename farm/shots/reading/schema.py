"""What may be written for a shot and for a list, as frozen documents: every field optional, nothing inherited yet.

    Cell tree ──checked──▶ ListEntry, ShotEntry ──farm.shots.load──▶ ShotList, Shot (complete)

The one place that says which fields there are and how each is read; `farm.shots.reading.columns` says what else they
are called. None stands for "not given".
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainValidator

from farm.shots.model import DurationFit, Fit, Interpolate, LoopMethod, Select
from farm.shots.reading import pixels, slugs, timing, values
from farm.shots.reading.timing import Length

Text: TypeAlias = Annotated[str, PlainValidator(values.text)]
Slug: TypeAlias = Annotated[str, PlainValidator(slugs.slug)]
Name: TypeAlias = Annotated[str, PlainValidator(values.name)]
Names: TypeAlias = Annotated[tuple[str, ...], PlainValidator(values.names)]
Several: TypeAlias = Annotated[tuple[str, ...], PlainValidator(values.several)]
Pairs: TypeAlias = Annotated[Mapping[str, str], PlainValidator(values.pairs)]
Rate: TypeAlias = Annotated[Fraction, PlainValidator(timing.rate)]
Size: TypeAlias = Annotated[tuple[int, int], PlainValidator(pixels.size)]
Aspect: TypeAlias = Annotated[Fraction, PlainValidator(pixels.aspect)]
Duration: TypeAlias = Annotated[Length, PlainValidator(timing.length)]
Frames: TypeAlias = Annotated[Length, PlainValidator(timing.frames_length)]
FrameNumber: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 9_999_999))]
Handles: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 240))]
Trim: TypeAlias = Annotated[int, PlainValidator(values.whole(-240, 100_000))]
Order: TypeAlias = Annotated[int, PlainValidator(values.whole(-1_000_000, 1_000_000))]
FitWord: TypeAlias = Annotated[Fit, PlainValidator(values.choice(Fit))]
SelectWord: TypeAlias = Annotated[Select, PlainValidator(values.choice(Select))]
InterpolateWord: TypeAlias = Annotated[Interpolate, PlainValidator(values.choice(Interpolate))]
DurationFitWord: TypeAlias = Annotated[DurationFit, PlainValidator(values.choice(DurationFit))]
LoopMethodWord: TypeAlias = Annotated[LoopMethod, PlainValidator(values.choice(LoopMethod))]
Share: TypeAlias = Annotated[float, PlainValidator(values.percentage)]
YesNo: TypeAlias = Annotated[bool, PlainValidator(values.yes_no)]
Takes: TypeAlias = Annotated[int, PlainValidator(values.whole(1, 16))]
Priority: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 100))]
Seed: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 2**32 - 1))]
Money: TypeAlias = Annotated[Fraction, PlainValidator(values.money)]


class Entry(BaseModel):
    """A frozen document whose unknown settings are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class ListEntry(Entry):
    """What may be written for a whole list."""

    project: Slug | None = None
    name: Slug | None = None
    fps: Rate | None = None
    size: Size | None = None
    seed: Seed | None = None
    music: Text | None = None


class ShotEntry(Entry):
    """What may be written for one shot. `resolution` is its size in pixels, `size` its shot size ("MCU")."""

    code: Slug | None = None
    sequence: Slug | None = None
    episode: Slug | None = None
    scene: Text | None = None
    cut_order: Order | None = None
    external_ids: Pairs | None = None

    still: Text | None = None
    end: Text | None = None
    mask: Text | None = None
    depth: Text | None = None
    references: Several | None = None
    driving_video: Text | None = None
    audio: Text | None = None

    fps: Rate | None = None
    nb_frames: Frames | None = None
    duration: Duration | None = None
    frame_in: FrameNumber | None = None
    frame_out: FrameNumber | None = None
    """The last frame, counted in; one past it is understood too where `nb_frames` says so."""
    handles: Handles | None = None
    trim_in: Trim | None = None
    trim_out: Trim | None = None
    resolution: Size | None = None
    aspect: Aspect | None = None
    fit: FitWord | None = None

    prompt: Text | None = None
    negative_prompt: Text | None = None
    camera: Text | None = None
    subject: Text | None = None
    atmosphere: Text | None = None
    speed: Text | None = None
    direction: Text | None = None
    fidelity: Share | None = None
    loop: YesNo | None = None

    takes: Takes | None = None
    models: Names | None = None
    loras: Several | None = None
    fallback: Name | None = None
    seed: Seed | None = None
    priority: Priority | None = None
    budget: Money | None = None
    targets: Names | None = None
    select: SelectWord | None = None
    picks: Takes | None = None
    draft_first: YesNo | None = None
    upscale: Name | None = None
    interpolate: InterpolateWord | None = None
    duration_fit: DurationFitWord | None = None
    loop_method: LoopMethodWord | None = None

    description: Text | None = None
    action: Text | None = None
    dialogue: Text | None = None
    notes: Text | None = None
    size: Text | None = None
    angle: Text | None = None
    lens: Text | None = None
    status: Text | None = None


MEDIA_FIELDS = ("still", "end", "mask", "depth", "driving_video", "audio")
"""Fields that hold one path each; `references` holds several."""

LENGTH_FIELDS = ("nb_frames", "duration", "frame_out")
FRAME_FIELDS = ("resolution", "aspect")
"""Fields that say one thing in several ways: giving one of them replaces what was inherited through any."""
