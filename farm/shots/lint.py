"""Check before spending GPU minutes: everything about a shot list that can be known without rendering it.

    ShotList ─▶ checks.stills + checks.sounds + checks.prompts + models (here) ─▶ findings, in the list's order

Linting never raises for bad content: it answers with findings, whose rules stand in `farm.shots.checks.rules`. Each
picture is measured once, however many shots use it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from farm.findings import Finding
from farm.shots.checks.picture import Picture, Unusable, open_still
from farm.shots.checks.prompts import check_words, example_for, is_wordless
from farm.shots.checks.rules import finding
from farm.shots.checks.sound import Heard, open_sound
from farm.shots.checks.sounds import Listen, check_audio, check_music
from farm.shots.checks.stills import Measure, check_pictures
from farm.shots.checks.targets import check_targets
from farm.shots.model import LoopMethod, Shot, ShotList
from farm.shots.products import Product

if TYPE_CHECKING:
    from farm.models.spec import ModelSpec

LIMIT_MP = 200.0
"""Megapixels a picture may have before it is refused."""


def lint(
    shot_list: ShotList,
    *,
    specs: Mapping[str, ModelSpec] | None = None,
    licences: Collection[str] | None = None,
    targets: Mapping[str, Product] | None = None,
    limit_mp: float = LIMIT_MP,
) -> tuple[Finding, ...]:
    """Findings about every shot, in the list's order. Never raises for what the list or its pictures hold.

    `specs` are the models there are and `targets` the products (None leaves them unchecked), `licences` those the
    project allows (None: any).
    """
    measure, listen = measurer(limit_mp), listener()
    return (
        *check_music(shot_list, listen),
        *(
            found
            for shot in shot_list.shots
            for found in lint_shot(
                shot, specs=specs, licences=licences, targets=targets, measure=measure, listen=listen
            )
        ),
    )


def lint_shot(
    shot: Shot,
    *,
    specs: Mapping[str, ModelSpec] | None = None,
    licences: Collection[str] | None = None,
    targets: Mapping[str, Product] | None = None,
    measure: Measure | None = None,
    listen: Listen | None = None,
) -> tuple[Finding, ...]:
    """Findings about one shot: as `lint`."""
    return (
        *check_pictures(shot, measure or measurer(LIMIT_MP)),
        *check_audio(shot, listen or listener()),
        *check_words(shot),
        *(() if specs is None else _check_models(shot, specs, licences)),
        *(() if targets is None else check_targets(shot, targets)),
        *_check_unused(shot),
    )


def measurer(limit_mp: float) -> Measure:
    """A function that measures pictures, each file once."""

    @cache
    def measure(path: Path) -> Picture | Unusable:
        try:
            return open_still(path, limit_mp=limit_mp)
        except Unusable as unusable:
            return unusable

    return measure


def listener() -> Listen:
    """A function that measures sounds, each file once."""

    @cache
    def listen(path: Path) -> Heard | Unusable:
        try:
            return open_sound(path)
        except Unusable as unusable:
            return unusable

    return listen


def _check_models(shot: Shot, specs: Mapping[str, ModelSpec], licences: Collection[str] | None) -> Iterator[Finding]:
    asked = [("models", name) for name in shot.models]
    if shot.fallback:
        asked.append(("fallback", shot.fallback))
    for column, name in asked:
        spec = specs.get(name)
        if spec is None:
            yield _unknown(shot, column, name, specs)
            continue
        if spec.needs_prompt and is_wordless(shot):
            remedy = f'say what moves, for example "{example_for(shot)}"'
            yield finding("prompt.empty", shot, "prompt", f"{name} needs a motion prompt", remedy)
        if len(shot.prompt) > spec.prompt_limit:
            problem = f"{len(shot.prompt)} characters are more than the {spec.prompt_limit} that {name} reads"
            yield finding("prompt.long", shot, "prompt", problem)
        if shot.loop and shot.loop_method is LoopMethod.MODEL and not spec.closes_loops:
            yield finding("loop.method", shot, "loop_method", f"{name} cannot close a loop")
        if licences is not None and spec.licence not in licences:
            yield finding(
                "model.licence", shot, column, f"{name} is under {spec.licence}, which the project does not allow"
            )


def _check_unused(shot: Shot) -> Iterator[Finding]:
    """What the farm reads and keeps, and no stage acts on yet: nobody should wait for it in vain."""
    asked = {"driving_video": shot.driving_video, "budget": shot.budget}
    for column, value in asked.items():
        if value:
            yield finding("column.unused", shot, column, f"{column.replace('_', ' ')} has no effect")


def _unknown(shot: Shot, column: str, name: str, specs: Mapping[str, ModelSpec]) -> Finding:
    near = get_close_matches(name.casefold(), specs, n=1)
    remedy = f'did you mean "{near[0]}"?' if near else ""
    return finding("model.unknown", shot, column, f'there is no model "{name}"', remedy)
