"""generate: frames stream from a model into mezzanine and proxy, counted and hashed."""

from __future__ import annotations

import hashlib
import subprocess
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from farm.chain import GenerateParams
from farm.errors import Cancelled
from farm.media import ffmpeg, frames, probe
from farm.shots.intent import Camera, CameraMove, MotionIntent
from farm.shots.model import Fit
from farm.stages import generate
from farm.stages.generate import WrongFrames
from farm.tasks import FileClass

PAN = MotionIntent(phases=((CameraMove(kind=Camera.PAN),),))


def params(**changed):
    given = {
        "model": "fake",
        "revision": "1",
        "width": 192,
        "height": 108,
        "frames": 12,
        "fps": Fraction(24000, 1001),
        "seed": 7,
    }
    return GenerateParams(**{**given, **changed})


@pytest.fixture
def pictures(photo):
    still = photo("chelsea.png")
    return [still[60:168, 40 + n : 232 + n].copy() for n in range(12)]


@pytest.fixture
def model(ctx, fake_model, pictures):
    ctx.models["fake"] = fake_model(pictures)
    return ctx.models["fake"]


def test_a_take_is_kept_whole_and_shown_small(ctx, model, pictures, tmp_path):
    outputs = generate.run({"still": tmp_path / "still.png"}, params(), ctx)

    kept = list(frames(outputs.files["mezzanine"].path))
    assert all(np.array_equal(a, b) for a, b in zip(kept, pictures, strict=True))
    for name in ("mezzanine", "proxy"):
        facts = probe(outputs.files[name].path)
        assert (facts.width, facts.height, facts.frames, facts.fps) == (192, 108, 12, Fraction(24000, 1001))
    poster = np.asarray(Image.open(outputs.files["poster"].path))
    assert np.abs(poster.astype(int) - pictures[6]).mean() < 3
    assert {name: output.file_class for name, output in outputs.files.items()} == {
        "mezzanine": FileClass.MEZZANINE,
        "proxy": FileClass.PROXY,
        "poster": FileClass.PROXY,
    }


def test_facts_tell_how_it_was_made(ctx, model, pictures, tmp_path):
    facts = generate.run({"still": tmp_path / "still.png"}, params(), ctx).facts

    assert facts["frame_hash"] == hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    assert facts["seed"] == 7
    assert facts["seconds"] >= 12 * facts["seconds_per_frame"] - 0.01 > 0
    assert ctx.checks == 12


def test_the_model_is_asked_for_everything(ctx, model, tmp_path):
    names = ("still", "end", "mask", "depth", "layer_10", "layer_02", "reference_2", "reference_1")
    inputs = {name: tmp_path / f"{name}.png" for name in names}
    given = params(prompt="pan", intent=PAN, fit=Fit.OVERSCAN, overscan=1.1, loop=True, options={"ease": "slow"})

    generate.run(inputs, given, ctx)

    asked = model.request
    assert (asked.start, asked.end, asked.mask, asked.depth) == tuple(inputs[n] for n in names[:4])
    assert asked.layers == (inputs["layer_02"], inputs["layer_10"])
    assert asked.references == (inputs["reference_1"], inputs["reference_2"])
    for field in ("prompt", "intent", "width", "height", "frames", "fps", "seed", "fit", "overscan", "loop", "options"):
        assert getattr(asked, field) == getattr(given, field)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"frames": 13}, "made 12 frames where 13"),
        ({"frames": 11}, "more than the 11"),
        ({"width": 194}, "frame 0 as"),
    ],
    ids=["too few", "too many", "another size"],
)
def test_a_model_that_breaks_its_word_is_found_out(ctx, model, tmp_path, changed, words):
    with pytest.raises(WrongFrames, match=words):
        generate.run({"still": tmp_path / "still.png"}, params(**changed), ctx)

    assert [path.suffix for path in ctx.scratch.iterdir()] in ([], [".jpg"])


def test_floats_are_not_frames(ctx, fake_model, pictures, tmp_path):
    ctx.models["fake"] = fake_model([picture.astype(np.float32) for picture in pictures])

    with pytest.raises(WrongFrames, match="float32"):
        generate.run({"still": tmp_path / "still.png"}, params(), ctx)


def test_cancelling_leaves_no_process_and_no_movie(ctx, model, tmp_path, monkeypatch):
    ctx.cancel_after = 5
    started = []
    popen = subprocess.Popen

    def remember(*args, **more):
        started.append(popen(*args, **more))
        return started[-1]

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", remember)

    with pytest.raises(Cancelled):
        generate.run({"still": tmp_path / "still.png"}, params(), ctx)

    assert [process.poll() is not None for process in started] == [True]
    assert list(ctx.scratch.iterdir()) == []


def test_a_take_is_the_same_every_time(ctx, model, tmp_path):
    hashes = [generate.run({"still": tmp_path / "s.png"}, params(), ctx).facts["frame_hash"] for _ in range(2)]
    files = [(ctx.scratch / name).read_bytes() for name in ("mezzanine.mkv", "proxy.mp4")]

    generate.run({"still": tmp_path / "s.png"}, params(), ctx)

    assert hashes[0] == hashes[1]
    assert files == [(ctx.scratch / name).read_bytes() for name in ("mezzanine.mkv", "proxy.mp4")]
