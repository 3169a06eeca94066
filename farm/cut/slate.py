"""The slate: what stands in the cut where a shot has no clip. Its still, dimmed, under words that say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw

from farm.cut.text import Style, draw_line, draw_lines
from farm.fitting import fitted
from farm.shots.model import Fit

if TYPE_CHECKING:
    from farm.models.spec import Frame

WHITE = (242, 242, 240)
GREY = (168, 170, 174)
AMBER = (240, 176, 72)

_DIM = 0.55
_GROUND = (26, 28, 31)


def slate(still: Frame | None, width: int, height: int, *, heading: str, code: str, reason: str, footer: str) -> Frame:
    """A picture of (`height`, `width`, 3): the shot's code, why there is no clip, and where it stands in the cut."""
    ground = _plain(width, height) if still is None else _dimmed(fitted(still, width, height, Fit.CROP))
    image = Image.fromarray(ground)
    draw = ImageDraw.Draw(image)
    unit = min(height, width * 9 // 16)
    left, room = round(width * 0.06), round(width * 0.88)
    small, large, plain = (
        Style(max(9, round(unit * 0.030)), GREY),
        Style(max(14, round(unit * 0.120)), WHITE, strong=True),
        Style(max(10, round(unit * 0.044)), AMBER),
    )
    bottom = height - round(height * 0.08)
    draw_line(draw, (left, bottom - small.line_height), footer, small, room)
    top = bottom - small.line_height - round(unit * 0.04) - 2 * plain.line_height
    draw_lines(draw, (left, top), reason, plain, room, most=2)
    rule = top - round(unit * 0.03)
    draw.rectangle((left, rule, left + round(unit * 0.10), rule + max(1, unit // 240)), fill=AMBER)
    top = rule - round(unit * 0.02) - large.line_height
    draw_line(draw, (left, top), code, large, room)
    draw_line(draw, (left, top - small.line_height), heading, small, room)
    return np.asarray(image, np.uint8)


def _dimmed(picture: Frame) -> Frame:
    """Darker towards the foot, half its colour gone, a little out of focus: clearly not a rendered frame."""
    height = picture.shape[0]
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.6, height / 240)).astype(np.float32)
    grey = soft @ np.array((0.2126, 0.7152, 0.0722), np.float32)
    muted = soft * 0.5 + grey[..., None] * 0.5
    ramp = np.linspace(1.0, 0.25, height, dtype=np.float32)[:, None, None]
    return np.round(muted * (_DIM * ramp)).astype(np.uint8)


def _plain(width: int, height: int) -> Frame:
    ramp = np.linspace(1.25, 0.75, height, dtype=np.float32)[:, None, None]
    return np.round(np.broadcast_to(np.array(_GROUND, np.float32) * ramp, (height, width, 3))).astype(np.uint8)
