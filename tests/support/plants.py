"""Takes whose worth is known: clean ones by the animatic model, and defects planted into its frames.

    photograph + camera move ──animatic model, seeds──▶ clean takes ──plant(defect, severity)──▶ spoiled takes

Every seed draws its own ease, and an amount within a tenth of what was asked, as takes of a good model differ. Three
severities: 1 a careful viewer's complaint, 2 everybody's, 3 useless. Lengths are shares of the frame's width.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import skimage
import sklearn
from numpy.typing import NDArray
from trial_attempt import TrialAttempt

from farm.media import write_png
from farm.models.animatic.model import Animatic
from farm.models.spec import Placement, Request
from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, Direction, MotionIntent, Speed

Frames = list[NDArray[np.uint8]]

FPS = Fraction(24)
SEVERITIES = (1, 2, 3)

_DEMO = Path(__file__).parents[2] / "jobs" / "demo" / "stills"
_SKIMAGE = Path(skimage.__file__).parent / "data"
_SKLEARN = Path(sklearn.__file__).parent / "datasets" / "images"


def _move(kind: Camera, toward: Direction = Direction.NONE, speed: Speed = Speed.MEDIUM) -> MotionIntent:
    return MotionIntent(phases=((CameraMove(kind=kind, direction=toward, speed=speed),),))


def _with_air(intent: MotionIntent, air: Air) -> MotionIntent:
    return intent.model_copy(update={"atmosphere": (Atmosphere(kind=air, direction=Direction.LEFT),)})


@dataclass(frozen=True)
class Subject:
    """A photograph and the move that is asked of it."""

    still: Path
    intent: MotionIntent
    depth: Path | None = None

    @property
    def name(self) -> str:
        return self.still.stem

    def request(self, width: int, frames: int, seed: int, amount: float = 1.0) -> Request:
        """A take of it by the animatic model; `amount` scales the move, a negative one turns it round."""
        drawn = random.Random(f"{self.name} {seed}")
        options = {
            "variant": f"seed {seed}",
            "amount": abs(amount) * drawn.uniform(0.9, 1.1),
            "rise": drawn.uniform(0.2, 0.45),
            "fall": drawn.uniform(0.2, 0.45),
        }
        return Request(
            start=self.still,
            depth=self.depth,
            intent=self.intent if amount >= 0 else reversed_intent(self.intent),
            width=width,
            height=width * 9 // 16,
            frames=frames,
            fps=FPS,
            seed=seed,
            options=options,
        )


DEMO = (
    Subject(_DEMO / "lake.jpg", _with_air(_move(Camera.PUSH, Direction.IN), Air.MIST), depth=_DEMO / "lake.depth.png"),
    Subject(_DEMO / "ridge.jpg", _move(Camera.PEDESTAL, Direction.UP), depth=_DEMO / "ridge.depth.png"),
    Subject(_DEMO / "lighthouse.jpg", _move(Camera.PAN, Direction.RIGHT, Speed.SLOW)),
    Subject(_DEMO / "forest.jpg", _with_air(_move(Camera.TILT, Direction.UP), Air.DUST)),
    Subject(_DEMO / "street.jpg", _move(Camera.PULL, Direction.OUT), depth=_DEMO / "street.depth.png"),
    Subject(_DEMO / "window.jpg", _move(Camera.ZOOM, Direction.IN)),
    Subject(_DEMO / "bottle.jpg", _move(Camera.TRUCK, Direction.RIGHT), depth=_DEMO / "bottle.depth.png"),
    Subject(_DEMO / "lake_night.jpg", _move(Camera.PAN, Direction.LEFT)),
)
PHOTOGRAPHS = (
    Subject(_SKIMAGE / "astronaut.png", _move(Camera.ZOOM, Direction.IN)),
    Subject(_SKIMAGE / "chelsea.png", _move(Camera.PAN, Direction.LEFT)),
    Subject(_SKIMAGE / "coffee.png", _move(Camera.PUSH, Direction.IN)),
    Subject(_SKIMAGE / "rocket.jpg", _move(Camera.TILT, Direction.UP, Speed.SLOW)),
    Subject(_SKIMAGE / "motorcycle_left.png", _move(Camera.TRUCK, Direction.LEFT)),
    Subject(_SKIMAGE / "hubble_deep_field.jpg", _move(Camera.ZOOM, Direction.OUT)),
    Subject(_SKLEARN / "china.jpg", _move(Camera.PULL, Direction.OUT)),
    Subject(_SKLEARN / "flower.jpg", _move(Camera.ROLL, Direction.CLOCKWISE)),
)
SUBJECTS = DEMO + PHOTOGRAPHS

_OPPOSITE = {
    Direction.IN: Direction.OUT,
    Direction.LEFT: Direction.RIGHT,
    Direction.UP: Direction.DOWN,
    Direction.CLOCKWISE: Direction.COUNTERCLOCKWISE,
}
_OPPOSITE |= {back: there for there, back in _OPPOSITE.items()}
_UNDOES = {Camera.PUSH: Camera.PULL, Camera.PULL: Camera.PUSH}


def reversed_intent(intent: MotionIntent) -> MotionIntent:
    """The move the other way."""
    phases = tuple(
        tuple(
            move.model_copy(
                update={
                    "kind": _UNDOES.get(move.kind, move.kind),
                    "direction": _OPPOSITE.get(move.direction, move.direction),
                }
            )
            for move in phase
        )
        for phase in intent.phases
    )
    return intent.model_copy(update={"phases": phases})


def rendered(request: Request, folder: Path) -> Frames:
    """The animatic model's frames; what it reads is normalised into `folder` first, as `prepare` does."""
    model = Animatic(Placement(threads=1))
    start = normalised(request.start, folder)
    return [frame.copy() for frame in model.generate(replace(request, start=start), TrialAttempt())]


def normalised(still: Path, folder: Path) -> Path:
    """The still as PNG."""
    path = folder / f"{still.stem}.png"
    if not path.exists():
        write_png(path, np.asarray(cv2.imread(str(still), cv2.IMREAD_COLOR_RGB), np.uint8))
    return path


# Each plant takes clean frames, a severity and its own random numbers.

Plant = Callable[[Sequence[NDArray[np.uint8]], int, np.random.Generator], Iterator[NDArray[np.uint8]]]

FLICKER = {1: 0.015, 2: 0.03, 3: 0.06}
SHAKE = {1: 0.0015, 2: 0.003, 3: 0.006}
PUNCH = 1.15
MELT = {1: 0.008, 2: 0.016, 3: 0.032}
BLUR = {1: 0.0008, 2: 0.0016, 3: 0.0032}
FREEZE = {1: 0.15, 2: 0.30, 3: 0.50}
STATIC = {1: 0.25, 2: 0.08, 3: 0.0}
WRONG = {1: -0.5, 2: -0.75, 3: -1.0}
GRAIN = 0.5
"""Standard deviation in code values of the grain on frozen frames: no model freezes pixel for pixel."""

STATED: Mapping[str, str] = {
    "static": "25 %, 8 %, nothing of the motion asked for",
    "flicker": "gain varies by 1.5, 3, 6 % (standard deviation)",
    "shake": "frames out of place by 0.15, 0.3, 0.6 % of the width (standard deviation, each axis)",
    "hard cut": "half way to a view 15 % closer, to the mirror image, to another photograph",
    "melt": "parts wander up to 0.8, 1.6, 3.2 % of the width by the end",
    "blur drift": "blur grows to 0.08, 0.16, 0.32 % of the width (sigma; 1, 2, 4 pixels of 1280)",
    "wrong direction": "50, 75, 100 % of the motion, the other way",
    "late freeze": "the last 15, 30, 50 % stand still, but for grain",
}


def _flicker(frames: Sequence[NDArray[np.uint8]], severity: int, rng: np.random.Generator) -> Iterator:
    for frame in frames:
        yield cv2.convertScaleAbs(frame, alpha=1 + FLICKER[severity] * float(rng.normal()))


def _shake(frames: Sequence[NDArray[np.uint8]], severity: int, rng: np.random.Generator) -> Iterator:
    height, width = frames[0].shape[:2]
    for frame in frames:
        x, y = rng.normal(0, SHAKE[severity] * width, 2)
        matrix = np.array([[1, 0, x], [0, 1, y]])
        yield cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def _melt(frames: Sequence[NDArray[np.uint8]], severity: int, rng: np.random.Generator) -> Iterator:
    height, width = frames[0].shape[:2]
    fields = [_field(rng, width, height) for _ in range(4)]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for number, frame in enumerate(frames):
        time = number / (len(frames) - 1)
        amount = MELT[severity] * width * time
        turn = 2.0 * time  # the flow changes as it goes, as melting does
        dx = amount * (math.cos(turn) * fields[0] + math.sin(turn) * fields[1])
        dy = amount * (math.cos(turn) * fields[2] + math.sin(turn) * fields[3])
        yield cv2.remap(frame, x + dx, y + dy, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)


def _field(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Smooth noise between -1 and 1 whose swells are about an eighth of the width apart."""
    field = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), width / 24)
    return field / np.abs(field).max()


def _blur(frames: Sequence[NDArray[np.uint8]], severity: int, _: np.random.Generator) -> Iterator:
    width = frames[0].shape[1]
    for number, frame in enumerate(frames):
        sigma = BLUR[severity] * width * number / (len(frames) - 1)
        yield frame if sigma < 0.05 else cv2.GaussianBlur(frame, (0, 0), sigma)


def _freeze(frames: Sequence[NDArray[np.uint8]], severity: int, rng: np.random.Generator) -> Iterator:
    last = round(len(frames) * (1 - FREEZE[severity]))
    for number, frame in enumerate(frames):
        yield frame if number < last else grained(frames[last], rng)


def grained(frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The frame under faint grain."""
    return np.clip(np.rint(frame + rng.normal(0, GRAIN, frame.shape)), 0, 255).astype(np.uint8)


def _closer(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    matrix = cv2.getRotationMatrix2D((width * 0.4, height * 0.55), 0, PUNCH)
    return cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_CUBIC)


PLANTS: Mapping[str, Plant] = {
    "flicker": _flicker,
    "shake": _shake,
    "melt": _melt,
    "blur drift": _blur,
    "late freeze": _freeze,
}


@dataclass(frozen=True)
class Bed:
    """Where takes of one subject grow: the size of its frames and a folder for its stills."""

    subject: Subject
    width: int
    frames: int
    folder: Path

    def clean(self, seed: int, amount: float = 1.0) -> Frames:
        """A clean take."""
        return rendered(self.subject.request(self.width, self.frames, seed, amount), self.folder)

    def spoiled(self, defect: str, severity: int, clean: Frames, seed: int, other: Callable[[], Frames]) -> Frames:
        """The clean take of `seed` with a defect; `other` gives the frames of another photograph's take."""
        rng = np.random.default_rng([seed, severity, sorted(STATED).index(defect)])
        if defect == "static":
            kept = STATIC[severity]
            return self.clean(seed, kept) if kept else [grained(clean[0], rng) for _ in clean]
        if defect == "wrong direction":
            return self.clean(seed, WRONG[severity])
        if defect == "hard cut":
            half = len(clean) // 2
            after = {1: lambda: [_closer(f) for f in clean], 2: lambda: [f[:, ::-1].copy() for f in clean], 3: other}
            return [*clean[:half], *after[severity]()[half:]]
        return list(PLANTS[defect](clean, severity, rng))
