"""Which things can move by themselves here: words only, without numpy, so that planning knows it too.

element ─▶ air (smoke is steam, anywhere) │ water, cloth, plants (inside a mask) │ neither: it holds still
"""

from __future__ import annotations

import re
from enum import Enum

from farm.shots.intent import Air, SubjectMotion


class Held(Enum):
    """Where a thing is held, or that it is water and not held at all."""

    WATER = "water"
    TOP = "top"
    BOTTOM = "bottom"
    WINDWARD = "windward"


_SUBJECTS = {
    "mist": Air.MIST,
    "fog": Air.MIST,
    "haze": Air.MIST,
    "steam": Air.STEAM,
    "smoke": Air.STEAM,
    "snow": Air.SNOW,
    "snowflakes": Air.SNOW,
    "rain": Air.RAIN,
    "raindrops": Air.RAIN,
    "dust": Air.DUST,
    "sunlight": Air.LIGHT,
    "light": Air.LIGHT,
}


_PREPOSITION = re.compile(r"\b(?:from|of|in|on|over|above|across|through|behind|around|at)\b")

_WORDS = {
    Held.WATER: "water wave waves lake sea ocean river stream pond pool ripple ripples surf tide reflection "
    "reflections",
    Held.TOP: "hair fabric cloth dress skirt coat cape scarf curtain curtains drape drapes veil fur mane beard sleeve "
    "lantern lanterns rope ropes chain lamp vine vines willow laundry tassel ribbon ribbons sheet sheets",
    Held.WINDWARD: "flag flags banner banners pennant sail sails",
    Held.BOTTOM: "grass leaf leaves branch branches tree trees foliage plant plants flower flowers reed reeds wheat "
    "crop crops bush bushes fern ferns palm palms field meadow flame flames fire candle",
}
_HELD = {word: held for held, words in _WORDS.items() for word in words.split()}
_ACTIONS = {
    "rippling": Held.WATER,
    "ripples": Held.WATER,
    "ripple": Held.WATER,
    "rolling": Held.WATER,
    "lapping": Held.WATER,
    "swaying": Held.BOTTOM,
    "sways": Held.BOTTOM,
    "sway": Held.BOTTOM,
    "rustling": Held.BOTTOM,
    "fluttering": Held.TOP,
    "flutters": Held.TOP,
    "flutter": Held.TOP,
    "billowing": Held.TOP,
    "blowing": Held.TOP,
}


def held(motion: SubjectMotion) -> Held | None:
    """How `motion` can be shown here: by its element, else by what that does; None for a blink or a head turn."""
    for word in motion.element.casefold().split():
        if word in _HELD:
            return _HELD[word]
    for word in motion.action.casefold().split():
        if word in _ACTIONS:
            return _ACTIONS[word]
    return None


def air_kind(motion: SubjectMotion) -> Air | None:
    """The kind of air a subject is: steam for "thick smoke from the chimney", but none for "rain puddles"."""
    thing = _PREPOSITION.split(motion.element.casefold(), maxsplit=1)[0].strip()
    return _SUBJECTS.get(thing.rpartition(" ")[2])


def sways(subject: tuple[SubjectMotion, ...]) -> bool:
    """Whether something in the picture is asked to move that is not air: a mask is then drawn for that."""
    return any(air_kind(each) is None for each in subject)


def shown(subject: tuple[SubjectMotion, ...], *, masked: bool) -> tuple[SubjectMotion, ...]:
    """What of `subject` will be seen to move; the rest holds still."""
    return tuple(each for each in subject if air_kind(each) or (masked and held(each)))
