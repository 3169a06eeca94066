"""The main job, as a person runs it: a shot list becomes clips."""

from __future__ import annotations

import json
import posixpath
import re
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from farm.media import probe

pytestmark = pytest.mark.ray

ROWS = (
    'sq010,sh010,stills/coffee.png,0.5,"Slow push in toward the cup",2',
    'sq010,sh020,stills/chelsea.png,0.75,"Slow pan left",1',
    'sq010,sh030,stills/missing.png,0.5,"Slow tilt up",1',
    'sq020,sh040,stills/rocket.png,0.5,"Slow tilt up",1',
)


@pytest.fixture(scope="module")
def first(shared_studio):
    """One render of a list in which one still is missing."""
    shared_studio.write(*ROWS)
    return shared_studio.rendered(code=1)


def test_every_shot_but_the_bad_one_has_its_clip(first, shared_studio):
    states = {shot["code"]: shot["state"] for shot in first["shots"]}
    assert states == {"sh010": "done", "sh020": "done", "sh030": "failed", "sh040": "done"}
    for shot in first["shots"]:
        for key in shot["clips"].values():
            assert (shared_studio.out / key).is_file()


def test_the_bad_one_is_named_with_row_and_remedy(first):
    reason = first["shots"][2]["reason"]
    assert reason.startswith('shots.csv:4 column "still"')
    assert "missing.png" in reason


def test_every_clip_has_the_frames_rate_and_size_asked_for(first, shared_studio):
    for shot in first["shots"]:
        for key in shot["clips"].values():
            facts = probe(shared_studio.out / key)
            assert (facts.frames, facts.fps) == (shot["frames"], Fraction(24))
            assert (facts.width, facts.height, facts.codec) == (256, 144, "h264")


def test_the_animatics_length_is_the_sum(first, shared_studio):
    facts = probe(shared_studio.out / first["animatic"])
    assert facts.frames == sum(shot["frames"] for shot in first["shots"]) == first["frames"] == 12 + 18 + 12 + 12


def test_the_timeline_opens_and_finds_its_media(first, shared_studio):
    timeline = otio.adapters.read_from_file(str(shared_studio.out / first["timeline"]))
    clips = list(timeline.find_clips())
    assert [clip.duration().value for clip in clips] == [12, 18, 12, 12]
    folder = posixpath.dirname(first["timeline"])
    for clip, shot in zip(clips, first["shots"], strict=True):
        if shot["clips"]:
            key = posixpath.normpath(posixpath.join(folder, clip.media_reference.target_url))
            assert key == shot["clips"]["review"]
        else:
            assert isinstance(clip.media_reference, otio.schema.MissingReference)


def test_the_report_links_to_what_is_there(first, shared_studio):
    report = shared_studio.out / first["report"]
    links = re.findall(r'(?:src|href|poster)="([^"#]+)"', report.read_text())
    assert len(links) > 8
    for link in links:
        assert (report.parent / link).resolve().is_file(), link


def test_no_partial_file_is_left(first, shared_studio):
    assert not [path for path in shared_studio.out.rglob("*") if path.is_file() and ".tmp" in str(path)]


def test_again_nothing_is_generated(first, shared_studio):
    before = shared_studio.made()
    again = shared_studio.rendered(code=1)
    assert shared_studio.made() == before
    assert (again["rendered"], again["reused"]) == (0, 4)
    assert again["animatic"] == first["animatic"]


def test_one_changed_prompt_renders_that_shot_and_the_assembly_only(first, shared_studio):
    before = shared_studio.made()
    shared_studio.write(ROWS[0], ROWS[1].replace("left", "right"), *ROWS[2:])
    changed = shared_studio.rendered(code=1)
    assert (changed["rendered"], changed["reused"]) == (1, 3)
    assert len(shared_studio.made() - before) == 1
    assert "_v002" in changed["shots"][1]["clips"]["review"]
    assert changed["shots"][0]["clips"] == first["shots"][0]["clips"]
    assert "_v002" in changed["animatic"]


def test_plan_shows_what_is_there_and_runs_nothing(first, shared_studio):
    shared_studio.write(*ROWS, 'sq020,sh050,stills/astronaut.png,0.5,"Slow zoom in",2')
    command = shared_studio.command("plan", str(shared_studio.list), "--out", str(shared_studio.out), "--json")
    done = shared_studio.run(command)
    planned = {shot["code"]: (shot["to_run"], shot["there"]) for shot in json.loads(done.stdout)["shots"]}
    assert planned["sh010"][0] == 0
    assert planned["sh010"][1] > 0
    assert planned["sh050"] == (5, 0)


def test_the_catalog_is_readable_parquet(first, shared_studio):
    import pyarrow.dataset as ds

    takes = ds.dataset(str(Path(shared_studio.out) / "catalog" / "takes"), partitioning="hive").to_table()
    assert {"sh010", "sh020", "sh040"} <= set(takes.column("shot").to_pylist())
