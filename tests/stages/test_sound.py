"""sound: to the sample at the cut's first frame, as loud as asked, silent where there is nothing to hear."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sounds import RATE, loudness, voice, with_click, write_sound

from farm.chain import DeliverParams, SoundParams
from farm.errors import InputError
from farm.media import MEZZANINE, Encoder, Target, add_sound, frames, probe
from farm.media.track import sample_at
from farm.models.spec import Sound
from farm.stages import deliver
from farm.stages.sound import UNDER_LU, run

WIDTH, HEIGHT = 64, 48
FILM = Fraction(24000, 1001)


@pytest.fixture
def take(tmp_path):
    def make(count=96, fps=Fraction(24), own=None):
        path = tmp_path / "take.mkv"
        with Encoder([Target(path, MEZZANINE)], width=WIDTH, height=HEIGHT, fps=fps) as encoder:
            for number in range(count):
                encoder.write(np.full((HEIGHT, WIDTH, 3), number, np.uint8))
        if own is not None:
            add_sound(path, MEZZANINE, Sound(np.stack([own, own]), RATE))
        return path

    return make


def delivered(mezzanine, params, ctx):
    asked = DeliverParams(
        product="review", width=WIDTH, height=HEIGHT, frames=params.frames, fps=params.fps, skip=params.skip
    )
    return deliver.run({"mezzanine": mezzanine}, asked, ctx).files["clip"].path


@pytest.mark.parametrize("target", [-23.0, -14.0])
@pytest.mark.parametrize("codec", [("a.wav", "pcm_s16le", RATE), ("a.mp3", "libmp3lame", 44_100)], ids=lambda it: it[0])
def test_a_deliverable_is_as_loud_as_asked(take, ctx, tmp_path, target, codec):
    name, encoder, rate = codec
    audio = write_sound(tmp_path / name, voice(4.0, rate), rate, encoder)
    params = SoundParams(fps=Fraction(24), frames=96, loudness_lufs=target)
    outputs = run({"mezzanine": take(), "audio": audio}, params, ctx)
    assert outputs.facts["lufs"] == pytest.approx(target, abs=0.2)
    assert loudness(outputs.files["sound"].path) == pytest.approx(target, abs=0.5)
    assert loudness(delivered(outputs.files["mezzanine"].path, params, ctx)) == pytest.approx(target, abs=0.5)


@pytest.mark.parametrize("fps", [Fraction(24), FILM, Fraction(25)], ids=str)
@pytest.mark.parametrize("skip", [0, 7])
def test_a_click_is_found_at_its_sample(take, ctx, tmp_path, heard, fps, skip):
    at = sample_at(30, fps)
    audio = write_sound(tmp_path / "a.wav", with_click(voice(4.0, level=0.005), at, width=1))
    params = SoundParams(fps=fps, frames=72, skip=skip)
    outputs = run({"mezzanine": take(72 + 2 * skip, fps), "audio": audio}, params, ctx)
    cut, _ = heard(outputs.files["sound"].path)
    assert np.abs(cut[:, 0]).argmax() == at
    assert len(cut) == sample_at(72, fps)
    whole, _ = heard(outputs.files["mezzanine"].path)
    assert np.abs(whole[:, 0]).argmax() == sample_at(skip, fps) + at
    assert not whole[: sample_at(skip, fps)].any()


@pytest.mark.parametrize("fps", [Fraction(24), FILM, Fraction(25)], ids=str)
def test_a_click_of_the_deliverable_is_in_its_frame(take, ctx, tmp_path, heard, fps):
    at = sample_at(30, fps)
    audio = write_sound(tmp_path / "a.wav", with_click(voice(4.0, level=0.005), at))
    params = SoundParams(fps=fps, frames=72, skip=7)
    outputs = run({"mezzanine": take(86, fps), "audio": audio}, params, ctx)
    clip, rate = heard(delivered(outputs.files["mezzanine"].path, params, ctx))
    assert rate == RATE
    assert abs(int(np.abs(clip[:, 0]).argmax()) - at) <= 8


def test_the_picture_is_copied_bit_for_bit(take, ctx, tmp_path):
    source = take(20)
    audio = write_sound(tmp_path / "a.wav", voice(1.0))
    made = run({"mezzanine": source, "audio": audio}, SoundParams(fps=Fraction(24), frames=20), ctx)
    movie = made.files["mezzanine"].path
    assert probe(movie).frames == 20
    assert all(np.array_equal(a, b) for a, b in zip(frames(source), frames(movie), strict=True))


@pytest.mark.parametrize(("seconds", "brought"), [(1.0, 1.0), (9.0, 4.0)])
def test_sound_is_cut_or_filled_with_silence(take, ctx, tmp_path, heard, seconds, brought):
    audio = write_sound(tmp_path / "a.wav", voice(seconds))
    outputs = run({"mezzanine": take(), "audio": audio}, SoundParams(fps=Fraction(24), frames=96), ctx)
    samples, rate = heard(outputs.files["sound"].path)
    assert len(samples) == 4 * rate
    assert not samples[int(brought * rate) :].any()
    assert np.abs(samples[int(brought * rate) - 240 : int(brought * rate)]).max() < np.abs(samples).max() / 2
    assert (outputs.facts["audio_s"], outputs.facts["cut_s"]) == (brought, 4.0)


def test_a_takes_own_sound_lies_under_the_shots(take, ctx, tmp_path, heard):
    """The shot's sound is heard in the first half only; what is left in the second is the take's own."""
    audio = write_sound(tmp_path / "a.wav", voice(2.0))
    params = SoundParams(fps=Fraction(24), frames=96)
    outputs = run({"mezzanine": take(own=voice(4.0, seed=1)), "audio": audio}, params, ctx)
    samples, rate = heard(outputs.files["sound"].path)
    first, second = (float(np.sqrt(np.square(half).mean())) for half in np.split(samples, [2 * rate]))
    assert 20 * np.log10(first / second) == pytest.approx(UNDER_LU, abs=1.5)
    assert outputs.facts["own_sound"] == "under"


def test_a_takes_own_sound_alone_is_levelled(take, ctx):
    own = voice(5.0, level=0.002)
    outputs = run({"mezzanine": take(110, own=own)}, SoundParams(fps=Fraction(24), frames=96, skip=7), ctx)
    assert loudness(outputs.files["sound"].path) == pytest.approx(-23, abs=0.5)
    assert outputs.facts["own_sound"] == "alone"


def test_where_there_is_nothing_to_hear_there_is_no_sound(take, ctx, tmp_path, heard):
    audio = write_sound(tmp_path / "a.wav", np.zeros(RATE, np.float32))
    outputs = run({"mezzanine": take(48), "audio": audio}, SoundParams(fps=Fraction(24), frames=48), ctx)
    assert not probe(outputs.files["mezzanine"].path).has_audio
    samples, _ = heard(outputs.files["sound"].path)
    assert not samples.any()
    assert outputs.facts["lufs"] is None


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"#EXTM3U\nhttp://127.0.0.1/x\n", b"ffconcat version 1.0\nfile /etc/passwd\n"]
)
def test_a_file_that_is_no_sound_is_the_users(take, ctx, tmp_path, content):
    audio = tmp_path / "a.wav"
    audio.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.wav"):
        run({"mezzanine": take(4), "audio": audio}, SoundParams(fps=Fraction(24), frames=4), ctx)
