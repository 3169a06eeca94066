"""A shot and a list of shots: one validated, immutable description, the same whatever format it came from.

Everything a shot inherits (list defaults, project defaults) has been filled in by `farm.shots.load`: no field means
"ask my parent". Words are kept as written; `farm.shots.motion` understands them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from farm.findings import Finding, Place


class Fit(StrEnum):
    """How a still meets the frame: cut to fill it, shown whole on bars, or enlarged so that moves have room."""

    CROP = "crop"
    PAD = "pad"
    OVERSCAN = "overscan"


class Select(StrEnum):
    """Who picks the take that is delivered: the ranking, or a person, until when nothing is delivered."""

    AUTO = "auto"
    HOLD = "hold"


AUTO, OFF = "auto", "off"
"""Of `upscale`: where it is needed, by the project's upscaler; and never. Anything else names an upscaler."""


class Interpolate(StrEnum):
    """Whether frames are made between a take's own: where it is slower than what is delivered, or never."""

    AUTO = "auto"
    OFF = "off"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Reroll:
    """More takes of a shot, asked for once people had seen the others."""

    takes: int
    prompt: str = ""
    """In place of the shot's; "" to keep that."""
    request: str = ""
    """Which asked for them: heeding it twice adds nothing."""


class DurationFit(StrEnum):
    """What is done to a take that is longer or shorter than its cut (`farm.conform` has the table)."""

    TRIM = "trim"
    HOLD = "hold"
    RETIME = "retime"
    EXTEND = "extend"


class LoopMethod(StrEnum):
    """How a take is made to go round (`farm.looping` has the table)."""

    AUTO = "auto"
    CROSSFADE = "crossfade"
    PINGPONG = "pingpong"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One shot as asked for. Paths are absolute paths or URLs, "" where there is none."""

    code: str
    """Unique in the list, as the studio writes it: "sh010"."""
    place: Place
    """The row it came from."""
    sequence: str = ""
    episode: str = ""
    scene: str = ""
    cut_order: int = 0
    """Position in the cut; equal numbers keep the list's order."""
    external_ids: Mapping[str, str] = field(default_factory=dict[str, str])

    still: str
    """The approved frame."""
    end: str = ""
    mask: str = ""
    """White where things may move by themselves, or where the air they move in is."""
    depth: str = ""
    """A depth map the size of the still: white is near."""
    references: tuple[str, ...] = ()
    driving_video: str = ""
    audio: str = ""

    fps: Fraction
    nb_frames: int
    """Length as it is rendered, handles not counted: in the cut too, where nothing is trimmed."""
    frame_in: int = 1001
    handles: int = 0
    """Frames rendered beyond the cut at each end."""
    trim_in: int = 0
    """Frames that a later cut takes off the front; below 0 it shows so many of the handle. Renders nothing anew."""
    trim_out: int = 0
    """The same, at the end."""
    width: int
    height: int
    """Delivery size in pixels, both even."""
    fit: Fit = Fit.CROP

    prompt: str = ""
    """The motion prompt: how it should move."""
    negative_prompt: str = ""
    camera: str = ""
    subject: str = ""
    atmosphere: str = ""
    speed: str = ""
    direction: str = ""
    """Explicit columns; each overrides what the prompt says about it."""
    fidelity: float = 0.7
    """How closely takes keep to the still, 0-1 ("consistency"), useful between 0.6 and 0.8."""
    loop: bool = False

    takes: int = 4
    models: tuple[str, ...] = ("animatic",)
    loras: tuple[str, ...] = ()
    """LoRAs for its models, each a name, "name:0.8", or "name:0.8:transformer_2" for one expert."""
    fallback: str = ""
    """A model to use when every take of the others failed; "" for none."""
    seed: int | None = None
    """A fixed seed for take 1; None derives every take's seed from the list's seed."""
    priority: int = 50
    budget: Fraction | None = None
    targets: tuple[str, ...] = ("review",)
    """Names of delivery presets."""
    select: Select = Select.AUTO
    picks: int = 1
    """How many takes are delivered: the best, and others unlike it. The best stands in the cut."""
    draft_first: bool = False
    """Choose among drafts, and render in full what was chosen, with models whose drafts predict their takes."""
    rerolls: tuple[Reroll, ...] = ()
    upscale: str = AUTO
    """How a chosen take that is smaller than what is delivered is enlarged: `auto`, `off`, or an upscaler's name."""
    interpolate: Interpolate = Interpolate.AUTO
    """How a chosen take that is slower than what is delivered gets its frames."""
    duration_fit: DurationFit = DurationFit.TRIM
    """What is done to a chosen take that is longer or shorter than its cut."""
    loop_method: LoopMethod = LoopMethod.AUTO
    """How a take of a shot that loops is closed."""

    description: str = ""
    action: str = ""
    dialogue: str = ""
    notes: str = ""
    size: str = ""
    angle: str = ""
    lens: str = ""
    status: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """Columns the farm does not know, kept as they are."""

    @property
    def duration_s(self) -> Fraction:
        """Length in the cut, in seconds, exact."""
        return self.length / self.fps

    @property
    def length(self) -> int:
        """Frames in the cut: what is rendered, trimmed."""
        return self.nb_frames - self.trim_in - self.trim_out


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotList:
    """A job's worth of shots, in cut order, with what was found while reading them (no errors among it)."""

    project: str
    """The show; a slug safe for paths."""
    name: str
    """The list's own name; a slug safe for paths."""
    shots: tuple[Shot, ...]
    fps: Fraction
    width: int
    height: int
    """The assembly's rate and size in pixels."""
    seed: int = 0
    music: Mapping[str, str] = field(default_factory=dict[str, str])
    """Files of music, absolute paths or URLs, by sequence; "" is the whole list's."""
    source: str = ""
    """Where it was read from, for people."""
    findings: tuple[Finding, ...] = ()

    def shot(self, code: str) -> Shot:
        """The shot of that code; KeyError when the list has none."""
        for shot in self.shots:
            if shot.code == code:
                return shot
        raise KeyError(code)
