"""Does the sound fit its cut? Findings from the facts that `farm.shots.checks.sound` measures.

A frame more or less is nothing: compressed files end with a few milliseconds of padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from farm.findings import Finding, Place
from farm.shots.checks.picture import Unusable
from farm.shots.checks.rules import RULES, finding
from farm.shots.checks.sound import Heard
from farm.shots.model import Shot, ShotList

Listen = Callable[[Path], Heard | Unusable]
"""Measures a file, or says why it cannot be used."""


def check_audio(shot: Shot, listen: Listen) -> Iterator[Finding]:
    """Findings about a shot's own sound."""
    if not shot.audio:
        return
    if _is_remote(shot.audio):
        yield finding("audio.remote", shot, "audio", f"{shot.audio} is not on this machine")
        return
    heard = listen(Path(shot.audio))
    if isinstance(heard, Unusable):
        yield finding(heard.rule, shot, "audio", str(heard))
        return
    over = heard.seconds - shot.duration_s
    lengths = f"{Path(shot.audio).name} lasts {_s(heard.seconds)}, the shot {_s(shot.duration_s)}"
    if over > 1 / shot.fps:
        yield finding("audio.cut", shot, "audio", f"{lengths}: its last {_s(over)} are cut off")
    elif over < -1 / shot.fps:
        yield finding("audio.short", shot, "audio", f"{lengths}: the last {_s(-over)} have no sound")


def check_music(shot_list: ShotList, listen: Listen) -> Iterator[Finding]:
    """Findings about the music of a list and its sequences."""
    for sequence, location in shot_list.music.items():
        shots = [shot for shot in shot_list.shots if not sequence or shot.sequence == sequence]
        what = f"sequence {sequence}" if sequence else "the list"
        if not shots:
            yield _of_list(shot_list, "music.sequence", f"there is music for sequence {sequence}, which has no shots")
            continue
        if _is_remote(location):
            continue
        heard = listen(Path(location))
        if isinstance(heard, Unusable):
            yield _of_list(shot_list, heard.rule, str(heard))
            continue
        length = sum((shot.duration_s for shot in shots), Fraction(0))
        over, name = heard.seconds - length, Path(location).name
        if over < -1 / shot_list.fps:
            yield _of_list(shot_list, "music.short", f"{name} ends {_s(-over)} before {what} does: silence follows")
        elif over > 1 / shot_list.fps:
            yield _of_list(shot_list, "music.cut", f"{name} is {_s(over)} longer than {what}")


def _of_list(shot_list: ShotList, rule: str, problem: str) -> Finding:
    place = Place(Path(shot_list.source).name, column="music")
    return Finding(RULES[rule].severity, rule, place, problem, RULES[rule].remedy)


def _is_remote(path: str) -> bool:
    """True for a URL; "file:" ones have become paths by the time a list is loaded."""
    return "://" in path


def _s(seconds: Fraction) -> str:
    return f"{float(seconds):.2f} s"
