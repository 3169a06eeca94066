"""assemble: the cut never moves, whatever its clips are."""

from __future__ import annotations

from fractions import Fraction
from urllib.parse import unquote

import av
import numpy as np
import opentimelineio as otio
import pytest
from PIL import Image

from farm.chain import AssembleParams, CutEntry
from farm.errors import Cancelled, MediaError
from farm.media import MEZZANINE, Encoder, Target, frames, probe, write_png
from farm.stages import assemble
from farm.stages.assemble import conformed
from farm.tasks import FileClass

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)]


@pytest.fixture
def clip(tmp_path):
    """`clip(name, shade, count, fps)`: a mezzanine of one shade that brightens by one step a frame."""

    def make(name, shade, count=12, fps=Fraction(24), width=192, height=108):
        path = tmp_path / f"{name}.mkv"
        with Encoder([Target(path, MEZZANINE)], width=width, height=height, fps=fps) as encoder:
            for n in range(count):
                encoder.write(np.full((height, width, 3), shade + n, np.uint8))
        return path

    return make


def entry(code, count, **more):
    return CutEntry(code=code, frames=count, sequence="sq010", **more)


def params(*entries, fps=Fraction(24), **more):
    given = {"title": "Lighthouse", "width": 192, "height": 108, "fps": fps, "entries": entries}
    return AssembleParams(**{**given, **more})


def shades(path):
    return [round(float(frame.mean())) for frame in frames(path)]


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_every_cut_falls_on_its_frame(clip, ctx, fps):
    inputs = {"clip_0": clip("a", 40, fps=fps), "clip_1": clip("b", 120, fps=fps), "clip_2": clip("c", 200, fps=fps)}

    outputs = assemble.run(inputs, params(entry("a", 9), entry("b", 12), entry("c", 7), fps=fps), ctx)

    facts = probe(outputs.files["movie"].path)
    assert (facts.frames, facts.fps, facts.width, facts.height) == (28, fps, 192, 108)
    seen = shades(outputs.files["movie"].path)
    expected = [*range(40, 49), *range(120, 132), *range(200, 207)]
    assert np.abs(np.array(seen) - expected).max() <= 2
    assert {**outputs.facts, "losses": {}} == {"frames": 28, "shots": 3, "slated": [], "losses": {}}
    assert set(outputs.facts["losses"]) == {"timeline", "fcp_xml", "fcpxml", "edl"}


def test_a_short_clip_holds_and_a_long_one_is_cut(clip, ctx):
    inputs = {"clip_0": clip("a", 40, 5), "clip_1": clip("b", 120, 30)}

    movie = assemble.run(inputs, params(entry("a", 10), entry("b", 6)), ctx).files["movie"].path

    assert np.abs(np.array(shades(movie)) - [40, 41, 42, 43, 44, *[44] * 5, *range(120, 126)]).max() <= 2


def test_a_shot_without_a_clip_stands_as_long_under_its_slate(clip, ctx, tmp_path, photo):
    write_png(tmp_path / "still.png", photo("chelsea.png"))
    inputs = {"clip_0": clip("a", 200, 6), "still_1": tmp_path / "still.png"}
    cut = params(
        entry("a", 6),
        entry("b", 11, has_clip=False, slate="every take failed"),
        entry("c", 5, has_clip=False, slate="held"),
    )

    outputs = assemble.run(inputs, cut, ctx)

    seen = list(frames(outputs.files["movie"].path))
    assert len(seen) == 22
    assert np.abs(seen[6].astype(int) - seen[16]).mean() < 2
    assert np.abs(seen[16].astype(int) - seen[17]).mean() > 2
    assert seen[6].max() > 180
    assert np.median(seen[6]) < 90
    assert outputs.facts["slated"] == ["b", "c"]


def test_other_sizes_and_rates_are_fitted(clip, ctx):
    inputs = {"clip_0": clip("a", 40, 12, Fraction(12), 108, 108), "clip_1": clip("b", 120, 8, Fraction(48), 384, 216)}

    movie = assemble.run(inputs, params(entry("a", 8), entry("b", 4)), ctx).files["movie"].path

    seen = list(frames(movie))
    assert len(seen) == 12
    assert [round(float(frame[54, 96].mean())) for frame in seen] == pytest.approx(
        [40, 40, 41, 41, 42, 42, 43, 43, 120, 122, 124, 126], abs=2
    )
    assert seen[0][54, 5].mean() < 4


def test_every_shot_begins_a_closed_group(clip, ctx):
    inputs = {"clip_0": clip("a", 40, 7), "clip_1": clip("b", 120, 9)}

    movie = assemble.run(inputs, params(entry("a", 7), entry("b", 9)), ctx).files["movie"].path

    with av.open(str(movie)) as opened:
        keys = {round(packet.pts * packet.time_base * 24) for packet in opened.demux(video=0) if packet.is_keyframe}
    assert {0, 7} <= keys


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_the_timeline_is_exact_and_refers_to_the_clips(clip, ctx, fps):
    inputs = {"clip_0": clip("a", 40, fps=fps)}
    cut = params(
        entry("a", 12, media="../publish/sq 010/ä#1%.mp4", prompt="pan left", score=0.9, take=2, label="gentler"),
        entry("b", 7, has_clip=False, slate="held", frame_in=990),
        fps=fps,
    )

    outputs = assemble.run(inputs, cut, ctx)

    timeline = otio.adapters.read_from_file(str(outputs.files["timeline"].path))
    first, second = timeline.find_clips()
    assert timeline.name == "Lighthouse"
    assert timeline.duration() == otio.opentime.RationalTime(19, float(fps))
    assert [item.source_range.duration.value for item in (first, second)] == [12, 7]
    assert first.range_in_parent().end_time_exclusive() == second.range_in_parent().start_time
    assert first.media_reference.target_url == "../publish/sq%20010/%C3%A4%231%25.mp4"
    assert unquote(first.media_reference.target_url) == cut.entries[0].media
    assert (first.markers[0].name, first.markers[0].comment) == ("[take 2, gentler, score 0.9]", "pan left")
    assert {**first.metadata["farm"], "shot": {}} == {
        "code": "a",
        "sequence": "sq010",
        "take": 2,
        "label": "gentler",
        "frame_in": 1001,
        "slate": "",
        "score": 0.9,
        "shot": {},
    }
    assert isinstance(second.media_reference, otio.schema.MissingReference)
    assert second.metadata["farm"]["slate"] == "held"
    assert second.markers[0].name == "[no clip: held]"


@pytest.mark.parametrize("count", [1, 2, 5, 26])
def test_the_contact_sheet_holds_every_shot(clip, ctx, count):
    source = clip("a", 200, 3)
    inputs = {f"clip_{n}": source for n in range(count)}

    sheet = assemble.run(inputs, params(*[entry(f"sh{n:03}", 3) for n in range(count)]), ctx).files["contact_sheet"]

    picture = np.asarray(Image.open(sheet.path).convert("L"))
    bright = (np.abs(picture.astype(int) - 201) < 6).sum()
    assert bright == pytest.approx(count * 3 * 384 * 216, rel=0.02)


def test_every_sequence_has_a_sheet_where_there_are_several(clip, ctx):
    source = clip("a", 200, 3)
    shots = [("a", "sq020"), ("b", "sq010"), ("c", "sq020"), ("d", "")]
    cut = params(*[entry(code, 3).model_copy(update={"sequence": sequence}) for code, sequence in shots])

    files = assemble.run({f"clip_{n}": source for n in range(4)}, cut, ctx).files

    assert cut.sheets == {"sheet_1": "sq020", "sheet_2": "sq010", "sheet_3": ""}
    for output, shown in (("contact_sheet", 4), ("sheet_1", 2), ("sheet_2", 1), ("sheet_3", 1)):
        picture = np.asarray(Image.open(files[output].path).convert("L"))
        assert (np.abs(picture.astype(int) - 201) < 6).sum() == pytest.approx(shown * 3 * 384 * 216, rel=0.02)
    assert files["sheet_1"].file_class is FileClass.DELIVERABLE


def test_files_are_deliverables(clip, ctx):
    outputs = assemble.run({"clip_0": clip("a", 40)}, params(entry("a", 12)), ctx)

    assert {name: (output.path.name, output.file_class) for name, output in outputs.files.items()} == {
        "movie": ("movie.mp4", FileClass.DELIVERABLE),
        "contact_sheet": ("contact-sheet.jpg", FileClass.DELIVERABLE),
        "timeline": ("timeline.otio", FileClass.DELIVERABLE),
        "edl": ("timeline.edl", FileClass.DELIVERABLE),
        "fcp_xml": ("timeline.xml", FileClass.DELIVERABLE),
        "fcpxml": ("timeline.fcpxml", FileClass.DELIVERABLE),
        "sidecar": ("timeline.csv", FileClass.DELIVERABLE),
    }


def test_the_cut_begins_after_the_handle(clip, ctx):
    movie = assemble.run({"clip_0": clip("a", 40, 20)}, params(entry("a", 6, skip=5)), ctx).files["movie"].path

    assert np.abs(np.array(shades(movie)) - [*range(45, 51)]).max() <= 2


def test_a_clip_that_does_not_decode_is_named(ctx, tmp_path):
    (tmp_path / "broken.mkv").write_bytes(b"\x1a\x45\xdf\xa3")

    with pytest.raises(MediaError, match=r"broken\.mkv"):
        assemble.run({"clip_0": tmp_path / "broken.mkv"}, params(entry("a", 12)), ctx)

    assert list(ctx.scratch.iterdir()) == []


def test_cancelling_leaves_nothing(clip, ctx):
    ctx.cancel_after = 4

    with pytest.raises(Cancelled):
        assemble.run({"clip_0": clip("a", 40)}, params(entry("a", 12)), ctx)

    assert list(ctx.scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "native", "cut", "count", "expected"),
    [
        (3, 24, 24, 3, [0, 1, 2]),
        (3, 24, 24, 5, [0, 1, 2, 2, 2]),
        (5, 24, 24, 2, [0, 1]),
        (4, 12, 24, 8, [0, 0, 1, 1, 2, 2, 3, 3]),
        (8, 48, 24, 4, [0, 2, 4, 6]),
        (5, Fraction(24000, 1001), Fraction(24000, 1001), 5, [0, 1, 2, 3, 4]),
    ],
    ids=["same", "hold", "trim", "slower", "faster", "23.976"],
)
def test_conforming(source, native, cut, count, expected):
    assert list(conformed(iter(range(source)), Fraction(native), Fraction(cut), count)) == expected


def test_a_clip_without_frames_cannot_be_conformed():
    with pytest.raises(ValueError, match="without frames"):
        list(conformed(iter(()), Fraction(24), Fraction(24), 3))
