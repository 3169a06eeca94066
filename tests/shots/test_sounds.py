"""What lint says of sound: files that are none, and sound that is longer or shorter than its cut."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sounds import RATE, voice, write_sound

from farm.findings import Place, Severity
from farm.shots.checks.picture import Unusable
from farm.shots.checks.sound import open_sound
from farm.shots.checks.sounds import check_audio, check_music
from farm.shots.lint import listener
from farm.shots.model import Shot, ShotList


def shot(code: str = "sh010", **changes) -> Shot:
    asked = {"code": code, "place": Place("shots.csv", 2), "still": "/a.png", "fps": Fraction(24), "nb_frames": 48}
    return Shot(**(asked | {"width": 640, "height": 360} | changes))


def listed(*shots: Shot, **music: str) -> ShotList:
    at = {"" if name == "whole" else name: path for name, path in music.items()}
    return ShotList(
        project="p", name="l", shots=shots, fps=Fraction(24), width=640, height=360, music=at, source="/x/shots.csv"
    )


@pytest.mark.parametrize(
    ("seconds", "severity", "said"),
    [
        (2.0, None, ""),
        (2.03, None, ""),
        (1.97, None, ""),
        (3.5, Severity.WARNING, "a.wav lasts 3.50 s, the shot 2.00 s: its last 1.50 s are cut off"),
        (1.5, Severity.NOTE, "a.wav lasts 1.50 s, the shot 2.00 s: the last 0.50 s have no sound"),
    ],
)
def test_sound_is_held_against_its_cut(tmp_path, seconds, severity, said):
    audio = write_sound(tmp_path / "a.wav", voice(seconds))
    found = list(check_audio(shot(audio=str(audio)), listener()))
    assert [(each.severity, each.problem) for each in found] == ([(severity, said)] if severity else [])
    assert all(each.remedy and each.place.column == "audio" for each in found)


@pytest.mark.parametrize(("seconds", "rule"), [(4.0, None), (2.5, "music.short"), (9.0, "music.cut"), (4.03, None)])
def test_music_is_held_against_what_it_is_for(tmp_path, seconds, rule):
    path = str(write_sound(tmp_path / "m.wav", voice(seconds)))
    shots = (shot("a", sequence="sq1"), shot("b", sequence="sq2"), shot("c", sequence="sq1"))
    found = list(check_music(listed(*shots, sq1=path), listener()))
    assert [each.rule for each in found] == ([rule] if rule else [])
    assert all(each.remedy and not each.shot for each in found)


def test_music_for_a_sequence_that_is_not_there_is_said(tmp_path):
    path = str(write_sound(tmp_path / "m.wav", voice(2.0)))
    (found,) = check_music(listed(shot(sequence="sq010"), sq01=path), listener())
    assert str(found) == (
        'shots.csv column "music": there is music for sequence sq01, which has no shots '
        "(check the sequence's name, or leave its music out)"
    )


def test_a_url_is_not_listened_to():
    found = [
        *check_audio(shot(audio="s3://b/a.wav"), listener()),
        *check_music(listed(shot(), whole="s3://b/m.wav"), listener()),
    ]
    assert [each.rule for each in found] == ["audio.remote"]


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s24le", 48_000), ("a.aiff", "pcm_s16be", 44_100), ("a.flac", "flac", 96_000),
        ("a.mp3", "libmp3lame", 44_100), ("a.m4a", "aac", 48_000), ("a.ogg", "libvorbis", 48_000),
        ("a.opus", "libopus", 48_000), ("a.mka", "pcm_s16le", 48_000),
    ],
)  # fmt: skip
def test_sound_of_every_usual_kind_is_measured(tmp_path, name, codec, rate):
    heard = open_sound(write_sound(tmp_path / name, voice(1.5, rate), rate, codec))
    assert float(heard.seconds) == pytest.approx(1.5, abs=0.03)
    assert (heard.rate, heard.channels) == (rate, 1)


def header(channels: int, size: int) -> bytes:
    """Of a WAV that claims to hold `size` bytes."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, RATE, 2 * channels * RATE, 2 * channels, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", min(size + 36, 0xFFFFFFFF), b"WAVE") + form + struct.pack("<4sI", b"data", size)
    )


HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "playlist": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "header alone": b"RIFF\x24\x00\x00\x00WAVE",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "no samples": header(channels=1, size=0),
    "endless, of 64 channels": header(channels=64, size=0xFFFFFFFF),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_sound_is_an_error_of_its_shot(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    (found,) = check_audio(shot(audio=str(path)), listener())
    assert (found.severity, found.shot) == (Severity.ERROR, "sh010")
    assert found.rule in {"audio.format", "audio.damaged"}


def test_a_cut_off_file_is_as_long_as_what_decodes(tmp_path):
    path = write_sound(tmp_path / "a.wav", voice(2.0))
    path.write_bytes(path.read_bytes()[: RATE * 2 + 44])
    assert float(open_sound(path).seconds) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_what_is_not_there_is_said(tmp_path, kind):
    path = tmp_path / "gone.wav" if kind == "missing" else tmp_path
    with pytest.raises(Unusable) as raised:
        open_sound(path)
    assert raised.value.rule == "audio.missing"


def test_more_than_an_hour_is_refused(tmp_path):
    path: Path = write_sound(tmp_path / "a.flac", np.zeros(3_601 * 8_000, np.float32), 8_000, "flac")
    with pytest.raises(Unusable, match="longer than an hour"):
        open_sound(path)
