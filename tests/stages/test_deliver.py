"""deliver: the clip has exactly the frames, rate and size asked for, in the right colours, under the studio's name."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from farm.chain import DeliverParams
from farm.errors import Cancelled, InputError, MediaError
from farm.media import MEZZANINE, Encoder, Target, frames, probe
from farm.shots.model import Fit
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
