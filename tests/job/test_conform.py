"""A changed cut, planned: what was rendered stays, and only what outgrew its handles is rendered anew."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from io import StringIO

import pytest
from PIL import Image
from rich.console import Console

from farm.chain import AssembleParams, StageName
from farm.config import Config, Project
from farm.conforming import conform
from farm.cut.timelines import write_timelines
from farm.errors import InputError
from farm.models.registry import Registry
from farm.plan import plan
from farm.shots.conform import adapted, changes
from farm.shots.reading.timeline import read_edit
from farm.store.clips import ClipStore
from farm.submission import Submission
from farm.tasks import Asset
from farm.terminal import conforming_lines, conforming_table


def assembly(planned) -> AssembleParams:
    return AssembleParams.model_validate(planned.assemble.params)


def recut(params, **lengths):
    """The cut with other lengths, by code; 0 takes a shot out."""
    entries = [each.model_copy(update={"frames": lengths.get(each.code, each.frames)}) for each in params.entries]
    return params.model_copy(update={"entries": tuple(each for each in entries if each.frames)})


@pytest.fixture
def done(brief, shot, play_all):
    asked = brief(*(shot(code, handles=8, takes=1) for code in ("sh010", "sh020", "sh030", "sh040")))
    return asked, play_all(asked)


@pytest.mark.parametrize("output", ["timeline", "edl", "fcp_xml", "fcpxml"])
def test_only_what_outgrew_its_handles_is_rendered(done, output, tmp_path, play_all):
    asked, known = done
    files = write_timelines(tmp_path, recut(assembly(plan(asked, known)), sh010=40, sh020=57, sh030=56, sh040=0))
    found = changes(asked.shot_list, read_edit(files[output], asked.shot_list.fps))

    now = replace(asked, shot_list=adapted(asked.shot_list, found))
    more = play_all(now)

    new = sorted((task.stage, task.shot) for task in plan(now, more).tasks.values() if task.id not in known)
    assert new == [
        ("assemble", ""),
        ("deliver", "sh010"),
        ("deliver", "sh020"),
        ("deliver", "sh030"),
        ("generate", "sh020"),
        ("score", "sh020"),
        ("select", "sh020"),
    ]
    assert [each.frames for each in assembly(plan(now, more)).entries] == [40, 57, 56]
    delivered = {task.shot: task.params for task in plan(now, more).tasks.values() if task.stage == StageName.DELIVER}
    assert [(each["frames"], each["skip"]) for each in delivered.values()] == [(40, 8), (57, 8), (56, 8)]


def test_the_same_cut_runs_nothing(done, tmp_path, play_all):
    asked, known = done
    files = write_timelines(tmp_path, assembly(plan(asked, known)))
    found = changes(asked.shot_list, read_edit(files["edl"]))
    now = replace(asked, shot_list=adapted(asked.shot_list, found))
    assert plan(now, play_all(now)).tasks.keys() == plan(asked, known).tasks.keys()


@pytest.fixture
def submitted(shot, brief):
    listed = replace(
        brief(shot("sh010", handles=8, models=("animatic",)), shot("sh020", handles=8)).shot_list, fps=Fraction(24)
    )
    assets = {
        code: {"still": Asset(digest="a" * 64, name="still.png", key=f"store/demo/asset/aa/{'a' * 64}/still.png")}
        for code in ("sh010", "sh020")
    }
    return Submission(shot_list=listed, project=Project(handles=4, takes=1), assets=assets)


EDL = """TITLE: cut
001  SH020    V     C        00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00
* FROM CLIP NAME:  sh020
002  SH030    V     C        00:00:00:00 00:00:02:00 01:00:01:00 01:00:03:00
* FROM CLIP NAME:  sh030
003  SH040    V     C        00:00:00:00 00:00:02:00 01:00:03:00 01:00:05:00
* FROM CLIP NAME:  sh040
004  SH010    V     C        00:00:00:00 00:00:02:00 01:00:05:00 01:00:07:00
* FROM CLIP NAME:  sh010
"""


def test_a_job_is_conformed_to_a_submission(submitted, tmp_path, memory_clips):
    (tmp_path / "new.edl").write_text(EDL)
    (tmp_path / "new.csv").write_text("Shot,Still,Prompt\nsh030,wide.png,pan left\n")
    Image.effect_noise((1280, 720), 80).convert("RGB").save(tmp_path / "wide.png")

    found = conform(tmp_path / "new.edl", "shots-1", submitted, Config(), Registry(), memory_clips)

    assert [(each.code, each.what, str(each.work)) for each in found.view.changes] == [
        ("sh020", ("moved", "shrank"), "deliver"),
        ("sh030", ("new",), "render"),
        ("sh040", ("new",), "assemble"),
        ("sh010", (), "nothing"),
    ]
    read = Submission.read(found.submission.document())
    assert [each.code for each in read.shot_list.shots] == ["sh020", "sh030", "sh040", "sh010"]
    new = read.shot_list.shot("sh030")
    assert (new.nb_frames, new.handles, new.takes, new.prompt, new.fps) == (48, 4, 1, "pan left", 24)
    assert memory_clips.exists(read.assets["sh030"]["still"].key)
    assert read.assets["sh010"] == submitted.assets["sh010"]
    assert list(read.refused) == ["sh040"]
    assert 'name one in the column "Still" of new.csv' in read.refused["sh040"]
    assert found.unchanged == {"sh020": "sh020", "sh010": "sh010"}


def test_a_look_copies_nothing(submitted, tmp_path):
    (tmp_path / "new.edl").write_text(EDL)
    found = conform(tmp_path / "new.edl", "shots-1", submitted, Config(), Registry(), None)
    assert [each.reason != "" for each in found.view.changes] == [False, True, True, False]


def test_the_table_says_what_it_comes_to(submitted, tmp_path):
    (tmp_path / "new.edl").write_text(EDL.replace("sh010", "sh050") + "M2   SH010  048.0  00:00:00:00\n")
    found = conform(tmp_path / "new.edl", "shots-1", submitted, Config(), Registry(), None).view
    screen = Console(width=100, record=True, file=StringIO())
    screen.print(conforming_table(found))
    for line in conforming_lines(found):
        screen.print(line)
    text = " ".join(screen.export_text().split())
    assert "sh020 shrank -24 01:00:02:00 +48 01:00:00:00 +24 deliver" in text
    assert "sh010 gone 01:00:00:00 +48 assemble" in text
    assert "1 to deliver, 4 to assemble; 0 shots untouched" in text
    assert "sh030 stands as a slate: it has no media" in text
    assert 'warning: new.edl:8: clip "sh050" at 01:00:05:00: a speed of 200% is not made' in text


def test_a_draft_is_not_conformed(submitted, tmp_path):
    with pytest.raises(InputError, match="is a draft"):
        conform(tmp_path / "new.edl", "shots-1", replace(submitted, draft=True), Config(), Registry(), None)


@pytest.fixture
def memory_clips(tmp_path) -> ClipStore:
    return ClipStore(f"memory://{tmp_path.name}")
