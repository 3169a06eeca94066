"""Label values, kept few and legible, whatever lists call their projects.

    values ─▶ legible ─▶ known, or room for one more? ─▶ as they are
                                                  no ─▶ "other"

Each label tells so many values apart, and each family so many sets of them: what comes later is counted under "other".
Sums stay right, and a scrape stays small. Values live as long as the process; those of one label are shared by all
families, so that a project that has a series here has one there. Used by the driver's thread and by those that scrape.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import Lock

from farm.metrics.families import LABEL
from farm.metrics.family import Family
from farm.printable import printable, shortened

OTHER = "other"
LETTERS_MAX = 128
REMEMBERED = 1_000
"""So many values that were folded are remembered, by label: to count each once."""


def legible(value: str) -> str:
    """A value that is one short line of text in any encoding: control characters and half characters are replaced."""
    if value.isascii() and value.isprintable() and len(value) <= LETTERS_MAX:
        return value
    return shortened(printable(value[: LETTERS_MAX + 1]), LETTERS_MAX)


class Labels:
    """The values told apart so far, by label."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._known: dict[str, set[str]] = {}
        self._folded: dict[str, set[str]] = {}

    @property
    def folded(self) -> Mapping[str, int]:
        """How many values of each label were counted as "other"."""
        with self._turn:
            return {label: len(values) for label, values in self._folded.items()}

    def of(self, family: Family, values: tuple[str, ...], shown: Collection[tuple[str, ...]]) -> tuple[str, ...]:
        """The set of label values that `values` is counted under, in a family that shows some already."""
        labels = tuple(self._told_apart(name, value) for name, value in zip(family.labels, values, strict=True))
        if len(shown) < family.at_most or labels in shown:
            return labels
        return tuple(
            value if LABEL[name].at_most is None else OTHER for name, value in zip(family.labels, labels, strict=True)
        )

    def _told_apart(self, name: str, value: str) -> str:
        label, known = LABEL[name], self._known.get(name)
        if label.at_most is None or (known and value in known):
            return value
        value = legible(value)
        if label.is_passing:
            return value
        with self._turn:
            known = self._known.setdefault(name, set())
            if value in known or len(known) < label.at_most:
                known.add(value)
                return value
            folded = self._folded.setdefault(name, set())
            if len(folded) < REMEMBERED:
                folded.add(value)
            return OTHER
