"""Sound in the plan: which takes get it, how loud, where it is heard, and what does not run again because of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.cues import LIST, music_cues, stretches
from farm.plan import AUDIO, plan
from farm.tasks import ALL, Asset

FPS = Fraction(24)


def sound_of(name: str) -> Asset:
    return Asset(digest=f"digest of {name}", name="sound.wav", key=f"store/demo/asset/{name}")


def with_audio(asked, *codes):
    assets = {
        code: {**files, AUDIO: sound_of(code)} if code in codes else files for code, files in asked.assets.items()
    }
    return replace(asked, assets=assets)


def by_stage(found) -> dict[str, list]:
    stages: dict[str, list] = {}
    for task in found.tasks.values():
        stages.setdefault(task.stage, []).append(task)
    return stages


def test_a_list_without_sound_plans_what_it_did(brief, shot, play_all):
    found = plan(asked := brief(shot("sh010")), play_all(asked))
    assert found.mix is None
    assert found.final is found.assemble
    assert not {"sound", "mix"} & by_stage(found).keys()


def test_a_shots_sound_reaches_its_clip_and_the_animatic(brief, shot, play_all):
    asked = with_audio(brief(shot("sh010", takes=1), shot("sh020", takes=1, handles=8)), "sh020")
    found = plan(asked, play_all(asked))
    first, second = found.shots
    (sound,) = by_stage(found)["sound"]
    assert (sound.shot, sound.params["frames"], sound.params["skip"]) == ("sh020", 48, 8)
    assert sound.assets == {AUDIO: sound_of("sh020")}
    assert sound.inputs["mezzanine"].task == second.chosen[0].generate.id
    assert second.deliver[0].inputs["mezzanine"].task == sound.id
    assert first.deliver[0].inputs["mezzanine"].task == first.chosen[0].generate.id
    assert found.assemble.inputs["clip_1"].task == second.chosen[0].generate.id
    assert found.mix.params["shots"] == [{"source": "sound_1", "at": 48, "frames": 48}]
    assert {found.mix.inputs[name].task for name in (ALL, "sound_1")} == {found.assemble.id, sound.id}


def test_sound_is_no_picture_to_prepare(brief, shot):
    silent = brief(shot("sh010", takes=1))
    heard = with_audio(silent, "sh010")
    tasks = [[task.id for task in plan(each, {}).tasks.values()] for each in (silent, heard)]
    assert tasks[0] == tasks[1]


def test_other_music_mixes_anew_and_renders_no_picture(brief, shot, play_all):
    silent = brief(shot("sh010"), shot("sh020"))
    one, two = (replace(silent, music={LIST: sound_of(name)}) for name in ("one", "two"))
    without, before, after = (set(plan(each, play_all(each)).tasks) for each in (silent, one, two))
    (old,), (new,) = before - after, after - before
    assert plan(one, play_all(one)).mix.id == old
    assert plan(two, play_all(two)).mix.id == new
    assert without == before - {old}


def test_every_product_is_as_loud_as_its_platform_wants(brief, shot, play_all):
    asked = with_audio(brief(shot("sh010", takes=1, targets=("review", "reels", "x"))), "sh010")
    found = plan(asked, play_all(asked))
    quiet, loud = (found.shots[0].sounds[0][lufs] for lufs in (-23.0, -14.0))
    assert "loudness_lufs" not in quiet.params
    assert loud.params["loudness_lufs"] == -14.0
    assert [task.inputs["mezzanine"].task for task in found.shots[0].deliver] == [quiet.id, loud.id, loud.id]
    assert found.mix.inputs["sound_0"].task == quiet.id


def test_a_model_that_makes_sound_is_heard(brief, shot, play_all, paper_model):
    class Loud(paper_model):
        @property
        def spec(self):
            return replace(super().spec, makes_sound=True)

    asked = brief(shot("sh010", takes=1), adapters={"animatic": Loud()})
    found = plan(asked, play_all(asked))
    (sound,) = by_stage(found)["sound"]
    assert not sound.assets
    assert found.mix is not None


def test_a_shot_without_a_clip_is_silent(brief, shot, play_all):
    asked = with_audio(brief(shot("sh010", takes=1), shot("sh020", takes=1)), "sh010", "sh020")
    found = plan(asked, play_all(asked, {"generate sh010 take 1": "no"}))
    assert [cue["source"] for cue in found.mix.params["shots"]] == ["sound_1"]
    assert found.mix.params["shots"][0]["at"] == 48


LENGTHS = [("sq1", 100), ("sq1", 50), ("sq2", 60), ("sq1", 40)]


@pytest.mark.parametrize(
    ("music", "heard"),
    [
        ([LIST], [("music", 0, 250, 0)]),
        (["sq2"], [("music_sq2", 150, 60, 0)]),
        (["sq1"], [("music_sq1", 0, 150, 0), ("music_sq1", 210, 40, 150)]),
        ([LIST, "sq2"], [("music", 0, 150, 0), ("music_sq2", 150, 60, 0), ("music", 210, 40, 210)]),
        (["sq9"], []),
        ([], []),
    ],
)
def test_where_music_is_heard(music, heard):
    cues = music_cues(LENGTHS, music, FPS)
    assert [(cue.source, cue.at, cue.frames, cue.skip) for cue in cues] == heard


@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.integers(1, 99)), max_size=9),
    st.sets(st.sampled_from([LIST, "a", "b"])),
)
def test_stretches_cover_the_cut_and_fades_fit(lengths, music):
    found = stretches(lengths, music)
    assert sum(each.frames for each in found) == sum(frames for _, frames in lengths)
    assert [each.at for each in found] == [sum(each.frames for each in found[:n]) for n in range(len(found))]
    assert all(one.key != two.key for one, two in pairwise(found))
    assert all(cue.fade_in + cue.fade_out <= cue.frames for cue in music_cues(lengths, music, FPS))
