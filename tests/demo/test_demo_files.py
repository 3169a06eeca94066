"""The demo's own files keep what lint asks of anybody's: size, light, sharpness, and paths that exist."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

DEMO = Path(__file__).resolve().parents[2] / "jobs" / "demo"
STILLS = sorted((DEMO / "stills").glob("*.jpg"))
MAPS = sorted((DEMO / "stills").glob("*.png"))
ROWS = list(csv.DictReader((DEMO / "shots.csv").read_text(encoding="utf-8").splitlines()))
GRID = 4


@pytest.fixture(params=STILLS, ids=lambda path: path.stem)
def luma(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    """A still's luma, (1080, 1920)."""
    picture = cv2.imread(str(request.param), cv2.IMREAD_COLOR)
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8)


def best_tile(luma: NDArray[np.uint8]) -> float:
    """Laplacian variance of the sharpest of GRID x GRID tiles, the long edge at 512 pixels."""
    height, width = luma.shape
    small = cv2.resize(luma, (512, round(512 * height / width)), interpolation=cv2.INTER_AREA)
    rows = np.array_split(cv2.Laplacian(small, cv2.CV_64F), GRID, axis=0)
    return max(float(tile.var()) for row in rows for tile in np.array_split(row, GRID, axis=1))


def test_there_are_at_least_eight_stills() -> None:
    assert len(STILLS) >= 8


@pytest.mark.parametrize("path", STILLS, ids=lambda path: path.stem)
def test_a_still_is_1080p_and_light_to_carry(path: Path) -> None:
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.shape == (1080, 1920, 3)
    assert path.stat().st_size < 500_000


def test_a_still_is_well_exposed(luma: NDArray[np.uint8]) -> None:
    clipped = float(np.mean((luma <= 2) | (luma >= 253)))
    assert luma.mean() > 35
    assert clipped < 0.15


def test_a_still_has_a_sharp_subject(luma: NDArray[np.uint8]) -> None:
    assert best_tile(luma) > 60


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_a_map_is_small_gray_and_not_flat(path: Path) -> None:
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert values is not None
    assert values.shape == (540, 960)
    assert path.stat().st_size < 300_000
    assert values.max() > 120
    assert values.min() < 60


def test_three_stills_have_depth_and_one_has_a_mask() -> None:
    names = [path.name for path in MAPS]
    assert sum(name.endswith(".depth.png") for name in names) >= 3
    assert sum(name.endswith(".mask.png") for name in names) >= 1


@pytest.mark.parametrize("name", [f"{still}.depth.png" for still in ("lake", "lighthouse", "street", "bottle")])
def test_depth_is_white_where_the_ground_is_near(name: str) -> None:
    depth = cv2.imread(str(DEMO / "stills" / name), cv2.IMREAD_GRAYSCALE)
    assert depth is not None
    assert depth[-20:].mean() > depth[:20].mean() + 40


def test_every_path_in_the_list_exists_and_every_still_is_used() -> None:
    named = {row[column] for row in ROWS for column in ("Still", "End", "Depth", "Mask") if row[column]}
    missing = sorted(name for name in named if not (DEMO / name).is_file())
    unused = [path.name for path in (*STILLS, *MAPS) if f"stills/{path.name}" not in named]
    assert (missing, unused) == ([], [])


def test_the_list_is_a_short_film() -> None:
    assert 27 <= sum(float(row["Duration"]) for row in ROWS) <= 32
    assert [row["Shot"] for row in ROWS] == [f"sh{number:03d}" for number in range(10, 10 * len(ROWS) + 1, 10)]
    assert {row["Sequence"] for row in ROWS} == {"sq010", "sq020"}
    assert {row["Takes"] for row in ROWS} == {"2", "3"}


@pytest.mark.parametrize("fps", [24])
def test_every_shot_is_a_whole_number_of_frames(fps: int) -> None:
    assert all((float(row["Duration"]) * fps).is_integer() for row in ROWS)


@pytest.mark.parametrize(
    "words",
    [
        "push in",
        "pull back",
        "pan (left|right)",
        "tilt (up|down)",
        "orbit (left|right)",
        "truck",
        "static camera.*rain",
    ],
)
def test_the_list_shows_the_move(words: str) -> None:
    assert any(re.search(words, row["Prompt"], re.IGNORECASE) for row in ROWS)


def test_the_list_shows_a_loop_an_end_frame_and_parallax() -> None:
    assert [row["Shot"] for row in ROWS if row["Loop"] == "yes"]
    assert [row["Shot"] for row in ROWS if row["End"]]
    assert [row["Shot"] for row in ROWS if row["Depth"] and "orbit" in row["Prompt"]]


def test_the_project_says_what_the_list_leaves_out() -> None:
    project = yaml.safe_load((DEMO / "project.yaml").read_text(encoding="utf-8"))
    presets = project.pop("presets")
    assert project == {"project": "demo", "fps": 24, "size": "1280x720", "fit": "crop"}
    assert [preset["name"] for preset in presets] == ["dailies"]
