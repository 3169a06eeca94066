"""Timecode: names of frames, and back."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.shots.reading.values import BadValue
from farm.shots.timecode import Timebase

NTSC = Fraction(30000, 1001)
BASES = [
    *(Timebase(fps) for fps in (Fraction(24000, 1001), Fraction(24), Fraction(25), NTSC, Fraction(30), Fraction(60))),
    Timebase(NTSC, drop=True),
    Timebase(2 * NTSC, drop=True),
]


@given(st.sampled_from(BASES), st.integers(0, 24 * 3600 * 23))
def test_a_frame_is_the_frame_of_its_name(base, frame):
    assert base.frame(base.text(frame)) == frame


@given(st.sampled_from([base for base in BASES if base.nominal <= 30]), st.integers(0, 24 * 3600 * 23))
def test_names_are_those_of_opentimelineio(base, frame):
    time = otio.opentime.RationalTime(frame, float(base.fps))
    assert base.text(frame) == otio.opentime.to_timecode(time, float(base.fps), base.drop)


@pytest.mark.parametrize(
    ("base", "frame", "name"),
    [
        (Timebase(NTSC, drop=True), 1799, "00:00:59;29"),
        (Timebase(NTSC, drop=True), 1800, "00:01:00;02"),
        (Timebase(NTSC, drop=True), 17982, "00:10:00;00"),
        (Timebase(2 * NTSC, drop=True), 3600, "00:01:00;04"),
        (Timebase(Fraction(24)), 1001, "00:00:41:17"),
        (Timebase(Fraction(25)), 24 * 3600 * 25, "00:00:00:00"),
    ],
)
def test_names(base, frame, name):
    assert base.text(frame) == name


def test_every_rate_starts_at_one_hour():
    assert [base.text(base.start)[:8] for base in BASES] == ["01:00:00"] * len(BASES)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("01:00:00;25", "no timecode at 25"),
        ("01:60:00:00", "no timecode at 25"),
        ("1001", "is no timecode"),
        ("-1:00:00:00", "is no timecode"),
    ],
)
def test_what_is_no_timecode_is_said(written, said):
    with pytest.raises(BadValue, match=said):
        Timebase(Fraction(25)).frame(written)


def test_a_name_that_drop_frame_leaves_out_is_refused():
    with pytest.raises(BadValue, match="leaves out"):
        Timebase(NTSC, drop=True).frame("00:01:00;01")
