"""What a deliverable says of how it was made: a C2PA manifest, as data.

    trained model:   c2pa.created (trainedAlgorithmicMedia), the still as `inputTo`
    any other:       c2pa.created (composite), then c2pa.placed: the still as `componentOf`

A trained model makes new pixels out of the still and words, so its clip is *trained algorithmic media*, and the still
what went into it. The animatic model makes none: it moves the still itself and lays drawn air over it. Of IPTC's list
that is a *composite*, "several elements, any of which may or may not be generative AI": the one term that claims
nothing about the still, which may be a photograph, a drawing or another model's work, and says so in its own manifest
where it has one. `compositeCapture` would call a drawing a photograph, `digitalCreation` would credit a hand with what
a program did, `algorithmicMedia` would deny the still, and an enhancement does not move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import farm
from farm.chain import Credit

STILL = "still"
"""What the actions call the ingredient."""

TRAINED = "trainedAlgorithmicMedia"
COMPOSITE = "composite"

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

TEST_NOTE = "signed with a generated test key: it proves nothing about who made this"


def manifest(
    credit: Credit,
    title: str,
    format_: str,
    *,
    has_still: bool = True,
    additions: Sequence[str] = (),
    is_test: bool = False,
) -> dict[str, Any]:
    """The manifest of one file of MIME type `format_`. `additions` are what was put over the take, in words."""
    generator: dict[str, Any] = {"name": "farm", "version": farm.__version__}
    if is_test:
        generator["farm.key"] = TEST_NOTE
    actions = [*_made(credit, has_still=has_still), *(_edited(step) for step in (*credit.steps, *additions))]
    return {
        "claim_generator_info": [generator],
        "title": title,
        "format": format_,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions, "allActionsIncluded": True}},
            {"label": "farm.take", "data": _take(credit, is_test=is_test)},
        ],
    }


def ingredient(credit: Credit) -> dict[str, Any]:
    """How the still stands in the manifest."""
    relationship = "inputTo" if credit.trained else "componentOf"
    thumbnail = {"format": "image/jpeg", "identifier": "still.jpg"}
    return {
        "title": credit.still or "still",
        "relationship": relationship,
        "label": STILL,
        "instance_id": STILL,
        "thumbnail": thumbnail,
    }


def _made(credit: Credit, *, has_still: bool) -> list[dict[str, Any]]:
    agent: dict[str, str] = {"name": credit.title or credit.model or "farm"}
    if credit.revision:
        agent["version"] = credit.revision
    created = {
        "action": "c2pa.created",
        "digitalSourceType": _SOURCE_TYPES + (TRAINED if credit.trained else COMPOSITE),
        "softwareAgent": agent,
    }
    if not has_still:
        return [created]
    still = {"parameters": {"ingredientIds": [STILL]}}
    if credit.trained:
        return [{**created, **still}]
    return [created, {"action": "c2pa.placed", **still}]


def _edited(step: str) -> dict[str, Any]:
    return {"action": "c2pa.edited", "description": step, "softwareAgent": {"name": "farm"}}


def _take(credit: Credit, *, is_test: bool) -> Mapping[str, str | int]:
    """Which take this is, and how to make it again."""
    said: dict[str, str | int] = {
        "show": credit.show,
        "sequence": credit.sequence,
        "shot": credit.shot,
        "take": credit.take,
        "model": credit.model,
        "revision": credit.revision,
        "seed": credit.seed,
        "prompt": credit.prompt,
        "note": TEST_NOTE if is_test else "",
    }
    return {name: value for name, value in said.items() if value != ""}
