"""Timecode against a clock that counts frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from farm.shots.timecode import Timebase

NTSC = Fraction(30000, 1001)


def timecode(frame: int, fps: Fraction, *, drop_frame: bool = False) -> str:
    return Timebase.of(fps, drop_frame=drop_frame).text(frame)


@pytest.mark.parametrize(
    ("frame", "fps", "said"),
    [
        (1001, Fraction(24), "00:00:41:17"),
        (1001, Fraction(24000, 1001), "00:00:41:17"),
        (1001, Fraction(25), "00:00:40:01"),
        (1001, NTSC, "00:00:33:11"),
        (0, Fraction(24), "00:00:00:00"),
        (-24, Fraction(24), "23:59:59:00"),
        (1001, Fraction(120), "00:00:08:041"),
    ],
)
def test_the_first_frame(frame, fps, said):
    assert timecode(frame, fps) == said


def counted(nominal: int) -> Iterator[str]:
    """Drop-frame timecode as a counter that skips numbers would show it."""
    for minute in range(21):
        first = nominal // 15 if minute % 10 else 0
        for number in range(first, 60 * nominal):
            yield f"00:{minute:02}:{number // nominal:02};{number % nominal:02}"


@pytest.mark.parametrize("nominal", [30, 60])
def test_drop_frame_leaves_out_numbers_and_no_frames(nominal):
    fps = Fraction(nominal * 1000, 1001)
    for frame, said in enumerate(counted(nominal)):
        assert timecode(frame, fps, drop_frame=True) == said


def test_drop_frame_keeps_to_the_clock_for_a_day():
    frames_in_an_hour = round(3600 * NTSC)
    assert timecode(frames_in_an_hour, NTSC, drop_frame=True) == "01:00:00;00"
    assert timecode(24 * 107892, NTSC, drop_frame=True) == "00:00:00;00"


def test_other_rates_have_no_drop_frame():
    assert timecode(1800, Fraction(30), drop_frame=True) == "00:01:00:00"
    assert timecode(1800, Fraction(24000, 1001), drop_frame=True) == "00:01:15:00"
