"""deliver: the clip has exactly the frames, rate and size asked for, in the right colours, under the studio's name."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from farm.chain import Credit, DeliverParams
from farm.delivery.signing import read_back
from farm.errors import Cancelled, InputError, MediaError
from farm.media import MEZZANINE, Encoder, Target, add_sound, frames, probe, write_png
from farm.models.spec import Sound
from farm.shots.model import Fit
from farm.shots.products import BURN_IN, PRODUCTS
from farm.stages import deliver
from farm.tasks import FileClass

FPS = Fraction(24000, 1001)


@pytest.fixture
def mezzanine(tmp_path, photo):
    """`mezzanine(frames, fps)`: a panned photograph of 192x108."""
    still = photo("chelsea.png")

    def make(count=12, fps=FPS):
        path = tmp_path / "mezzanine.mkv"
        with Encoder([Target(path, MEZZANINE)], width=192, height=108, fps=fps) as encoder:
            for n in range(count):
                encoder.write(still[60:168, 40 + 2 * n : 232 + 2 * n])
        return path

    return make


def params(**changed):
    given = {"product": "review", "width": 192, "height": 108, "frames": 12, "fps": FPS}
    return DeliverParams(**{**given, **changed})


def test_the_clip_is_as_asked(mezzanine, ctx):
    outputs = deliver.run({"mezzanine": mezzanine()}, params(title="sh010", comment="seed 7"), ctx)

    clip = outputs.files["clip"]
    assert clip.path.name == "clip.mp4"
    assert clip.file_class is FileClass.DELIVERABLE
    facts = probe(clip.path)
    assert (facts.codec, facts.pix_fmt, facts.frames, facts.fps) == ("h264", "yuv420p", 12, FPS)
    assert (facts.primaries, facts.transfer, facts.matrix, facts.limited_range) == (1, 1, 1, True)
    with av.open(str(clip.path)) as movie:
        assert (movie.metadata["title"], movie.metadata["comment"]) == ("sh010", "seed 7")
    assert outputs.facts["conform"] == "none"


def test_pixels_are_those_of_the_mezzanine(mezzanine, ctx):
    source = mezzanine()

    clip = deliver.run({"mezzanine": source}, params(), ctx).files["clip"].path

    errors = [a.astype(int) - b for a, b in zip(frames(source), frames(clip), strict=True)]
    assert np.abs(errors).mean() < 3
    assert abs(np.mean(errors)) < 0.5


@pytest.mark.parametrize("fps", [FPS, *map(Fraction, (24, 25, 30)), Fraction(30000, 1001)], ids=str)
@pytest.mark.parametrize(("source", "asked", "conform"), [(12, 12, "none"), (20, 12, "trim"), (5, 12, "hold")])
def test_length_is_conformed_at_every_rate(mezzanine, ctx, fps, source, asked, conform):
    outputs = deliver.run({"mezzanine": mezzanine(source, fps)}, params(fps=fps, frames=asked), ctx)

    assert probe(outputs.files["clip"].path).frames == asked
    assert outputs.facts["conform"] == conform


def test_a_short_take_holds_its_last_frame(mezzanine, ctx):
    source = mezzanine(4)

    clip = deliver.run({"mezzanine": source}, params(), ctx).files["clip"].path

    last, shown = list(frames(source))[-1], list(frames(clip))
    assert np.abs(shown[3].astype(int) - last).mean() < 3
    assert np.abs(shown[11].astype(int) - last).mean() < 3


@pytest.mark.parametrize(("native", "cut"), [(16, 24), (7, 24), (60, 24)])
def test_another_rate_is_retimed(mezzanine, ctx, native, cut):
    outputs = deliver.run({"mezzanine": mezzanine(16, Fraction(native))}, params(fps=Fraction(cut)), ctx)

    facts = probe(outputs.files["clip"].path)
    assert (facts.frames, facts.fps) == (12, cut)
    assert outputs.facts["conform"] == "retime"


@pytest.mark.parametrize("size", [(320, 180), (96, 54), (108, 108), (108, 192), (240, 100)], ids=str)
@pytest.mark.parametrize("fit", Fit, ids=str)
def test_every_size_is_reached(mezzanine, ctx, fit, size):
    width, height = size

    clip = deliver.run({"mezzanine": mezzanine(3)}, params(width=width, height=height, frames=3, fit=fit), ctx)

    facts = probe(clip.files["clip"].path)
    assert (facts.width, facts.height) == size
    picture = next(frames(clip.files["clip"].path))
    bars = fit is Fit.PAD and abs(width / height - 16 / 9) > 0.1
    edges = np.concatenate([picture[:3].ravel(), picture[-3:].ravel()]) if width < height * 16 / 9 else picture[:, :3]
    assert (edges.mean() < 8) == bars


@pytest.mark.parametrize("title", ["-i", "a:b%03d", "concat:x", "new\nline", "it's; $(touch x) \\"])
def test_hostile_titles_are_only_titles(mezzanine, ctx, title):
    clip = deliver.run({"mezzanine": mezzanine(3)}, params(frames=3, title=title), ctx).files["clip"].path

    assert probe(clip).frames == 3
    assert [path.name for path in ctx.scratch.iterdir()] == ["clip.mp4"]


def test_the_cut_begins_after_the_handle(mezzanine, ctx):
    source = mezzanine(12)

    outputs = deliver.run({"mezzanine": source}, params(frames=6, skip=4), ctx)

    clip = list(frames(outputs.files["clip"].path))
    errors = [a.astype(int) - b for a, b in zip(list(frames(source))[4:10], clip, strict=True)]
    assert np.abs(errors).mean() < 3
    assert outputs.facts["conform"] == "trim"


def test_an_unknown_product_is_named(mezzanine, ctx):
    with pytest.raises(InputError, match='no product "vhs": choose one of dnxhr-hqx, draft, gif'):
        deliver.run({"mezzanine": mezzanine(3)}, params(product="vhs"), ctx)


def test_a_broken_mezzanine_is_an_error_that_leaves_nothing(ctx, tmp_path):
    (tmp_path / "m.mkv").write_bytes(b"\x1a\x45\xdf\xa3 broken")

    with pytest.raises(MediaError, match=r"m\.mkv"):
        deliver.run({"mezzanine": tmp_path / "m.mkv"}, params(), ctx)

    assert list(ctx.scratch.iterdir()) == []


def test_cancelling_leaves_nothing(mezzanine, ctx):
    ctx.cancel_after = 0

    with pytest.raises(Cancelled):
        deliver.run({"mezzanine": mezzanine()}, params(), ctx)

    assert list(ctx.scratch.iterdir()) == []


# -- every product ------------------------------------------------------------------------------------------------

CREDIT = Credit(show="lake", sequence="sq010", shot="sh010", take=2, label="gentler", model="animatic", seed=7,
                title="Animatic", still="boat.png")  # fmt: skip
BIG = {"width": 256, "height": 144, "fps": Fraction(24)}

MOVIES = {
    "review": ("h264", "High", "yuv420p", True),
    "draft": ("h264", "High", "yuv420p", True),
    "prores-hq": ("prores", "HQ", "yuv422p10le", True),
    "dnxhr-hqx": ("dnxhd", "DNXHR HQX", "yuv422p10le", True),
    **dict.fromkeys(("reels", "tiktok", "linkedin", "x", "youtube-shorts", "website"),
                    ("h264", "High", "yuv420p", False)),
}  # fmt: skip


@pytest.fixture
def given(mezzanine, photo, tmp_path):
    """Inputs as the plan gives them: a mezzanine, the still as prepared and as handed in."""

    def make(count=12, fps=Fraction(24)):
        for name in ("still.png", "boat.png"):
            write_png(tmp_path / name, photo("chelsea.png"))
        return {"mezzanine": mezzanine(count, fps), "still": tmp_path / "still.png", "original": tmp_path / "boat.png"}

    return make


def deliver_as(product, inputs, ctx, **changed):
    return deliver.run(inputs, params(**{"product": product, "credit": CREDIT, **BIG, **changed}), ctx)


def timecodes(path):
    with av.open(str(path)) as movie:
        return {stream.metadata.get("timecode") for stream in movie.streams} - {None}


@pytest.mark.parametrize(("product", "expected"), MOVIES.items(), ids=str)
def test_facts_of_every_movie(given, ctx, product, expected):
    codec, profile, pix_fmt, has_timecode = expected
    size = PRODUCTS[product].size or (256, 144)

    outputs = deliver_as(product, given(6), ctx, width=size[0], height=size[1], frames=6)

    clip = outputs.files["clip"].path
    with av.open(str(clip)) as movie:
        context, stream = movie.streams.video[0].codec_context, movie.streams.video[0]
        assert (context.name, context.profile, context.pix_fmt) == (codec, profile, pix_fmt)
        assert (context.width, context.height, stream.average_rate) == (*size, 24)
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        assert tuple(map(int, tags)) == (1, 1, 1, 1)
        assert stream.duration * stream.time_base == Fraction(6, 24)
        assert sum(1 for _ in movie.decode(stream)) == 6
    assert timecodes(clip) == ({"00:00:41:17"} if has_timecode else set())
    assert outputs.facts["signed_by"].startswith("farm test key")
    assert read_back(clip)["ingredients"][0]["title"] == "boat.png"


def test_prores_names_its_vendor_and_review_starts_fast(given, ctx):
    movie = deliver_as("prores-hq", given(2), ctx, frames=2).files["clip"].path.read_bytes()
    assert b"apl0" in movie
    ctx.scratch.joinpath("clip.mov").unlink()
    review = deliver_as("review", given(2), ctx, frames=2).files["clip"].path.read_bytes()
    assert review.index(b"moov") < review.index(b"mdat")


@pytest.mark.parametrize(("product", "suffix", "dtype"), [("png", "png", np.uint8), ("tiff", "tif", np.uint16)])
def test_a_sequence_has_a_file_per_frame_bit_for_bit(given, ctx, product, suffix, dtype):
    inputs = given(5)

    outputs = deliver_as(product, inputs, ctx, width=192, height=108, frames=5)

    assert list(outputs.files) == [f"frame_{number}" for number in range(1001, 1006)]
    paths = [each.path for each in outputs.files.values()]
    assert [path.name for path in paths] == [f"clip.{number}.{suffix}" for number in range(1001, 1006)]
    assert sorted(ctx.scratch.iterdir()) == paths
    for path, frame in zip(paths, frames(inputs["mezzanine"]), strict=True):
        picture = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
        assert picture.dtype == dtype
        assert np.array_equal(picture, frame.astype(dtype) * (257 if dtype is np.uint16 else 1))
        assert read_back(path)["title"] == f"sh010 {product}"


@pytest.mark.parametrize("product", ["gif", "webp"])
@pytest.mark.parametrize(("fps", "count", "shown"), [(Fraction(24), 12, 6), (Fraction(24000, 1001), 13, 7), (12, 5, 5)])
def test_previews_take_as_long_as_the_shot(given, ctx, product, fps, count, shown):
    inputs = given(count, Fraction(fps))

    clip = deliver_as(product, inputs, ctx, frames=count, fps=fps, width=192, height=108).files["clip"].path

    with Image.open(clip) as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (shown, (192, 108), 0)
        durations = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            durations.append(image.info["duration"])
    step = 2 if fps > 15 else 1
    assert abs(sum(durations) / 1000 - shown * step / fps) <= 0.011
    assert read_back(clip)


def test_equal_inputs_give_equal_pictures(given, ctx):
    inputs, asked = given(6), {"frames": 6, "burn_in": BURN_IN, "slate_frames": 3}

    def pictures():
        clip = deliver_as("review", inputs, ctx, **asked).files["clip"].path
        return [frame.tobytes() for frame in frames(clip)]

    assert pictures() == pictures()


def test_without_provenance_files_are_equal_too(given, ctx):
    inputs = given(3)

    def made():
        return deliver_as("prores-hq", inputs, ctx, frames=3, provenance=False).files["clip"].path.read_bytes()

    first = made()
    assert first == made()
    assert b"c2pa" not in first


# -- slate and burn-in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", ["review", "prores-hq"])
def test_a_slate_stands_before_the_picture_and_before_its_timecode(given, ctx, product):
    inputs = given(6)

    clip = deliver_as(product, inputs, ctx, frames=6, slate_frames=24, width=192, height=108).files["clip"].path

    shown = list(frames(clip))
    assert len(shown) == 30
    assert timecodes(clip) == {"00:00:40:17"}
    assert all(np.abs(frame.astype(int) - shown[0]).mean() < 2 for frame in shown[:24])
    errors = [a.astype(int) - b for a, b in zip(frames(inputs["mezzanine"]), shown[24:], strict=True)]
    assert np.abs(errors).mean() < 3


def test_the_slate_of_a_sequence_counts_down_to_the_first_frame(given, ctx):
    outputs = deliver_as("png", given(2), ctx, frames=2, slate_frames=1)
    assert list(outputs.files) == ["frame_1000", "frame_1001", "frame_1002"]


def test_a_burn_in_leaves_the_middle_alone_and_changes_with_every_frame(given, ctx):
    inputs = given(6)
    asked = {"frames": 6, "width": 192, "height": 108}
    plain = [cv2.imread(str(each.path)) for each in deliver_as("png", inputs, ctx, **asked).files.values()]

    burnt = deliver_as("png", inputs, ctx, **asked, burn_in=("shot", "frame", "timecode")).files.values()

    pictures = [cv2.imread(str(each.path)) for each in burnt]
    for before, after in zip(plain, pictures, strict=True):
        assert np.array_equal(before[24:-24], after[24:-24])
        assert before[:12].mean() > after[:12].mean()
    corners = [picture[-17:, 100:].tobytes() for picture in pictures]
    assert len(set(corners)) == 6
    assert len({picture[:12, :40].tobytes() for picture in plain}) > 1


def test_sound_begins_after_the_slate(given, ctx):
    inputs = given(12)
    rate = 48000
    tone = np.sin(np.arange(rate // 2) * 0.1).astype(np.float32)[None]
    add_sound(inputs["mezzanine"], MEZZANINE, Sound(tone, rate))

    clip = deliver_as("prores-hq", inputs, ctx, slate_frames=12).files["clip"].path

    with av.open(str(clip)) as movie:
        assert movie.streams.audio[0].codec_context.name == "pcm_s24le"
        heard = np.concatenate([frame.to_ndarray().reshape(-1) for frame in movie.decode(audio=0)])
    heard = np.abs(heard / 2.0**31)
    assert heard.shape[0] == rate
    assert heard[: rate // 2 - 100].max() == 0
    assert heard[rate // 2 + 100 :].max() > 0.5


def test_a_website_background_is_silent(given, ctx):
    inputs = given(4)
    add_sound(inputs["mezzanine"], MEZZANINE, Sound(np.zeros((1, 8000), np.float32), 48000))
    assert not probe(deliver_as("website", inputs, ctx, frames=4).files["clip"].path).has_audio


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_shot_of_one_frame(given, ctx, product):
    outputs = deliver_as(product, given(1), ctx, frames=1, burn_in=("frame",), slate_frames=1)
    assert outputs.facts["files"] == (2 if PRODUCTS[product].is_sequence else 1)


def test_drop_frame_timecode_where_it_is_asked_for(given, ctx):
    fps = Fraction(30000, 1001)
    asked = {"frames": 3, "fps": fps, "frame_in": 1800}
    plain = timecodes(deliver_as("review", given(3, fps), ctx, **asked).files["clip"].path)
    dropped = timecodes(deliver_as("review", given(3, fps), ctx, **asked, drop_frame=True).files["clip"].path)
    assert (plain, dropped) == ({"00:01:00:00"}, {"00:01:00;02"})


def test_a_studios_own_preset_is_written_as_its_base(given, ctx):
    inputs = given(4)
    sizes = [
        deliver_as("client", inputs, ctx, base="review", quality=quality, frames=4).files["clip"].path.stat().st_size
        for quality in (10, 40)
    ]
    assert sizes[0] > 1.5 * sizes[1]


def test_folders_with_patterns_in_their_names(given, ctx):
    ctx.scratch = ctx.scratch / "50%02d %%"
    ctx.scratch.mkdir()
    assert len(deliver_as("png", given(2), ctx, frames=2).files) == 2
