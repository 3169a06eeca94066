"""Do the words say what should move? Findings about a shot's prompt and its explicit columns.

A good prompt names at least one of camera, subject and atmosphere, with direction and speed. A shot without any words
is a hold, which is a legitimate thing to ask for; words that ask for motion and name none are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from farm.findings import Finding
from farm.shots.checks.rules import finding
from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, Direction, MotionIntent, SubjectMotion
from farm.shots.model import Shot
from farm.shots.motion import Reading, phrase, reading_of, understands
from farm.shots.words import vocabulary as words_of
from farm.shots.words.clauses import normalise

MOST_AT_ONCE = 2
"""Camera moves that may happen together before a shot feels crowded."""


def check_words(shot: Shot) -> Iterator[Finding]:
    """Findings about the words of `shot`, whatever model will read them."""
    reading = reading_of(shot)
    yield from _check_columns(shot)
    if _says_nothing(reading.intent):
        yield from _check_nothing(shot, reading)
    camera = "camera" if shot.camera.strip() else "prompt"
    for pair in reading.contradictions:
        yield finding("prompt.contradiction", shot, camera, f"{pair} cannot happen at once")
    for moves in reading.intent.phases:
        if len(moves) > MOST_AT_ONCE:
            names = ", ".join(move.kind for move in moves)
            yield finding("prompt.crowded", shot, camera, f"{len(moves)} camera moves at once ({names})")
    for words in reading.scene_changes:
        yield finding("prompt.scenes", shot, "prompt", f'"{words}" asks for another picture')
    for words in reading.refused:
        yield finding("prompt.negation", shot, "prompt", f'"{words}" says what should not be', _instead(words))
    for move in reading.undirected:
        taken = words_of.ASSUMED[move.kind]
        yield finding("prompt.side", shot, camera, f"the {move.kind} names no side: {taken} is taken")


def is_wordless(shot: Shot) -> bool:
    """True when nothing, neither prompt nor column, says what should happen."""
    return not any(text.strip() for text in (shot.prompt, shot.camera, shot.subject, shot.atmosphere))


def example_for(shot: Shot) -> str:
    """A good prompt for this very shot, from the things its words name."""
    told = normalise(f"{shot.prompt}, {shot.description}, {shot.action}").replace(",", "").split()
    element = next((word for word in told if word in words_of.ELEMENTS and word not in {"background", "person"}), "")
    air = next((words_of.AIR[word] for word in told if word in words_of.AIR), None)
    move = CameraMove(kind=Camera.PUSH, target=f"the {element}" if element else "")
    acts = words_of.HABITS.get(element)
    subject = (SubjectMotion(element=element, action=acts, direction=Direction.RIGHT),) if acts else ()
    drifting = () if subject and air is None else (Atmosphere(kind=air or Air.MIST, direction=Direction.LEFT),)
    return phrase(MotionIntent(phases=((move,),), subject=subject, atmosphere=drifting))


def _says_nothing(intent: MotionIntent) -> bool:
    return not (intent.phases or intent.subject or intent.atmosphere)


def _check_nothing(shot: Shot, reading: Reading) -> Iterator[Finding]:
    if is_wordless(shot):
        yield finding("prompt.hold", shot, "prompt", "it stands still for its whole length, as asked")
        return
    example = f'name what moves, where to and how fast, for example "{example_for(shot)}"'
    if reading.vague:
        yield finding("prompt.vague", shot, "prompt", f'"{shot.prompt.strip()}" does not say what should move', example)
    else:
        problem = "no camera move, subject motion or atmosphere is understood in it"
        yield finding("prompt.nothing", shot, "prompt", problem, example)


def _check_columns(shot: Shot) -> Iterator[Finding]:
    for column in ("camera", "atmosphere", "speed", "direction"):
        text = getattr(shot, column)
        if text.strip() and not understands(column, text):
            yield finding("column.unread", shot, column, f'"{text}" is not understood as {column}')


def _instead(words: str) -> str:
    """How to say it without "no": a still camera in so many words, anything else as a negative prompt."""
    if re.search(r"\bcamera\b|^not mov", words):
        return 'write "static camera"'
    thing = words.split(" ", 1)[-1]
    return f'models tend to show what they read: put "{thing}" in negative_prompt'
