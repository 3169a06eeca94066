"""The animatic model: a camera over a still, on the CPU, without weights; the default, the draft and the fallback.

    resolve   words -> a take's manner, the overscan it needs, what is ignored      (pure; numpy, imported there)
    open      -> farm.models.animatic.model.Animatic                                (numpy and OpenCV, imported there)

Importing this package imports neither numpy nor OpenCV.
"""

from __future__ import annotations

from dataclasses import replace

from farm.looping import frames_needed
from farm.models.animatic import takes
from farm.models.animatic.subjects import shown
from farm.models.spec import Gang, Model, ModelSpec, Rejection, Resolved
from farm.shots.intent import Air, MotionIntent
from farm.shots.model import Shot
from farm.shots.reading.pixels import half
from farm.tasks import Lane

SPEC = ModelSpec(
    name="animatic",
    title="Animatic: a camera over the still, on the CPU",
    revision="2",
    licence="Apache-2.0",
    needs_prompt=False,
    follows_intent=True,
    conditions=frozenset({"start", "end", "mask", "depth", "layers"}),
    closes_loops=True,
    trained=False,
)


class AnimaticAdapter:
    """Plans and opens the animatic model."""

    @property
    def spec(self) -> ModelSpec:
        return SPEC

    @property
    def lane(self) -> Lane:
        return Lane()

    def resolve(self, shot: Shot, intent: MotionIntent, take: int) -> Resolved | Rejection:
        """What take `take` does differently, the overscan it needs, and every word that is not followed."""
        from farm.models.animatic.room import overscan

        manner = takes.manner(take)
        return Resolved(
            width=shot.width,
            height=shot.height,
            frames=frames_needed(shot, closes=SPEC.closes_loops),
            fps=shot.fps,
            options=manner.options(),
            follows=_followed(shot, intent),
            label=manner.name,
            overscan=overscan(shot, MotionIntent() if shot.end else intent, manner),
            notes=(*_ignored(shot, intent), *_same(shot, intent, take)),
        )

    def draft(self, resolved: Resolved) -> Resolved | None:
        """The same move at half the size."""
        return replace(resolved, width=half(resolved.width), height=half(resolved.height))

    def open(self, gang: Gang, lane: Lane) -> Model:
        """Ready at once: there is nothing to load but OpenCV."""
        del lane
        from farm.models.animatic.model import Animatic

        return Animatic(gang.placement)


ADAPTER = AnimaticAdapter()


def _followed(shot: Shot, intent: MotionIntent) -> MotionIntent:
    """What of the intent will be seen."""
    return MotionIntent(
        phases=() if shot.end else intent.phases,
        subject=shown(intent.subject, masked=bool(shot.mask)),
        atmosphere=intent.atmosphere,
    )


def _ignored(shot: Shot, intent: MotionIntent) -> tuple[str, ...]:
    """Everything set that this model does not follow."""
    seen = shown(intent.subject, masked=bool(shot.mask))
    stiff = [each.element for each in intent.subject if each not in seen]
    targets = dict.fromkeys(move.target for move in intent.moves if move.target)
    told = [
        (
            shot.end and intent.moves,
            "the start and end frames say where the camera goes: camera words are not followed",
        ),
        (stiff and not shot.mask, f"holds still for want of a mask: {', '.join(stiff)}"),
        (stiff and shot.mask, f"holds still, which only a trained model can move: {', '.join(stiff)}"),
        (
            shot.mask and not intent.subject and all(air.kind is Air.LIGHT for air in intent.atmosphere),
            "the mask is not used: no movement inside it was asked for",
        ),
        (shot.negative_prompt, "the negative prompt is not used"),
        (shot.references, "reference images are not used"),
        (shot.loras, "LoRAs are not used"),
        (shot.driving_video, "the driving video is not used"),
        (shot.fidelity != _FIDELITY, "fidelity is not used: the still itself is shown"),
    ]
    aims = [f'the camera goes by the middle of the frame: it does not look for "{target}"' for target in targets]
    return (*(note for said, note in told if said), *aims)


def _same(shot: Shot, intent: MotionIntent, take: int) -> tuple[str, ...]:
    still = not intent.moves and _followed(shot, intent).is_hold
    return ("nothing moves: this take is the same as take 1",) if take > 1 and (still or shot.end) else ()


_FIDELITY: float = Shot.__dataclass_fields__["fidelity"].default
