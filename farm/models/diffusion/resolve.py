"""What a shot asks of a checkpoint: size, frames, rate and knobs in its own terms, every snap and every loss in words.

    Shot, intent ──▶ cannot?  Rejection (why, and who could)
                 └─▶ can      Resolved (848x480, 81 frames at 16 fps, steps, guidance, fidelity's knob …, notes)

Pure: part of a take's id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from farm.conform import SHORTFALL
from farm.looping import frames_needed, method_of
from farm.models.diffusion.checkpoints import CHECKPOINTS, Checkpoint
from farm.models.diffusion.family import Scalar
from farm.models.diffusion.phrase import phrase
from farm.models.diffusion.profiles import LOSSLESS, Profile
from farm.models.diffusion.sizes import take_size
from farm.models.spec import FrameRule, Rejection, Resolved
from farm.shots.intent import MotionIntent, Speed
from farm.shots.model import DurationFit, LoopMethod, Shot

_STRENGTH = {Speed.VERY_SLOW: 0.2, Speed.SLOW: 0.4, Speed.MEDIUM: 0.55, Speed.FAST: 0.8}
_AT_REST = 0.1
"""Motion strength of a hold."""

_SEEN = 0.005
"""Relative difference of aspects from which it is mentioned."""


def resolve(checkpoint: Checkpoint, shot: Shot, intent: MotionIntent, profile: Profile) -> Resolved | Rejection:
    """What `shot` asks of `checkpoint`, or why it cannot."""
    if shot.end and "end" not in checkpoint.conditions:
        return Rejection("it cannot end on a given frame", _could(checkpoint, shot))
    if checkpoint.needs_end and not shot.end:
        return Rejection("it needs an end frame beside the still", _could(checkpoint, shot))
    fps = shot.fps if checkpoint.kin.any_fps else checkpoint.fps
    needed = _needed_s(shot, closes=checkpoint.kin.closes_loops)
    frames = frame_rule(checkpoint).snap(math.ceil(needed * fps))
    if frames / fps < needed * (1 - _shortfall(shot)):
        most = float(frames / fps)
        return Rejection(f"{float(needed):.2f} s is longer than the {most:.2f} s it makes", _could(checkpoint, shot))
    width, height = _size(checkpoint, shot)
    is_loop = method_of(shot, closes=checkpoint.kin.closes_loops) is LoopMethod.MODEL
    knobs = checkpoint.kin.knobs(shot.fidelity, strength(intent), is_loop)
    return Resolved(
        width=width,
        height=height,
        frames=frames,
        fps=fps,
        prompt=_words(shot, intent) if checkpoint.kin.reads_text else "",
        negative_prompt=shot.negative_prompt if checkpoint.kin.negative_prompt else "",
        options={**_arguments(checkpoint, profile), **knobs.options},
        follows=intent if checkpoint.kin.reads_text else MotionIntent(),
        notes=(
            *_geometry(shot, width, height, frames, fps, needed),
            *_ignored(checkpoint, shot),
            *knobs.notes,
            *_unlike(checkpoint, profile),
        ),
    )


def _needed_s(shot: Shot, *, closes: bool) -> Fraction:
    """Seconds that a take is to last."""
    return Fraction(frames_needed(shot, closes=closes)) / shot.fps


def _shortfall(shot: Shot) -> Fraction:
    """How much shorter a take may be; a loop is played as slowly as makes it whole."""
    return SHORTFALL[DurationFit.RETIME if shot.loop else shot.duration_fit]


def frame_rule(checkpoint: Checkpoint) -> FrameRule:
    """Its family's, up to as many frames as it can make."""
    family = checkpoint.kin.frame_rule
    return replace(family, stride=checkpoint.stride or family.stride, highest=checkpoint.most_frames)


def strength(intent: MotionIntent) -> float:
    """How much is asked to move, 0-1: that of the fastest thing."""
    speeds = [move.speed for move in (*intent.moves, *intent.subject, *intent.atmosphere)]
    return max((_STRENGTH[speed] for speed in speeds), default=_AT_REST)


def _size(checkpoint: Checkpoint, shot: Shot) -> tuple[int, int]:
    multiple = checkpoint.multiple or checkpoint.kin.multiple
    return take_size(checkpoint.kin.sizing, checkpoint.sizes[0], multiple, shot.width / shot.height)


def _arguments(checkpoint: Checkpoint, profile: Profile) -> dict[str, Scalar]:
    """Arguments of the pipeline, and the profile where it is not the one that costs nothing."""
    named = checkpoint.kin.guidance_argument
    return {
        "num_inference_steps": profile.steps(checkpoint.steps),
        **({named: checkpoint.guidance} if named else {}),
        **checkpoint.options,
        **({} if profile is LOSSLESS else {"profile": profile.name}),
        **({} if checkpoint.dtype == "bfloat16" else {"dtype": checkpoint.dtype}),
    }


def _words(shot: Shot, intent: MotionIntent) -> str:
    """The prompt, and what the motion columns add to it in words."""
    added = phrase(intent) if _columns(shot) or not shot.prompt else ""
    said = shot.prompt.strip()
    return f"{said.rstrip('.')}. {added}" if said and added else said or added


def _columns(shot: Shot) -> bool:
    return bool(shot.camera or shot.subject or shot.atmosphere or shot.speed or shot.direction)


def _geometry(shot: Shot, width: int, height: int, frames: int, fps: Fraction, needed: Fraction) -> Iterator[str]:
    """Every snap of size, length and rate."""
    if (width, height) != (shot.width, shot.height):
        yield f"made at {width}x{height}, delivered at {shot.width}x{shot.height}"
    ratio = Fraction(width, height) / Fraction(shot.width, shot.height)
    if abs(ratio - 1) > _SEEN:
        side, share = ("sides", 1 - 1 / ratio) if ratio > 1 else ("top and bottom", 1 - ratio)
        yield f"its frame has another shape: {float(share):.0%} at {side} is not delivered"
    asked = needed * fps
    if fps != shot.fps:
        yield f"made at {_rate(fps)} fps, delivered at {_rate(shot.fps)}"
    if frames > asked:
        yield f"{frames} frames are made where {float(asked):g} are needed"


def _ignored(checkpoint: Checkpoint, shot: Shot) -> Iterator[str]:
    """Everything given that this checkpoint takes no notice of."""
    family = checkpoint.kin
    given = {
        "the mask": shot.mask,
        "the depth map": shot.depth,
        "the driving video": shot.driving_video,
        "reference images": () if "references" in checkpoint.conditions else shot.references,
        "the prompt": "" if family.reads_text else shot.prompt,
        "the negative prompt": "" if family.negative_prompt else shot.negative_prompt,
    }
    yield from (f"{name} {'are' if name.endswith('s') else 'is'} not used" for name, value in given.items() if value)


def _unlike(checkpoint: Checkpoint, profile: Profile) -> Iterator[str]:
    """A draft that is no likeness of the take in full."""
    if profile.share_of_steps < 1 and not checkpoint.kin.is_ode:
        yield "a draft that does not predict the take: its sampler adds noise at every step"


def _could(asked: Checkpoint, shot: Shot) -> str:
    """The known models that can make this shot, as a remedy."""
    able = [
        each.name
        for each in CHECKPOINTS.values()
        if each.name != asked.name
        and (each.needs_end <= bool(shot.end) <= ("end" in each.conditions))
        and each.most_frames / (shot.fps if each.kin.any_fps else each.fps)
        >= _needed_s(shot, closes=each.kin.closes_loops)
    ]
    return f"ask {', '.join([*able, 'animatic'])}"


def _rate(fps: Fraction) -> str:
    return f"{float(fps):.3f}".rstrip("0").rstrip(".")
