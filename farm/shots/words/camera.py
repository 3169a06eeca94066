"""Reads camera moves out of clauses.

    verb ("push") + who does it (the camera? a man?) + direction ("in") + speed ("slow") + target ("toward the boat")

Moves of neighbouring clauses happen together; "then", "before" and their like open the next phase. A verb is a camera
move only with the company its table entry needs (`vocabulary.Need`), so that a pan on the stove stays on the stove.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from farm.shots.intent import Camera, CameraMove, Direction, Speed
from farm.shots.words import vocabulary as words_of
from farm.shots.words.clauses import SPEED_OF, Clause, Word
from farm.shots.words.vocabulary import (
    CAMERA_VERBS,
    CAMERA_WORDS,
    DIRECTIONS,
    FILLERS,
    POSSESSIVES,
    CameraVerb,
    Link,
    Need,
)

_MOVE_NOUNS = frozenset({"move", "moves", "movement", "motion"})
"""A noun after the verb that is none itself: "pedestal move"."""
_NOUNS = (
    words_of.ELEMENTS
    | words_of.PERSONS
    | frozenset(words_of.AIR)
    | words_of.WINDS
    | {"people", "men", "women", "children"}
)


class Agent(Enum):
    """Who does what a verb says."""

    CAMERA = "camera"
    NOBODY = "nobody"
    """Nobody is named: "slow push in", "push in"."""
    OTHER = "other"


@dataclass(slots=True)
class CameraReading:
    """What is read so far. `used` holds, by clause, the words that spoke of the camera."""

    phases: list[list[CameraMove]] = field(default_factory=list[list[CameraMove]])
    refused: list[str] = field(default_factory=list[str])
    """Camera moves the words forbid, as verbs."""
    used: dict[int, set[int]] = field(default_factory=dict[int, "set[int]"])
    """Words of each clause, by their place in it, that spoke of the camera."""


@dataclass(frozen=True, slots=True)
class _Head:
    """A camera verb found in a clause: where, in which sense, and the words that made it one."""

    at: int
    verb: str
    sense: words_of.Sense
    words: frozenset[int]


def read_camera(found: Sequence[Clause], *, by_camera: bool = False) -> CameraReading:
    """The camera moves of `found`. `by_camera` says that every clause speaks of the camera (an explicit column)."""
    reading = CameraReading()
    order = _Phases(reading.phases)
    agent = Agent.CAMERA if by_camera else Agent.NOBODY
    speed: Speed | None = None
    alone = False
    last_verb = ""
    for number, clause in enumerate(found):
        order.link(clause.link)
        heads = _heads(clause, agent, last_verb)
        if clause.negated:
            reading.refused += [head.verb for head in heads]
            continue
        speed = speed if clause.link is Link.AND or alone else None
        for index, head in enumerate(heads):
            end = heads[index + 1].at if index + 1 < len(heads) else len(clause.words)
            own = _speed(clause.words, heads, index)
            order.add(_move(clause, head, end, own or speed))
            speed = own if own is not None and _leads(clause.words, head) else speed
            last_verb = head.verb
        alone = not heads and _speed_only(clause) is not None
        speed = _speed_only(clause) if alone else speed
        reading.used[number] = {at for head in heads for at in head.words}
        agent = Agent.CAMERA if by_camera else _subject(clause, agent)
        last_verb = last_verb if heads else ""
    return reading


class _Phases:
    """Puts moves into phases by the links between clauses."""

    def __init__(self, phases: list[list[CameraMove]]) -> None:
        self._phases = phases
        self._at = 0
        self._pending = Link.LIST
        self._closing = False

    def link(self, link: Link) -> None:
        """Take note of the link before a clause."""
        if link in (Link.THEN, Link.AFTER):
            self._pending, self._closing = link, False
        elif link is Link.LIST and self._closing:
            # "after pushing in, pan left": the comma ends what comes first.
            self._pending, self._closing = Link.THEN, False

    def add(self, move: CameraMove) -> None:
        """Add a move to the phase that the links ask for; a move said twice is one move."""
        if not self._phases:
            self._phases.append([])
            self._closing = self._pending is Link.AFTER
        elif self._pending is Link.THEN:
            self._at += 1
            self._phases.insert(self._at, [])
        elif self._pending is Link.AFTER:
            self._phases.insert(self._at, [])
        self._pending = Link.LIST
        phase = self._phases[self._at]
        for at, one in enumerate(phase):
            if one.kind is move.kind and (
                one.direction is move.direction or Direction.NONE in (one.direction, move.direction)
            ):
                phase[at] = _merged(one, move)
                return
        phase.append(move)


def _merged(one: CameraMove, other: CameraMove) -> CameraMove:
    """One move said twice: "a tracking shot moving left along the shelf"."""
    direction = other.direction if one.direction is Direction.NONE else one.direction
    return one.model_copy(update={"direction": direction, "target": one.target or other.target})


def _heads(clause: Clause, inherited: Agent, last_verb: str) -> list[_Head]:
    heads: list[_Head] = []
    taken: set[int] = set()
    for at in range(len(clause.words)):
        if at in taken:
            continue
        head = _static_or_handheld(clause.words, at) or _head(clause.words, at, inherited, taken)
        if head is not None:
            heads.append(head)
            taken |= head.words
    if not heads and last_verb and clause.link in (Link.AND, Link.LIST):
        heads = _more_of_the_same(clause.words, last_verb)
    return heads


def _head(words: Sequence[Word], at: int, inherited: Agent, taken: set[int]) -> _Head | None:
    word = words[at]
    verb = CAMERA_VERBS.get(word.verb)
    if verb is None or _is_thing(words, at):
        return None
    agent = _agent(words, at, inherited)
    if agent is Agent.OTHER or (word.form == "ed" and agent is not Agent.CAMERA):
        return None
    direction, used = _direction(words, at, taken)
    sense = verb.senses.get(direction) if direction is not None else None
    if not _has_company(verb, words, at, agent, sense is not None):
        return None
    if sense is None:
        late, extra = _late_direction(verb, words, at, taken)
        sense, used = (verb.senses[late], extra) if late is not None else (verb.plain, set[int]())
    if sense is None:
        return None
    named = {at + 1} if at + 1 < len(words) and words[at + 1].text in _MOVE_NOUNS else set[int]()
    return _Head(at, word.verb, sense, frozenset({at} | used | named))


def _static_or_handheld(words: Sequence[Word], at: int) -> _Head | None:
    text = words[at].text
    after = words[at + 1].text if at + 1 < len(words) else ""
    if text == "static" and (after in CAMERA_WORDS or len(words) == 1):
        return _Head(at, "hold", (Camera.STATIC, Direction.NONE), frozenset({at, at + 1}))
    if text in {"stationary", "locked", "hold", "holds", "stops", "motionless"} and len(words) == 1:
        return _Head(at, "hold", (Camera.STATIC, Direction.NONE), frozenset({at}))
    if text == "still" and len(words) == 1:
        return _Head(at, "hold", (Camera.STATIC, Direction.NONE), frozenset({at}))
    feel = CAMERA_WORDS | FILLERS | {"", "feel", "look", "style", "footage", "shake", "jitter", "sway", "energy"}
    if text == "handheld" and (after in feel or after in SPEED_OF or words[at + 1].verb in CAMERA_VERBS):
        return _Head(at, "handheld", (Camera.HANDHELD, Direction.NONE), frozenset({at}))
    return None


def _more_of_the_same(words: Sequence[Word], verb: str) -> list[_Head]:
    """A clause of directions alone goes on with the verb before it: "pan left and right"."""
    if any(word.text not in DIRECTIONS and word.text not in FILLERS and word.text not in SPEED_OF for word in words):
        return []
    if verb not in CAMERA_VERBS:
        return []
    senses = CAMERA_VERBS[verb].senses
    pairs = [(at, DIRECTIONS[word.text]) for at, word in enumerate(words) if word.text in DIRECTIONS]
    return [_Head(at, verb, senses[way], frozenset({at})) for at, way in pairs if way in senses]


def _is_thing(words: Sequence[Word], at: int) -> bool:
    """True where the word names a thing, or does something to one: "in a pan", "pulls back the curtain"."""
    before = [word.text for word in words[:at]]
    after = [word.text for word in words[at + 1 : at + 4]]
    if len(before) >= 2 and before[-1] in {"a", "the", "his", "her"} and before[-2] in words_of.PREPOSITIONS:
        return words[at].verb != "zoom"
    if before and before[-1] in {"in", "of", "on"} and words[at].verb == "orbit":
        return True
    rest = after[1:] if after and after[0] in {"back", "in", "out", "up", "down", "away", "left", "right"} else after
    owned = rest[:1] and rest[0] in POSSESSIVES
    verb = CAMERA_VERBS[words[at].verb]
    return (
        bool(owned and not verb.transitive and not (len(rest) > 1 and rest[1] in CAMERA_WORDS | FILLERS))
        or after[:1] == ["of"]
        or after[:2] == ["for", "gold"]
    )


def _agent(words: Sequence[Word], at: int, inherited: Agent) -> Agent:
    """Who does the verb at `at`: the nearest word before it that is neither filler nor speed says."""
    for index in range(at - 1, -1, -1):
        text = words[index].text
        if text in CAMERA_WORDS:
            return Agent.CAMERA
        if text in SPEED_OF or text in FILLERS or text in DIRECTIONS or text in words_of.LIT or text.isdigit():
            continue
        if text in words_of.PREPOSITIONS or words[index].verb in CAMERA_VERBS:
            return Agent.NOBODY
        adjective = words[at].form == "" and not text.endswith("s") and text not in _NOUNS
        ambiguous = CAMERA_VERBS[words[at].verb].need is not Need.NOTHING
        return Agent.NOBODY if adjective and not ambiguous else Agent.OTHER
    if words[at].form == "":
        return Agent.CAMERA if inherited is Agent.CAMERA else Agent.NOBODY
    return inherited


def _subject(clause: Clause, inherited: Agent) -> Agent:
    """Of whom a clause speaks, for the clause after it: "the camera pushes in, then glides left"."""
    for word in clause.words:
        if word.text in CAMERA_WORDS:
            return Agent.CAMERA
        if word.text in FILLERS or word.text in SPEED_OF:
            continue
        if word.verb in CAMERA_VERBS:
            return inherited if inherited is Agent.CAMERA else Agent.NOBODY
        return Agent.OTHER
    return inherited


def _has_company(verb: CameraVerb, words: Sequence[Word], at: int, agent: Agent, directed: bool) -> bool:
    if agent is Agent.CAMERA or verb.need is Need.NOTHING:
        return True
    after = words[at + 1].text if at + 1 < len(words) else ""
    if after in _MOVE_NOUNS | {"shot", "shots"} and verb.need not in (Need.CAMERA, Need.PLAIN):
        return True
    if verb.need in (Need.CAMERA, Need.PLAIN):
        closer = any(word.text in {"closer", "nearer"} for word in words[at + 1 : at + 3])
        plain = verb.need is Need.PLAIN and words[at].form == "" and directed
        return plain or (words[at].form != "s" and closer)
    if verb.need is Need.STRICT:
        return directed and not (words[at].verb == "roll" and after in {"in", "out"})
    before = words[at - 1].text if at else ""
    path = any(word.text in words_of.PATHS for word in words[at + 1 : at + 2]) and not before.endswith("a")
    return directed or before in SPEED_OF or path or words[at].form == "ing" or len(words) == 1


def _direction(words: Sequence[Word], at: int, taken: set[int]) -> tuple[Direction | str | None, set[int]]:
    """The direction beside a verb, after it or else before it, with the words that gave it."""
    for step in (range(at + 1, len(words)), range(at - 1, -1, -1)):
        passed: set[int] = set()
        for index in step:
            text = words[index].text
            passed.add(index)
            if index in taken:
                break
            if text in DIRECTIONS and not (text == "in" and step.step < 0):
                return DIRECTIONS[text], passed
            if step.step > 0 and text in words_of.AROUND | {"orbital"}:
                return "around", {at}
            if step.step > 0 and text in {"toward", "towards", "into", "onto"}:
                return "toward", {at}
            if text not in FILLERS and text not in SPEED_OF and text not in CAMERA_WORDS:
                break
    return None, set()


def _late_direction(
    verb: CameraVerb, words: Sequence[Word], at: int, taken: set[int]
) -> tuple[Direction | str | None, set[int]]:
    """A direction further on in the clause: "pan across the table to the left"."""
    for index in range(at + 1, len(words)):
        word = words[index]
        if index in taken or (word.verb in CAMERA_VERBS and word.verb == word.text):
            break
        direction = DIRECTIONS.get(word.text)
        if direction in verb.senses and word.text not in {"in", "out", "back", "left", "right"}:
            return direction, {index}
        last = index == len(words) - 1
        if direction in verb.senses and last:
            return direction, {index}
    return None, set()


def _move(clause: Clause, head: _Head, end: int, speed: Speed | None) -> CameraMove:
    kind, direction = head.sense
    target = "" if kind in (Camera.STATIC, Camera.HANDHELD, Camera.ROLL) else _target(clause.words, head, end)
    speed = Speed.SLOW if speed is None or kind is Camera.STATIC else speed
    return CameraMove(kind=kind, direction=direction, speed=speed, target=target)


def _target(words: Sequence[Word], head: _Head, end: int) -> str:
    """The thing a move is about: what follows "toward", "around" and the like, up to the next thought."""
    verb = CAMERA_VERBS[head.verb]
    if head.verb == "reveal":
        return ""  # what comes into view at the edges is not where the move goes
    leads = words_of.TOWARD | words_of.AROUND | {"past", "along", "over", "across", "alongside"}
    leads = leads | {"from"} if head.sense[0] is Camera.PULL or head.sense[1] is Direction.OUT else leads
    for index in range(head.at + 1, end):
        text = words[index].text
        if index in head.words:
            continue
        if text in leads:
            return _noun(words, index + 1, end)
        if text in FILLERS - POSSESSIVES or text in SPEED_OF or text in DIRECTIONS:
            continue
        if verb.transitive and text not in words_of.PREPOSITIONS:
            return _noun(words, index, end)
        leads = frozenset({"to", "toward", "towards", "into", "onto"})  # "from the sky to the sea"
    return ""


def _noun(words: Sequence[Word], start: int, end: int) -> str:
    """The noun phrase from `start`: up to the next preposition but "of", and never only an article."""
    taken: list[str] = []
    for word in words[start:end]:
        stop = word.text in words_of.PREPOSITIONS and word.text != "of" and taken
        if stop or (word.text in DIRECTIONS and taken) or word.text in {"reveal", "closeup", "roll", "left", "right"}:
            break
        if word.text in SPEED_OF and (word.text.endswith("ly") or len(taken) != 1 or taken[0] not in POSSESSIVES):
            break
        taken.append(word.said)
    if len(taken) == 1 and taken[0] in words_of.PERSONS:
        return taken[0]
    while taken and (taken[-1] in POSSESSIVES or taken[-1] in words_of.PREPOSITIONS or taken[-1].isdigit()):
        taken.pop()
    return " ".join(taken[:6]) if any(text not in FILLERS for text in taken) else ""


def _speed(words: Sequence[Word], heads: Sequence[_Head], index: int) -> Speed | None:
    """The speed said of a head: nearest before it back to the head before, else after it up to the next head."""
    at = heads[index].at
    lower = heads[index - 1].at if index else -1
    upper = heads[index + 1].at if index + 1 < len(heads) else len(words)
    before = [SPEED_OF[words[i].text] for i in range(at - 1, lower, -1) if words[i].text in SPEED_OF]
    after = [SPEED_OF[words[i].text] for i in range(at + 1, upper) if words[i].text in SPEED_OF]
    return next(iter(before + after), None)


def _leads(words: Sequence[Word], head: _Head) -> bool:
    """True when a speed stands before the head, so that it also holds for what "and" adds."""
    return any(word.text in SPEED_OF for word in words[: head.at])


def _speed_only(clause: Clause) -> Speed | None:
    texts: Iterable[str] = [word.text for word in clause.words]
    if all(text in SPEED_OF or text in FILLERS or text in CAMERA_WORDS for text in texts):
        return next((SPEED_OF[text] for text in texts if text in SPEED_OF), None)
    return None
