"""Text becomes values; what cannot says why and what to write instead."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.shots.model import Fit
from farm.shots.reading import pixels, slugs, timing, values
from farm.shots.reading.values import BadValue


def complaint(parse: object, raw: object) -> str:
    with pytest.raises(BadValue) as caught:
        parse(raw)  # type: ignore[operator]
    return f"{caught.value.problem} | {caught.value.remedy}"


@pytest.mark.parametrize(
    ("written", "fps", "frames"),
    [
        ("3.5", Fraction(24), 84),
        ("3,5", Fraction(24), 84),
        ("3.5s", Fraction(24), 84),
        ("3,5 sec", Fraction(24), 84),
        ("3500 ms", Fraction(24), 84),
        ("84f", Fraction(24), 84),
        ("84 frames", Fraction(25), 84),
        ("0:03", Fraction(24), 72),
        ("0:00:03.5", Fraction(24), 84),
        ("00:00:03:12", Fraction(24), 84),
        ("00:00:03:12", Fraction(24000, 1001), 84),
        ("00:01:00:00", Fraction(24000, 1001), 1440),
        ("60", Fraction(24000, 1001), 1439),
        ("00:01:00;02", Fraction(30000, 1001), 1800),
        ("00:10:00;00", Fraction(30000, 1001), 17982),
        ("00:01:00;04", Fraction(60000, 1001), 3600),
        ("7/2", Fraction(24), 84),
        ("0.0625", Fraction(24), 2),  # a frame and a half goes up
        ("0.0208334", Fraction(24), 1),
        ("600", Fraction(24), 14400),
    ],
)
def test_a_length_is_frames_at_a_rate(written: str, fps: Fraction, frames: int) -> None:
    assert timing.length(written).frames_at(fps) == frames


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("0", "0 s is no length"),
        ("0.0", "0.0 s is no length"),
        ("0f", "0f is no length"),
        ("00:00:00:00", "00:00:00:00 is no length"),
        ("-3", "-3 is negative"),
        ("-3f", "-3f is negative"),
        ("long", '"long" is no length'),
        ("1e999 s", '"1e999 s" is no length'),
        ("3.5f", '"3.5f" is no length'),
        ("00:61:00:00", "00:61:00:00 is no timecode"),
        ("nan", '"nan" is no length'),
        ("1" * 400, '"111111111111111111111111111111111111111…" is no length'),
    ],
)
def test_what_is_no_length_says_how_to_write_one(written: str, problem: str) -> None:
    remedy = "give seconds above 0, frames such as 77f, or a timecode 00:00:03:05"
    assert complaint(timing.length, written) == f"{problem} | {remedy}"


def test_a_comma_that_can_be_read_two_ways_is_refused() -> None:
    assert complaint(timing.length, "1,250") == '"1,250" can be read two ways | write it without a comma'
    assert values.number("0,250") == Fraction(1, 4)


@pytest.mark.parametrize(
    ("written", "fps", "problem"),
    [
        ("0.02", Fraction(24), "0.02 is shorter than one frame at 24 fps"),
        ("601", Fraction(24), "601 is longer than ten minutes"),
        ("99:00:00:00", Fraction(24), "99:00:00:00 is longer than ten minutes"),
        ("00:00:03:24", Fraction(24), "00:00:03:24 is no timecode at 24 fps"),
        ("00:00:03;12", Fraction(24), "00:00:03;12 is no timecode at 24 fps"),
        ("00:00:03;12", Fraction(30), "00:00:03;12 is no timecode at 30 fps"),
    ],
)
def test_a_length_is_judged_at_its_rate(written: str, fps: Fraction, problem: str) -> None:
    assert complaint(timing.length(written).frames_at, fps).startswith(problem)


@pytest.mark.parametrize(
    ("written", "fps"),
    [
        ("24", Fraction(24)),
        ("24.0", Fraction(24)),
        ("25 fps", Fraction(25)),
        ("23.976", Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("23,976", Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("119.88", Fraction(120000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        ("12.5", Fraction(25, 2)),
        (24, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        ("240", Fraction(240)),
        ("0", None),
        ("241", None),
        ("fps", None),
        ("24/0", None),
    ],
)
def test_a_rate_is_exact(written: object, fps: Fraction | None) -> None:
    if fps is None:
        assert complaint(timing.rate, written)
    else:
        assert timing.rate(written) == fps


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("1920x1080", (1920, 1080)), ("1920 × 1080", (1920, 1080)), ("1920X1080", (1920, 1080)),
        ("1080p", (1920, 1080)), ("720p", (1280, 720)), ("4K UHD", (3840, 2160)), ("4k-dci", (4096, 2160)),
        ((1280, 720), (1280, 720)), (["64", "8192"], (64, 8192)),
    ],
)  # fmt: skip
def test_sizes(written: object, size: tuple[int, int]) -> None:
    assert pixels.size(written) == size


@pytest.mark.parametrize(
    ("written", "complains"),
    [
        ("1921x1080", "1921x1080 has an odd side, which video cannot hold | write 1920x1080"),
        ("62x64", "62x64 is out of reach | sides go from 64 to 8192 pixels"),
        ("9000x1080", "9000x1080 is out of reach | sides go from 64 to 8192 pixels"),
        ("big", '"big" is no size | write 1920x1080 or 1080p'),
        ("1920", '"1920" is no size | write 1920x1080 or 1080p'),
    ],
)
def test_bad_sizes(written: str, complains: str) -> None:
    assert complaint(pixels.size, written) == complains


@pytest.mark.parametrize(
    ("aspect", "box", "size"),
    [
        ("16:9", (1920, 1080), (1920, 1080)),
        ("9:16", (1920, 1080), (1080, 1920)),
        ("1:1", (1920, 1080), (1080, 1080)),
        ("square", (1080, 1920), (1080, 1080)),
        ("2.39", (1920, 1080), (1920, 804)),
        ("1.85:1", (1920, 1080), (1920, 1038)),
        ("4:3", (1920, 1080), (1440, 1080)),
        ("16:09:00", (1920, 1080), (1920, 1080)),
        ("4x5", (1920, 1080), (1080, 1350)),
    ],
)
def test_an_aspect_takes_its_frame_out_of_the_list_s_size(
    aspect: str, box: tuple[int, int], size: tuple[int, int]
) -> None:
    assert pixels.framed(box, pixels.aspect(aspect)) == size


@pytest.mark.parametrize("written", ["wide", "16:9:1", "0:9", "9:0", "100:1", ""])
def test_bad_aspects(written: str) -> None:
    assert complaint(pixels.aspect, written) == f'"{written}" is no aspect | write 16:9, 9:16, 2.39 or square'


@given(st.fractions(Fraction(1, 5), Fraction(5)), st.integers(32, 4096), st.integers(32, 4096))
def test_a_frame_is_even_and_inside_its_box(ratio: Fraction, half_width: int, half_height: int) -> None:
    box = (2 * half_width, 2 * half_height)
    size = pixels.framed(box, ratio)
    assert all(side % 2 == 0 for side in size)
    assert max(size) <= max(box)
    assert min(size) <= min(box)


@pytest.mark.parametrize(
    ("parse", "written", "value"),
    [
        (values.percentage, "0.7", 0.7),
        (values.percentage, "70%", 0.7),
        (values.percentage, "0,7", 0.7),
        (values.percentage, 1, 1.0),
        (values.yes_no, "Yes", True),
        (values.yes_no, "x", True),
        (values.yes_no, "0", False),
        (values.yes_no, True, True),
        (values.whole(1, 16), "4", 4),
        (values.whole(1, 16), "4.0", 4),
        (values.money, "12,50", Fraction(25, 2)),
        (values.choice(Fit), "Pad", Fit.PAD),
        (values.choice(Fit), Fit.OVERSCAN, Fit.OVERSCAN),
        (values.names, "a, b;a", ("a", "b")),
        (values.names, ["wan2.2-i2v", "org/model:1"], ("wan2.2-i2v", "org/model:1")),
        (values.several, "a,b.png; c.png", ("a,b.png", "c.png")),
        (values.several, "a.png, b.png", ("a.png", "b.png")),
        (values.pairs, "kitsu=12; shotgrid=ab", {"kitsu": "12", "shotgrid": "ab"}),
        (values.pairs, {"kitsu": 12}, {"kitsu": "12"}),
        (values.text, " a\u0301\r\nb ", "\u00e1\nb"),
    ],
)
def test_other_values(parse: object, written: object, value: object) -> None:
    assert parse(written) == value  # type: ignore[operator]


@pytest.mark.parametrize(
    ("parse", "written", "complains"),
    [
        (values.percentage, "70", "70 is not between 0 and 1 | write 0.7 or 70%"),
        (values.yes_no, "maybe", '"maybe" is neither yes nor no | write yes or no'),
        (values.whole(1, 16), "0", "0 is no whole number from 1 to 16 | "),
        (values.whole(1, 16), "2.5", "2.5 is no whole number from 1 to 16 | "),
        (values.money, "-1", "-1 is negative | write 0 or more"),
        (values.choice(Fit), "cropp", '"cropp" is not known here | did you mean "crop"?'),
        (values.choice(Fit), "zzz", '"zzz" is not known here | one of crop, pad, overscan'),
        (values.names, "a, ../b", '"../b" is no name | use letters and digits, and commas between names'),
        (values.pairs, "a", '"a" has no name | write "name=value; name=value"'),
        (values.text, ["a"], "a list where one value belongs | write a single value"),
        (values.text, {"a": "b"}, "settings where one value belongs | write a single value"),
        (values.text, "a\x07b", '"a�b" holds a control character | type the value anew'),
        (values.text, "a\ud800b", '"a�b" holds a control character | type the value anew'),
        (values.text, "x" * 20_001, "20001 characters are too many | at most 20000"),
    ],
)
def test_other_complaints(parse: object, written: object, complains: str) -> None:
    assert complaint(parse, written) == complains


@pytest.mark.parametrize(
    ("written", "suggested"),
    [
        ("SH 010", "SH_010"),
        ("../etc/passwd", "etc_passwd"),
        ("a/b", "a_b"),
        ("a\\b", "a_b"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("a..b", "a.b"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("sh010.", "sh010"),
        ("a:b*c?", "a_b_c"),
        ("x" * 65, "x" * 64),
        ("sh\u202e010", "sh_010"),
    ],
)
def test_a_name_that_is_no_slug_is_refused_with_one_that_is(written: str, suggested: str) -> None:
    assert complaint(slugs.slug, written).startswith(f'"{values.shown(written)}" cannot be part of a file name | use ')
    assert slugs.slugged(written) == suggested


@pytest.mark.parametrize("code", ["sh010", "010", "SH_010-a.v2", "séq10", "場面1", "_x", "1"])
def test_good_codes_stay(code: str) -> None:
    assert slugs.slug(code) == code


def test_nothing_is_left_of_some_names() -> None:
    assert complaint(slugs.slug, "...") == '"..." cannot be part of a file name | use letters, digits, _ - and .'
    assert complaint(slugs.slug, " ") == "the name is empty | use letters, digits, _ - and ."


@given(st.text())
def test_a_slug_is_its_own_slug_and_safe(written: str) -> None:
    found = slugs.slugged(written)
    assert slugs.slugged(found) == found
    assert len(found) <= slugs.MAX_NAME
    assert not {"/", "\\", "\0", ":", " "} & set(found)
    assert ".." not in found
    assert not found.startswith((".", "-"))


@given(st.one_of(st.text(max_size=30), st.lists(st.text(max_size=5)), st.integers(), st.floats()))
@pytest.mark.parametrize(
    "parse",
    [
        timing.length, timing.frames_length, timing.rate, pixels.size, pixels.aspect, slugs.slug, values.text,
        values.percentage, values.yes_no, values.names, values.several, values.pairs, values.money, values.whole(0, 9),
    ],
    ids=lambda parse: parse.__name__,
)  # fmt: skip
def test_a_parser_never_raises_anything_but_a_bad_value(parse: object, raw: object) -> None:
    with suppress(BadValue):
        parse(raw)  # type: ignore[operator]
