"""Timelines as shot lists: rows, stills, and everything that an edit holds and the farm does not make."""

from __future__ import annotations

import json
from contextlib import suppress
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries
from opentimelineio.opentime import RationalTime, TimeRange

from farm.config import Project
from farm.errors import DocumentError
from farm.findings import Severity
from farm.shots.load import load
from farm.shots.paths import Allowed
from farm.shots.reading.otio_reader import timeline_edit
from farm.shots.reading.timeline import read_edit

LENGTH = "the shot is rendered at its length in the cut"
PICTURE = "stills/a%20b.png"


def span(frames, start=0, fps=25.0):
    return TimeRange(RationalTime(start, fps), RationalTime(frames, fps))


def clip(name="sh010", frames=50, url=PICTURE, **more):
    media = otio.schema.ExternalReference(url) if url else None
    return otio.schema.Clip(**{"name": name, "media_reference": media, "source_range": span(frames)} | more)


def timeline(*items, fps=25.0, start=90000, tracks=()):
    made = otio.schema.Timeline("cut", global_start_time=RationalTime(start, fps))
    track = otio.schema.Track("V1", kind="Video")
    track.extend(items)
    made.tracks.append(track)
    for number, more in enumerate(tracks, 2):
        above = otio.schema.Track(f"V{number}", kind="Video")
        above.extend(more)
        made.tracks.append(above)
    return made


@pytest.fixture
def save(tmp_path):
    """Write a timeline as `cut.otio`."""

    def write(*items, **more):
        path = tmp_path / "cut.otio"
        timeline(*items, **more).to_json_file(str(path))
        return path

    return write


def test_each_clip_is_a_row(save, tmp_path):
    marker = otio.schema.Marker(name="note", comment="slow push in", marked_range=span(1))
    second = clip("SH 020.mov", 30, url="file:///shows/b.tif", source_range=span(30, 100))
    second.markers.append(marker)

    found = load(save(clip(), otio.schema.Gap(source_range=span(25)), second))

    one, two = found.shots
    assert (one.code, one.nb_frames, one.still, one.fps) == ("sh010", 50, str(tmp_path / "stills/a b.png"), 25)
    assert (two.code, two.nb_frames, two.still, two.prompt) == ("SH_020", 30, "/shows/b.tif", "slow push in")
    assert str(two.place) == 'cut.otio: clip "SH 020.mov" at 01:00:03:00'
    assert two.metadata == {"record": "01:00:03:00", "source": "00:00:04:00", "clip": "SH 020.mov"}


def test_handles_come_from_what_the_media_has_beyond_the_clip(save):
    media = otio.schema.ExternalReference("a.png", available_range=span(100))
    movie = otio.schema.ExternalReference("a.mov", available_range=span(100, 1000))
    told = {"farm": {"code": "sh020", "shot": {"still": "b.png", "nb_frames": "7", "nonsense": "x", "prompt": 3}}}

    found = load(
        save(
            clip("sh010", media_reference=media, source_range=span(40, 20)),
            clip("take", media_reference=movie, source_range=span(60, 1012), metadata=told),
        )
    )

    assert [shot.handles for shot in found.shots] == [0, 12]
    assert (found.shots[1].code, found.shots[1].nb_frames, found.shots[1].prompt) == ("sh020", 60, "")


def test_a_sheet_beside_gives_what_the_timeline_lacks(save, write, tmp_path):
    path = save(clip("sh010", url="a.mov"), clip("sh020", url=""), clip("sh030"))
    write("cut.csv", "Shot,Still,Prompt,Frames,Bid\nSH010,a.png,pan left,9,3\nsh020,b.png,,,\nsh090,c.png,,,\n")

    found = load(path)

    assert [shot.still for shot in found.shots] == [
        str(tmp_path / name) for name in ("a.png", "b.png", "stills/a b.png")
    ]
    assert (found.shots[0].prompt, found.shots[0].nb_frames, found.shots[0].metadata["Bid"]) == ("pan left", 50, "3")
    assert [str(each) for each in found.findings if each.rule == "edit.sidecar"] == [
        'cut.csv:2 column "Frames": lengths come from the timeline (leave this column out)',
        'cut.csv:4: no clip of cut.otio is called "sh090" (check the name in the column Shot)',
    ]


def test_a_yaml_beside_speaks_of_every_shot_too(save, write):
    path = save(clip("sh010", url=""), clip("sh020", url=""))
    write("cut.yaml", "project: lake\ndefaults: {still: wide.png, handles: 8}\nshots:\n- {code: sh020, fps: 50}\n")

    found = load(path)

    assert found.project == "lake"
    assert [(shot.handles, shot.nb_frames, shot.fps) for shot in found.shots] == [(8, 50, 25), (8, 100, 50)]


def test_the_project_is_asked_as_for_any_list(save, write):
    write("project.yaml", "takes: 2\nhandles: 6\nsize: 1280x720\n")
    found = load(save(clip()))
    assert (found.shots[0].takes, found.shots[0].handles, found.width) == (2, 6, 1280)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("plates/a.mov", '"a.mov", is a movie'),
        ("plates/a.%04d.exr", "is one of a sequence of images"),
        ("plates/a.[1001-1020].exr", "is one of a sequence of images"),
    ],
)
def test_a_movie_is_no_still(save, said, url, kind):
    (found,) = said(save(clip(url=url)))
    assert found.startswith('cut.otio: clip "sh010" at 01:00:00:00: its media, ')
    assert kind in found
    assert found.endswith('(name one in the column "Still" of cut.csv beside it, in the row of "sh010")')


def test_media_that_is_not_there_is_said_with_its_clip(save, said):
    assert said(save(clip(), clip("sh020", url=""))) == [
        (
            'cut.otio: clip "sh020" at 01:00:02:00: it has no media, and a shot starts from a still '
            '(name one in the column "Still" of cut.csv beside it, in the row of "sh020")'
        )
    ]


def nested():
    stack = otio.schema.Stack("nest", source_range=span(30))
    track = otio.schema.Track("V1")
    track.append(clip("inner"))
    stack.append(track)
    return stack


def with_effect(effect):
    made = clip("sh020")
    made.effects.append(effect)
    return made


def disabled():
    made = clip("sh020")
    made.enabled = False
    return made


def transition():
    return otio.schema.Transition("Cross Dissolve", in_offset=RationalTime(5, 25), out_offset=RationalTime(7, 25))


HERE = 'cut.otio: clip "sh020" at 01:00:02:00: '


@pytest.mark.parametrize(
    ("items", "found"),
    [
        (
            [clip(), otio.schema.Gap(source_range=span(12)), clip("sh020")],
            'cut.otio: clip "sh020" at 01:00:02:12: 12 frames of nothing before it are closed',
        ),
        (
            [clip(), transition(), clip("sh020")],
            'cut.otio: clip "Cross Dissolve" at 01:00:02:00: the cross dissolve of 12 frames becomes a cut',
        ),
        ([clip(), with_effect(otio.schema.LinearTimeWarp(time_scalar=2.0))], f"{HERE}a speed of 200% is not made"),
        ([clip(), with_effect(otio.schema.FreezeFrame())], f"{HERE}a freeze frame is not made"),
        ([clip(), with_effect(otio.schema.TimeEffect())], f"{HERE}a change of speed is not made"),
        ([clip(), disabled()], f"{HERE}a disabled clip is no shot"),
        (
            [clip(), clip("sh020", media_reference=otio.schema.GeneratorReference(generator_kind="black"))],
            f"{HERE}the generator black is no shot",
        ),
        (
            [clip(), clip("sh020", media_reference=otio.schema.ExternalReference("b.png", span(48, fps=24.0)))],
            f"{HERE}its media runs at 24 fps in a cut at 25",
        ),
    ],
    ids=["gap", "transition", "speed", "freeze", "time effect", "disabled", "generator", "rates"],
)
def test_what_the_farm_does_not_make_is_found_at_its_clip(save, said, items, found):
    (only,) = said(save(*items))
    assert only.startswith(found)
    assert only.endswith(")")


def test_a_nest_is_one_shot(save, said, write):
    write("cut.csv", "Shot,Still\nnest,n.png\n")
    (found,) = said(save(clip(), nested()))
    assert found.startswith('cut.otio: clip "nest" at 01:00:02:00: a nested sequence counts as one shot')


def test_higher_tracks_are_left_out_and_said(save, said):
    above = [otio.schema.Gap(source_range=span(10)), clip("title"), clip("logo")]
    path = save(clip(), tracks=[above])
    (found,) = said(path)
    assert found.startswith('cut.otio: clip "title" at 01:00:00:10: 2 clips are on V2')
    assert [shot.code for shot in load(path).shots] == ["sh010"]


def test_one_shot_cut_twice_is_said_with_both_places(save, said):
    (found,) = said(save(clip(), clip("sh020"), clip("SH010")))
    assert found == (
        'cut.otio: clip "SH010" at 01:00:04:00: "SH010" is already the code of clip "sh010" at 01:00:00:00 '
        "(give each shot its own)"
    )


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (clip("sh020", source_range=span(-5)), "its length is negative"),
        (clip("sh020", source_range=span(0)), "it is shorter than one frame"),
        (clip("sh020", source_range=span(float("nan"))), "it has no usable length"),
        (clip("sh020", source_range=span(float("inf"))), "it has no usable length"),
        (clip("sh020", source_range=span(1e18)), "its length ends after more than a day"),
        (clip("sh020", source_range=None), "it has no usable length"),
    ],
    ids=["negative", "nothing", "nan", "infinite", "huge", "unknown"],
)
def test_lengths_that_cannot_be_are_found_at_their_clip(broken, found):
    edit = timeline_edit(timeline(clip(), broken), "cut.otio")
    (only,) = edit.findings
    assert str(only).startswith('cut.otio: clip "sh020" at 01:00:02:00: ')
    assert (only.severity, found in only.problem) == (Severity.ERROR, True)
    assert [each.name for each in edit.clips] == ["sh010"]


def test_a_clip_that_no_shot_could_fill_is_an_error(save, said):
    (found,) = said(save(clip("sh010", frames=20_000)))
    assert "longer than ten minutes" in found


@pytest.mark.parametrize("rate", [0.0, -25.0, 1e9, float("nan"), 0.5])
def test_absurd_rates_are_refused(rate):
    made = timeline(clip())
    made.global_start_time = RationalTime(0, rate)
    with pytest.raises(DocumentError, match="is no frame rate"):
        timeline_edit(made, "cut.otio")


@pytest.mark.parametrize(
    ("rate", "exact"),
    [
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (24, Fraction(24)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_rates_are_what_they_mean(rate, exact):
    made = timeline(clip(source_range=span(48, fps=rate)), fps=rate, start=0)
    edit = timeline_edit(made, "cut.otio")
    assert (edit.fps, edit.clips[0].frames) == (exact, 48)


def test_2997_without_drop_frame_is_told_apart():
    plain = timeline_edit(timeline(clip(source_range=span(30, fps=29.97)), fps=29.97, start=108000), "cut.otio")
    assert plain.timecode(0) == "01:00:00:00"
    drop = timeline_edit(timeline(clip(source_range=span(30, fps=29.97)), fps=29.97, start=107892), "cut.otio")
    assert drop.timecode(0) == "01:00:00;00"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", "not readable as OpenTimelineIO"),
        ("[]", "it holds no timeline"),
        ('{"OTIO_SCHEMA": "Clip.1"}', "no timeline"),
        ('{"OTIO_SCHEMA": "Nothing.1"}', "no timeline"),
        (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": None}), "no clips on a video track"),
        ('{"a":' * 200_000 + "1" + "}" * 200_000, "nested more than 100 deep"),
        (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": []}}), "no clips"),
    ],
    ids=["json", "list", "clip", "unknown", "no tracks", "deep", "empty"],
)
def test_what_is_no_timeline_is_refused(write, said, content, found):
    (only,) = said(write("cut.otio", content))
    assert only.startswith("cut.otio:")
    assert found in only


def test_stills_outside_the_allowed_folders_are_refused(save, said, tmp_path):
    path = save(clip(url="../../etc/shadow.png"), clip("sh020", url="file:///etc/b.png"), clip("sh030", url="a.png"))
    found = said(path, allowed=Allowed((str(tmp_path),)))
    assert len(found) == 2
    assert all("lies outside the folders this farm may read" in each for each in found)


@pytest.mark.parametrize("suffix", [".otioz", ".otiod", ".fcpxmld"])
def test_a_bundle_is_to_be_unpacked(tmp_path, said, suffix):
    assert said(tmp_path / f"cut{suffix}") == [
        f"cut{suffix}: this is a bundle (unpack it, and hand in the timeline inside)"
    ]


BOMB = """<?xml version="1.0"?>
<!DOCTYPE xmeml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<xmeml version="4"><sequence><name>&b;</name></sequence></xmeml>"""
OUTSIDE = (
    """<!DOCTYPE xmeml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xmeml><sequence><name>&x;</name></sequence></xmeml>"""
)
XMEML = '<xmeml version="4">%s</xmeml>'
ITEM = """<clipitem><name>a</name><start>%s</start><end>%s</end><in>%s</in><file id="f"><pathurl>a.png</pathurl>
<rate><timebase>25</timebase></rate></file></clipitem>"""
SEQUENCE = """<sequence><name>s</name><rate><timebase>%s</timebase><ntsc>FALSE</ntsc></rate><media><video>
<track>%s</track></video></media></sequence>"""


@pytest.mark.parametrize("suffix", [".xml", ".fcpxml"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (BOMB, "declares things of its own in its DOCTYPE"),
        (OUTSIDE, "declares things of its own in its DOCTYPE"),
        ("<xmeml>" + "<a>" * 5000 + "</a>" * 5000 + "</xmeml>", "nested more than 200 deep"),
        ("<xmeml>", "not readable as XML"),
        ("<xmeml/>", "not readable as Final Cut Pro 7 XML: No top-level sequences found"),
        ("<html/>", "<html> is no timeline"),
        ("<fcpxml/>", "it holds no project"),
        (XMEML % "<sequence/>", "no clips on a video track"),
        (XMEML % (SEQUENCE % (25, "")), "no clips on a video track"),
        (XMEML % (SEQUENCE % (0, ITEM % (0, 10, 0))), "is no frame rate"),
        (XMEML % (SEQUENCE % ("NaN", ITEM % (0, 10, 0))), "no frame rate"),
        (XMEML % (SEQUENCE % (25, ITEM % (10, 0, 0))), "negative"),
        (XMEML % (SEQUENCE % (25, ITEM % (0, 10, "x"))), "not readable as Final Cut Pro 7 XML"),
        (XMEML % (SEQUENCE % (25, ITEM % (-1, 10, 0))), "not readable as Final Cut Pro 7 XML"),
    ],
)
def test_harmful_and_broken_xml_is_refused(write, said, suffix, content, found):
    said_of = said(write(f"cut{suffix}", content))
    assert any(found in each for each in said_of), said_of
    assert all(each.startswith(f"cut{suffix}") for each in said_of)


def test_xml_of_many_elements_is_refused(write, said):
    (found,) = said(write("cut.xml", "<xmeml>" + "<a/>" * 1_000_001 + "</xmeml>"))
    assert "more than 1000000 elements" in found


def test_fcp7_speed_and_disabled_clips(write, said):
    remap = """<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>
    <parameter><parameterid>speed</parameterid><value>50</value></parameter></effect></filter>"""
    slow = (ITEM % (0, 10, 0)).replace("</clipitem>", f"{remap}</clipitem>")
    off = (ITEM % (10, 20, 0)).replace("</clipitem>", "<enabled>FALSE</enabled></clipitem>").replace(">a<", ">b<")
    found = said(write("cut.xml", XMEML % (SEQUENCE % (25, slow + off))))
    assert [each.partition(" (")[0] for each in found] == [
        f'cut.xml: clip "a" at 01:00:00:00: a speed of 50 % is not made: {LENGTH}',
        'cut.xml: clip "b" at 01:00:00:10: a disabled clip is no shot, and is left out',
    ]


FCPXML = """<fcpxml version="1.9"><resources>
<format id="r1" frameDuration="1001/30000s" width="1280" height="720"/><format id="r2" frameDuration="1/25s"/>
<asset id="a" start="0s" duration="300/25s" format="r2"><media-rep kind="original-media" src="file:///x/a%20b.png"/></asset>
</resources><library><event><project name="P"><sequence format="r1" tcFormat="DF" tcStart="107999892/30000s"><spine>
SPINE</spine></sequence></project></event></library></fcpxml>"""


def test_fcpxml_rows_and_findings(write, said):
    spine = """<asset-clip ref="a" name="sh010" offset="107999892/30000s" duration="30030/30000s">
    <timeMap/><note>pan left</note><title lane="1" name="t"/><video lane="1" ref="a" duration="1s"/></asset-clip>
    <transition name="Cross Dissolve" offset="108024917/30000s" duration="10010/30000s"/>
    <gap name="Gap" offset="108029922/30000s" duration="10010/30000s"/>
    <asset-clip ref="a" name="sh020" offset="108039932/30000s" duration="30030/30000s"/>"""
    path = write("cut.fcpxml", FCPXML.replace("SPINE", spine))
    found = load(path)
    assert [(shot.code, shot.nb_frames, shot.still, shot.prompt) for shot in found.shots] == [
        ("sh010", 30, "/x/a b.png", "pan left"),
        ("sh020", 30, "/x/a b.png", ""),
    ]
    assert (found.fps, found.width) == (Fraction(30000, 1001), 1280)
    assert str(found.shots[1].place) == 'cut.fcpxml: clip "sh020" at 01:00:01;10'
    said_of = [(each.rule, each.place.clip) for each in found.findings]
    assert ("edit.speed", 'clip "sh010" at 01:00:00;00') in said_of
    assert ("edit.tracks", 'clip "sh010" at 01:00:00;00') in said_of
    assert ("edit.transition", 'clip "Cross Dissolve" at 01:00:00;25') in said_of
    assert ("edit.gap", 'clip "sh020" at 01:00:01;10') in said_of
    assert ("edit.rates", 'clip "sh020" at 01:00:01;10') in said_of


@pytest.mark.parametrize("time", ["1/0s", "x", "1e9s", "9" * 40 + "s"])
def test_fcpxml_times_that_are_none(write, said, time):
    spine = f'<asset-clip ref="a" name="sh010" offset="107999892/30000s" duration="{time}"/>'
    (found,) = said(write("cut.fcpxml", FCPXML.replace("SPINE", spine)))
    assert "is no time" in found


EDL = """TITLE: reel one
FCM: NON-DROP FRAME

001  SH010    V     C        00:00:10:00 00:00:12:00 01:00:00:00 01:00:02:00
* FROM CLIP NAME:  sh010
* LOC: 01:00:00:00 GREEN   slow push in
002  BL       V     C        00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00
003  AX       V     C        00:00:00:00 00:00:00:00 01:00:03:00 01:00:03:00
003  SH020    V     D    012 00:00:05:00 00:00:07:00 01:00:03:00 01:00:05:00
* FROM CLIP NAME:  old
* TO CLIP NAME:  sh020
004  SH030    V     C        00:00:00:00 00:00:04:00 01:00:05:00 01:00:07:00
M2   SH030          050.0                00:00:00:00
* FROM CLIP NAME:  sh030
* FROM CLIP: stills/sh030.png
005  SH010    A2    C        00:00:10:00 00:00:12:00 01:00:00:00 01:00:02:00
006  SH050    V2    C        00:00:10:00 00:00:12:00 01:00:00:00 01:00:02:00
"""


def test_an_edl_says_line_and_place_of_everything(write, said):
    path = write("cut.edl", EDL)
    write("cut.csv", "Shot,Still,Prompt\nsh010,a.png,\nsh020,b.png,pan left\n")
    assert [each.partition(" (")[0] for each in said(path, project=Project(fps=25))] == [
        'cut.edl:7: clip "BL" at 01:00:02:00: black is no shot, and is left out',
        'cut.edl:9: clip "sh020" at 01:00:03:00: the dissolve of 12 frames becomes a cut; the farm makes none',
        'cut.edl:9: clip "sh020" at 01:00:03:00: 25 frames of nothing before it are closed',
        f'cut.edl:12: clip "sh030" at 01:00:05:00: a speed of 200% is not made: {LENGTH}',
        'cut.edl:16: clip "SH010" at 01:00:00:00: sound is no shot, and is left out',
        'cut.edl:17: clip "SH050" at 01:00:00:00: 1 clip is on V2, and only the lowest picture track is read',
    ]
    found = load(path, project=Project(fps=25))
    assert [(shot.code, shot.nb_frames, shot.prompt) for shot in found.shots] == [
        ("sh010", 50, "slow push in"),
        ("sh020", 50, "pan left"),
        ("sh030", 50, ""),
    ]
    assert found.shots[0].metadata == {"record": "01:00:00:00", "source": "00:00:10:00", "reel": "SH010"}


def test_the_rate_of_an_edl_is_guessed_aloud(write, said):
    path = write("cut.edl", EDL.splitlines()[3] + "\n* FROM CLIP: a.png\n")
    (found,) = said(path)
    assert found.startswith("cut.edl: an EDL does not say its rate; read at 24 fps")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("TITLE: x\n", "there are no events in it"),
        ("001 nonsense\n", "cut.edl:1: not readable as an event of an EDL"),
        (EDL.replace("NON-DROP FRAME", "DROP FRAME"), "DROP FRAME, and the project has a rate without"),
        (EDL.replace("01:00:02:00\n* FROM", "01:00:02:25\n* FROM"), "is no timecode at 25 frames a second"),
        (EDL.replace("01:00:05:00 01:00:07:00", "01:00:05:00 01:00:04:00"), "it is -25 frames long"),
        (EDL.replace("01:00:05:00 01:00:07:00", "01:00:04:00 01:00:06:00"), "25 frames before the clip in front"),
        (EDL + "* FRAME RATE: 999\n", "999.0 is no frame rate"),
    ],
    ids=["empty", "nonsense", "drop frame", "frames", "backwards", "overlap", "rate"],
)
def test_broken_edls_are_said(write, said, content, found):
    assert any(found in each for each in said(write("cut.edl", content), project=Project(fps=25)))


def test_drop_frame_is_29_97(write):
    text = EDL.replace("NON-DROP FRAME", "DROP FRAME").splitlines()[:6]
    edit = read_edit(write("cut.edl", "\n".join(text)))
    assert (edit.fps, edit.clips[0].frames, edit.timecode(0)) == (Fraction(30000, 1001), 60, "01:00:00;00")


WHOLE = json.loads(timeline(clip(), otio.schema.Gap(source_range=span(2)), clip("sh020")).to_json_string())
NONSENSE = [None, 0, -1, 1e308, float("nan"), 2**70, "x", "\ud800", True, [], {}, [None], {"OTIO_SCHEMA": "Clip.2"}]


def paths(value, here=()):
    yield here
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[name], (*here, name))


@settings(max_examples=tries(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(paths(WHOLE))[1:]), st.sampled_from(NONSENSE))
def test_whatever_is_broken_is_said(tmp_path, path, nonsense):
    document = json.loads(json.dumps(WHOLE))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = nonsense
    (tmp_path / "cut.otio").write_text(json.dumps(document))
    with suppress(DocumentError):
        assert load(tmp_path / "cut.otio").shots


@settings(max_examples=tries(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(EDL)), st.integers(0, 40), st.text(max_size=6))
def test_whatever_is_broken_in_an_edl_is_said(tmp_path, at, length, instead):
    (tmp_path / "cut.edl").write_text(EDL[:at] + instead + EDL[at + length :], encoding="utf-8", errors="replace")
    with suppress(DocumentError):
        assert read_edit(tmp_path / "cut.edl", Fraction(25)).clips


def test_shadowed_types_of_metadata_do_no_harm(save):
    strange = [{"farm": 3}, {"farm": {"code": 7, "shot": ["x"]}}, {"farm": {"shot": {"prompt": {"a": 1}}}}]
    found = load(save(*[clip(f"sh{number}", metadata=each) for number, each in enumerate(strange)]))
    assert [(shot.code, shot.prompt) for shot in found.shots] == [("sh0", ""), ("sh1", ""), ("sh2", "")]
