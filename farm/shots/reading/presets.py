"""A studio's own delivery presets, as its project file says them: a built-in product, changed.

presets: [{name: client, base: prores-hq, size: 1080p, burn_in: yes, slate: yes}] ──▶ Product, by name
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, PlainValidator, model_validator

from farm.shots.products import BURN_IN, PRODUCTS, Product
from farm.shots.reading import values
from farm.shots.reading.schema import Entry, FitWord, Size, Slug
from farm.shots.reading.timing import length
from farm.shots.reading.values import BadValue, closest, quoted

SLATE = "1 s"
"""How long a slate is where a preset just says yes."""
SLATE_MAX_S = 10

_TAKEN = frozenset({"animatic", "report"})
"""Names of what is made of a whole list."""

_YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def _base(raw: object) -> str:
    """The name of a built-in product."""
    written = values.name(raw)
    if written not in PRODUCTS:
        raise BadValue(f"there is no product {quoted(written)}", closest(written, list(PRODUCTS)))
    return written


def _burn_in(raw: object) -> tuple[str, ...]:
    """`yes` for everything there is, or some of its fields."""
    fields = values.names(raw)
    if len(fields) == 1 and fields[0].lower() in _YES_NO:
        return BURN_IN if _YES_NO[fields[0].lower()] else ()
    for name in fields:
        if name not in BURN_IN:
            raise BadValue(f"{quoted(name)} cannot be burnt in", closest(name, BURN_IN))
    return fields


def _slate(raw: object) -> str:
    """`yes` for one second, or a length: "24 frames", "2 s"."""
    written = values.text(raw)
    if written.lower() in _YES_NO:
        return SLATE if _YES_NO[written.lower()] else ""
    if length(written).seconds > SLATE_MAX_S:
        raise BadValue(f"{quoted(written)} is long for a slate", f"give at most {SLATE_MAX_S} s")
    return written


Base: TypeAlias = Annotated[str, PlainValidator(_base)]
BurnIn: TypeAlias = Annotated[tuple[str, ...], PlainValidator(_burn_in)]
Slate: TypeAlias = Annotated[str, PlainValidator(_slate)]
Quality: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 100))]


class PresetEntry(Entry):
    """One preset of a project."""

    name: Slug = ""
    """What shots ask for it by, and what its files are called after."""
    base: Base = "review"
    """The built-in product that it is made from."""
    size: Size | None = None
    """Its size in pixels; without one the base's, or the shot's."""
    fit: FitWord | None = None
    """How the shot meets another size; without it the base's rule, or the shot's."""
    burn_in: BurnIn = ()
    """What is written over the picture."""
    slate: Slate = ""
    """A slate before the picture, and how long it is."""
    quality: Quality | None = None
    """For H.264 the constant rate factor, 0 (best) to 51; for WebP 0 to 100 (best)."""

    @model_validator(mode="after")
    def _fits_its_base(self) -> Self:
        if self.name.casefold() in {*PRODUCTS, *_TAKEN}:
            raise BadValue(f"{quoted(self.name)} is built in", "give the preset another name")
        allowed = PRODUCTS[self.base].qualities
        if self.quality is not None and allowed is None:
            raise BadValue(f"{self.base} has no quality to choose", "leave quality out")
        if self.quality is not None and allowed and not allowed[0] <= self.quality <= allowed[1]:
            raise BadValue(f"{self.quality} is no quality of {self.base}", f"give {allowed[0]} to {allowed[1]}")
        return self

    @property
    def product(self) -> Product:
        """The base, changed."""
        base = PRODUCTS[self.base]
        return replace(
            base,
            name=self.name,
            what=f"{self.base}, as the project wants it",
            size=self.size or base.size,
            fit=self.fit or base.fit,
            quality=base.quality if self.quality is None else self.quality,
            burn_in=self.burn_in,
            slate=length(self.slate) if self.slate else None,
        )


def _distinct(entries: tuple[PresetEntry, ...]) -> tuple[PresetEntry, ...]:
    names = [entry.name.casefold() for entry in entries]
    if "" in names:
        raise BadValue("a preset needs a name", "write name: client")
    for name in names:
        if names.count(name) > 1:
            raise BadValue(f"there are {names.count(name)} presets called {quoted(name)}", "give each its own name")
    return entries


Presets: TypeAlias = Annotated[tuple[PresetEntry, ...], AfterValidator(_distinct)]


def known_products(own: Iterable[PresetEntry]) -> Mapping[str, Product]:
    """The built-in products and a project's own, by name."""
    return {**PRODUCTS, **{entry.name: entry.product for entry in own}}
