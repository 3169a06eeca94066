"""Measuring stills: safe for any bytes, and right about the bytes of a picture."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries
from PIL import Image, ImageCms, ImageFilter
from psd_tools import PSDImage

from farm.shots.checks.picture import Unusable, open_still

if TYPE_CHECKING:
    from collections.abc import Callable

PHOTOS: dict[str, Callable[[], np.ndarray]] = {
    "astronaut": skimage.data.astronaut,
    "cat": skimage.data.chelsea,
    "coffee": skimage.data.coffee,
    "rocket": skimage.data.rocket,
    "camera": skimage.data.camera,
    "coins": skimage.data.coins,
    "grass": skimage.data.grass,
}


def _noise(width: int = 56, height: int = 40) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8))


def _bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    if kind == "PSD":
        PSDImage.frompil(image).save(file)
    else:
        image.save(file, kind, **options)
    return file.getvalue()


def _saved(path: Path, image: Image.Image, kind: str, **options: object) -> Path:
    path.write_bytes(_bytes(image, kind, **options))
    return path


FILES = {
    "png": _bytes(_noise(), "PNG"),
    "palette png": _bytes(_noise().quantize(16), "PNG"),
    "jpeg": _bytes(_noise(), "JPEG"),
    "progressive jpeg": _bytes(_noise(), "JPEG", progressive=True),
    "tiff": _bytes(_noise(), "TIFF"),
    "lzw tiff": _bytes(_noise(), "TIFF", compression="tiff_lzw"),
    "webp": _bytes(_noise(), "WEBP"),
    "psd": _bytes(_noise(), "PSD"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_format_is_measured(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "still"
    path.write_bytes(FILES[kind])
    picture = open_still(path)
    assert (picture.width, picture.height, picture.grey) == (56, 40, False)


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
@settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_are_measured_or_refused(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(FILES[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    path = tmp_path / "still"
    path.write_bytes(content)
    with suppress(Unusable):
        assert open_still(path).width > 0


@given(content=st.binary(max_size=200))
@settings(max_examples=tries(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_measured_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "still"
    path.write_bytes(content)
    with pytest.raises(Unusable):
        open_still(path)


def _bomb_png(width: int, height: int) -> bytes:
    """A few bytes that claim a picture of any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


REFUSED = [
    ("a folder", None, "still.folder"),
    ("an empty file", b"", "still.empty"),
    ("a text", b"dear studio, the still is on its way", "still.format"),
    ("a GIF", _bytes(_noise(), "GIF"), "still.format"),
    ("a BMP", _bytes(_noise(), "BMP"), "still.format"),
    ("a PDF", b"%PDF-1.7 ...", "still.format"),
    ("an OpenEXR", b"\x76\x2f\x31\x01" + bytes(60), "still.format"),
    ("a movie", b"\0\0\0\x18ftypisom" + bytes(60), "still.format"),
    ("a cut-off PNG", FILES["png"][:-2000], "still.damaged"),
    ("a cut-off JPEG", FILES["jpeg"][:-600], "still.damaged"),
    ("a PNG's first bytes", FILES["png"][:12], "still.damaged"),
    ("a bomb", _bomb_png(20_000, 20_000), "still.huge"),
    ("a bomb of the largest size", _bomb_png(2**31 - 1, 2**31 - 1), "still.huge"),
]


@pytest.mark.parametrize(("content", "rule"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_still_is_refused_by_name(content: bytes | None, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(Unusable) as refused:
        open_still(path)
    assert refused.value.rule == rule


@pytest.mark.parametrize("name", ["gone.png", "a\0b.png", "file/below.png", "x" * 300])
def test_a_still_that_is_not_there_is_missing_or_unreadable(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(Unusable) as refused:
        open_still(tmp_path / name)
    assert refused.value.rule in {"still.missing", "still.unreadable"}


def test_the_limit_is_in_megapixels(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.png", Image.new("L", (2000, 1000)), "PNG")
    assert open_still(path, limit_mp=2).width == 2000
    with pytest.raises(Unusable, match="2 megapixels"):
        open_still(path, limit_mp=1.9)


@pytest.mark.parametrize("quality", [1, 10, 20, 49, 50, 51, 74, 75, 76, 90, 95, 100])
def test_jpeg_quality_is_read_from_its_table(quality: int, tmp_path: Path) -> None:
    assert open_still(_saved(tmp_path / "a.jpg", _noise(), "JPEG", quality=quality)).jpeg_quality == quality


def test_other_formats_have_no_jpeg_quality(tmp_path: Path) -> None:
    assert open_still(_saved(tmp_path / "a.png", _noise(), "PNG")).jpeg_quality is None


@pytest.mark.parametrize("name", PHOTOS)
def test_photographs_are_sharp_and_blurred_ones_are_not(name: str, tmp_path: Path) -> None:
    photo = Image.fromarray(PHOTOS[name]())
    sigma = max(photo.size) / 512
    sharp, soft, blurred = (
        open_still(_saved(tmp_path / "a.png", photo.filter(ImageFilter.GaussianBlur(sigma * k)), "PNG")).sharpness
        for k in (0, 2, 4)
    )
    assert sharp > 200
    assert soft < 60
    assert blurred < 10


@pytest.mark.parametrize("name", PHOTOS)
def test_sharpness_does_not_depend_on_size(name: str, tmp_path: Path) -> None:
    photo = Image.fromarray(PHOTOS[name]())
    large = photo.resize((photo.width * 3, photo.height * 3), Image.Resampling.BICUBIC)
    once, thrice = (open_still(_saved(tmp_path / "a.png", one, "PNG")).sharpness for one in (photo, large))
    assert thrice == pytest.approx(once, rel=0.6)


def test_a_sharp_subject_before_a_soft_ground_is_sharp(tmp_path: Path) -> None:
    photo = skimage.data.coffee()
    ground = cv2.GaussianBlur(photo, (0, 0), 12)
    ground[150:300, 200:400] = photo[150:300, 200:400]
    assert open_still(_saved(tmp_path / "a.png", Image.fromarray(ground), "PNG")).sharpness > 200


@pytest.mark.parametrize("name", PHOTOS)
def test_blocks_show_after_hard_compression_only(name: str, tmp_path: Path) -> None:
    photo = Image.fromarray(PHOTOS[name]())
    plain = open_still(_saved(tmp_path / "a.png", photo, "PNG")).blockiness
    hard = Image.open(_saved(tmp_path / "a.jpg", photo, "JPEG", quality=20))
    assert plain < 1.4 < open_still(_saved(tmp_path / "b.png", hard, "PNG")).blockiness


def _board(lines: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    board = np.full((720, 1280), 255, np.uint8)
    for _ in range(lines):
        points = rng.integers(0, [1280, 720], (4, 2)).astype(np.int32)
        cv2.polylines(board, [points], isClosed=False, color=20, thickness=3, lineType=cv2.LINE_AA)
    return board


def _product() -> np.ndarray:
    picture = np.full((720, 1280, 3), 255, np.uint8)
    picture[160:560, 340:940] = skimage.data.coffee()
    return picture


GRAPHIC = [
    ("a few lines", lambda: _board(10), True),
    ("many lines", lambda: _board(60), True),
    ("a board with a drawn frame", lambda: cv2.rectangle(_board(20), (0, 0), (1279, 719), 0, 14), True),
    ("a product on white", _product, True),
    ("a photograph", skimage.data.astronaut, False),
    ("an overexposed one", lambda: cv2.convertScaleAbs(skimage.data.astronaut(), alpha=2), False),
    ("a dark picture", lambda: skimage.data.astronaut() // 6, False),
]  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), [row[1:] for row in GRAPHIC], ids=[row[0] for row in GRAPHIC])
def test_boards_and_products_on_white_are_told_from_photographs(
    make: Callable[[], np.ndarray], expected: bool, tmp_path: Path
) -> None:
    assert open_still(_saved(tmp_path / "a.png", Image.fromarray(make()), "PNG")).graphic is expected


def test_a_turned_picture_is_measured_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = open_still(_saved(tmp_path / "a.jpg", _noise(), "JPEG", exif=exif))
    assert (picture.width, picture.height, picture.turned) == (40, 56, True)


def test_what_must_be_normalised_is_seen(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert open_still(_saved(tmp_path / "a.png", _noise(), "PNG", icc_profile=profile)).profile
    assert open_still(_saved(tmp_path / "a.jpg", _noise().convert("CMYK"), "JPEG")).mode == "CMYK"
    assert not open_still(_saved(tmp_path / "a.png", _noise().convert("RGBA"), "PNG")).alpha
    see_through = _noise()
    see_through.putalpha(128)
    assert open_still(_saved(tmp_path / "a.png", see_through, "PNG")).alpha


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_seen_and_scaled(suffix: str, channels: int, tmp_path: Path) -> None:
    pixels = np.full((64, 64, channels), 0x8000, np.uint16)
    path = tmp_path / f"a{suffix}"
    assert cv2.imwrite(str(path), pixels)
    picture = open_still(path)
    assert picture.bits == 16
    assert picture.mean_luma == pytest.approx(128, abs=1)


def test_an_animation_says_how_many_pictures_it_holds(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    path = _saved(tmp_path / "a.webp", frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert open_still(path).frames == 3


def test_transparent_parts_are_neither_black_nor_white(tmp_path: Path) -> None:
    picture = open_still(_saved(tmp_path / "a.png", Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG"))
    assert picture.clipped == 0
    assert picture.mean_luma == pytest.approx(128, abs=1)
