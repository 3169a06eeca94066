"""The vocabulary of motion prompts, and how much each word means."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .markdown import table, words

AMOUNTS: Mapping[str, str] = {
    "push": "larger",
    "pull": "smaller",
    "zoom": "larger or smaller",
    "pan": "of the width",
    "truck": "of the width",
    "tilt": "of the height",
    "pedestal": "of the height",
    "roll": "degrees",
    "orbit": "degrees about the pivot",
}
"""What the amount of each move is counted in."""


def camera_words() -> str:
    from farm.shots.intent import Direction
    from farm.shots.words.vocabulary import CAMERA_VERBS, CameraVerb, Need

    needs = {
        Need.NOTHING: "",
        Need.DIRECTION: "a direction, a path, a speed, or the camera as the one who does it",
        Need.STRICT: "a direction, or the camera as the one who does it",
        Need.PLAIN: 'a direction beside the plain form ("slow drift left"), or the camera as the one who does it',
        Need.CAMERA: 'the camera as the one who does it ("camera rises")',
    }

    def move(sense: tuple[str, Direction] | None) -> str:
        return "" if sense is None else " ".join(part for part in sense if part != Direction.NONE)

    def senses(verb: CameraVerb) -> str:
        by_move: dict[str, list[str]] = {}
        for way, sense in verb.senses.items():
            by_move.setdefault(move(sense), []).append(way)
        return "; ".join(f"{' or '.join(ways)}: {meaning}" for meaning, ways in by_move.items())

    verbs: dict[int, list[str]] = {}
    for name, verb in CAMERA_VERBS.items():
        verbs.setdefault(id(verb), []).append(name)
    rows = [
        (words(names), senses(verb), move(verb.plain), needs[verb.need])
        for names in verbs.values()
        if (verb := CAMERA_VERBS[names[0]])
    ]
    return table(("verbs", "with a direction", "alone", "taken for a camera move when it has"), rows)


def assumed_sides() -> str:
    from farm.shots.words.vocabulary import ASSUMED

    return words(f"{kind} {side}" for kind, side in ASSUMED.items())


def amounts() -> str:
    from farm.shots.amounts import FACTORS, RATES
    from farm.shots.intent import Camera

    logarithmic = {Camera.PUSH, Camera.PULL, Camera.ZOOM}

    def amount(kind: Camera, value: float) -> str:
        if kind in {Camera.ROLL, Camera.ORBIT}:
            return f"{value:.2g}°"
        return f"{100 * (math.expm1(value) if kind in logarithmic else value):.3g} %"

    rows = [
        (kind, *(amount(kind, rate.per_second * factor) for factor in FACTORS.values()), amount(kind, rate.cap), unit)
        for kind, rate in RATES.items()
        if (unit := AMOUNTS[kind])
    ]
    return table(("move", *(f"{speed}, a second" for speed in FACTORS), "at most", "counted in"), rows)


def speed_words() -> str:
    from farm.shots.words.vocabulary import SPEEDS

    rows = [(speed, words(sorted(known - {"veryslow"})) or "very slow, very slowly") for speed, known in SPEEDS.items()]
    return table(("speed", "words"), rows)


def air_words() -> str:
    from farm.shots.intent import Air
    from farm.shots.words.vocabulary import AIR

    return table(
        ("in the air", "words"), ((kind, words(sorted(word for word in AIR if AIR[word] is kind))) for kind in Air)
    )


def action_words() -> str:
    from farm.shots.words.vocabulary import ACTIONS

    by_name: dict[str, list[str]] = {}
    for verb, action in ACTIONS.items():
        by_name.setdefault(action.name, []).append(verb)
    return table(("what it does", "verbs"), ((name, words(verbs)) for name, verbs in by_name.items()))


def link_words() -> str:
    from farm.shots.words.vocabulary import LINKS, Link

    means = {
        Link.THEN: "one after the other",
        Link.AFTER: "what follows comes first",
        Link.WHILE: "together",
        Link.AND: "together",
    }
    return table(("words", "moves happen"), ((words(found), means[link]) for link, found in LINKS.items()))


def vague_words() -> str:
    from farm.shots.words.vocabulary import VAGUE

    return words(f'"{phrase}"' for phrase in VAGUE)


def elements() -> str:
    from farm.shots.words.vocabulary import ELEMENTS

    return words(sorted(ELEMENTS))
