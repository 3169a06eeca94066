"""From text to clauses: the smallest pieces of a motion prompt that hold one thought.

    text ─normalise─▶ plain words and commas ─rewrite─▶ one word per idea ─split─▶ clauses, each with its link

Case, hyphens, typographic quotes and the kind of punctuation carry no meaning here: every mark that ends a thought
becomes the same comma. Only words say that one move follows another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from farm.shots.words.rewrites import REWRITES
from farm.shots.words.vocabulary import (
    ACTIONS,
    CAMERA_VERBS,
    DIRECTIONS,
    FIXED_PHRASES,
    LINKS,
    NEGATORS,
    SPEEDS,
    Link,
)

_PAUSE = re.compile(r"[,;:.!?…()\[\]{}|/–—]+|\s-+\s")
_ENDED = re.compile(r"[^\w,']+|_")
_LINK_OF = {phrase: link for link, phrases in LINKS.items() for phrase in phrases}


@dataclass(frozen=True, slots=True)
class Word:
    """One word and the verb it is a form of ("" where it is none); `form` is "", "s", "ing" or "ed"."""

    text: str
    verb: str = ""
    form: str = ""
    owner: bool = False
    """True for "man" in "the man's face"."""

    @property
    def said(self) -> str:
        """As it was written: "man's"."""
        return f"{self.text}'s" if self.owner else self.text


@dataclass(frozen=True, slots=True)
class Clause:
    """Words that belong together, and how they hang on the clause before. `negated` clauses say what not to do."""

    words: tuple[Word, ...]
    link: Link = Link.LIST
    negated: bool = False

    def __str__(self) -> str:
        return " ".join(word.text for word in self.words)


def normalise(text: str) -> str:
    """Lower-case words and commas: "Don't — pan-left!" is "do not, pan left"."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = re.sub(r"[‘’ʼ`´]", "'", text)
    text = re.sub(r"n't\b", " not", text).replace("can not", "cannot")
    text = re.sub(r"'(?:re|ll|ve|d|m)\b|\B'|'(?!s\b)", "", text)
    text = re.sub(r"(?<=\d)[.,](?=\d)", "", text)
    text = _ENDED.sub(" ", _PAUSE.sub(",", text))
    return re.sub(r"[\s,]*,[\s,]*", ", ", " ".join(text.split())).strip(" ,")


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of `text`, in order. Never raises; no words give none."""
    found: list[Clause] = []
    link = Link.LIST
    for piece in _SPLIT.split(_rewritten(normalise(text))):
        if piece in _LINK_OF:
            link = _LINK_OF[piece]
            continue
        for part in piece.split(","):
            for clause in _halves(part.split(), link):
                found.append(clause)
                link = Link.LIST
    return tuple(_with_listed_negations(found))


def negations(text: str) -> tuple[str, ...]:
    """The wordings that say what should not be: ("no people", "without panning")."""
    return tuple(" ".join(match.group().split()) for match in _NEGATION.finditer(normalise(text)))


def _rewritten(text: str) -> str:
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    for phrase in FIXED_PHRASES:
        text = re.sub(rf"\b{phrase}\b", " ", text)
    return " ".join(text.split())


def _halves(texts: list[str], link: Link) -> Iterator[Clause]:
    """What a piece asks for, and what it refuses: "push in without panning" is a clause of each kind."""
    words = tuple(_word(text) for index, text in enumerate(texts) if index == 0 or texts[index - 1] != text)
    at = next((index for index, word in enumerate(words) if word.text in NEGATORS), len(words))
    if at:
        yield Clause(words[:at], link)
    if at < len(words):
        yield Clause(words[at:], Link.LIST if at else link, negated=True)


def _with_listed_negations(found: list[Clause]) -> Iterable[Clause]:
    """Carry a "no" through its list: "no zoom, pan or tilt" refuses all three."""
    for index, clause in enumerate(found):
        tail = found[index:]
        listed = index > 0 and found[index - 1].negated and _reaches_or(tail)
        if listed:
            found[index] = Clause(clause.words, clause.link, negated=True)
        yield found[index]


def _reaches_or(tail: list[Clause]) -> bool:
    for clause in tail:
        texts = [word.text for word in clause.words]
        if "or" in texts:
            return True
        if len(texts) > 1 or any(text in DIRECTIONS for text in texts):
            return False
    return False


def _word(said: str) -> Word:
    text = said.removesuffix("'s")
    verb, form = _FORMS.get(text, ("", ""))
    return Word(text, verb, form, owner=text != said)


def _forms() -> dict[str, tuple[str, str]]:
    """Every inflected form of every verb the farm knows: "pushing" -> ("push", "ing")."""
    known = (*CAMERA_VERBS, *ACTIONS)
    forms: dict[str, tuple[str, str]] = {}
    for verb in known:
        stem = verb.removesuffix("e") if verb.endswith("e") else verb
        doubled = verb + verb[-1]
        third = verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeou" else verb + "s"
        past = verb[:-1] + "ied" if third.endswith("ies") else stem + "ed"
        forms |= dict.fromkeys((third, verb + "es"), (verb, "s"))
        forms |= dict.fromkeys((stem + "ing", verb + "ing", doubled + "ing"), (verb, "ing"))
        forms |= dict.fromkeys((past, doubled + "ed"), (verb, "ed"))
    return forms | {"rotation": ("rotate", "")} | {verb: (verb, "") for verb in known}


_FORMS = _forms()
_REWRITES = tuple((re.compile(rf"\b(?:{pattern})(?!\w)"), f" {new} ".replace("  ", " ")) for pattern, new in REWRITES)
_LONGEST_FIRST = sorted(_LINK_OF, key=len, reverse=True)
_SPLIT = re.compile(rf"\s*\b({'|'.join(_LONGEST_FIRST)})\b(?!\w),?\s*")
_NEGATION = re.compile(rf"\b(?:no|not|without|never|avoid)\b(?:(?! (?:{'|'.join(_LONGEST_FIRST)})\b)[^,])*")
SPEED_OF = {word: speed for speed, words in SPEEDS.items() for word in words}
