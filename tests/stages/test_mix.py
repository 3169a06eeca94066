"""mix: every sound at its frame of the cut, the whole as loud as asked, the picture untouched."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sounds import RATE, loudness, voice, with_click, write_sound

from farm.chain import Cue, MixParams
from farm.errors import InputError
from farm.media import REVIEW, Encoder, Target, frames, probe
from farm.media.loudness import level, write_flac
from farm.media.track import Track, sample_at
from farm.stages.mix import run

FILM = Fraction(24000, 1001)


@pytest.fixture
def assembled(tmp_path):
    """What `assemble` leaves: a movie of that many frames, and a timeline."""

    def make(count, fps=Fraction(24)):
        movie, timeline = tmp_path / "movie.mp4", tmp_path / "timeline.otio"
        with Encoder([Target(movie, REVIEW, {"title": "Lake"})], width=64, height=48, fps=fps) as encoder:
            for number in range(count):
                encoder.write(np.full((48, 64, 3), number % 250, np.uint8))
        timeline.write_text("{}", encoding="utf-8")
        return {"movie": movie, "timeline": timeline}

    return make


@pytest.mark.parametrize("fps", [Fraction(24), FILM, Fraction(25)], ids=str)
def test_every_sound_is_found_at_its_frame(assembled, ctx, tmp_path, heard, fps):
    """Three shots with a click each in frame 10, in a cut of odd lengths."""
    lengths = [97, 61, 181]
    starts = [0, 97, 158]
    inputs = assembled(sum(lengths), fps)
    for index, length in enumerate(lengths):
        clicked = with_click(voice(float(length / fps) + 0.1, level=0.005, seed=index), sample_at(10, fps))
        inputs[f"sound_{index}"] = write_sound(tmp_path / f"s{index}.flac", clicked, codec="flac")
    cues = tuple(
        Cue(source=f"sound_{index}", at=at, frames=length)
        for index, (at, length) in enumerate(zip(starts, lengths, strict=True))
    )
    outputs = run(inputs, MixParams(fps=fps, frames=sum(lengths), shots=cues), ctx)
    samples, rate = heard(outputs.files["movie"].path)
    assert rate == RATE
    for start, length in zip(starts, lengths, strict=True):
        begin, end = sample_at(start, fps), sample_at(start + length, fps)
        found = int(np.abs(samples[begin:end, 0]).argmax()) + begin
        assert abs(found - begin - sample_at(10, fps)) <= 8


def test_the_animatic_is_as_loud_as_asked_and_silent_where_nothing_is_heard(assembled, ctx, tmp_path, heard):
    inputs = assembled(240)
    inputs["sound_1"] = write_sound(tmp_path / "s.wav", voice(4.0))
    cue = Cue(source="sound_1", at=96, frames=96)
    outputs = run(inputs, MixParams(fps=Fraction(24), frames=240, shots=(cue,)), ctx)
    movie = outputs.files["movie"].path
    assert loudness(movie) == pytest.approx(-23, abs=0.5)
    assert outputs.facts["lufs"] == pytest.approx(-23, abs=0.2)
    samples, rate = heard(movie)
    quiet = np.concatenate([samples[: 4 * rate - 2048], samples[8 * rate + 2048 :]])
    assert np.abs(quiet).max() < 1e-4


def levelled(folder, samples):
    """Sound as the `sound` stage leaves it."""
    track = Track.silent(folder / "track.f32", len(samples))
    track.samples[:] = samples[:, np.newaxis]
    level(track)
    write_flac(track, folder / "levelled.flac")
    return folder / "levelled.flac"


def test_music_lies_under_the_shots_and_fades(assembled, ctx, tmp_path, heard):
    inputs = assembled(240)
    inputs["sound_0"] = levelled(tmp_path, voice(5.0))
    inputs["music"] = write_sound(tmp_path / "m.wav", voice(10.0, seed=5))
    params = MixParams(
        fps=Fraction(24),
        frames=240,
        shots=(Cue(source="sound_0", at=0, frames=120),),
        music=(Cue(source="music", at=0, frames=240, fade_in=6, fade_out=24),),
    )
    outputs = run(inputs, params, ctx)
    movie = outputs.files["movie"].path
    assert loudness(movie) == pytest.approx(-23, abs=0.5)
    samples, rate = heard(movie)
    rms = [float(np.sqrt(np.square(part).mean())) for part in np.split(samples[: 10 * rate], 10)]
    assert 20 * np.log10(rms[2] / rms[7]) == pytest.approx(12, abs=2)
    assert np.sqrt(np.square(samples[int(9.9 * rate) : 10 * rate]).mean()) < rms[7] / 3
    assert set(outputs.files) == {"movie", "timeline"}


def test_music_alone_is_as_loud_as_asked_and_begins_where_it_is_told(assembled, ctx, tmp_path, heard):
    inputs = assembled(144)
    music = with_click(voice(20.0, level=0.005), sample_at(48 + 100, Fraction(24)))
    inputs["music"] = write_sound(tmp_path / "m.wav", music)
    cue = Cue(source="music", at=24, frames=120, skip=100)
    outputs = run(inputs, MixParams(fps=Fraction(24), frames=144, music=(cue,)), ctx)
    samples, rate = heard(outputs.files["movie"].path)
    assert abs(int(np.abs(samples[:, 0]).argmax()) - 3 * rate) <= 8
    assert np.abs(samples[: rate - 2048]).max() < 1e-4


def test_the_picture_is_copied_and_its_title_kept(assembled, ctx, tmp_path):
    import av

    inputs = assembled(48)
    inputs["music"] = write_sound(tmp_path / "m.wav", voice(3.0))
    cue = Cue(source="music", at=0, frames=48)
    outputs = run(inputs, MixParams(fps=Fraction(24), frames=48, music=(cue,)), ctx)
    movie = outputs.files["movie"].path
    assert all(np.array_equal(a, b) for a, b in zip(frames(inputs["movie"]), frames(movie), strict=True))
    assert (probe(movie).frames, probe(movie).has_audio) == (48, True)
    with av.open(str(movie)) as opened:
        assert opened.metadata["title"] == "Lake"
    assert outputs.files["timeline"].path.read_text(encoding="utf-8") == "{}"


def test_music_that_is_no_sound_is_the_users(assembled, ctx, tmp_path):
    inputs = assembled(24)
    inputs["music"] = tmp_path / "m.wav"
    inputs["music"].write_bytes(b"not music")
    with pytest.raises(InputError, match=r"m\.wav"):
        run(inputs, MixParams(fps=Fraction(24), frames=24, music=(Cue(source="music", at=0, frames=24),)), ctx)
