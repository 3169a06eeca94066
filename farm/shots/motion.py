"""Motion prompt -> intent: what the words ask to move, as data.

    "Slow push in toward the boat, then pan left; mist drifting"
        ─clauses─▶ camera_words ─▶ phases ((push, slow, "the boat"),), ((pan left),)
                   happenings   ─▶ atmosphere (mist)

The animatic model follows the intent, the linter judges it, scoring measures against it; models that take words get the
prompt itself. Explicit columns of a shot override its words (`intent_of`). Reading is a pure function of the text,
blind to case, spacing and the kind of punctuation, and never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from farm.shots.intent import Atmosphere, Camera, CameraMove, Direction, MotionIntent, Speed, SubjectMotion
from farm.shots.model import Shot
from farm.shots.words import vocabulary as words_of
from farm.shots.words.camera import read_camera
from farm.shots.words.clauses import SPEED_OF, clauses, negations, normalise
from farm.shots.words.happenings import read_happenings
from farm.shots.words.phrasing import phrase

__all__ = ["Reading", "intent_of", "phrase", "read", "reading_of", "understands"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a prompt, and what about it should make its author think again."""

    intent: MotionIntent
    vague: tuple[str, ...] = ()
    """Words that ask for motion without naming any ("make it move")."""
    refused: tuple[str, ...] = ()
    """What the words forbid, as written ("no people")."""
    contradictions: tuple[str, ...] = ()
    """Moves that cannot happen together, in words."""
    scene_changes: tuple[str, ...] = ()
    """Words that ask for a second picture ("cut to")."""
    undirected: tuple[CameraMove, ...] = ()
    """Moves whose side was left open; `vocabulary.ASSUMED` says which is taken."""


@lru_cache(maxsize=4096)
def read(prompt: str) -> Reading:
    """What `prompt` asks for. Never raises; text without motion words gives an intent that is a hold."""
    return _reading(prompt, _intent(prompt))


def intent_of(shot: Shot) -> MotionIntent:
    """The intent of a shot: its prompt, each explicit column overriding what the prompt says about it.

    `camera`, `subject` and `atmosphere` replace their part. `speed` and `direction` hold for every camera move they
    make sense for, and where the camera does not move, for everything else.
    """
    return reading_of(shot).intent


def reading_of(shot: Shot) -> Reading:
    """As `intent_of`, with what there is to say about the words."""
    intent = read(shot.prompt).intent
    changes: dict[str, object] = {}
    if shot.camera.strip():
        changes["phases"] = _intent(shot.camera, by_camera=True).phases
    if shot.subject.strip():
        named = _intent(shot.subject).subject
        changes["subject"] = named or (SubjectMotion(element=" ".join(normalise(shot.subject).split())),)
    if shot.atmosphere.strip():
        changes["atmosphere"] = _air(shot.atmosphere)
    intent = intent.model_copy(update=changes)
    intent = _with_direction(_with_speed(intent, _speed(shot.speed)), _directions(shot.direction))
    return _reading(shot.prompt, intent)


def understands(column: str, text: str) -> bool:
    """True when `text` says something the farm understands in that explicit column."""
    match column:
        case "camera":
            return bool(_intent(text, by_camera=True).phases)
        case "atmosphere":
            return bool(_air(text))
        case "speed":
            return _speed(text) is not None
        case _:
            return bool(_directions(text))


def _reading(prompt: str, intent: MotionIntent) -> Reading:
    plain = normalise(prompt)
    moves = [move for phase in intent.phases for move in phase]
    return Reading(
        intent=intent,
        vague=_said(plain, words_of.VAGUE),
        refused=negations(prompt),
        contradictions=tuple(text for phase in intent.phases for text in _contradictions(phase)),
        scene_changes=_said(plain, words_of.SCENE_CHANGES),
        undirected=tuple(m for m in moves if m.kind in words_of.ASSUMED and m.direction is Direction.NONE),
    )


def _intent(text: str, *, by_camera: bool = False) -> MotionIntent:
    found = clauses(text)
    camera = read_camera(found, by_camera=by_camera)
    happenings = read_happenings(found, camera.used)
    return MotionIntent(
        phases=tuple(tuple(phase) for phase in camera.phases),
        subject=tuple(happenings.subject),
        atmosphere=tuple(happenings.atmosphere),
    )


def _said(plain: str, phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `phrases` that stand in `plain`, longest first, none inside another."""
    said: list[str] = []
    for one in sorted(phrases, key=len, reverse=True):
        if re.search(rf"\b{one}\b", plain) and not any(one in longer for longer in said):
            said.append(one)
    return tuple(said)


def _contradictions(phase: tuple[CameraMove, ...]) -> list[str]:
    found: list[str] = []
    for index, one in enumerate(phase):
        for other in phase[index + 1 :]:
            kinds, ways = frozenset({one.kind, other.kind}), frozenset({one.direction, other.direction})
            still = Camera.STATIC in kinds and len(kinds) == 2
            opposed = kinds in words_of.OPPOSITES or (len(kinds) == 1 and ways in words_of.OPPOSITES)
            if still or opposed:
                found.append(f"{_named(one)} and {_named(other)}")
    return found


def _named(move: CameraMove) -> str:
    names = {Camera.PUSH: "push in", Camera.PULL: "pull back", Camera.STATIC: "static camera"}
    way = "" if move.direction is Direction.NONE else f" {move.direction}"
    return names.get(move.kind, f"{move.kind}{way}")


def _air(text: str) -> tuple[Atmosphere, ...]:
    """An explicit atmosphere column: every thing in the air it names, with or without a verb."""
    found = _intent(text).atmosphere
    named = [word for word in normalise(text).replace(",", " ").split() if word in words_of.AIR]
    missing = dict.fromkeys(words_of.AIR[word] for word in named)
    return found or tuple(Atmosphere(kind=kind, speed=_speed(text) or Speed.SLOW) for kind in missing)


def _speed(text: str) -> Speed | None:
    found = [word.text for clause in clauses(text) for word in clause.words if word.text in SPEED_OF]
    return SPEED_OF[found[0]] if found else None


def _directions(text: str) -> tuple[Direction, ...]:
    found = (word.text for clause in clauses(text) for word in clause.words)
    return tuple(words_of.DIRECTIONS[one] for one in found if one in words_of.DIRECTIONS)


def _with_speed(intent: MotionIntent, speed: Speed | None) -> MotionIntent:
    if speed is None:
        return intent
    change = {"speed": speed}
    if intent.moves:
        phases = tuple(tuple(move.model_copy(update=change) for move in phase) for phase in intent.phases)
        return intent.model_copy(update={"phases": phases})
    return intent.model_copy(
        update={
            "subject": tuple(one.model_copy(update=change) for one in intent.subject),
            "atmosphere": tuple(one.model_copy(update=change) for one in intent.atmosphere),
        }
    )


def _with_direction(intent: MotionIntent, directions: tuple[Direction, ...]) -> MotionIntent:
    if not directions:
        return intent
    if intent.moves:
        phases = tuple(tuple(_turned(move, directions) for move in phase) for phase in intent.phases)
        return intent.model_copy(update={"phases": phases})
    change = {"direction": directions[0]}
    return intent.model_copy(
        update={
            "subject": tuple(one.model_copy(update=change) for one in intent.subject),
            "atmosphere": tuple(one.model_copy(update=change) for one in intent.atmosphere),
        }
    )


def _turned(move: CameraMove, directions: tuple[Direction, ...]) -> CameraMove:
    """`move` in the first of `directions` that its verb knows: "pan" and "up" is a tilt up, "push" and "out" a pull."""
    verb = words_of.CAMERA_VERBS.get(move.kind.value)
    for direction in directions:
        if verb is not None and direction in verb.senses:
            kind, way = verb.senses[direction]
            return move.model_copy(update={"kind": kind, "direction": way})
    return move
