"""Reads what moves by itself out of clauses: things in the picture, and what is in the air.

    thing ("her hair") + action ("blowing") + direction ("from the left" = to the right) + speed

The thing is found beside its verb: after a participle ("rippling water"), after a verb and its article ("turns her
head"), or before ("mist drifts"). Some things in the air need no verb; a wind moves whatever the clause names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from farm.shots.intent import Air, Atmosphere, Direction, Speed, SubjectMotion
from farm.shots.words import vocabulary as words_of
from farm.shots.words.clauses import SPEED_OF, Clause, Word
from farm.shots.words.vocabulary import ACTIONS, AIR, CAMERA_WORDS, DIRECTIONS, ELEMENTS, FILLERS, POSSESSIVES, Link

_BESIDE = frozenset({Direction.LEFT, Direction.RIGHT, Direction.UP, Direction.DOWN})
_TURNING = frozenset({Direction.CLOCKWISE, Direction.COUNTERCLOCKWISE})


@dataclass(slots=True)
class Happenings:
    """What is read so far, in the order of the words."""

    subject: list[SubjectMotion] = field(default_factory=list[SubjectMotion])
    atmosphere: list[Atmosphere] = field(default_factory=list[Atmosphere])


def read_happenings(found: Sequence[Clause], used: dict[int, set[int]]) -> Happenings:
    """What moves by itself in `found`; `used` are the words that already spoke of the camera."""
    happenings = Happenings()
    waiting: list[str] = []
    last = ""
    wind: SubjectMotion | None = None
    for number, clause in enumerate(found):
        if clause.negated:
            continue
        words = [word for at, word in enumerate(clause.words) if at not in used.get(number, set())]
        direction, speed = _direction(words), _speed(words)
        waiting = waiting if clause.link is Link.AND else []  # "hair and dress swaying"
        pairs = _pairs(words) or _continued(words, last, clause.link)
        for element, action in pairs:
            for name in (*waiting, element):
                _add(happenings, name, action, direction or action.heading, speed)
            waiting, last = [], element
        if not pairs:
            waiting = [word.text for word in words if word.text in ELEMENTS and not _verbs(words)][-1:]
        if any(word.text in words_of.WINDS for word in words):
            wind = SubjectMotion(element="breeze", action="blow", direction=direction or Direction.NONE, speed=speed)
        for air in _alone(words):
            _add_air(happenings, air, direction or Direction.NONE, speed)
    return _blown(happenings, wind)


def _add(happenings: Happenings, name: str, action: words_of.Action, direction: Direction, speed: Speed) -> None:
    if name in AIR and not (AIR[name] is Air.LIGHT and name.startswith("cloud") and action.name == "sway"):
        _add_air(happenings, AIR[name], direction, speed)
        return
    motion = SubjectMotion(element=name, action=action.name, direction=direction, speed=speed)
    if all((one.element, one.action) != (name, action.name) for one in happenings.subject):
        happenings.subject.append(motion)


def _add_air(happenings: Happenings, air: Air, direction: Direction, speed: Speed) -> None:
    if all(one.kind is not air for one in happenings.atmosphere):
        happenings.atmosphere.append(Atmosphere(kind=air, direction=direction, speed=speed))


def _blown(happenings: Happenings, wind: SubjectMotion | None) -> Happenings:
    """A wind of its own clause blows what sways; with nothing to blow it stands for itself."""
    if wind is None:
        return happenings
    swaying = [one for one in happenings.subject if one.action in {"sway", "ripple"}]
    happenings.subject = [
        one.model_copy(update={"direction": wind.direction}) if one in swaying and not _sided(one) else one
        for one in happenings.subject
    ]
    if not swaying and not happenings.atmosphere:
        happenings.subject.append(wind)
    return happenings


def _sided(motion: SubjectMotion) -> bool:
    return motion.direction is not Direction.NONE


def _verbs(words: Sequence[Word]) -> list[int]:
    return [
        at for at, word in enumerate(words) if word.verb in ACTIONS and word.form != "ed" and not _noun_use(words, at)
    ]


def _noun_use(words: Sequence[Word], at: int) -> bool:
    """ "waves" the noun, not the verb; "light" things; a word that a known thing's name is made of."""
    word = words[at]
    if word.text in ELEMENTS:
        return not (at and words[at - 1].text in ELEMENTS | words_of.PERSONS - {"and"})
    return (
        word.text in {"rolling", "running"} and at + 1 < len(words) and words[at + 1].text in {"hills", "hill", "water"}
    )


def _pairs(words: Sequence[Word]) -> list[tuple[str, words_of.Action]]:
    """Each thing of a clause with what it does."""
    pairs: list[tuple[str, words_of.Action]] = []
    for at in _verbs(words):
        action = ACTIONS[words[at].verb]
        element = _owner(words, at)
        if element and all(element != one for one, _ in pairs):
            pairs.append((element, action))
    windy = any(word.text in words_of.WINDS for word in words)
    if not pairs and windy:
        pairs = [(word.text, ACTIONS["sway"]) for word in words if word.text in ELEMENTS][:1]
    return pairs


def _continued(words: Sequence[Word], last: str, link: Link) -> list[tuple[str, words_of.Action]]:
    """ "and looks to the left": the one who did the last thing does this one too."""
    verbs = [at for at in _verbs(words) if words[at].form == "s" and all(one.text in FILLERS for one in words[:at])]
    return [(last, ACTIONS[words[verbs[0]].verb])] if verbs and last and link in (Link.AND, Link.THEN) else []


def _owner(words: Sequence[Word], at: int) -> str:
    """Who or what does the verb at `at`; "" when nobody the farm can name does."""
    word, action = words[at], ACTIONS[words[at].verb]
    after = words[at + 1].text if at + 1 < len(words) else ""
    if word.text == "passing" and after in POSSESSIVES:
        return ""  # the camera passes it
    if (word.form == "ing" or after == "of") and (thing := _known_after(words, at + (after == "of"))):
        return thing
    if at + 1 < len(words) and words[at + 1].text in POSSESSIVES and (thing := _known_after(words, at + 1)):
        return thing
    for index in range(at - 1, -1, -1):
        text = words[index].text
        if text in ELEMENTS or text in AIR:
            return text
        if text in words_of.PERSONS:
            return action.owner or "person"
    return action.owner or _stranger(words, at)


def _known_after(words: Sequence[Word], at: int) -> str:
    """The known thing that stands right after `at`, adjectives aside."""
    for index in range(at + 1, min(at + 4, len(words))):
        text = words[index].text
        if text in ELEMENTS or text in AIR:
            return text
        if text in words_of.PREPOSITIONS or text in DIRECTIONS or words[index].verb in ACTIONS:
            return ""
    return ""


def _stranger(words: Sequence[Word], at: int) -> str:
    """A thing the farm does not know, taken at its verb's word: "the robot walks"."""
    plural = at > 0 and words[at - 1].text.endswith("s") and words[at].form == ""
    if words[at].form not in {"s", "ing"} and not plural:
        return ""
    for index in range(at - 1, -1, -1):
        text = words[index].text
        if text in SPEED_OF or text in FILLERS:
            continue
        known = text in CAMERA_WORDS | words_of.PREPOSITIONS | words_of.WINDS or words[index].verb or text in DIRECTIONS
        return "" if known or len(text) < 3 or text == "thing" else text
    return ""


def _alone(words: Sequence[Word]) -> list[Air]:
    """Things in the air that are asked for by being named."""
    found: list[Air] = []
    for at, word in enumerate(words):
        before = words[at - 1].text if at else ""
        if word.text in words_of.AIR_ALONE and not _names_another(words, at):
            found.append(AIR[word.text])
        elif word.text in AIR and AIR[word.text] is Air.LIGHT and before in words_of.LIT:
            found.append(Air.LIGHT)
        elif word.text == "dust" and before in {"floating", "falling", "swirling"}:
            found.append(Air.DUST)
    return found


def _names_another(words: Sequence[Word], at: int) -> bool:
    """True where the word only qualifies the next one: "rain jacket", "smoke machine"."""
    after = words[at + 1].text if at + 1 < len(words) else ""
    plain = after and after not in FILLERS | words_of.PREPOSITIONS | SPEED_OF.keys() | DIRECTIONS.keys()
    return bool(plain) and not words[at + 1].verb and after not in AIR.keys() | {"effect", "everywhere"}


def _direction(words: Sequence[Word]) -> Direction | None:
    """Where to: the first side a clause names, but never an adjective ("the left door") or a verb ("she left")."""
    for at, word in enumerate(words):
        direction = DIRECTIONS.get(word.text)
        after = words[at + 1].text if at + 1 < len(words) else ""
        before = words[at - 1].text if at else ""
        adjective = word.text in {"left", "right"} and (before in POSSESSIVES or after in POSSESSIVES)
        if direction in _BESIDE | _TURNING and not adjective:
            return direction
    return None


def _speed(words: Sequence[Word]) -> Speed:
    return next((SPEED_OF[word.text] for word in words if word.text in SPEED_OF), Speed.SLOW)
