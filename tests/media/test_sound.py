"""Sound beside pictures: of a model's own, and kept when a take is delivered."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from farm.media import MEZZANINE, PROXY, REVIEW, Conform, Encoder, Target, add_sound, probe, transcode
from farm.models.spec import Sound

FPS = Fraction(24)
RATE = 24_000


def tone(seconds: float, hertz: float = 440.0) -> Sound:
    """In the left channel; the right one is silent."""
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return Sound(np.stack([wave, np.zeros_like(wave)]).astype(np.float32), RATE)


@pytest.fixture
def movies(tmp_path):
    """A second of picture, as mezzanine and proxy."""
    targets = [Target(tmp_path / "a.mkv", MEZZANINE), Target(tmp_path / "a.mp4", PROXY)]
    with Encoder(targets, width=64, height=48, fps=FPS) as encoder:
        for number in range(24):
            encoder.write(np.full((48, 64, 3), 10 * number, np.uint8))
    return tmp_path / "a.mkv", tmp_path / "a.mp4"


def heard(movie: Path) -> tuple[np.ndarray, int]:
    """(channels, count) float32, and the rate."""
    with av.open(str(movie)) as container:
        (stream,) = container.streams.audio
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
        layout = stream.codec_context.layout.nb_channels
        planes = [frame if frame.shape[0] == layout else frame.reshape(-1, layout).T for frame in frames]
        return np.concatenate(planes, axis=1), stream.rate


def test_a_mezzanine_keeps_every_sample(movies):
    mezzanine, _ = movies
    before = probe(mezzanine)
    add_sound(mezzanine, MEZZANINE, tone(1.0))
    samples, rate = heard(mezzanine)
    assert rate == RATE
    np.testing.assert_array_equal(samples, tone(1.0).samples)
    after = probe(mezzanine)
    assert (after.frames, after.fps, after.has_audio) == (before.frames, before.fps, True)


@pytest.mark.parametrize("seconds", [0.4, 1.7])
def test_sound_is_as_long_as_the_picture(movies, seconds):
    mezzanine, _ = movies
    add_sound(mezzanine, MEZZANINE, tone(seconds))
    samples, _ = heard(mezzanine)
    assert samples.shape == (2, RATE)
    whole = int(min(seconds, 1.0) * RATE)
    np.testing.assert_array_equal(samples[:, :whole], tone(seconds).samples[:, :whole])
    assert not samples[:, whole:].any()


def test_a_proxy_has_it_in_what_browsers_play(movies):
    _, proxy = movies
    add_sound(proxy, PROXY, tone(1.0))
    samples, _ = heard(proxy)
    assert np.abs(samples[0]).max() > 0.3
    assert probe(proxy).frames == 24


def test_a_delivered_clip_keeps_its_part_of_the_sound(movies, tmp_path):
    mezzanine, _ = movies
    silent, loud = np.zeros((1, RATE // 2), np.float32), tone(0.5).samples[:1]
    add_sound(mezzanine, MEZZANINE, Sound(np.concatenate([silent, loud], axis=1), RATE))
    clip = tmp_path / "clip.mp4"
    conform = Conform(width=64, height=48, fps=FPS, frames=12, skip=12)
    transcode(mezzanine, probe(mezzanine), Target(clip, REVIEW), conform)
    samples, rate = heard(clip)
    assert probe(clip).frames == 12
    assert abs(samples.shape[1] / rate - 0.5) < 0.06
    assert np.abs(samples[:, : rate // 4]).max() > 0.3
