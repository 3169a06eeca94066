"""Pictures: whatever a studio hands in becomes an upright 8-bit sRGB picture, with a note of all that was done to it.

    file ─▶ open (named formats, bounded size) ─▶ upright ─▶ 8 bit ─▶ sRGB ─▶ Picture(pixels, alpha, notes)

Alpha is kept beside the pixels, which are left as stored (straight alpha). 16-bit samples are rounded to 8 bits, never
clipped. Layered documents are opened by `farm.media.layers`.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from farm.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.models.spec import Frame

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")

MOST_PIXELS = 200_000_000
"""A picture of more pixels is refused before it is decoded."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow raises at twice this

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""What Pillow and psd-tools raise for files that are damaged or not what they claim to be."""

_PNG_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright picture in sRGB."""

    pixels: Frame
    """(h, w, 3) uint8, sRGB."""
    alpha: NDArray[np.uint8] | None
    """(h, w) uint8 where parts are transparent; None where all is opaque."""
    notes: tuple[str, ...]
    """What had to be normalised, in words; empty for an upright 8-bit sRGB picture."""


def read_picture(path: Path, what: str) -> Picture:
    """The picture at `path`, normalised; `what` names it in errors, as the user knows it: 'still "boat.png"'.

    Raises `InputError` for a file that is damaged, too large or in a format the farm does not read.
    """
    with decoding(what), Image.open(path, formats=FORMATS) as image:
        return normalised(image)


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn every way a decoder can fail into an `InputError` about `what`.

    Pillow's warnings, of odd metadata and of pictures half as large as the limit, are not the user's concern.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except FileNotFoundError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{what} has more than {MOST_PIXELS // 1_000_000} million pixels: make it smaller") from error
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{what} is not a PNG, JPEG, TIFF, WebP or PSD picture: export it as one of those") from error
    except _BROKEN as error:
        raise InputError(f"{what} is damaged and cannot be decoded: export it again") from error


def normalised(image: Image.Image) -> Picture:
    """An opened image as a `Picture`. Raises what Pillow's decoders raise."""
    notes: list[str] = []
    image.load()
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.size != image.size or image.getexif().get(0x0112, 1) != 1:
        notes.append("turned upright")
    eight_bit = _eight_bit(upright, notes)
    alpha = _alpha(eight_bit)
    srgb = _srgb(eight_bit, profile, notes)
    return Picture(np.asarray(srgb, np.uint8), alpha, tuple(notes))


def _eight_bit(image: Image.Image, notes: list[str]) -> Image.Image:
    """8 bits a sample: Pillow reads 16-bit colour as its high byte, but clips 16-bit grey when converting it."""
    if image.mode in {"RGB", "RGBA"} and _bits(image) == 16:
        notes.append("16 bits made 8")
    if image.mode.startswith("I"):
        notes.append("16 bits made 8")
        return Image.fromarray(np.round(np.clip(np.asarray(image), 0, 65535) / 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("a floating-point picture")
    if image.mode in {"P", "PA", "1", "LA", "La", "RGBa"}:
        transparent = "transparency" in image.info or image.mode not in {"P", "1"}
        return image.convert("RGBA" if transparent else "RGB")
    if image.mode in {"L", "RGB"} and "transparency" in image.info:
        return image.convert("RGBA")
    return image


def _bits(image: Image.Image) -> int:
    """Bits a sample in the file, as far as Pillow tells: TIFF's tag 258, PNG's raw mode."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return max(tags.get(258, (8,)))
    return 8


def _alpha(image: Image.Image) -> NDArray[np.uint8] | None:
    if image.mode != "RGBA":
        return None
    alpha = np.asarray(image.getchannel("A"), np.uint8)
    return None if alpha.min() == 255 else alpha


def _srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    opaque = image.convert("RGB") if image.mode == "RGBA" else image
    if opaque.mode == "CMYK":
        notes.append("CMYK made sRGB")
    if profile:
        converted = _through_profile(opaque, profile, notes)
        if converted is not None:
            return converted
    return opaque.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image | None:
    """`image` taken from its own colours to sRGB; None where it is sRGB already or its profile cannot be used."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(own).strip()
        if "srgb" in name.lower():
            return None
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        notes.append("its colour profile cannot be used and was left out")
        return None
    notes.append(f"colours taken from {name or 'its profile'} to sRGB")
    return converted


def read_rgb(path: Path) -> Frame:
    """A picture the farm wrote itself, as (h, w, 3) uint8 RGB. Raises `InputError` where it is none."""
    decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB)
    if decoded is None:  # pyright: ignore[reportUnnecessaryComparison]  OpenCV's stubs are hopeful
        raise InputError(f'"{path.name}" is not a picture')
    return np.asarray(decoded, np.uint8)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (h, w), (h, w, 3) RGB or (h, w, 4) RGBA uint8, compressed quickly rather than well."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    stored = cv2.cvtColor(pixels, order[pixels.shape[2]]) if pixels.ndim == 3 else pixels
    _, encoded = cv2.imencode(".png", stored, _PNG_FAST)
    path.write_bytes(encoded.tobytes())


def write_jpeg(path: Path, pixels: Frame, quality: int = 90) -> None:
    """Write (h, w, 3) uint8 RGB as a JPEG of `quality` (Pillow's scale), progressive, with full chroma."""
    Image.fromarray(pixels).save(path, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
