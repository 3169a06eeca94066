"""rigid: whatever a camera can do leaves nothing unexplained; melting does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from farm.scoring.rigid import anchors, unexplained, wandering
from farm.scoring.similarity import Similarity

RNG = np.random.default_rng(4)
PLACES = RNG.uniform(-0.5, 0.5, (200, 2)) * (1, 0.56)
NEARNESS = RNG.uniform(0.2, 1.0, (200, 1))

CAMERA = {
    "pan": np.full((200, 2), (0.04, -0.01)),
    "roll and zoom": PLACES @ np.array([[0.02, -0.05], [0.05, 0.02]]),
    "shear of a ground plane": PLACES[:, 1:] * (0.08, 0),
    "truck past things near and far": NEARNESS * (0.05, 0),
    "push toward a point off the middle": NEARNESS * (PLACES - (0.1, -0.05)) * 0.1,
}


@pytest.mark.parametrize("move", CAMERA)
def test_what_a_camera_can_do_is_explained(move):
    assert np.median(unexplained(PLACES, CAMERA[move])) < 0.0015


def test_what_wanders_on_its_own_is_not():
    wandering_parts = 0.01 * RNG.normal(0, 1, (200, 2))

    assert np.median(unexplained(PLACES, CAMERA["pan"] + wandering_parts)) > 0.003


def grey(width=512):
    return cv2.cvtColor(cv2.resize(data.coffee()[:337], (width, width * 9 // 16)), cv2.COLOR_RGB2GRAY)


def test_a_picture_that_moves_as_one_does_not_wander_and_one_that_bends_does():
    first = grey()
    height, width = first.shape
    path = Similarity(1.08 + 0.02j, 0.03 - 0.01j)
    moved = cv2.warpAffine(first, path.matrix(width, height), (width, height), flags=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bent = cv2.remap(moved, x + 4 * np.sin(y / 15), y + 4 * np.sin(x / 15), cv2.INTER_CUBIC)

    assert wandering(first, anchors(first), moved, path) < 0.0005
    assert wandering(first, anchors(first), bent, path) > 0.002
    assert wandering(first, anchors(first), cv2.convertScaleAbs(moved, alpha=1.1), path) < 0.0006


def test_nothing_is_said_of_a_picture_without_corners():
    plain = np.full((288, 512), 90, np.uint8)

    assert wandering(plain, anchors(plain), plain, Similarity()) is None
