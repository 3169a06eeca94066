"""What can be measured of a still, safely: the file may be damaged, hostile, huge or no picture at all.

    path ─header─▶ format, size (refused before decoding when too large) ─decode─▶ luma ─▶ Picture

Only Pillow's own decoders of the formats we take are let near the file, and everything they are known to raise for bad
bytes becomes `Unusable`. Measures are taken on luma, on a fixed scale, so that a picture of any size compares.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Luma = NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "PSD")
"""Pillow's names of what a still may be. The JPEG of phones and stereo cameras comes back as "MPO"."""

LONG_EDGE_PX = 512
"""Sharpness is measured with the long edge at this length, so that it does not depend on the picture's size."""
TILES = 4
"""Sharpness is the best of 4 x 4 tiles: a sharp face before a soft background is a sharp picture."""
BLOCK_PX = 8
WINDOW_PX = 1024
"""Blocks are looked for in the middle of large pictures only."""

_BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, MemoryError,
           struct.error, zlib.error)  # fmt: skip
"""What Pillow's decoders raise for damaged bytes. MemoryError: a corrupt length field asks for the moon."""

_MAGIC: Mapping[bytes, str] = {
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"SDPX": "DPX",
    b"XPDS": "DPX",
    b"%PDF": "PDF",
    b"%!PS": "EPS",
    b"<svg": "SVG",
    b"#?RADIANCE": "Radiance HDR",
    b"\xff\x0a": "JPEG XL",
}
_OURS = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"RIFF", b"8BPS")

# ITU-T T.81, table K.1 in natural order: what the IJG scales by quality.
_IJG_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


class Unusable(InputError):
    """A file that no still can be made of; `rule` is the linter's name for why."""

    def __init__(self, rule: str, problem: str) -> None:
        self.rule = rule
        super().__init__(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The facts about one picture file."""

    format: str
    width: int
    height: int
    """Upright size in pixels."""
    mode: str
    frames: int
    turned: bool
    """True when the file asks viewers to rotate or mirror it."""
    profile: bool
    alpha: bool
    """True when parts are transparent."""
    bits: int
    jpeg_quality: int | None
    """1-100 on the IJG's scale, None where the file is no JPEG."""
    grey: bool
    """True when no pixel has colour."""
    darkest: int
    lightest: int
    mean_luma: float
    """0-255."""
    clipped: float
    """Fraction of pixels that are black or white."""
    graphic: bool
    """True for line boards and products on white, which are meant to be white."""
    sharpness: float
    """Variance of the Laplacian in the best tile."""
    blockiness: float
    """Step at the borders of 8-pixel blocks over the step elsewhere: about 1 for an uncompressed picture."""

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


def open_still(path: Path, *, limit_mp: float = 200) -> Picture:
    """Measure the picture at `path`. Raises `Unusable`, and nothing else, for whatever is wrong with the file.

    `limit_mp` is the most pixels, in millions, that will be decoded; the header alone decides.
    """
    _require_file(path)
    from PIL import Image

    # Pillow's own limit raises at twice its value; never lower than ours, which is checked right below.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, int(limit_mp * 1e6 / 2) + 1)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > limit_mp * 1e6:
                raise _too_large(image.width * image.height / 1e6, limit_mp)
            return _measured(image)
    except Image.DecompressionBombError as error:
        raise _too_large(None, limit_mp) from error
    except Image.UnidentifiedImageError as error:
        raise _unidentified(path) from error
    except _BROKEN as error:
        raise Unusable("still.damaged", f"{path.name} is damaged and cannot be decoded: {error}") from error


def _too_large(megapixels: float | None, limit_mp: float) -> Unusable:
    size = "far more" if megapixels is None else f"{megapixels:.0f} megapixels, more"
    return Unusable("still.huge", f"it claims {size} than the {limit_mp:g} megapixels a still may have")


def _require_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise Unusable("still.folder", f"{path.name} is a folder")
        with path.open("rb") as file:
            if not file.read(1):
                raise Unusable("still.empty", f"{path.name} is an empty file")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unusable("still.missing", f"there is no file {path}") from error
    except ValueError as error:
        raise Unusable("still.missing", f"{str(path)!r} cannot be the name of a file") from error
    except OSError as error:
        raise Unusable("still.unreadable", f"{path.name} cannot be read: {error.strerror}") from error


def _unidentified(path: Path) -> Unusable:
    """Say what the file is instead, from its first bytes."""
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(_OURS):
        return Unusable("still.damaged", f"{path.name} is damaged: its header cannot be read")
    if head[4:8] == b"ftyp":
        return Unusable("still.format", f"{path.name} is a HEIC, AVIF or movie file")
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    is_what = f"a {kind} file" if kind else "not a picture the farm reads"
    return Unusable("still.format", f"{path.name} is {is_what}")


def _measured(image: Image.Image) -> Picture:
    import numpy as np

    bits, frames, quality = _bits(image), _frames(image), _jpeg_quality(image)
    turned = image.getexif().get(0x0112, 1)  # decodes a PNG, whose raw mode is gone then
    profile = bool(image.info.get("icc_profile"))
    image.load()
    opaque, alpha = _opaque(image)
    luma, grey = _luma(opaque)
    small, few = _small(luma), _few(luma)
    width, height = image.size if turned not in {5, 6, 7, 8} else image.size[::-1]
    return Picture(
        format=image.format or "",
        width=width,
        height=height,
        mode=image.mode,
        frames=frames,
        turned=turned != 1,
        profile=profile,
        alpha=alpha,
        bits=bits,
        jpeg_quality=quality,
        grey=grey,
        darkest=int(luma.min()),
        lightest=int(luma.max()),
        mean_luma=float(small.mean()),
        clipped=float(np.mean((few <= 2) | (few >= 253))),
        graphic=_is_graphic(few),
        sharpness=sharpness(small),
        blockiness=blockiness(luma),
    )


def _bits(image: Image.Image) -> int:
    """Bits a sample, as far as the header tells."""
    tags: Any = getattr(image, "tag_v2", None)
    if tags is not None:
        return int(max(tags.get(258, (8,))))
    tile: Any = getattr(image, "tile", None)
    if image.format == "PNG" and tile:
        return 16 if "16" in str(tile[0][3]) else 8
    return 16 if image.mode.startswith("I") else 8


def _frames(image: Image.Image) -> int:
    """Frames of an animation or pages of a TIFF; a PSD's layers and a phone's second picture are none."""
    return getattr(image, "n_frames", 1) if image.format in {"PNG", "WEBP", "TIFF"} else 1


def _jpeg_quality(image: Image.Image) -> int | None:
    """The quality whose luma table is nearest to the file's; exact for files the IJG's encoder wrote."""
    if image.format not in {"JPEG", "MPO"}:
        return None
    import numpy as np

    tables: Any = getattr(image, "quantization", {})
    table = np.asarray(tables.get(0, ()), np.int64)
    if table.size != 64:
        return None
    quality = np.arange(1, 101)[:, None]
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    candidates = np.clip((np.asarray(_IJG_LUMA) * scale + 50) // 100, 1, 255)
    return int(np.abs(candidates - table).sum(axis=1).argmin()) + 1


def _opaque(image: Image.Image) -> tuple[Image.Image, bool]:
    """The picture over mid grey, and whether any of it is transparent."""
    from PIL import Image as Pillow

    if image.mode not in {"RGBA", "LA", "PA", "La", "RGBa"} and "transparency" not in image.info:
        return image, False
    layer = image.convert("RGBA")
    if layer.getchannel("A").getextrema() == (255, 255):
        return layer.convert("RGB"), False
    return Pillow.alpha_composite(Pillow.new("RGBA", image.size, (128, 128, 128, 255)), layer).convert("RGB"), True


def _luma(image: Image.Image) -> tuple[Luma, bool]:
    """Rec. 601 luma, (h, w) uint8, of an opaque picture; and whether it is without colour."""
    import numpy as np

    if image.mode.startswith("I") or image.mode == "F":
        samples = np.asarray(image, np.float32)
        top = 255.0 if image.mode == "F" and samples.max() > 1 else 1.0 if image.mode == "F" else 65535.0
        return np.clip(np.nan_to_num(samples) * (255.0 / top), 0, 255).astype(np.uint8), True
    if image.mode in {"L", "1"}:
        return np.asarray(image.convert("L"), np.uint8), True
    rgb = image.convert("RGB")
    colours = _few(np.asarray(rgb, np.uint8)).astype(np.int16)
    return np.asarray(rgb.convert("L"), np.uint8), bool(np.ptp(colours, axis=2).max() <= 2)


def _small(luma: Luma) -> Luma:
    import cv2
    import numpy as np

    height, width = luma.shape
    scale = LONG_EDGE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)


def _few(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every n-th pixel both ways, unmixed: black stays black and white white."""
    step = max(1, max(pixels.shape[:2]) // LONG_EDGE_PX)
    return pixels[::step, ::step]


def _is_graphic(few: Luma) -> bool:
    """Drawn on white or shot on white: nearly all of the rim is white, or there is little but white and ink."""
    import numpy as np

    rim = np.concatenate([few[:4].ravel(), few[-4:].ravel(), few[:, :4].ravel(), few[:, -4:].ravel()])
    on_white = float(np.mean(rim >= 245)) > 0.95
    white, ink = float(np.mean(few >= 240)), float(np.mean(few < 80))
    return on_white or (white > 0.5 and white + ink > 0.9)


def sharpness(small: Luma) -> float:
    """Variance of the Laplacian in the best of TILES x TILES tiles of a picture scaled to LONG_EDGE_PX."""
    import cv2
    import numpy as np

    edges = cv2.Laplacian(small, cv2.CV_32F)
    rows = [row for row in np.array_split(edges, TILES, axis=0) if row.size]
    tiles = [tile for row in rows for tile in np.array_split(row, TILES, axis=1) if tile.size]
    return float(max(tile.var() for tile in tiles))


def blockiness(luma: Luma) -> float:
    """Mean step across 8-pixel borders over the mean step elsewhere, the larger of both directions."""
    height, width = luma.shape
    top, left = (max(0, side - WINDOW_PX) // 2 // BLOCK_PX * BLOCK_PX for side in (height, width))
    window = luma[top : top + WINDOW_PX, left : left + WINDOW_PX]
    return max(_border_step(window), _border_step(window.T))


def _border_step(luma: Luma) -> float:
    import numpy as np

    if luma.shape[1] < 4 * BLOCK_PX:
        return 1.0
    steps = np.abs(np.diff(luma.astype(np.int16), axis=1)).mean(axis=0)
    border = np.zeros(steps.size, np.bool_)
    border[BLOCK_PX - 1 :: BLOCK_PX] = True
    elsewhere = float(steps[~border].mean())
    return float(steps[border].mean()) / elsewhere if elsewhere > 0 else 1.0
