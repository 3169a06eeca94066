"""Timelines of the cut: out, and back in, to the frame; the EDL and FCPXML as text."""

from __future__ import annotations

import re
from fractions import Fraction
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries

from farm.chain import AssembleParams, CutEntry
from farm.cut.edl import edl, plain, reels
from farm.cut.fcp7 import fcp7_xml
from farm.cut.fcpxml import fcpxml, seconds
from farm.cut.losses import losses
from farm.cut.sidecar import sidecar
from farm.cut.timeline import timeline
from farm.cut.timelines import write_timelines
from farm.shots.load import load
from farm.shots.reading.timeline import read_edit

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)]
STARTS = [86400, 86400, 90000, 107892, 108000]
FORMATS = ["timeline", "fcp_xml", "fcpxml", "edl"]

each_rate = pytest.mark.parametrize("fps", RATES, ids=["23.976", "24", "25", "29.97", "30"])


def cut(*entries, fps=Fraction(24), **more):
    return AssembleParams(**{"title": "lake", "width": 1920, "height": 1080, "fps": fps, "entries": entries} | more)


def clip(code="sh010", frames=48, **more):
    return CutEntry(**{"code": code, "frames": frames, "media": f"../{code}.mp4", "take": 1} | more)


def slate(code="sh020", frames=30, **more):
    return CutEntry(code=code, frames=frames, has_clip=False, **more)


ENTRIES = (
    clip("sh010", 37, take=2, label="gentler", score=91.5, prompt="slow push in; mist", media_frames=53, media_in=8),
    slate("sh020", 1801, slate="every take failed", prompt="pan left"),
    clip("sh030", 48, media="../sq 010/ä#1%.mp4", media_start=1001),
)


@st.composite
def cuts(draw):
    entries = []
    for number in range(draw(st.integers(1, 6))):
        frames, head = draw(st.integers(1, 4000)), draw(st.integers(0, 24))
        tail = draw(st.integers(0, 24))
        start = draw(st.sampled_from([0, 1001, 86400]))
        whole = {"media_frames": head + frames + tail, "media_in": head, "media_start": start}
        entries.append(draw(st.sampled_from([clip(f"sh{number}", frames, **whole), slate(f"sh{number}", frames)])))
    return cut(*entries, fps=draw(st.sampled_from(RATES)))


def places(params, *, known=True):
    """What a reader should find: shot, first frame, length, and which part of its media is seen."""
    found, start = [], 0
    for entry in params.entries:
        source = entry.media_start + entry.media_in if entry.has_clip else 0
        whole = (entry.media_start, entry.media_frames or entry.frames) if entry.has_clip else (0, entry.frames)
        found.append((entry.code, start, entry.frames, source, *(whole if known else (None, None))))
        start += entry.frames
    return found


def read(params, output, folder):
    edit = read_edit(write_timelines(folder, params)[output])
    return edit, [
        (each.shot, each.start, each.frames, each.source, each.media_start, each.media_frames) for each in edit.clips
    ]


@settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts())
@pytest.mark.parametrize("output", ["timeline", "fcp_xml"])
def test_otio_and_fcp7_come_back_as_the_same_cut(tmp_path, output, params):
    edit, found = read(params, output, tmp_path)
    assert found == places(params)
    assert (edit.fps, edit.start) == (params.fps, STARTS[RATES.index(params.fps)])


@settings(max_examples=tries(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts())
@pytest.mark.parametrize("output", ["edl", "fcpxml"])
def test_edl_and_fcpxml_keep_every_cut(tmp_path, output, params):
    edit, found = read(params, output, tmp_path)
    assert [each[:4] for each in found] == [each[:4] for each in places(params)]
    assert (edit.fps, edit.start) == (params.fps, STARTS[RATES.index(params.fps)])


@each_rate
@pytest.mark.parametrize("output", FORMATS)
def test_markers_media_and_title_come_back(tmp_path, output, fps):
    edit, _ = read(cut(*ENTRIES, fps=fps), output, tmp_path)
    assert edit.title == "lake"
    assert [each.prompt for each in edit.clips] == ["slow push in; mist", "pan left", ""]
    assert [each.media for each in edit.clips] == ["../sh010.mp4", "", "../sq 010/ä#1%.mp4"]


@each_rate
def test_the_adapters_open_what_they_can(fps):
    params = cut(*ENTRIES, fps=fps)
    back = otio.adapters.read_from_string(fcp7_xml(params), "fcp_xml")
    assert [each.source_range.duration.value for each in back.find_clips()] == [37, 1801, 48]
    assert back.global_start_time.value == STARTS[RATES.index(fps)]
    if fps.denominator == 1:  # it counts drop-frame as if there were none, and 23.976 as 23
        back = otio.adapters.read_from_string(edl(params), "cmx_3600", rate=float(fps))
        assert [each.source_range.duration.value for each in back.find_clips()] == [37, 1801, 48]
        back = otio.adapters.read_from_string(fcpxml(params), "fcpx_xml")
        assert [each.source_range.duration.value for each in back[0].find_clips()] == [37, 48]


def test_media_at_another_rate_keeps_its_own_and_the_cut_its_frames(tmp_path):
    params = cut(clip(frames=48, media_fps=Fraction(25), media_frames=75, media_in=10), fps=Fraction(24))
    found = next(iter(timeline(params).find_clips()))
    assert found.media_reference.available_range.duration == otio.opentime.RationalTime(75, 25)
    assert found.source_range.duration == otio.opentime.RationalTime(48, 24)
    for output in FORMATS:
        edit, places = read(params, output, tmp_path)
        assert places[0][:4] == ("sh010", 0, 48, 10)
        assert sum("runs at 25 fps" in str(each) for each in edit.findings) == (output != "edl")


def parsed(xml):
    return ET.fromstring(xml)  # noqa: S314  our own


def test_fcp7_says_drop_frame_size_and_names_its_media():
    root = parsed(fcp7_xml(cut(*ENTRIES, fps=Fraction(30000, 1001))))
    sequence = root.find(".//sequence")
    assert sequence.findtext("timecode/displayformat") == "DF"
    assert sequence.findtext("timecode/string") == "01:00:00;00"
    assert sequence.findtext("media/video/format/samplecharacteristics/width") == "1920"
    files = [each for each in root.iter("file") if each.find("pathurl") is not None]
    assert [each.findtext("pathurl") for each in files] == ["../sh010.mp4", "../sq%20010/%C3%A4%231%25.mp4"]
    assert files[1].findtext("name") == "ä#1%.mp4"
    assert not list(root.iter("audio"))[1:]
    assert all(len(each.findall("rate")) == 1 for each in root.iter("clipitem"))
    assert fcp7_xml(cut(clip())).startswith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>')


EVENT = re.compile(r"(\d{3})  (.{8}) V     C        (\S{11}) (\S{11}) (\S{11}) (\S{11})")


@each_rate
def test_the_edl_as_text(fps):
    text = edl(cut(*ENTRIES, fps=fps))
    drop, mark = fps.denominator == 1001 and round(fps) == 30, ";" if round(fps) == 30 and fps != 30 else ":"
    head, events = text.splitlines()[:3], EVENT.findall(text)
    assert head == ["TITLE: lake", "FCM: DROP FRAME" if drop else "FCM: NON-DROP FRAME", ""]
    assert [each[:2] for each in events] == [("001", "SH010   "), ("002", "SH020   "), ("003", "SH030   ")]
    assert events[0][4] == f"01:00:00{mark}00"
    assert [each[5] for each in events[:-1]] == [each[4] for each in events[1:]]
    assert all((";" in stamp) == drop for each in events for stamp in each[2:])
    assert text.isascii()
    assert "* LOC: " + events[0][4] + " GREEN   [take 2, gentler, score 91.5] slow push in; mist" in text
    assert "ORANGE  [no clip: every take failed] pan left" in text


@given(st.lists(st.text(min_size=1, max_size=20), max_size=40, unique=True))
def test_reels_are_eight_letters_and_unique(codes):
    found = reels(codes)
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[A-Z0-9]{1,8}", reel) and reel not in {"AX", "BL"} for reel in found)


def test_reels_are_made_of_codes():
    assert reels(["sh010", "sequence010_sh010", "sequence010_sh020", "BL", "ß"]) == [
        "SH010", "SEQUENCE", "SEQUENC2", "BL2", "SHOT",
    ]  # fmt: skip


@given(st.text(max_size=400))
def test_comments_are_one_short_line_of_ascii(words):
    line = plain(words)
    assert line.isascii()
    assert len(line) <= 200
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("fps", "duration"),
    [
        (Fraction(24000, 1001), "1001/24000s"),
        (Fraction(24), "1/24s"),
        (Fraction(30000, 1001), "1001/30000s"),
        (Fraction(25, 2), "2/25s"),
    ],
)
def test_fcpxml_has_frame_durations_and_times_on_them(fps, duration):
    root = parsed(fcpxml(cut(*ENTRIES, fps=fps)))
    assert [each.get("frameDuration") for each in root.iter("format")] == [duration]
    for item in root.find(".//spine"):
        for name in ("offset", "start", "duration"):
            assert (_s(item.get(name)) * fps).denominator == 1
    assets = {each.get("id"): each for each in root.iter("asset")}
    for item in root.iter("asset-clip"):
        asset = assets[item.get("ref")]
        assert _s(asset.get("start")) <= _s(item.get("start"))
        assert _s(item.get("start")) + _s(item.get("duration")) <= _s(asset.get("start")) + _s(asset.get("duration"))
    assert [item.tag for item in root.find(".//spine")] == ["asset-clip", "gap", "asset-clip"]
    assert unquote(assets["a3"].get("src")) == "../sq 010/ä#1%.mp4"


def _s(written):
    return Fraction(written.removesuffix("s"))


def test_fcpxml_counts_in_drop_frame_where_the_rate_has_it():
    sequence = parsed(fcpxml(cut(clip(), fps=Fraction(30000, 1001)))).find(".//sequence")
    assert (sequence.get("tcFormat"), sequence.get("tcStart")) == ("DF", seconds(107892, Fraction(30000, 1001)))


def test_words_that_no_xml_may_hold_are_left_out(tmp_path):
    params = cut(clip(prompt="a\uffffb <&> ]]>", label="x]"), slate(slate="bad\x0b]"))
    for output in FORMATS:
        edit, _ = read(params, output, tmp_path)
        assert edit.clips[0].prompt == "ab <&> ]]>"


def test_a_cut_that_fcp7_cannot_count_says_so():
    assert losses(cut(clip(), fps=Fraction(25, 2)))["fcp_xml"] == [
        "the rate: 12.5 fps is none that FCP7 can say, and it is rounded up"
    ]


def test_only_what_this_cut_has_is_lost():
    assert losses(cut(clip())) == {
        "timeline": [],
        "fcp_xml": [],
        "fcpxml": [],
        "edl": ["the rate and the frame's size, which no EDL says: set them where you import"],
    }
    said = losses(cut(*ENTRIES, clip("sequence010_sh040", prompt="“ä” 漢"), clip("sh050", shot={"still": "a.png"})))
    assert said["fcpxml"] == [
        "still of the shots; the .csv beside it keeps them",
        "sh020 without media: a gap with the shot's name, in which nothing can be relinked",
        "colours of markers",
    ]
    assert said["edl"][2:] == [
        "how far the media of sh010 reaches: handles are there, and not listed",
        "1 reel cannot be the shot's code: 8 letters and digits; the clip name is whole",
        "letters outside ASCII in 1 note; the .csv beside it keeps them",
    ]


def test_the_sheet_beside_is_a_shot_list_of_what_timelines_lose(tmp_path):
    told = {"still": "stills/a.png", "prompt": 'slow push in, "mist"\nthen hold', "handles": "8", "models": "animatic"}
    params = cut(clip(shot=told), slate(shot={"still": "stills/b.png", "takes": "2"}), fps=Fraction(25))
    assert sidecar(params).splitlines()[0] == "code,still,prompt,handles,models,takes"
    files = write_timelines(tmp_path, params)
    for output in FORMATS:
        first, second = load(files[output]).shots
        assert (first.still, first.prompt) == (str(tmp_path / "stills/a.png"), told["prompt"])
        assert (first.nb_frames, first.handles, first.fps) == (48, 8, 25)
        assert (second.code, second.takes) == ("sh020", 2)


def test_the_otio_is_a_whole_shot_list_by_itself(tmp_path):
    told = {"still": "stills/a.png", "prompt": "pan left", "handles": "8"}
    files = write_timelines(tmp_path, cut(clip(shot=told)))
    files["sidecar"].unlink()
    loaded = load(files["timeline"])
    assert (loaded.shots[0].prompt, loaded.shots[0].handles) == ("pan left", 8)
    assert (loaded.width, loaded.height, loaded.fps) == (1920, 1080, 24)
