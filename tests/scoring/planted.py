"""Planted defects: how often a clean take ranks first, and whether each defect moves the component meant for it most.

    python tests/scoring/planted.py [--jobs 2] [--width 640] [--frames 48] [SUBJECT ...]

Per photograph: four clean takes, and eight defects at three severities planted into a fifth. Sets are one clean take
against one defect (four sets each) and three against one (four again). The spoiled take has number 1, so that a draw
counts against us. Scales were set on half of the photographs (`TUNED`); the rest, held out, are reported
beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))

import cv2
from plants import FPS, SEVERITIES, STATED, SUBJECTS, Bed, Frames, Subject, normalised

from farm.chain import ScoreParams
from farm.media import read_rgb
from farm.scoring import Score, judge
from farm.scoring.measure import Measuring
from farm.stages.select import ranked

MEANT: Mapping[str, tuple[str, str]] = {
    "static": ("motion", "moves"),
    "flicker": ("flicker", ""),
    "shake": ("steadiness", ""),
    "hard cut": ("continuity", "no_cut"),
    "melt": ("coherence", ""),
    "blur drift": ("sharpness", ""),
    "wrong direction": ("camera", ""),
    "late freeze": ("freeze", "moves"),
}
"""Each defect's component, and the gate that may catch it instead."""

TUNED = frozenset({"lake", "bottle", "coffee", "motorcycle_left", "lighthouse", "forest", "street", "ridge"})
"""Photographs whose figures were looked at when scales were set."""

CLEAN = (1, 2, 3, 4)
SPOILED = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one defect of one photograph at one severity."""

    subject: str
    defect: str
    severity: int
    won_pairs: int
    pairs: int
    won_threes: int
    threes: int
    meant: bool
    total: float
    clean: float
    why: str
    fell: str
    """Components below 1, of the spoiled take and of the clean ones."""


def scored(subject: Subject, frames: Frames, folder: Path) -> Score:
    """The score of a take straight from its frames: the mezzanine is lossless."""
    measuring = Measuring(read_rgb(normalised(subject.still, folder)), len(frames))
    for frame in frames:
        measuring.add(frame)
    height, width = frames[0].shape[:2]
    params = ScoreParams(width=width, height=height, frames=len(frames), fps=FPS, intent=subject.intent)
    return judge(measuring.measured(FPS), params)


def outcome(subject: str, defect: str, severity: int, clean: Sequence[Score], before: Score, after: Score) -> Outcome:
    """`before` is the clean take that the defect was planted into."""
    threes = list(combinations(clean, 3))
    return Outcome(
        subject=subject,
        defect=defect,
        severity=severity,
        won_pairs=sum(is_first(after, (each,)) for each in clean),
        pairs=len(clean),
        won_threes=sum(is_first(after, three) for three in threes),
        threes=len(threes),
        meant=moved_as_meant(defect, before, after),
        total=after.total,
        clean=before.total,
        why=after.why,
        fell=" | ".join(_low(each) for each in (after, *clean)),
    )


def _low(score: Score) -> str:
    low = (f"{name} {each.scaled:.2f}" for name, each in score.components.items() if each.scaled < 1)
    return f"{score.total:.1f} " + ", ".join(low)


def is_first(spoiled: Score, clean: Iterable[Score]) -> bool:
    """Whether a clean take ranks first; the spoiled one has the number that wins draws."""
    return ranked({number: score.document() for number, score in enumerate((spoiled, *clean), 1)})[0].take != 1


def moved_as_meant(defect: str, before: Score, after: Score) -> bool:
    """Whether no component fell further than the one meant for the defect, or its gate caught it."""
    component, gate = MEANT[defect]
    if gate and after.gates[gate]:
        return True
    fell = {name: before.components[name].scaled - each.scaled for name, each in after.components.items()}
    return fell[component] > 0 and fell[component] >= max(fell.values())


def trial(subject: Subject, width: int, frames: int) -> list[Outcome]:
    """Every defect of one photograph."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bed = Bed(subject, width, frames, folder)
        other = Bed(SUBJECTS[SUBJECTS.index(subject) - 1], width, frames, folder)
        clean = [scored(subject, bed.clean(seed), folder) for seed in CLEAN]
        base = bed.clean(SPOILED)
        before = scored(subject, base, folder)
        return [
            outcome(subject.name, defect, severity, clean, before, scored(subject, spoiled, folder))
            for defect in STATED
            for severity in SEVERITIES
            for spoiled in [bed.spoiled(defect, severity, base, SPOILED, lambda: other.clean(1))]
        ]


def table(found: Sequence[Outcome]) -> str:
    """Shares of sets won, by defect and severity: pairs / threes, and how often the defect moved what it should."""
    lines = [f"{'':17}" + "".join(f"{f'severity {severity}':>16}" for severity in SEVERITIES) + f"{'as meant':>11}"]
    for defect in STATED:
        of = [each for each in found if each.defect == defect]
        cells = [_shares([each for each in of if each.severity == severity]) for severity in SEVERITIES]
        lines.append(f"{defect:17}" + "".join(f"{cell:>16}" for cell in cells) + f"{_meant(of):>11}")
    cells = [_shares([each for each in found if each.severity == severity]) for severity in SEVERITIES]
    lines.append(f"{'all':17}" + "".join(f"{cell:>16}" for cell in cells) + f"{_meant(found):>11}")
    return "\n".join([*lines, summary(found)])


def summary(found: Sequence[Outcome]) -> str:
    high = [each for each in found if each.severity > 1]
    return f"a clean take first: {share(found):.2%} of all sets, {share(high):.2%} at severities 2 and 3"


def share(found: Sequence[Outcome]) -> float:
    """Of all sets, pairs and threes, those that a clean take won."""
    won = sum(each.won_pairs + each.won_threes for each in found)
    return won / max(1, sum(each.pairs + each.threes for each in found))


def _shares(found: Sequence[Outcome]) -> str:
    pairs = sum(each.won_pairs for each in found) / max(1, sum(each.pairs for each in found))
    threes = sum(each.won_threes for each in found) / max(1, sum(each.threes for each in found))
    return f"{pairs:.1%} / {threes:.1%}"


def _meant(found: Sequence[Outcome]) -> str:
    return f"{sum(each.meant for each in found)} of {len(found)}"


def main() -> None:
    """Run the trial and print its tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("subjects", nargs="*", help="photographs by name; all without")
    asked.add_argument("--jobs", type=int, default=1)
    asked.add_argument("--width", type=int, default=640)
    asked.add_argument("--frames", type=int, default=48)
    asked.add_argument("--json", type=Path, help="keep every outcome there")
    given = asked.parse_args()
    subjects = [each for each in SUBJECTS if not given.subjects or each.name in given.subjects]
    found: list[Outcome] = []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for each in [pool.submit(trial, subject, given.width, given.frames) for subject in subjects]:
            found += each.result()
            sys.stderr.write(f"{found[-1].subject}: {summary(found)}\n")
            for lost in found[-24:]:
                if lost.won_pairs + lost.won_threes < lost.pairs + lost.threes or not lost.meant:
                    sys.stderr.write(f"    {lost}\n")
    if given.json:
        given.json.write_text(json.dumps([each.__dict__ for each in found], indent=1))
    tuned = [each for each in found if each.subject in TUNED]
    held_out = [each for each in found if each.subject not in TUNED]
    for name, part in {"all": found, "tuned on": tuned, "held out": held_out}.items():
        if part:
            sys.stdout.write(f"\n{name}: {len({each.subject for each in part})} photographs\n{table(part)}\n")


if __name__ == "__main__":
    main()
