"""prepare: whatever is handed in comes out upright, 8-bit and sRGB, or is refused by name."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage

from farm.chain import PrepareParams
from farm.errors import Cancelled, InputError
from farm.media import picture, read_rgb
from farm.stages import prepare


@pytest.fixture
def prepared(ctx, tmp_path):
    """`prepared(still=path, …)` runs the stage: pictures by name, and the facts of each."""

    def run(**inputs):
        outputs = prepare.run(inputs, PrepareParams(), ctx)
        pictures = {name: cv2.imread(str(output.path), cv2.IMREAD_UNCHANGED) for name, output in outputs.files.items()}
        return pictures, outputs.facts["pictures"]

    return run


@pytest.fixture
def cat(photo):
    return photo("chelsea.png")[:200, :300]


def saved(tmp_path, pixels, name="boat.png", mode=None, **options):
    image = Image.fromarray(pixels, mode) if mode else Image.fromarray(pixels)
    image.save(tmp_path / name, **options)
    return tmp_path / name


def rgb(stored):
    return cv2.cvtColor(stored, cv2.COLOR_BGR2RGB)


def test_a_plain_picture_is_left_as_it_is(prepared, tmp_path, cat):
    pictures, facts = prepared(still=saved(tmp_path, cat))

    assert list(pictures) == ["still"]
    assert np.array_equal(rgb(pictures["still"]), cat)
    assert facts["still"] == {"width": 300, "height": 200, "normalised": []}


@pytest.mark.parametrize("name", ["boat.jpg", "boat.tif", "boat.webp", "boat.png"])
def test_every_format_is_read(prepared, tmp_path, cat, name):
    pictures, _ = prepared(still=saved(tmp_path, cat, name, quality=95))

    assert np.abs(rgb(pictures["still"]).astype(int) - cat).mean() < 4


@pytest.mark.parametrize("orientation", range(2, 9))
def test_cameras_held_sideways_are_turned_upright(prepared, tmp_path, cat, orientation):
    turned = {
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.transpose(a, (1, 0, 2)),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(np.transpose(a, (1, 0, 2)), 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](cat)
    exif = Image.Exif()
    exif[0x0112] = orientation

    pictures, facts = prepared(still=saved(tmp_path, np.ascontiguousarray(turned), exif=exif))

    assert np.array_equal(rgb(pictures["still"]), cat)
    assert facts["still"]["normalised"] == ["turned upright"]


def test_sixteen_bits_are_rounded_not_clipped(prepared, tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 256), (64, 1)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "grey.tif"), ramp)
    cv2.imwrite(str(tmp_path / "grey.png"), ramp)
    cv2.imwrite(str(tmp_path / "colour.tif"), np.dstack([ramp] * 3))

    for name in ("grey.tif", "grey.png", "colour.tif"):
        pictures, facts = prepared(still=tmp_path / name)
        assert np.abs(pictures["still"][0, :, 0].astype(int) - np.arange(256)).max() <= 1
        if name != "colour.tif":
            assert facts["still"]["normalised"] == ["16 bits made 8"]


def test_a_colour_profile_is_honoured(prepared, tmp_path):
    # GIVEN white in Lab, a space whose stored numbers are nothing like RGB's
    lab = Image.new("LAB", (64, 64), (255, 128, 128))
    lab.save(tmp_path / "white.tif", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())

    pictures, facts = prepared(still=tmp_path / "white.tif")

    assert pictures["still"].min() >= 254
    assert "to sRGB" in facts["still"]["normalised"][0]


def test_an_srgb_profile_changes_nothing(prepared, tmp_path, cat):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    pictures, facts = prepared(still=saved(tmp_path, cat, icc_profile=profile))

    assert np.array_equal(rgb(pictures["still"]), cat)
    assert facts["still"]["normalised"] == []


def test_a_broken_profile_is_left_out_and_said(prepared, tmp_path, cat):
    pictures, facts = prepared(still=saved(tmp_path, cat, icc_profile=b"no profile at all"))

    assert np.array_equal(rgb(pictures["still"]), cat)
    assert "left out" in facts["still"]["normalised"][0]


def test_print_colours_become_srgb(prepared, tmp_path):
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=98)

    pictures, facts = prepared(still=tmp_path / "red.jpg")

    assert rgb(pictures["still"])[32, 32, 0] > 200
    assert rgb(pictures["still"])[32, 32, 1:].max() < 60
    assert "CMYK made sRGB" in facts["still"]["normalised"]


def test_palettes_and_grey_become_colour(prepared, tmp_path, cat):
    Image.fromarray(cat).quantize(64).save(tmp_path / "palette.png")
    Image.fromarray(cat).convert("L").save(tmp_path / "grey.png")

    palette, _ = prepared(still=tmp_path / "palette.png")
    grey, _ = prepared(still=tmp_path / "grey.png")

    assert np.abs(rgb(palette["still"]).astype(int) - cat).mean() < 5
    assert np.abs(grey["still"][..., 1].astype(int) - cv2.cvtColor(cat, cv2.COLOR_RGB2GRAY)).max() <= 1


def test_transparency_is_shown_over_black_and_kept_as_layers(prepared, tmp_path, cat):
    alpha = np.zeros((200, 300), np.uint8)
    alpha[50:150, 100:200] = 255

    pictures, facts = prepared(still=saved(tmp_path, np.dstack([cat, alpha])))

    assert set(pictures) == {"still", "layer_01", "layer_02"}
    assert pictures["still"][alpha == 0].max() == 0
    assert np.array_equal(rgb(pictures["still"])[alpha == 255], cat[alpha == 255])
    assert pictures["layer_01"][..., 3].min() == 255
    assert np.array_equal(pictures["layer_02"][..., 3], alpha)
    assert facts["still"]["normalised"] == ["transparent parts shown over black"]


def test_an_opaque_alpha_is_no_transparency(prepared, tmp_path, cat):
    pictures, facts = prepared(still=saved(tmp_path, np.dstack([cat, np.full((200, 300), 255, np.uint8)])))

    assert set(pictures) == {"still"}
    assert facts["still"]["normalised"] == []


def test_mask_and_depth_are_one_channel_the_size_of_the_still(prepared, tmp_path, cat):
    half = np.zeros((100, 150, 3), np.uint8)
    half[:, 75:] = 255
    deep = np.tile(np.linspace(0, 65535, 600), (400, 1)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "depth.png"), deep)

    pictures, _ = prepared(
        still=saved(tmp_path, cat), mask=saved(tmp_path, half, "mask.png"), depth=tmp_path / "depth.png"
    )

    assert pictures["mask"].shape == pictures["depth"].shape == (200, 300)
    assert pictures["mask"][:, :140].max() == 0
    assert pictures["mask"][:, 160:].min() == 255
    assert np.abs(pictures["depth"][100].astype(int) - np.linspace(0, 255, 300)).max() < 3


def test_a_matte_held_in_alpha_is_read_from_there(prepared, tmp_path, cat):
    matte = np.zeros((200, 300, 4), np.uint8)
    matte[:, 150:, 3] = 255

    pictures, _ = prepared(still=saved(tmp_path, cat), mask=saved(tmp_path, matte, "mask.png"))

    assert pictures["mask"][:, 200].min() == 255
    assert pictures["mask"][:, 100].max() == 0


def test_end_and_references_keep_their_own_size(prepared, tmp_path, cat):
    pictures, _ = prepared(
        still=saved(tmp_path, cat), end=saved(tmp_path, cat[:90], "end.png"), reference_1=saved(tmp_path, cat, "r.jpg")
    )

    assert pictures["end"].shape == (90, 300, 3)
    assert pictures["reference_1"].shape == (200, 300, 3)


def photoshop(path, cat, *layers):
    """A PSD of `cat` with pixel layers (pixels RGBA, left, top, opacity) upon it."""
    document = PSDImage.new("RGB", (cat.shape[1], cat.shape[0]))
    document.create_pixel_layer(Image.fromarray(cat), name="back")
    for pixels, left, top, opacity in layers:
        document.create_pixel_layer(Image.fromarray(pixels), name="front", top=top, left=left, opacity=opacity)
    flat = Image.fromarray(cat)
    for pixels, left, top, opacity in layers:
        image = Image.fromarray(pixels)
        flat.paste(image, (left, top), image.getchannel("A").point(lambda value, o=opacity: value * o // 255))
    document._record.image_data.set_data([flat.getchannel(c).tobytes() for c in "RGB"], document._record.header)
    document.save(path)
    return path


def square(colour):
    return np.full((60, 80, 4), (*colour, 255), np.uint8)


def test_photoshop_layers_come_out_back_to_front(prepared, tmp_path, cat):
    path = photoshop(tmp_path / "boat.psd", cat, (square((255, 0, 0)), 40, 30, 255), (square((0, 0, 255)), 60, 50, 128))

    pictures, facts = prepared(still=path)

    assert list(pictures) == ["still", "layer_01", "layer_02", "layer_03"]
    assert np.array_equal(rgb(pictures["layer_01"][..., :3]), cat)
    assert tuple(pictures["layer_02"][40, 50]) == (0, 0, 255, 255)
    assert pictures["layer_02"][10, 10, 3] == 0
    assert pictures["layer_03"][60, 100, 3] == 128
    assert tuple(rgb(pictures["still"])[35, 45]) == (255, 0, 0)
    assert facts["still"]["normalised"] == ["3 layers"]


def test_photoshop_layers_that_do_not_add_up_are_left_out(prepared, tmp_path, cat):
    path = photoshop(tmp_path / "boat.psd", cat, (square((255, 0, 0)), 40, 30, 255))
    document = PSDImage.open(path)
    document._record.image_data.set_data([bytes([200]) * cat[..., 0].size] * 3, document._record.header)
    document.save(path)

    pictures, facts = prepared(still=path)

    assert list(pictures) == ["still"]
    assert "do not add up" in facts["still"]["normalised"][0]


def test_many_photoshop_layers_are_merged_from_the_back(prepared, tmp_path, cat):
    shades = [(square((20 * n, 0, 0)), 10 * n, 5 * n, 255) for n in range(12)]

    pictures, facts = prepared(still=photoshop(tmp_path / "boat.psd", cat, *shades))

    assert list(pictures) == ["still", *(f"layer_{n:02}" for n in range(1, 9))]
    assert facts["still"]["normalised"] == ["8 layers"]
    assert tuple(pictures["layer_08"][60, 115]) == (0, 0, 220, 255)


def test_photoshop_documents_are_known_by_their_content(prepared, tmp_path, cat):
    path = photoshop(tmp_path / "boat.png", cat, (square((255, 0, 0)), 40, 30, 255))

    assert len(prepared(still=path)[0]) == 3


def test_one_photoshop_layer_is_just_a_picture(prepared, tmp_path, cat):
    pictures, _ = prepared(still=photoshop(tmp_path / "boat.psd", cat))

    assert list(pictures) == ["still"]
    assert np.array_equal(rgb(pictures["still"]), cat)


def truncated(tmp_path, cat, name):
    path = saved(tmp_path, cat, name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


BAD = {
    "empty": b"",
    "text": b"this is not a picture",
    "png header only": b"\x89PNG\r\n\x1a\n",
    "png with a wild header": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\xff" * 17,
    "jpeg header only": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "tiff without directory": b"II*\x00\x08\x00\x00\x00",
    "psd header only": b"8BPS\x00\x01" + bytes(6) + b"\x00\x03\x00\x00\x00\x40\x00\x00\x00\x40\x00\x08\x00\x03",
    "webp header only": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
}


@pytest.mark.parametrize("suffix", [".png", ".psd"])
@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_picture_is_refused_by_name(prepared, tmp_path, content, suffix):
    path = tmp_path / f"boat{suffix}"
    path.write_bytes(content)

    with pytest.raises(InputError, match=rf'^still "boat\{suffix}" '):
        prepared(still=path)


@pytest.mark.parametrize("name", ["boat.png", "boat.jpg", "boat.tif", "boat.webp"])
def test_half_a_file_is_refused(prepared, tmp_path, cat, name):
    with pytest.raises(InputError, match="damaged"):
        prepared(still=truncated(tmp_path, cat, name))


def test_half_a_photoshop_document_is_refused(prepared, tmp_path, cat):
    path = photoshop(tmp_path / "boat.psd", cat, (square((255, 0, 0)), 40, 30, 255))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])

    with pytest.raises(InputError, match="boat"):
        prepared(still=path)


def test_the_asset_at_fault_is_the_one_named(prepared, tmp_path, cat):
    (tmp_path / "ref.png").write_bytes(b"nothing")

    with pytest.raises(InputError, match=r'^reference 1 "ref\.png" is not'):
        prepared(still=saved(tmp_path, cat), reference_1=tmp_path / "ref.png")


def test_a_picture_bomb_is_refused_before_it_is_decoded(prepared, tmp_path):
    Image.new("1", (20_000, 10_001)).save(tmp_path / "bomb.png")

    with pytest.raises(InputError, match="200 million"):
        prepared(still=tmp_path / "bomb.png")


def test_a_photoshop_bomb_is_refused_before_it_is_decoded(prepared, tmp_path):
    (tmp_path / "bomb.psd").write_bytes(struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 30_000, 30_000, 8, 3))

    with pytest.raises(InputError, match="200 million"):
        prepared(still=tmp_path / "bomb.psd")


def test_a_large_picture_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    Image.new("L", (50, 30)).save(tmp_path / "large.png")

    assert picture.read_picture(tmp_path / "large.png", "still").pixels.shape == (30, 50, 3)


def test_a_picture_too_small_to_use_is_refused(prepared, tmp_path, cat):
    with pytest.raises(InputError, match="only 300x9 pixels"):
        prepared(still=saved(tmp_path, cat[:9]))


@pytest.mark.parametrize("name", ["-i.png", "a:b%03d.png", "concat:x.png", "new\nline.png"])
def test_hostile_names_are_only_names(prepared, tmp_path, cat, name):
    pictures, _ = prepared(still=saved(tmp_path, cat, name, format="PNG"))

    assert np.array_equal(rgb(pictures["still"]), cat)


def test_preparing_stops_when_told(prepared, tmp_path, cat, ctx):
    ctx.cancel_after = 0

    with pytest.raises(Cancelled):
        prepared(still=saved(tmp_path, cat))


def test_what_is_written_is_read_back(ctx, tmp_path, cat):
    outputs = prepare.run({"still": saved(tmp_path, cat)}, PrepareParams(), ctx)

    assert np.array_equal(read_rgb(outputs.files["still"].path), cat)
    assert ctx.fractions[-1] == 1.0
