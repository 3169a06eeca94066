"""compare: every take in its place on one clock, named, and the same at every moment on the sheet."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from farm.chain import ComparedTake, CompareParams
from farm.compare.grid import Grid
from farm.cut.slate import AMBER
from farm.errors import Cancelled, MediaError
from farm.media import PROXY, Encoder, Target, frames, probe
from farm.stages import compare
from farm.tasks import FileClass

WIDTH, HEIGHT = 320, 180
SHADES = (70, 110, 150, 190)


@pytest.fixture
def take(tmp_path):
    """`take(number, count, fps)`: a proxy of its own shade, a step brighter each frame, and its score, by name."""

    def make(number, count=24, fps=Fraction(24), *, passed=True, total=90.0, why="pans left as asked", size=None):
        width, height = size or (WIDTH, HEIGHT)
        proxy, score = tmp_path / f"proxy-{number}.mp4", tmp_path / f"score-{number}.json"
        with Encoder([Target(proxy, PROXY)], width=width, height=height, fps=fps) as encoder:
            for n in range(count):
                encoder.write(np.full((height, width, 3), SHADES[(number - 1) % 4] + n, np.uint8))
        score.write_text(json.dumps({"total": total, "passed": passed, "why": why}))
        return {f"proxy_{number}": proxy, f"score_{number}": score}

    return make


def params(count, picked=(1,), **more):
    takes = tuple(
        ComparedTake(number=n, model="wan" if n % 2 else "ltx", seed=7, label="gentler") for n in range(1, count + 1)
    )
    given = {
        "title": "sh010",
        "sequence": "sq010",
        "prompt": "slow push in",
        "width": 640,
        "height": 360,
        "frames": 24,
        "fps": Fraction(24),
        "takes": takes,
        "picked": picked,
    }
    return CompareParams(**{**given, **more})


def cells(grid, picture, count):
    """The middle of every take's picture, as a shade."""
    found = []
    for number in range(count):
        column, row = grid.place(number)
        x = round((column + 0.5) * picture.shape[1] / grid.columns)
        top = picture.shape[0] - (grid.rows - row) * (picture.shape[0] - _header(picture, grid)) // grid.rows
        found.append(round(float(picture[top + grid.height // 2, x].mean())))
    return found


def _header(picture, grid):
    """Lines above the first row of pictures."""
    x = round(0.5 * picture.shape[1] / grid.columns)
    bright = np.flatnonzero(picture[:, x].mean(axis=1) > 60)
    return int(bright[bright > 20][0])


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_take_stands_in_its_place_on_one_clock(take, ctx, count):
    inputs = {name: path for n in range(1, count + 1) for name, path in take(n).items()}

    outputs = compare.run(inputs, params(count), ctx)

    movie = outputs.files["movie"].path
    facts, seen = probe(movie), list(frames(movie))
    grid = Grid.of(count, 640 / 360, largest=WIDTH)
    assert (facts.frames, facts.fps, facts.pix_fmt, facts.has_audio) == (24, 24, "yuv420p", False)
    assert facts.width % 2 == facts.height % 2 == 0
    for number in (0, 11, 23):
        expected = [SHADES[n] + number for n in range(count)]
        assert np.abs(np.array(cells(grid, seen[number], count)) - expected).max() <= 3
    assert outputs.facts == {"takes": count, "grid": f"{grid.columns}x{grid.rows}", "frames": 24}


def test_other_rates_lengths_and_sizes_share_the_shots_clock(take, ctx):
    inputs = {**take(1, 12, Fraction(12)), **take(2, 60, Fraction(48), size=(160, 160))}

    movie = compare.run(inputs, params(2, frames=30), ctx).files["movie"].path

    seen = list(frames(movie))
    grid = Grid.of(2, 640 / 360, largest=WIDTH)
    assert len(seen) == 30
    slow, fast = zip(*(cells(grid, frame, 2) for frame in seen), strict=True)
    assert np.abs(np.array(slow) - [SHADES[0] + min(n // 2, 11) for n in range(30)]).max() <= 3
    assert np.abs(np.array(fast) - [SHADES[1] + min(2 * n, 59) for n in range(30)]).max() <= 3


def test_handles_are_not_shown(take, ctx):
    asked = params(2, frames=10)
    asked = asked.model_copy(update={"takes": tuple(each.model_copy(update={"skip": 6}) for each in asked.takes)})

    movie = compare.run({**take(1), **take(2)}, asked, ctx).files["movie"].path

    first = next(frames(movie))
    assert abs(cells(Grid.of(2, 640 / 360, largest=WIDTH), first, 2)[0] - (SHADES[0] + 6)) <= 2


def test_it_loops_without_a_gap(take, ctx):
    movie = compare.run({**take(1), **take(2)}, params(2), ctx).files["movie"].path

    with av.open(str(movie)) as opened:
        stream = opened.streams.video[0]
        assert stream.start_time == 0
        assert stream.duration * stream.time_base == 1
        times = [packet.pts for packet in opened.demux(stream) if packet.size]
    assert times == sorted(times), "without B-frames pictures are shown in the order in which they are read"
    seen = list(frames(movie))
    assert min(float(frame[seen[0].shape[0] // 2].mean()) for frame in seen) > 40, "no frame is black"


def test_only_the_picked_take_is_outlined(take, ctx):
    inputs = {**take(1), **take(2)}
    amber = []
    for number, picked in enumerate(((), (2,))):
        ctx.scratch = ctx.scratch.parent / f"scratch-{number}"
        ctx.scratch.mkdir()
        outputs = compare.run(inputs, params(2, picked=picked), ctx)
        sheet = np.asarray(Image.open(outputs.files["contact_sheet"].path).convert("RGB"), int)
        moment = next(frames(outputs.files["movie"].path)).astype(int)
        amber.append(
            [_amber(moment[:, : moment.shape[1] // 2]), _amber(moment[:, moment.shape[1] // 2 :]), _amber(sheet)]
        )
    (left_before, right_before, sheet_before), (left, right, sheet) = amber
    assert left_before == right_before == sheet_before == 0
    assert right > 1500 > 200 > left, "the outline of the second reaches a little over the gap"
    assert sheet > 5000


def _amber(picture):
    return int((np.abs(picture - AMBER).max(axis=-1) < 24).sum())


def test_the_sheet_holds_every_take_at_every_moment(take, ctx):
    inputs = {**take(1), **take(2), **take(3)}

    sheet = compare.run(inputs, params(3, picked=()), ctx).files["contact_sheet"].path

    picture = np.asarray(Image.open(sheet).convert("L"), int)
    for n in range(3):
        for step in (0, 5, 9, 14, 18, 23):
            assert (np.abs(picture - SHADES[n] - step) <= 2).sum() >= 0.95 * 384 * 216


def test_a_take_that_fails_says_so(take, ctx):
    inputs = {**take(1), **take(2, passed=False, why="fails: it cuts at frame 12")}

    sheet = compare.run(inputs, params(2, picked=()), ctx).files["contact_sheet"].path

    assert _amber(np.asarray(Image.open(sheet).convert("RGB"), int)) > 300


def test_any_words_are_only_words(take, ctx):
    hostile = "%{frame} [0:v] ' \" \\ :; <b> \x00 مرحبا 日本語 " + "long " * 200
    words = {"model": hostile, "label": hostile}
    asked = params(2, title=hostile[:60], prompt=hostile)
    asked = asked.model_copy(update={"takes": tuple(each.model_copy(update=words) for each in asked.takes)})

    outputs = compare.run({**take(1, why=hostile), **take(2)}, asked, ctx)

    assert probe(outputs.files["movie"].path).frames == 24


def test_files_are_deliverables(take, ctx):
    outputs = compare.run({**take(1), **take(2)}, params(2), ctx)

    assert {name: (output.path.name, output.file_class) for name, output in outputs.files.items()} == {
        "movie": ("takes.mp4", FileClass.DELIVERABLE),
        "contact_sheet": ("takes.jpg", FileClass.DELIVERABLE),
    }


def test_a_proxy_that_does_not_decode_is_named(take, ctx, tmp_path):
    inputs = {**take(1), **take(2)}
    (tmp_path / "broken.mp4").write_bytes(b"\x00\x00\x00\x18ftyp")
    inputs["proxy_2"] = tmp_path / "broken.mp4"

    with pytest.raises(MediaError, match=r"broken\.mp4"):
        compare.run(inputs, params(2), ctx)

    assert list(ctx.scratch.iterdir()) == []


def test_cancelling_leaves_nothing(take, ctx):
    ctx.cancel_after = 4

    with pytest.raises(Cancelled):
        compare.run({**take(1), **take(2)}, params(2), ctx)

    assert list(ctx.scratch.iterdir()) == []
