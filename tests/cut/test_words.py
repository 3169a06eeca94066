"""Words on pictures: they fit, in any script, and never end a render."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries
from PIL import Image, ImageDraw

from farm.cut.slate import slate
from farm.cut.text import Style, _directions, _runs, draw_line, line_width, shortened, wrapped
from farm.cut.timecode import timecode

STYLE = Style(20, (255, 255, 255))
WORDS = st.text(max_size=60)


@settings(max_examples=tries(30), deadline=None)
@given(WORDS, st.integers(40, 300))
def test_any_line_fits_its_room(words, room):
    assert line_width(shortened(words, STYLE, room), STYLE) <= room


@settings(max_examples=tries(30), deadline=None)
@given(WORDS, st.integers(40, 300), st.integers(1, 4))
def test_any_text_fits_its_lines(words, room, most):
    lines = wrapped(words, STYLE, room, most)

    assert len(lines) <= most
    assert all(line_width(line, STYLE) <= room for line in lines)


def test_text_that_fits_is_not_touched():
    assert shortened("pans left", STYLE, 300) == "pans left"
    assert wrapped("one two three", STYLE, 300, 2) == ["one two three"]
    assert " ".join(wrapped("one two three four five six", STYLE, 120, 5)) == "one two three four five six"


def drawn(words):
    image = Image.new("RGB", (400, 40))
    draw_line(ImageDraw.Draw(image), (4, 4), words, STYLE, 390)
    return np.asarray(image)


@pytest.mark.parametrize("words", ["Größe", "Жизнь", "Ελλάδα", "“quoted” – 20 €"])
def test_european_letters_are_drawn_as_themselves(words):
    assert not np.array_equal(drawn(words), drawn("?" * len(words)))
    for letter in words.replace(" ", ""):
        if letter != "?":
            assert not np.array_equal(drawn(letter), drawn("?"))


def test_what_no_face_can_draw_is_a_question_mark():
    assert np.array_equal(drawn("\U0010fffd"), drawn("?"))


@pytest.mark.parametrize(
    ("frame", "fps", "expected"),
    [
        (0, Fraction(24), "01:00:00:00"),
        (101, Fraction(24), "01:00:04:05"),
        (101, Fraction(24000, 1001), "01:00:04:05"),
        (30 * 60 * 10 - 18, Fraction(30000, 1001), "01:10:00;00"),
        (25 * 3600, Fraction(25), "02:00:00:00"),
    ],
)
def test_timecode(frame, fps, expected):
    assert timecode(frame, fps) == expected


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (192, 108), (64, 64)], ids=str)
def test_a_slate_is_made_at_every_size(size):
    width, height = size
    still = np.full((90, 160, 3), 200, np.uint8)
    words = {"heading": "show", "code": "sh010" * 8, "reason": "every take failed " * 9, "footer": "12 frames"}

    shown, plain = slate(still, width, height, **words), slate(None, width, height, **words)

    assert shown.shape == plain.shape == (height, width, 3)
    assert shown.max() > 200
    assert np.median(shown) < 120
    assert not np.array_equal(shown, plain)


ARABIC, HINDI = "سلام", "दृश्य"


def drawable(letter):
    return not np.array_equal(drawn(letter), drawn("?"))


@pytest.mark.parametrize("words", [ARABIC, HINDI], ids=["Arabic", "Devanagari"])
def test_letters_that_join_are_shaped_together(words):
    if not all(map(drawable, words)):
        pytest.skip("this machine has no face for it")
    apart = "\u200c".join(words)
    assert not np.array_equal(drawn(words), drawn(apart))
    assert line_width(words, STYLE) < sum(line_width(letter, STYLE) for letter in words)


def sides(words):
    return "".join("<" if leftwards else ">" for leftwards in _directions(words))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sh010 a", ">>>>>>>"),
        (f"sh010 {ARABIC} a", ">>>>>>" + "<<<<" + ">>"),
        (f"{ARABIC} sh010 {ARABIC}", "<<<<<" + ">>>>>" + "<<<<<"),
        (f"{ARABIC} 12", "<<<<<<<"),
        (f"\u200e{ARABIC} \u200e·\u200e {ARABIC}", "><<<<>>>>><<<<"),
        ("12 · 3", ">>>>>>"),
    ],
)
def test_which_way_each_letter_is_written(words, expected):
    assert sides(words) == expected


def test_a_line_in_arabic_is_laid_out_from_the_right():
    if not all(map(drawable, ARABIC)):
        pytest.skip("this machine has no face for it")
    alone, line = drawn("MMM"), drawn(f"{ARABIC} MMM")
    assert np.array_equal(alone[:, 4:50], line[:, 4:50])


def test_words_stay_one_run_across_their_spaces():
    (run,) = _runs("a b  c", STYLE)
    assert run.letters == "a b  c"
