"""The seam every model stands behind: its limits as data, its planning as a pure function, its frames as a stream.

    Adapter.spec                 limits, readable without weights and without torch
    Adapter.lane                 the workers it runs on
    Adapter.resolve(shot, take)  what would be asked of the model, every snap reported  (pure, used by the plan)
    Adapter.open(gang, lane)     a loaded Model                                         (heavy, used by a worker)
    Model.generate(request, ctx) frames, one after the other                            (a function of request and seed)

A model is found by name in `farm.models.registry`. The contract every adapter keeps is run by
`tests/models/test_conformance.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import JsonValue

from farm.shots.intent import MotionIntent
from farm.shots.model import Fit, Shot
from farm.tasks import Lane

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]
    """One picture: (height, width, 3), uint8, sRGB display-referred."""


@dataclass(frozen=True, slots=True)
class FrameRule:
    """Frame counts a model can make: n = stride * k + offset, between lowest and highest."""

    stride: int = 1
    offset: int = 0
    lowest: int = 1
    highest: int = 100_000

    def snap(self, frames: int) -> int:
        """The smallest allowed count that is at least `frames` (the highest one if there is none)."""
        steps = max(0, -(-(frames - self.offset) // self.stride))
        lowest = -(-(self.lowest - self.offset) // self.stride)
        highest = (self.highest - self.offset) // self.stride
        return self.stride * min(max(steps, lowest), highest) + self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Everything planning needs to know of a model, as data."""

    name: str
    title: str
    revision: str
    """Changes whenever equal requests may give other frames; part of every task id."""
    licence: str
    """SPDX expression, or a name the project's allow-list can hold."""
    needs_prompt: bool
    """True for a model that reads words, and makes nothing of value without."""
    follows_intent: bool = False
    """True for a model that is told of moves as data."""
    conditions: frozenset[str]
    """Of "start", "end", "mask", "depth", "layers", "references"."""
    frame_rule: FrameRule = FrameRule()
    size_multiple: int = 2
    fps: tuple[Fraction, ...] = ()
    """Rates it makes natively; empty for any."""
    prompt_limit: int = 2000
    """Characters."""
    gpus: int = 0
    """Of one worker."""
    closes_loops: bool = False
    """True for a model that, asked for a loop, leads its last frame back to its first."""
    makes_sound: bool = False
    """True for a model whose takes bring their own sound."""
    trained: bool = True
    """True for a learned model, whose clips are marked as AI-generated."""
    reproducible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What will be asked of the model for one take, and what had to give."""

    width: int
    height: int
    """Of the take as it is made, in pixels; the deliverable's are the shot's."""
    frames: int
    """Handles counted in."""
    fps: Fraction
    """Of the take as it is made."""
    prompt: str = ""
    """Words for the model; "" for one that reads none."""
    negative_prompt: str = ""
    options: Mapping[str, str | int | float | bool]
    """Model-specific knobs; part of the task id."""
    follows: MotionIntent
    """What of the intent it undertakes to show; the take is judged by this, and `notes` say what is left out."""
    label: str = ""
    """The take's name where takes are named alternatives: "gentler"."""
    overscan: float = 1.0
    """How much larger than the frame the still must stand for the move: 1.08 is 8 %."""
    notes: tuple[str, ...] = ()
    """Every snap and every ignored field, in words."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a model runs on this farm."""

    profile: str = ""
    """ "" for the one that costs no quality."""
    parallel: str = "auto"
    """ "cfg2,tp2"; "" for one GPU; "auto" for as few as it fits on."""
    pool: str = ""
    """Label of the nodes that its workers may stand on."""
    dtype: str = ""
    """ "" for what the weights were published in."""
    gpus_per_node: int = 0
    gpu_memory_gb: float = 0.0


@dataclass(frozen=True, slots=True)
class Rejection:
    """This model cannot do this shot."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One take, asked of a loaded model. Pictures are normalised sRGB files on this machine."""

    start: Path
    end: Path | None = None
    mask: Path | None = None
    depth: Path | None = None
    layers: tuple[Path, ...] = ()
    """RGBA, back to front, each the size of the still."""
    references: tuple[Path, ...] = ()
    prompt: str = ""
    negative_prompt: str = ""
    intent: MotionIntent = MotionIntent()
    width: int
    height: int
    frames: int
    fps: Fraction
    seed: int
    fidelity: float = 0.7
    fit: Fit = Fit.CROP
    overscan: float = 1.0
    loop: bool = False
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict[str, "str | int | float | bool"])


@dataclass(frozen=True, slots=True)
class Placement:
    """What a model may use: the devices of one rank, and where it stands in its gang.

    In a gang the environment says the same in the words of torch.distributed: RANK, WORLD_SIZE, MASTER_ADDR,
    MASTER_PORT. Each rank sees its own devices only.
    """

    threads: int = 1
    gpus: tuple[int, ...] = ()
    rank: int = 0
    world: int = 1
    """Ranks of the gang; 1 for a worker on its own."""
    master: str = ""
    """Where the ranks meet: "host:port" on rank 0's machine, free when the gang came up, or a "file:///path" that all
    of them see; "" for a worker on its own."""


class Gang(Protocol):
    """The ranks of one worker, as rank 0 sees them."""

    @property
    def placement(self) -> Placement: ...

    def broadcast(self, entry: str, *args: Any) -> list[Any]:
        """Call `entry` ("module:function") as `function(placement, *args)` on every rank at once; results by rank.

        What a rank raises is raised here, once all ranks are through, as `beside` tells. When a rank dies so does the
        whole gang.
        """
        ...

    def beside(self, entry: str, *args: Any) -> AbstractContextManager[None]:
        """Call `entry` as `function(placement, *args)` on the ranks after 0 while the body runs here.

        Leaves once those ranks are through. The body's own error is raised rather than theirs, unless it is
        `PeerFailed`: then what the rank that failed first raised. Ranks that do not come back after the body's error
        spoil the gang, and so does `PeerFailed`.
        """
        ...

    @property
    def spoilt(self) -> bool: ...

    def spoil(self) -> None:
        """This gang is of no use any more: it ends once the attempt at hand has been reported."""
        ...


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a take, from its first frame on."""

    samples: NDArray[np.float32]
    """(channels, count), about -1 to 1."""
    rate: int
    """Samples per second."""


class GenerateContext(Protocol):
    """What a model may ask of the attempt it runs in."""

    @property
    def lean(self) -> int:
        """How often this task ran out of memory before: a model holds itself so many steps leaner."""
        ...

    def check(self) -> None:
        """Raise `Cancelled` when the attempt should stop. Called at least once a frame or step."""

    def progress(self, fraction: float) -> None:
        """How much is done, 0-1. Cheap; call it as often as you like."""

    def preview(self, picture: Frame) -> None:
        """A glimpse of the take on its way, small: stands for it until there is a poster."""

    def made(self) -> None:
        """Every frame is in this process's memory: from here on the model does nothing but hand them out.

        Another take may then begin on the same model while this one is written.
        """

    def sound(self, sound: Sound) -> None:
        """The take's sound, of a model that makes one."""

    def fact(self, name: str, value: JsonValue) -> None:
        """Keep a JSON-able fact of how the take was made: it reaches the catalog."""


class Model(Protocol):
    """A loaded model."""

    def generate(self, request: Request, ctx: GenerateContext) -> Iterator[Frame]:
        """Yield exactly `request.frames` frames of (height, width, 3) uint8 sRGB.

        The same request on the same plan gives the same frames. Raises `InputError` for a picture that cannot be
        used, `OutOfMemory`, or `Cancelled` through `ctx.check`.
        """
        ...


class Adapter(Protocol):
    """How a family is planned and opened; importable without weights, torch or OpenCV."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def lane(self) -> Lane:
        """The workers that run it."""
        ...

    def resolve(self, shot: Shot, intent: MotionIntent, take: int) -> Resolved | Rejection:
        """What take `take` (from 1) of `shot` asks of this model. Pure."""
        ...

    def draft(self, resolved: Resolved) -> Resolved | None:
        """A cheaper take of the same seed, by which one can tell how `resolved` would come out; None if none can."""
        ...

    def open(self, gang: Gang, lane: Lane) -> Model:
        """Load it on a worker of `lane`, on all ranks of its gang. May take minutes."""
        ...
