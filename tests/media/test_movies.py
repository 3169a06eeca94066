"""Movies written and read back: exact pixels, exact frames, right colours."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from itertools import chain

import av
import numpy as np
import pytest

from farm.errors import MediaError, OutOfSpace
from farm.media import MEZZANINE, PROXY, REVIEW, Encoder, Target, frames, probe
from farm.media import ffmpeg as running
from farm.media.graph import plain

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60000, 1001)]


def encode(path, preset, pictures, fps=Fraction(24), **more):
    pictures = iter(pictures)
    first = next(pictures)
    height, width = first.shape[:2]
    with Encoder([Target(path, preset)], width=width, height=height, fps=fps, **more) as encoder:
        for picture in chain([first], pictures):
            encoder.write(picture)


def test_a_mezzanine_gives_back_every_pixel(tmp_path):
    # GIVEN noise, which no lossy codec survives, at a size with no round numbers
    noise = [np.random.default_rng(n).integers(0, 256, (107, 191, 3), np.uint8) for n in range(5)]

    encode(tmp_path / "m.mkv", MEZZANINE, noise)

    read = list(frames(tmp_path / "m.mkv"))
    assert len(read) == 5
    assert all(np.array_equal(a, b) for a, b in zip(noise, read, strict=True))


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("preset", [MEZZANINE, PROXY, REVIEW], ids=lambda preset: preset.name)
def test_frames_and_rate_are_exact(tmp_path, panned, preset, fps):
    path = tmp_path / f"m{preset.suffix}"

    encode(path, preset, panned(13), fps)

    facts = probe(path)
    assert (facts.width, facts.height, facts.frames, facts.fps) == (192, 108, 13, fps)
    assert facts.duration_s == 13 / fps
    assert sum(1 for _ in frames(path)) == 13


def test_one_process_writes_two_movies(tmp_path, panned):
    mezzanine, proxy = tmp_path / "m.mkv", tmp_path / "p.mp4"

    with Encoder(
        [Target(mezzanine, MEZZANINE), Target(proxy, PROXY)], width=192, height=108, fps=Fraction(25)
    ) as encoder:
        for picture in panned(7):
            encoder.write(picture)

    assert encoder.count == probe(mezzanine).frames == probe(proxy).frames == 7


def test_a_large_proxy_is_made_smaller():
    assert PROXY.size(1920, 1080) == (960, 540)
    assert PROXY.size(1080, 1920) == (540, 960)
    assert PROXY.size(640, 360) == (640, 360)


@pytest.mark.parametrize("preset", [PROXY, REVIEW], ids=lambda preset: preset.name)
@pytest.mark.parametrize(
    "colour",
    [(235, 30, 30), (30, 200, 40), (20, 40, 220), (255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 160, 130)],
    ids=["red", "green", "blue", "white", "black", "grey", "skin"],
)
def test_colours_survive_when_read_as_the_tags_say(tmp_path, preset, colour):
    picture = np.full((64, 96, 3), colour, np.uint8)

    encode(tmp_path / "c.mp4", preset, [picture] * 3)

    facts = probe(tmp_path / "c.mp4")
    assert (facts.primaries, facts.transfer, facts.matrix, facts.limited_range) == (1, 1, 1, True)
    read = list(frames(tmp_path / "c.mp4"))[1]
    assert np.abs(read.astype(int) - picture).max() < 3


def test_luma_is_bt709_by_its_own_formula(tmp_path):
    """Y = 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B), ITU-R BT.709, read without any conversion of ours."""
    encode(tmp_path / "c.mp4", REVIEW, [np.full((64, 96, 3), (255, 0, 0), np.uint8)] * 3)

    with av.open(str(tmp_path / "c.mp4")) as movie:
        plane = next(movie.decode(video=0)).to_ndarray()[:64]

    assert abs(float(plane.mean()) - (16 + 219 * 0.2126)) < 1


def test_a_photograph_survives_review(tmp_path, panned):
    pictures = panned(12)
    encode(tmp_path / "r.mp4", REVIEW, pictures)

    errors = [np.abs(a.astype(int) - b) for a, b in zip(pictures, frames(tmp_path / "r.mp4"), strict=True)]

    assert np.mean(errors) < 3
    assert abs(np.mean([read.mean() for read in frames(tmp_path / "r.mp4")]) - np.mean(pictures)) < 0.5


def test_review_starts_fast_and_seeks_in_short_closed_groups(tmp_path, panned):
    path = tmp_path / "r.mp4"
    encode(path, REVIEW, panned(50), cuts=(0, 5, 31))

    data = path.read_bytes()
    with av.open(str(path)) as movie:
        keys = [round(packet.pts * packet.time_base * 24) for packet in movie.demux(video=0) if packet.is_keyframe]

    assert data.index(b"moov") < data.index(b"mdat")
    assert {0, 5, 31} <= set(keys)
    assert max(b - a for a, b in zip(keys, [*keys[1:], 50], strict=True)) <= 12


def test_equal_frames_give_equal_files(tmp_path, panned):
    for name in ("a", "b"):
        encode(tmp_path / f"{name}.mkv", MEZZANINE, panned(3))
        encode(tmp_path / f"{name}.mp4", REVIEW, panned(3))

    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


NAMES = ["-i.mkv", "a:b%03d.mkv", "concat:x.mkv", "new\nline.mkv", "-y", "pipe:1", "a b'\"$(x)|é.mkv", "https:x.mkv"]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_only_names(tmp_path, panned, name):
    encode(tmp_path / name, MEZZANINE, panned(2))

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert probe(tmp_path / name).frames == 2


def test_a_playlist_dressed_as_a_movie_is_not_followed(tmp_path, panned):
    encode(tmp_path / "real.mkv", MEZZANINE, panned(2))
    (tmp_path / "trap.mkv").write_text(f"ffconcat version 1.0\nfile {tmp_path / 'real.mkv'}\n")

    with pytest.raises(MediaError, match="trap"):
        probe(tmp_path / "trap.mkv")


def test_tags_are_plain_words(tmp_path, panned):
    title = "=x;\nmajor_brand=evil\\ -f \x00 日本"
    with Encoder(
        [Target(tmp_path / "t.mp4", REVIEW, {"title": title})], width=192, height=108, fps=Fraction(24)
    ) as encoder:
        encoder.write(panned(1)[0])

    with av.open(str(tmp_path / "t.mp4")) as movie:
        assert movie.metadata["title"] == plain(title) == "=x; major_brand=evil\\ -f 日本"


def test_an_exception_kills_ffmpeg_and_leaves_no_file(tmp_path, panned, monkeypatch):
    started = _remembering(monkeypatch)

    with pytest.raises(ZeroDivisionError):
        encode(tmp_path / "x.mkv", MEZZANINE, (frame if n < 5 else 1 // 0 for n, frame in enumerate(panned(9))))

    assert [process.poll() is not None for process in started] == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_dead_ffmpeg_is_an_error_with_its_words(tmp_path, panned):
    gone = tmp_path / "no" / "such" / "folder.mkv"

    with pytest.raises(MediaError, match="No such file or directory"):
        encode(gone, MEZZANINE, panned(400))


def test_a_full_disk_is_told_apart(tmp_path, panned):
    full = tmp_path / "full.mkv"
    full.symlink_to("/dev/full")

    with pytest.raises(OutOfSpace):
        encode(full, MEZZANINE, panned(30))


@pytest.mark.parametrize(
    "picture",
    [np.zeros((108, 190, 3), np.uint8), np.zeros((108, 192), np.uint8), np.zeros((108, 192, 3), np.float32)],
    ids=["narrow", "grey", "float"],
)
def test_only_the_frames_agreed_on_are_taken(tmp_path, picture):
    with pytest.raises(ValueError, match="is due"):
        encode_one(tmp_path / "x.mkv", picture)


def encode_one(path, picture):
    with Encoder([Target(path, MEZZANINE)], width=192, height=108, fps=Fraction(24)) as encoder:
        encoder.write(picture)


@pytest.mark.parametrize("content", [b"", b"no movie", b"\x1a\x45\xdf\xa3" + bytes(500)], ids=["empty", "text", "ebml"])
def test_what_is_no_movie_is_said_to_be_none(tmp_path, content):
    (tmp_path / "bad.mkv").write_bytes(content)

    with pytest.raises(MediaError, match=r"bad\.mkv"):
        probe(tmp_path / "bad.mkv")
    with pytest.raises(MediaError, match=r"bad\.mkv"):
        list(frames(tmp_path / "bad.mkv"))


def _remembering(monkeypatch):
    started = []
    popen = subprocess.Popen

    def remember(*args, **more):
        started.append(popen(*args, **more))
        return started[-1]

    monkeypatch.setattr(running.subprocess, "Popen", remember)
    return started
