"""The script that painted the stills still paints them: small, but the same pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

DEMO = Path(__file__).resolve().parents[2] / "jobs" / "demo"
PAINT = [sys.executable, str(DEMO / "paint")]
WIDTH, HEIGHT = 320, 180
LIKE = 0.95
"""Depth maps widen what is near by two of their own pixels, which is more of a small map."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of every still and map, painted small."""
    folder = tmp_path_factory.mktemp("stills")
    subprocess.run([*PAINT, "--width", str(WIDTH), "--out", str(folder)], check=True, capture_output=True, timeout=120)
    return folder


def likeness(a: Path, b: Path) -> float:
    """Correlation of two pictures at WIDTH x HEIGHT, grain and pixel edges blurred away."""
    pictures = [cv2.imread(str(path)) for path in (a, b)]
    seen = [
        cv2.GaussianBlur(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), (0, 0), 2).ravel()
        for picture in pictures
        if picture is not None
    ]
    return float(np.corrcoef(seen)[0, 1])


def test_the_script_paints_what_is_committed(small: Path) -> None:
    committed = sorted(path.name for path in (DEMO / "stills").iterdir())
    assert sorted(path.name for path in small.iterdir()) == committed
    alike = {name: likeness(small / name, DEMO / "stills" / name) for name in committed}
    assert {name: round(value, 3) for name, value in alike.items() if value < LIKE} == {}


def test_the_same_code_paints_the_same_bytes(small: Path, tmp_path: Path) -> None:
    subprocess.run([*PAINT, "window", "--width", str(WIDTH), "--out", str(tmp_path)], check=True, capture_output=True)
    assert (tmp_path / "window.jpg").read_bytes() == (small / "window.jpg").read_bytes()


def test_an_unknown_picture_is_refused_by_name() -> None:
    refused = subprocess.run([*PAINT, "volcano"], check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "no such picture: volcano" in refused.stderr
