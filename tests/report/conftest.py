"""Accounts of jobs as a report is made of them, with movies and pictures to play where a test asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import CHROMIUM, Browser

from farm.media import PROXY, Encoder, Target, write_jpeg
from farm.report import html
from farm.summary import JobSummary, Remedy, ShotSummary, StageSummary, TakeSummary

KEY = "publish/demo/shots/report/v001/report.html"
SIZE = (320, 180)
RATE = 24


def make_take(number: int, shot: str = "sh010", **changes: Any) -> TakeSummary:
    folder = f"store/demo/proxy/{shot}/{number}"
    asked = {
        "number": number,
        "model": "animatic",
        "label": f"variant {number}",
        "state": "done",
        "seed": 1000 + number,
        "score": 90.0 - number,
        "passed": True,
        "why": "pans left as asked; stays sharp",
        "chosen": number == 1,
        "seconds": 4.2,
        "proxy": f"{folder}/proxy.mp4",
        "poster": f"{folder}/poster.jpg",
        "mezzanine": f"store/demo/mezzanine/{shot}/{number}/mezzanine.mkv",
        "score_file": f"store/demo/log/{shot}/{number}/score.json",
        "components": {"flicker": 1.0, "motion": 0.59, "likeness": 0.7},
        "width": SIZE[0],
        "height": SIZE[1],
        "frames": 48,
        "rate": "24",
        "cost_micros": 0,
        "approve": "" if number == 1 else f"farm approve shots-1a {shot} {number} --out /out",
    }
    return TakeSummary.model_validate(asked | changes)


def make_shot(code: str, count: int = 3, **changes: Any) -> ShotSummary:
    asked = {
        "code": code,
        "sequence": "sq010",
        "row": "shots.csv:2",
        "state": "done",
        "prompt": "slow pan left",
        "frames": 48,
        "fps": "24",
        "seconds": 2.0,
        "takes": tuple(make_take(number, code) for number in range(1, count + 1)),
        "clips": {"review": f"publish/demo/sq010/{code}/review/v001/demo_sq010_{code}_review_v001.mp4"},
        "comparison": f"publish/demo/sq010/{code}/takes/v001/{code}_side-by-side.mp4",
        "takes_sheet": f"publish/demo/sq010/{code}/takes/v001/{code}_contact-sheet.jpg",
    }
    return ShotSummary.model_validate(asked | changes)


def make_job(*shots: ShotSummary, **changes: Any) -> JobSummary:
    folder = "publish/demo/shots/animatic/v001/demo_shots_animatic_v001"
    files = {"movie": f"{folder}.mp4", "timeline": f"{folder}.otio", "contact_sheet": f"{folder}_contact-sheet.jpg"}
    asked = {
        "job": "shots-1a",
        "project": "demo",
        "name": "shots",
        "out": "/out",
        "frames": 48 * len(shots),
        "fps": "24",
        "seconds": 2.0 * len(shots),
        "shots": shots,
        "animatic": files["movie"],
        "timeline": files["timeline"],
        "contact_sheet": files["contact_sheet"],
        "files": files,
        "stages": (StageSummary(stage="generate", tasks=3, seconds=75.0),),
    }
    return JobSummary.model_validate(asked | changes)


def held(code: str) -> ShotSummary:
    takes = tuple(
        make_take(n, code, chosen=False, approve=f"farm approve shots-1a {code} {n} --out /out") for n in (1, 2)
    )
    remedy = Remedy(words="choose a take", command=takes[0].approve)
    return make_shot(
        code, state="held", reason="on hold: a take is to be chosen", takes=takes, clips={}, remedies=(remedy,)
    )


def failed(code: str) -> ShotSummary:
    remedy = Remedy(words="correct shots.csv:9")
    return make_shot(
        code,
        0,
        state="failed",
        reason="shots.csv:9: no such file",
        clips={},
        comparison="",
        takes_sheet="",
        remedies=(remedy,),
    )


@pytest.fixture
def take() -> Callable[..., TakeSummary]:
    return make_take


@pytest.fixture
def shot() -> Callable[..., ShotSummary]:
    return make_shot


@pytest.fixture
def job() -> Callable[..., JobSummary]:
    return make_job


@pytest.fixture
def held_shot() -> Callable[[str], ShotSummary]:
    return held


@pytest.fixture
def failed_shot() -> Callable[[str], ShotSummary]:
    return failed


@pytest.fixture
def on_disk(tmp_path: Path) -> Callable[[JobSummary], str]:
    """Writes a report and every take it shows, each of its own shade and a step brighter a frame; gives its URL."""

    def write(summary: JobSummary) -> str:
        for number, each in enumerate(take for one in summary.shots for take in one.takes if take.proxy):
            _movie(tmp_path / each.proxy, 40 + 12 * (number % 8), each.frames, Fraction(each.rate))
            write_jpeg(tmp_path / each.poster, np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
        if summary.animatic:
            _movie(tmp_path / summary.animatic, 60, 48, Fraction(RATE))
        page = tmp_path / KEY
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html(summary, KEY), encoding="utf-8")
        return page.as_uri()

    return write


def _movie(path: Path, shade: int, count: int, fps: Fraction) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Encoder([Target(path, PROXY)], width=SIZE[0], height=SIZE[1], fps=fps) as encoder:
        for number in range(count):
            encoder.write(np.full((SIZE[1], SIZE[0], 3), shade + 2 * number, np.uint8))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with Browser.started(tmp_path_factory.mktemp("profile")) as started:
        yield started
