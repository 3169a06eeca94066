"""upscale: every frame of a take, larger, with its sound, and in memory that does not grow."""

from __future__ import annotations

from fractions import Fraction

import ffmpeg as ffmpeg_python
import numpy as np
import pytest

from farm.chain import UpscaleParams
from farm.errors import Cancelled, InputError
from farm.media import MEZZANINE, Encoder, Target, ffmpeg, frames, probe
from farm.models.enhance import upscaler
from farm.models.enhance.lanczos import enlarged
from farm.models.spec import Placement
from farm.shots.model import Fit
from farm.stages import upscale
from farm.tasks import FileClass

RATE = Fraction(24000, 1001)


def params(**changed):
    asked = {"upscaler": "lanczos", "revision": "1", "width": 192, "height": 108, "frames": 6}
    return UpscaleParams(**(asked | changed))


@pytest.fixture
def pictures(photo):
    still = photo("coffee.png")
    return [still[80:134, 40 + n : 136 + n].copy() for n in range(6)]


@pytest.fixture
def take(tmp_path, pictures):
    """A mezzanine of 96x54."""
    path = tmp_path / "take.mkv"
    with Encoder([Target(path, MEZZANINE)], width=96, height=54, fps=RATE) as encoder:
        for picture in pictures:
            encoder.write(picture)
    return path


@pytest.fixture
def lanczos(ctx):
    ctx.models["lanczos"] = upscaler("lanczos").open(Placement())


def test_a_take_is_enlarged_frame_by_frame(ctx, lanczos, take, pictures):
    outputs = upscale.run({"mezzanine": take}, params(), ctx)

    made = list(frames(outputs.files["mezzanine"].path))
    assert all(np.array_equal(one, enlarged(other, 192, 108)) for one, other in zip(made, pictures, strict=True))
    for name in ("mezzanine", "proxy"):
        facts = probe(outputs.files[name].path)
        assert (facts.width, facts.height, facts.frames, facts.fps) == (192, 108, 6, RATE)
    assert {name: output.file_class for name, output in outputs.files.items()} == {
        "mezzanine": FileClass.MEZZANINE,
        "proxy": FileClass.PROXY,
    }
    assert outputs.facts["from"] == "96x54"
    assert ctx.fractions[-1] == 1.0


@pytest.mark.parametrize(
    ("fit", "size", "bars"), [(Fit.CROP, (160, 160), 0), (Fit.PAD, (160, 160), 35), (Fit.PAD, (400, 108), 104)]
)
def test_another_shape_is_cut_or_shown_on_bars(ctx, lanczos, take, fit, size, bars):
    outputs = upscale.run({"mezzanine": take}, params(width=size[0], height=size[1], fit=fit), ctx)
    first = next(frames(outputs.files["mezzanine"].path)).max(axis=2)
    assert first.shape == size[::-1]
    black = (first == 0).all(axis=1).sum() + (first == 0).all(axis=0).sum()
    assert black == 2 * bars


def test_sound_is_kept_as_it_is(ctx, lanczos, take):
    tone = ffmpeg_python.input("sine=frequency=440:duration=0.25", f="lavfi").audio
    sounding = take.with_name("sounding.mkv")
    picture = ffmpeg_python.input(str(take)).video
    graph = ffmpeg_python.output(picture, tone, str(sounding), vcodec="copy", acodec="flac")
    graph.run(cmd=ffmpeg.binary(), quiet=True)

    outputs = upscale.run({"mezzanine": sounding}, params(), ctx)

    made = outputs.files["mezzanine"].path
    assert probe(made).has_audio
    assert probe(made).frames == 6
    assert sound(made) == sound(sounding) != b""


def sound(path) -> bytes:
    samples, _ = (
        ffmpeg_python.input(str(path))
        .audio.output("pipe:", f="s16le")
        .run(cmd=ffmpeg.binary(), capture_stdout=True, quiet=True)
    )
    return samples


def test_a_take_is_the_same_every_time(ctx, lanczos, take):
    made = [upscale.run({"mezzanine": take}, params(), ctx).files["mezzanine"].path.read_bytes() for _ in range(2)]
    assert made[0] == made[1]


def test_cancelling_leaves_nothing(ctx, lanczos, take):
    ctx.cancel_after = 2
    with pytest.raises(Cancelled):
        upscale.run({"mezzanine": take}, params(), ctx)
    assert list(ctx.scratch.iterdir()) == []


def test_an_upscaler_that_cannot_be_opened_leaves_nothing(ctx, take):
    class Refusing:
        def enlarged(self, frames, width, height):
            raise InputError("x.pth is damaged (fetch it again)")

    ctx.models["lanczos"] = Refusing()
    with pytest.raises(InputError, match=r"x\.pth is damaged"):
        upscale.run({"mezzanine": take}, params(), ctx)
    assert list(ctx.scratch.iterdir()) == []
